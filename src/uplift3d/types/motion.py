"""3D motion: what comes out.

Axes: P people, K key-frames, T output times, J joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.skeletons import joint_set
from uplift3d.types.checks import (
    MAX_M,
    array_problems,
    between,
    checked_people,
    freeze,
    numbers,
    refuse,
    rows_of,
    span,
)

OF_PEOPLE = "root_sigma_m"
"""What `meta` says of every person, in their order."""


@dataclass(frozen=True, eq=False, repr=False)
class Motion3D:
    """3D joints of one or several people on a dense time axis.

    Attributes:
        positions: (P, T, J, 3) float32 metres relative to the person's pelvis, camera axes (x right, y down,
            z away from the camera); NaN where the person is absent.
        times: (T,) float64 seconds, strictly increasing.
        root: (P, T, 3) float32 metres, the pelvis in camera axes, or None when unknown.
        observed: (P, T) True where a 2D pose was really measured, False where the motion was filled in.
        people: (P,) int track ids.
        joints: name of the joint set, see `uplift3d.skeletons`.
        meta: how it was made (JSON-able): versions, model hash, arguments, units and axes.
        sigma_m: (P, T, J) float32 metres, how sure joints are: 68 % are within so much of where they are
            against the pelvis; NaN where nothing is said. None when unknown.

    Raises:
        InputError: one message naming everything that does not fit.
    """

    positions: FloatArray
    times: TimeArray
    root: FloatArray | None
    observed: BoolArray
    people: IntArray = None  # type: ignore[assignment]  # filled in below
    joints: str = "h36m17"
    meta: Mapping[str, Any] = field(default_factory=dict)
    sigma_m: FloatArray | None = None

    def __post_init__(self) -> None:
        positions = numbers("Motion3D", "positions", self.positions, np.float32)
        times = numbers("Motion3D", "times", self.times, np.float64)
        problems = array_problems(positions, times, joint_set(self.joints), dims=3)
        refuse("Motion3D", problems)
        observed = numbers("Motion3D", "observed", self.observed, np.float32) > 0
        if observed.shape != positions.shape[:2]:
            problems.append(f"observed has shape {observed.shape}, expected {positions.shape[:2]}")
        root = None if self.root is None else numbers("Motion3D", "root", self.root, np.float32)
        if root is not None and root.shape != (*positions.shape[:2], 3):
            problems.append(f"root has shape {root.shape}, expected {(*positions.shape[:2], 3)}")
        elif root is not None and (np.abs(root) > MAX_M).any():
            problems.append(f"root reaches {np.nanmax(np.abs(root)):.2g} m; where it is unknown it is NaN")
        sigma = None if self.sigma_m is None else numbers("Motion3D", "sigma_m", self.sigma_m, np.float32)
        if sigma is not None and sigma.shape != positions.shape[:3]:
            problems.append(f"sigma_m has shape {sigma.shape}, expected {positions.shape[:3]}")
        elif sigma is not None and (np.isinf(sigma).any() or (sigma < 0).any()):
            problems.append("sigma_m holds negative or infinite values; mark what is unknown as NaN")
        people = checked_people(self.people, len(positions), problems)
        refuse("Motion3D", problems)
        freeze(self, positions=positions, times=times, root=root, observed=observed, people=people)
        freeze(self, sigma_m=sigma)

    def __len__(self) -> int:
        """Number of output times."""
        return len(self.times)

    def __getitem__(self, item: slice | AnyArray) -> Motion3D:
        """The same people at some of the times (a slice, boolean mask or index array over time)."""
        return replace(
            self,
            positions=self.positions[:, item],
            times=self.times[item],
            root=None if self.root is None else self.root[:, item],
            observed=self.observed[:, item],
            sigma_m=None if self.sigma_m is None else self.sigma_m[:, item],
        )

    def between(self, start_s: float | None, end_s: float | None) -> Motion3D:
        """The poses from one time to another, both included; None: no limit.

        Raises:
            InputError: there is none.
        """
        return self[between(self.times, start_s, end_s)]

    def select(self, people: Sequence[int]) -> Motion3D:
        """Only the people with these track ids, in the order asked for."""
        rows = rows_of(self.people, people)
        root = None if self.root is None else self.root[rows]
        meta = dict(self.meta)
        if isinstance(said := meta.get(OF_PEOPLE), list) and len(said) == len(self.people):
            meta[OF_PEOPLE] = [said[row] for row in rows]
        return replace(
            self,
            meta=meta,
            positions=self.positions[rows],
            root=root,
            observed=self.observed[rows],
            people=self.people[rows],
            sigma_m=None if self.sigma_m is None else self.sigma_m[rows],
        )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the J joints, in the order of `positions`."""
        return joint_set(self.joints).joints

    @property
    def present(self) -> BoolArray:
        """(P, T) True where the person has a pose."""
        present: BoolArray = np.asarray(np.isfinite(self.positions).all(axis=(-1, -2)))
        return present

    def __repr__(self) -> str:
        people, frames = self.positions.shape[:2]
        return f"Motion3D({people} people × {frames} poses × {self.joints}, {span(self.times)})"
