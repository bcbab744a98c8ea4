"""From any skeleton's joints to h36m21 in metres, z up, by a mapping file per skeleton.

A mapping file is JSON (see `skeletons/*.json` and `mapping_files`): each h36m21 joint is a weighted sum of
the skeleton's joints, plus an optional offset along one joint's own axes, measured in lengths of one bone so
that it grows with the figure. A joint that a skeleton cannot give is NaN.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from uplift3d.data.capture import Capture
from uplift3d.data.provenance import DatasetRule
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

Array = npt.NDArray[np.float64]

JOINTS = joint_set("h36m21").joints
LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
NEEDED = ("pelvis", *(f"{side}_{joint}" for side in ("left", "right") for joint in LIMBS))
"""What every skeleton must give; the others may be missing."""


@dataclass(frozen=True)
class Offset:
    """A step along a joint's own axes."""

    axes_of: str
    along: tuple[float, float, float]
    """Step along the joint's x, y and z axes, in lengths of `unit`."""
    unit: tuple[str, str]
    """The two joints whose distance is one."""


@dataclass(frozen=True)
class JointFormula:
    """One h36m21 joint from the skeleton's."""

    weights: Mapping[str, float]
    offset: Offset | None = None

    def joints(self) -> set[str]:
        """Names of all joints of the skeleton that the formula needs."""
        extra = {self.offset.axes_of, *self.offset.unit} if self.offset else set()
        return set(self.weights) | extra

    def fits(self, names: Collection[str], rotations: bool) -> bool:
        """Whether a skeleton of these joints, with or without their orientations, has what it needs."""
        return (rotations or self.offset is None) and self.joints() <= set(names)


@dataclass(frozen=True)
class SkeletonMapping:
    """What a mapping file says."""

    name: str
    formulas: Mapping[str, tuple[JointFormula, ...]]
    """h36m21 joint → formulas, of which the first that fits counts; a joint without any is NaN."""
    metres_per_unit: float | None
    """Where the motion file does not state it; None: it has to."""
    up: str | None
    """The vertical axis, "y" or "z", of right-handed axes, where the motion file does not state it."""
    licence: str
    """Of files that no rule names."""
    datasets: tuple[DatasetRule, ...] = ()
    """The first whose pattern is found in a file's path counts."""
    default_dataset: str = ""
    drop_first_frame_if_step_above_m: float | None = None
    """Drop a first frame (a calibration pose) this far from the second, mean over the joints."""
    drop_first_s: float = 0.0
    """Drop this much of every recording: a calibration pose that the file has blended into the motion."""
    positions_only: bool = False
    """Fits recordings without orientations only, whose unit and axes are what the mapping says."""

    def formula_for(self, joint: str, capture: Capture) -> JointFormula | None:
        """What gives an h36m21 joint of this capture; None where nothing does."""
        rotations = capture.rotations is not None
        options = self.formulas.get(joint, ())
        return next((f for f in options if f.fits(capture.names, rotations)), None)

    def fits(self, capture: Capture) -> bool:
        """Whether the capture has all joints that cannot be missing."""
        if self.positions_only and capture.rotations is not None:
            return False
        return all(self.formula_for(joint, capture) for joint in NEEDED)

    def missing(self, capture: Capture) -> list[str]:
        """The skeleton's joints that the capture lacks and that cannot be missing, sorted."""
        lacking = [joint for joint in NEEDED if self.formula_for(joint, capture) is None]
        wanted = (formula.joints() for joint in lacking for formula in self.formulas.get(joint, ()))
        return sorted(set().union(*wanted) - set(capture.names))


def to_h36m21(capture: Capture, mapping: SkeletonMapping) -> Array:
    """The capture's joints as h36m21: (T, 21, 3) metres, right-handed, z up, at its own frame rate.

    Joints that cannot be had from the capture are NaN.

    Raises:
        InputError: joints that cannot be missing are, or neither side states the unit or the vertical axis.
    """
    if missing := mapping.missing(capture):
        raise InputError(
            f"{capture.source}: mapping {mapping.name!r} needs joints it lacks: {', '.join(missing)}"
        )
    metres_per_unit = capture.metres_per_unit or mapping.metres_per_unit
    up = capture.up or mapping.up
    if metres_per_unit is None or up is None:
        what = "unit of length" if metres_per_unit is None else "vertical axis"
        raise InputError(f"{capture.source}: states no {what}, and neither does mapping {mapping.name!r}")
    index = {name: i for i, name in enumerate(capture.names)}
    joints = np.full((len(capture), len(JOINTS), 3), np.nan)
    for place, joint in enumerate(JOINTS):
        if formula := mapping.formula_for(joint, capture):
            joints[:, place] = _place(formula, capture, index)
    world = z_up(joints, up) * metres_per_unit
    return _without_calibration(world, capture.frame_time_s, mapping)


def _without_calibration(world: Array, frame_time_s: float, mapping: SkeletonMapping) -> Array:
    world = world[round(mapping.drop_first_s / frame_time_s) :]
    limit = mapping.drop_first_frame_if_step_above_m
    if limit is not None and len(world) > 1:
        step = np.nanmean(np.linalg.norm(world[1] - world[0], axis=-1))
        world = world[1:] if step > limit else world
    return world


def _place(formula: JointFormula, capture: Capture, index: dict[str, int]) -> Array:
    place = np.zeros((len(capture), 3))
    for name, weight in formula.weights.items():
        place += weight * capture.positions[:, index[name]]
    if formula.offset and capture.rotations is not None and len(capture):
        tail, head = (capture.positions[:, index[name]] for name in formula.offset.unit)
        # The bone is rigid, its median keeps one bad frame from stretching the head in all others.
        length = np.median(np.linalg.norm(head - tail, axis=-1))
        axes = capture.rotations[:, index[formula.offset.axes_of]]
        place += axes @ np.array(formula.offset.along) * length
    return place


def z_up(positions: Array, up: str) -> Array:
    """Right-handed (..., 3) with `up` "y" or "z" → z up; from y up, x stays and z becomes −y."""
    if up == "z":
        return positions
    return np.stack([positions[..., 0], -positions[..., 2], positions[..., 1]], axis=-1)


def find_mapping(capture: Capture, mappings: Sequence[SkeletonMapping]) -> SkeletonMapping:
    """The mapping that fits the capture: of several the one that gives most joints, then that uses most."""
    fitting = [mapping for mapping in mappings if mapping.fits(capture)]
    if not fitting:
        raise InputError(
            f"{capture.source}: no mapping fits its joints ({', '.join(capture.names[:6])}, …); known "
            f"skeletons are {', '.join(mapping.name for mapping in mappings)}, add yours with --mapping FILE"
        )

    def merit(mapping: SkeletonMapping) -> tuple[int, int]:
        formulas = [f for joint in JOINTS if (f := mapping.formula_for(joint, capture))]
        return len(formulas), len(set().union(*(formula.joints() for formula in formulas)))

    return max(fitting, key=merit)
