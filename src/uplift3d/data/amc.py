"""Reader of Acclaim motions (AMC) with their skeletons (ASF), as CMU publishes them, and forward kinematics.

An ASF bone has a direction and length in the skeleton's axes at rest, and an `axis`: three angles that turn
to the frame its degrees of freedom are measured in. With C the matrix of `axis` and M that of the motion,
a bone's rotation relative to its parent's is `C @ M @ C⁻¹`; angles written "XYZ" turn about the fixed X
first, `C = Rz @ Ry @ Rx`. A joint here is the *far end* of the bone of that name, and "root" the root itself.
Lengths become metres on reading: ASF's `length 0.45` means that a unit is 1/0.45 inches.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.data.asf import Bone, Skeleton, read_asf, read_lines
from uplift3d.data.capture import Capture
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted, reason
from uplift3d.rotations import matrix_from_euler_radians

CMU_FRAME_TIME_S = 1 / 120
"""AMC files do not state their frame rate; CMU recorded most at 120 Hz and some at 60."""


def read_amc(path: str | Path, asf: str | Path | None = None, frame_time_s: float | None = None) -> Capture:
    """Read an AMC motion with its ASF skeleton and place the far end of every bone, in metres.

    Args:
        path: the AMC file.
        asf: its skeleton; None looks beside it for the subject's (`02_01.amc` → `02.asf`), or the only one.
        frame_time_s: seconds between frames; None: 1/120, as most of CMU's were recorded.

    Raises:
        InputError: a file cannot be read or is malformed; the message names the file, line and reason.
    """
    path = Path(path)
    skeleton = read_asf(find_asf(path) if asf is None else Path(asf))
    values = _parse_motion(path, skeleton)
    positions, rotations = forward_kinematics(skeleton, values)
    return Capture(
        source=path,
        names=tuple(bone.name for bone in skeleton.bones),
        parents=tuple(bone.parent for bone in skeleton.bones),
        positions=positions,
        rotations=rotations,
        frame_time_s=frame_time_s or CMU_FRAME_TIME_S,
        rate_is_stated=frame_time_s is not None,
        metres_per_unit=1.0,
    )


def find_asf(path: Path) -> Path:
    """The skeleton of an AMC file: the longest beginning of its name up to a `_`, or the only one there.

    `02_01.amc` belongs to `02.asf`, `HDM_bd_01-01_01_120.amc` to `HDM_bd.asf`.
    """
    found = sorted(other for other in path.parent.glob("*") if other.suffix.lower() == ".asf")
    by_stem = {other.stem: other for other in reversed(found)}
    stem = path.stem
    while stem:
        if stem in by_stem:
            return by_stem[stem]
        stem = stem.rpartition("_")[0]
    if len(found) != 1:
        raise InputError(f"{path}: {len(found)} .asf skeletons beside it and none of its name, one needed")
    return found[0]


def forward_kinematics(skeleton: Skeleton, values: dict[str, DoubleArray]) -> tuple[DoubleArray, DoubleArray]:
    """AMC values per bone (T, dof), angles in radians → metres (T, J, 3) and orientations (T, J, 3, 3)."""
    T = len(values["root"])
    positions = np.empty((T, len(skeleton.bones), 3))
    rotations = np.empty((T, len(skeleton.bones), 3, 3))
    for index, bone in enumerate(skeleton.bones):
        C = _extrinsic(bone.axis_angles, bone.axis_order)
        mine = values.get(bone.name, np.zeros((T, len(bone.dof))))
        turn = C @ _turn(bone, mine) @ C.T
        if bone.parent < 0:
            rotations[:, index] = turn
            positions[:, index] = bone.direction + _shift(bone, mine)
        else:
            rotations[:, index] = rotations[:, bone.parent] @ turn
            positions[:, index] = positions[:, bone.parent] + rotations[:, index] @ (
                bone.direction * bone.length
            )
    return positions * skeleton.metres_per_unit, rotations


def _turn(bone: Bone, values: DoubleArray) -> DoubleArray:
    """M of the module's formula, (T, 3, 3). A root's numbers are applied in its axis order, not as listed."""
    columns = {dof[1].upper(): i for i, dof in enumerate(bone.dof) if dof[0] == "r"}
    order = "".join(a for a in bone.axis_order if a in columns) if bone.parent < 0 else "".join(columns)
    return _extrinsic(values[:, [columns[a] for a in order]], order)


def _shift(bone: Bone, values: DoubleArray) -> DoubleArray:
    shift = np.zeros((len(values), 3))
    for i, dof in enumerate(bone.dof):
        if dof[0] == "t":
            shift[:, "xyz".index(dof[1])] = values[:, i]
    return shift


def _extrinsic(radians: DoubleArray, order: str) -> DoubleArray:
    """Turns about fixed axes, the first letter first."""
    return matrix_from_euler_radians(radians[..., ::-1], order[::-1])


def _parse_motion(path: Path, skeleton: Skeleton) -> dict[str, DoubleArray]:
    """Bone name → (T, dof) values, angles in radians."""
    dof = {bone.name: bone.dof for bone in skeleton.bones}
    degrees = skeleton.degrees
    frames: list[dict[str, list[float]]] = []
    for number, line in enumerate(read_lines(path), start=1):
        words = line.split()
        if not words or words[0][0] == "#":
            continue
        if words[0][0] == ":":
            degrees = {":DEGREES": True, ":RADIANS": False}.get(words[0].upper(), degrees)
        elif len(words) == 1 and words[0].isdecimal():
            frames.append({})
        else:
            _take_bone(words, frames, dof, f"{path}: line {number}")
    return _columns(frames, skeleton, degrees, path)


def _take_bone(
    words: list[str], frames: list[dict[str, list[float]]], dof: dict[str, tuple[str, ...]], where: str
) -> None:
    name = words[0]
    if not frames:
        raise InputError(f"{where}: {quoted(name)} given before the first frame number")
    if name not in dof:
        raise InputError(f"{where}: {quoted(name)} is not a bone of the skeleton")
    if len(words) - 1 != len(dof[name]):
        raise InputError(f"{where}: {len(words) - 1} values given for {name!r}, which has {len(dof[name])}")
    try:
        frames[-1][name] = [float(word) for word in words[1:]]
    except ValueError as error:
        raise InputError(f"{where}: {reason(error)}") from error


def _columns(
    frames: list[dict[str, list[float]]], skeleton: Skeleton, degrees: bool, path: Path
) -> dict[str, DoubleArray]:
    if not frames:
        raise InputError(f"{path}: no frames found, an AMC file numbers its frames on lines of their own")
    values = {}
    for bone in skeleton.bones:
        if not any(bone.name in frame for frame in frames) and bone.parent >= 0:
            continue
        try:
            column = np.array([frame[bone.name] for frame in frames], dtype=np.float64)
        except KeyError:
            lacking = next(i for i, frame in enumerate(frames, start=1) if bone.name not in frame)
            raise InputError(
                f"{path}: the {lacking}. frame lacks {bone.name!r}, which other frames have"
            ) from None
        if not np.isfinite(column).all():
            raise InputError(f"{path}: the values of {bone.name!r} are not all finite numbers")
        turning = [i for i, dof in enumerate(bone.dof) if dof[0] == "r"]
        if degrees:
            column[:, turning] = np.radians(column[:, turning])
        values[bone.name] = column
    return values
