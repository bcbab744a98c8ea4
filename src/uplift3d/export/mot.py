"""`.mot`: one person's joint angles as coordinates of OpenSim's full-body models.

Degrees, seconds, the pelvis in metres; y up, x forwards, z to the right as in `.trc`. Names and signs are
those of Rajagopal's model (2015). Moments without the person are left out, and so is a coordinate that is
never known.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray, TimeArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export.markers import Array, to_opensim
from uplift3d.files.guards import listed
from uplift3d.files.text import number_table, read_lines
from uplift3d.post.angles import Angles, joint_angles, segment_frames
from uplift3d.post.posture import CAMERA_UP
from uplift3d.rotations import euler_degrees_from_matrix
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

ONE_PERSON = True
LUMBAR = {"lumbar_extension": ("trunk_flexion", -1.0), "lumbar_rotation": ("trunk_twist", 1.0)}
LIMBS = {
    "hip_flexion": ("hip_flexion", 1.0),
    "hip_adduction": ("hip_abduction", -1.0),
    "knee_angle": ("knee_flexion", 1.0),
    "ankle_angle": ("ankle_flexion", 1.0),
    "arm_flex": ("shoulder_flexion", 1.0),
    "arm_add": ("shoulder_abduction", -1.0),
    "elbow_flex": ("elbow_flexion", 1.0),
}
"""Coordinate → our angle and its sign; names end in _r and _l."""


class Coordinates(NamedTuple):
    """What a `.mot` holds."""

    names: tuple[str, ...]
    values: DoubleArray
    """(T, C) degrees; metres for pelvis_tx, pelvis_ty and pelvis_tz."""
    times: TimeArray
    """(T,) seconds."""


def write(path: Path, motion: Motion3D) -> None:
    """Write the only person of a motion on the ground."""
    columns = _coordinates(motion)
    present = motion.present[0]
    rows = {name: values[present] for name, values in columns.items() if np.isfinite(values[present]).any()}
    gaps = [name for name, values in rows.items() if not np.isfinite(values).all()]
    if gaps:
        warnings.warn(
            f"{listed(gaps)} not defined at some moments (a limb straight out to the side); .mot has no "
            "place for that, so straight lines are drawn across",
            UpliftWarning,
            stacklevel=2,
        )
    times = motion.times[present]
    table = np.column_stack([times, *(_filled(times, values) for values in rows.values())])
    lines = [
        path.stem,
        "version=1",
        f"nRows={len(table)}",
        f"nColumns={table.shape[1]}",
        "inDegrees=yes",
        "endheader",
        "\t".join(["time", *rows]),
        *("\t".join(f"{value:.6f}" for value in row) for row in table),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: str | os.PathLike[str]) -> Coordinates:
    """Read coordinates, of any names, in degrees.

    Raises:
        InputError: no such file, or none with a header that ends in "endheader" and says degrees.
    """
    lines = read_lines(path, "OpenSim coordinates as .mot")
    end = next((n for n, line in enumerate(lines) if line.strip() == "endheader"), len(lines))
    names = lines[end + 1].split() if end + 1 < len(lines) else []
    if not names or names[0] != "time":
        raise InputError(f"{path}: no .mot: a line 'endheader' and then 'time' and names are expected")
    if "indegrees=yes" not in [line.replace(" ", "").lower() for line in lines[:end]]:
        raise InputError(f"{path}: its angles are not in degrees (inDegrees=yes in the header)")
    rows = [line.split() for line in lines[end + 2 :] if line.strip()]
    table = number_table(rows, len(names), str(path), end + 3)
    return Coordinates(tuple(names[1:]), table[:, 1:], table[:, 0])


def _coordinates(motion: Motion3D) -> dict[str, Array]:
    """Name → (T,), NaN where it is not known."""
    places = to_opensim(motion)  # (T, J, 3)
    seen = {name: places[:, j] for j, name in enumerate(joint_set(motion.joints).joints)}
    pelvis, thorax = segment_frames(seen)
    angles = joint_angles(motion, CAMERA_UP)
    columns = {
        **dict(zip(("pelvis_tilt", "pelvis_list", "pelvis_rotation"), _turns(pelvis), strict=True)),
        **dict(zip(("pelvis_tx", "pelvis_ty", "pelvis_tz"), seen["pelvis"].T, strict=True)),
        **{name: sign * angles.of(ours)[0] for name, (ours, sign) in LUMBAR.items()},
        "lumbar_bending": _turns(np.swapaxes(pelvis, -1, -2) @ thorax)[1],
    }
    return columns | _limbs(angles)


def _limbs(angles: Angles) -> dict[str, Array]:
    return {
        f"{name}_{side[0]}": sign * angles.of(f"{side}_{ours}")[0]
        for side in ("right", "left")
        for name, (ours, sign) in LIMBS.items()
    }


def _turns(matrices: Array) -> Array:
    """(3, T) degrees about z, x and y, without jumps of 360 degrees; NaN where unknown."""
    known = np.isfinite(matrices).all(axis=(-1, -2))
    turns = np.full((3, len(matrices)), np.nan)
    turns[:, known] = np.unwrap(euler_degrees_from_matrix(matrices[known], "ZXY").T, period=360)
    return turns


def _filled(times: TimeArray, values: Array) -> Array:
    known = np.isfinite(values)
    return np.asarray(np.interp(times, times[known], values[known]))
