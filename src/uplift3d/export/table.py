"""A motion as a tidy table, one row per person, time and joint: what `.csv` and `.parquet` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray, IntArray
from uplift3d.errors import InputError
from uplift3d.export.world import WORLD
from uplift3d.files.arrays import as_names
from uplift3d.files.guards import FREE_BYTES, MAX_BYTES, MAX_RATIO, check_size, reason
from uplift3d.skeletons import JOINT_SETS, joint_set
from uplift3d.types import Motion3D

XYZ = ("x_m", "y_m", "z_m")
ROOT_XYZ = ("root_x_m", "root_y_m", "root_z_m")
SIGMA = "sigma_m"
COLUMNS = ("person", "time_s", "joint", *XYZ, "observed", *ROOT_XYZ, SIGMA)
IN_WORLD = {name: f"{name.removesuffix('_m')}_world_m" for name in (*XYZ, *ROOT_XYZ)}
"""Columns of a table in world axes, which a .csv can say in no other place."""
BYTES_A_CELL = 24
"""What a place for one joint of one person at one time takes while a table is read."""
MAX_NAME = 64
"""Characters in a joint's name."""
REQUIRED = COLUMNS[:7]  # a table without the columns of the root or of sigma says nothing of them


def to_columns(motion: Motion3D) -> dict[str, AnyArray]:
    """The columns of `COLUMNS`, each (P·T·J,), sorted by person, time and joint; NaN where there is none.

    Those of a motion in world axes (`world.to_world`) have the names of `IN_WORLD`.
    """
    people, frames, joints = motion.positions.shape[:3]
    shape = (people, frames, joints)
    root = np.full((people, frames, 3), np.nan, np.float32) if motion.root is None else motion.root
    sigma = np.full(shape, np.nan, np.float32) if motion.sigma_m is None else motion.sigma_m
    names = np.array(joint_set(motion.joints).joints)

    def column(values: AnyArray, *axes: int) -> AnyArray:
        """Repeat what depends only on `axes` of (person, time, joint) along the other ones."""
        sized = values.reshape([shape[axis] if axis in axes else 1 for axis in range(3)])
        return np.broadcast_to(sized, shape).ravel()

    columns = {
        "person": column(motion.people, 0),
        "time_s": column(motion.times, 1),
        "joint": column(names, 2),
        **{name: motion.positions[..., axis].ravel() for axis, name in enumerate(XYZ)},
        "observed": column(motion.observed, 0, 1),
        **{name: column(root[..., axis], 0, 1) for axis, name in enumerate(ROOT_XYZ)},
        SIGMA: sigma.ravel(),
    }
    return {IN_WORLD.get(name, name) if WORLD in motion.meta else name: c for name, c in columns.items()}


def plain_names(header: Sequence[str]) -> tuple[list[str], bool]:
    """Column names as in `COLUMNS`, and whether the table is in world axes."""
    in_world = IN_WORLD[XYZ[0]] in header and XYZ[0] not in header
    plain = {new: name for name, new in IN_WORLD.items()} if in_world else {}
    return [plain.get(name, name) for name in header], in_world


def from_columns(
    columns: Mapping[str, AnyArray], meta: Mapping[str, Any], joints: str | None = None
) -> Motion3D:
    """The motion in a table whose rows may come in any order; what has no row is NaN and not observed.

    Args:
        columns: at least `REQUIRED`, all of one length.
        meta: becomes the motion's meta.
        joints: the joint set; by default the one with the table's joint names, in their order if possible.

    Raises:
        InputError: missing columns (all named), unknown joints, or two rows for one person, time and joint.
    """
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise InputError(f"not a table of 3D motion, columns {', '.join(missing)} missing")
    columns = {name: _typed(name, values) for name, values in columns.items()}
    people, p = _in_order_of_appearance(columns["person"])
    times, t = np.unique(columns["time_s"], return_inverse=True)
    found, appearance = _in_order_of_appearance(columns["joint"])
    names = joint_set(joints or _joint_set_of(found.tolist()))
    j = np.array([names.index(str(name)) for name in found], dtype=np.int64)[appearance]
    # A row each for many people at many times would make a table of all of them at all times.
    cells = len(people) * len(times) * len(names)
    allowed = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * len(p) * BYTES_A_CELL))
    check_size(cells * BYTES_A_CELL, "as one array the table", allowed)
    counts = np.zeros((len(people), len(times), len(names)), dtype=np.int64)
    np.add.at(counts, (p, t, j), 1)
    if (counts > 1).any():
        person, frame, joint = np.argwhere(counts > 1)[0]
        raise InputError(
            f"{counts.max()} rows for person {people[person]} at {times[frame]:g} s, {names.joints[joint]}"
        )
    positions = np.full((*counts.shape, 3), np.nan, np.float32)
    positions[p, t, j] = np.stack([columns[name] for name in XYZ], axis=-1)
    root = np.full((len(people), len(times), 3), np.nan, np.float32)
    if all(name in columns for name in ROOT_XYZ):
        root[p, t] = np.stack([columns[name] for name in ROOT_XYZ], axis=-1)
    sigma = np.full(counts.shape, np.nan, np.float32)
    sigma[p, t, j] = columns.get(SIGMA, np.nan)
    observed = np.zeros(root.shape[:2], dtype=bool)
    observed[p, t] = columns["observed"]
    known_root = root if np.isfinite(root).any() else None
    known_sigma = sigma if np.isfinite(sigma).any() else None
    return Motion3D(positions, times, known_root, observed, people, names.name, meta, known_sigma)


def _typed(name: str, values: AnyArray) -> AnyArray:
    """A column as numbers, or as texts for the joints; InputError for one that holds anything else."""
    if name == "joint":
        return as_names(values, "column joint", MAX_NAME)
    try:
        array = np.asarray(values)
        return array if array.dtype.kind in "iufb" else array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"column {name} holds something else than numbers ({reason(error)})") from error


def _in_order_of_appearance(values: AnyArray) -> tuple[AnyArray, IntArray]:
    """Distinct values and, for every row, which of them it holds."""
    distinct, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return distinct[order], rank[inverse]


def _joint_set_of(names: list[str]) -> str:
    """The joint set with exactly these joints, preferably in this order."""
    fitting = [known for known in JOINT_SETS.values() if set(known.joints) == set(names)]
    if not fitting and not names:
        return "h36m17"
    if not fitting:
        raise InputError(
            f"its {len(names)} joints ({', '.join(names)}) are no known joint set; "
            f"known are {', '.join(JOINT_SETS)}"
        )
    return next((known for known in fitting if list(known.joints) == names), fitting[0]).name
