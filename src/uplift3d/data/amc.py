"""Reader of Acclaim skeletons (ASF) and motions (AMC), as CMU publishes them, and their forward kinematics.

An ASF bone has a direction and length in the skeleton's axes at rest, and an `axis`: three angles that turn
to the frame its degrees of freedom are measured in. With C the matrix of `axis` and M that of the motion,
a bone's rotation relative to its parent's is `C @ M @ C⁻¹`; angles written "XYZ" turn about the fixed X
first, `C = Rz @ Ry @ Rx`. A joint here is the *far end* of the bone of that name, and "root" the root itself.
Lengths become metres on reading: ASF's `length 0.45` means that a unit is 1/0.45 inches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from uplift3d.data.capture import Capture
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_from_euler_radians

Array = npt.NDArray[np.float64]

METRES_PER_INCH = 0.0254
CMU_FRAME_TIME_S = 1 / 120
"""AMC files do not state their frame rate; CMU recorded these at 120 Hz."""


@dataclass
class Bone:
    """One bone of an ASF skeleton, or its root (length 0)."""

    name: str
    direction: Array = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis_angles: Array = field(default_factory=lambda: np.zeros(3))
    axis_order: str = "XYZ"
    dof: tuple[str, ...] = ()
    """Such as ("rx", "ry", "rz"): what each number of the bone's line in an AMC file is, in order."""
    parent: int = -1


@dataclass
class Skeleton:
    """An ASF file: bones parents first, the root at index 0."""

    bones: list[Bone]
    metres_per_unit: float
    degrees: bool


def read_amc(
    path: str | Path, asf: str | Path | None = None, frame_time_s: float = CMU_FRAME_TIME_S
) -> Capture:
    """Read an AMC motion with its ASF skeleton and place the far end of every bone, in metres.

    Args:
        path: the AMC file.
        asf: its skeleton; None looks beside it for the subject's (`02_01.amc` → `02.asf`), or the only one.
        frame_time_s: seconds between frames.

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
        frame_time_s=frame_time_s,
        metres_per_unit=1.0,
    )


def find_asf(path: Path) -> Path:
    """The skeleton of an AMC file: the one of the same name up to a `_`, or the only one in the folder."""
    for stem in (path.stem, path.stem.rsplit("_", 1)[0]):
        for suffix in (".asf", ".ASF"):
            if (named := path.with_name(stem + suffix)).is_file():
                return named
    found = [other for other in path.parent.glob("*") if other.suffix.lower() == ".asf"]
    if len(found) != 1:
        raise InputError(f"{path}: {len(found)} .asf skeletons beside it and none of its name, one needed")
    return found[0]


def forward_kinematics(skeleton: Skeleton, values: dict[str, Array]) -> tuple[Array, Array]:
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


def _turn(bone: Bone, values: Array) -> Array:
    """M of the module's formula, (T, 3, 3). A root's numbers are applied in its axis order, not as listed."""
    columns = {dof[1].upper(): i for i, dof in enumerate(bone.dof) if dof[0] == "r"}
    order = "".join(a for a in bone.axis_order if a in columns) if bone.parent < 0 else "".join(columns)
    return _extrinsic(values[:, [columns[a] for a in order]], order)


def _shift(bone: Bone, values: Array) -> Array:
    shift = np.zeros((len(values), 3))
    for i, dof in enumerate(bone.dof):
        if dof[0] == "t":
            shift[:, "xyz".index(dof[1])] = values[:, i]
    return shift


def _extrinsic(radians: Array, order: str) -> Array:
    """Turns about fixed axes, the first letter first."""
    return matrix_from_euler_radians(radians[..., ::-1], order[::-1])


def read_asf(path: str | Path) -> Skeleton:
    """Read an ASF skeleton.

    Raises:
        InputError: it cannot be read or is malformed; the message names the file, line and reason.
    """
    path = Path(path)
    reader = _AsfReader(path)
    for number, line in enumerate(_read_lines(path), start=1):
        words = line.split("#", 1)[0].replace("(", " ").replace(")", " ").split()
        if words:
            try:
                reader.take(words)
            except (ValueError, IndexError, KeyError) as error:
                raise InputError(
                    f"{path}: line {number}: {line.strip()!r} not understood ({error})"
                ) from error
    return reader.finish()


class _AsfReader:
    """Takes an ASF file line by line, section by section."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.section = ""
        self.length, self.degrees = 1.0, True
        self.root = Bone("root", dof=("tx", "ty", "tz", "rx", "ry", "rz"))
        self.bone: Bone | None = None
        self.bones = {"root": self.root}
        self.children: dict[str, list[str]] = {}

    def take(self, words: list[str]) -> None:
        if words[0].startswith(":"):
            self.section = words[0].lower()
        elif self.section == ":units":
            self._units(words)
        elif self.section == ":root":
            self._root(words)
        elif self.section == ":bonedata":
            self._bonedata(words)
        elif self.section == ":hierarchy" and words[0] not in ("begin", "end"):
            self.children.setdefault(words[0], []).extend(words[1:])

    def _units(self, words: list[str]) -> None:
        if words[0] == "length":
            self.length = float(words[1])
            if not self.length > 0:
                raise ValueError("a length above 0 needed")
        elif words[0] == "angle":
            self.degrees = {"deg": True, "rad": False}[words[1][:3].lower()]

    def _root(self, words: list[str]) -> None:
        if words[0] == "order":
            self.root.dof = _dof(words[1:])
        elif words[0] == "axis":
            self.root.axis_order = _order(words[1])
        elif words[0] == "position":
            self.root.direction = _numbers(words[1:4])
        elif words[0] == "orientation":
            self.root.axis_angles = _numbers(words[1:4])

    def _bonedata(self, words: list[str]) -> None:
        if words[0] == "begin":
            self.bone = Bone("")
            return
        bone = self.bone
        if bone is None:
            raise ValueError("outside begin … end")
        if words[0] == "end":
            if not bone.name or bone.name in self.bones:
                raise ValueError("a bone needs a name of its own")
            self.bones[bone.name], self.bone = bone, None
        elif words[0] == "name":
            bone.name = words[1]
        elif words[0] == "direction":
            bone.direction = _numbers(words[1:4])
        elif words[0] == "length":
            bone.length = float(_numbers(words[1:2], 1)[0])
        elif words[0] == "axis":
            bone.axis_angles, bone.axis_order = _numbers(words[1:4]), _order(words[4])
        elif words[0] == "dof":
            bone.dof = _dof(words[1:])
            if any(dof[0] == "t" for dof in bone.dof):
                raise ValueError("only the root may translate")

    def finish(self) -> Skeleton:
        ordered: list[Bone] = []
        self._walk("root", -1, ordered)
        missing = sorted(set(self.bones) - {bone.name for bone in ordered})
        if missing or len(ordered) < 2:
            raise InputError(
                f"{self.path}: bones {missing} are not in the :hierarchy, a tree of all bones needed"
            )
        for bone in ordered if self.degrees else ():
            bone.axis_angles = np.radians(bone.axis_angles)
        return Skeleton(ordered, METRES_PER_INCH / self.length, self.degrees)

    def _walk(self, name: str, parent: int, ordered: list[Bone]) -> None:
        if name not in self.bones:
            raise InputError(f"{self.path}: the :hierarchy names {name!r}, which has no :bonedata")
        bone = self.bones[name]
        if bone in ordered:
            raise InputError(f"{self.path}: bone {name!r} stands twice in the :hierarchy, a tree is needed")
        bone.parent = parent
        ordered.append(bone)
        me = len(ordered) - 1
        for child in self.children.get(name, []):
            self._walk(child, me, ordered)


def _parse_motion(path: Path, skeleton: Skeleton) -> dict[str, Array]:
    """Bone name → (T, dof) values, angles in radians."""
    dof = {bone.name: bone.dof for bone in skeleton.bones}
    degrees = skeleton.degrees
    frames: list[dict[str, list[float]]] = []
    for number, line in enumerate(_read_lines(path), start=1):
        words = line.split()
        if not words or words[0][0] == "#":
            continue
        if words[0][0] == ":":
            degrees = {":DEGREES": True, ":RADIANS": False}.get(words[0].upper(), degrees)
        elif len(words) == 1 and words[0].isdigit():
            frames.append({})
        else:
            _take_bone(words, frames, dof, f"{path}: line {number}")
    return _columns(frames, skeleton, degrees, path)


def _take_bone(
    words: list[str], frames: list[dict[str, list[float]]], dof: dict[str, tuple[str, ...]], where: str
) -> None:
    name = words[0]
    if not frames:
        raise InputError(f"{where}: {name!r} given before the first frame number")
    if name not in dof:
        raise InputError(f"{where}: {name!r} is not a bone of the skeleton")
    if len(words) - 1 != len(dof[name]):
        raise InputError(f"{where}: {len(words) - 1} values given for {name!r}, which has {len(dof[name])}")
    try:
        frames[-1][name] = [float(word) for word in words[1:]]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _columns(
    frames: list[dict[str, list[float]]], skeleton: Skeleton, degrees: bool, path: Path
) -> dict[str, Array]:
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


def _numbers(words: list[str], count: int = 3) -> Array:
    values = np.array([float(word) for word in words])
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(f"{count} finite numbers needed")
    return values


def _order(word: str) -> str:
    order = word.upper()
    if sorted(order) != ["X", "Y", "Z"]:
        raise ValueError("an order of X, Y and Z needed")
    return order


def _dof(words: list[str]) -> tuple[str, ...]:
    dof = tuple(word.lower() for word in words)
    if bad := [d for d in dof if d not in ("tx", "ty", "tz", "rx", "ry", "rz")]:
        raise ValueError(f"degrees of freedom {bad}, only tx … tz and rx … rz are accepted")
    return dof


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
