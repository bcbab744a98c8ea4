"""Reader of Acclaim skeletons (ASF)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted, regular_file

MAX_BYTES = 2**30
METRES_PER_INCH = 0.0254


@dataclass(eq=False)
class Bone:
    """One bone of an ASF skeleton, or its root (length 0)."""

    name: str
    direction: DoubleArray = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis_angles: DoubleArray = field(default_factory=lambda: np.zeros(3))
    axis_order: str = "XYZ"
    dof: tuple[str, ...] = ()
    """Such as ("rx", "ry", "rz"): what each number of the bone's line in an AMC file is, in order."""
    parent: int = -1


@dataclass(frozen=True)
class Skeleton:
    """An ASF file: bones parents first, the root at index 0."""

    bones: list[Bone]
    metres_per_unit: float
    degrees: bool


def read_asf(path: str | Path) -> Skeleton:
    """Read an ASF skeleton.

    Raises:
        InputError: it cannot be read or is malformed; the message names the file, line and reason.
    """
    path = Path(path)
    reader = _AsfReader(path)
    for number, line in enumerate(read_lines(path), start=1):
        words = line.split("#", 1)[0].replace("(", " ").replace(")", " ").split()
        if words:
            try:
                reader.take(words)
            except (ValueError, IndexError, KeyError) as error:
                raise InputError(
                    f"{path}: line {number}: {quoted(line.strip())} not understood ({error})"
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
        """Take the words of one line."""
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
            if not 1e-6 < self.length < 1e6:
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
        """The skeleton, once every line was taken."""
        ordered = self._parents_first()
        missing = sorted(set(self.bones) - {bone.name for bone in ordered})
        if missing or len(ordered) < 2:
            raise InputError(
                f"{self.path}: bones {missing} are not in the :hierarchy, a tree of all bones needed"
            )
        for bone in ordered if self.degrees else ():
            bone.axis_angles = np.radians(bone.axis_angles)
        return Skeleton(ordered, METRES_PER_INCH / self.length, self.degrees)

    def _parents_first(self) -> list[Bone]:
        ordered: list[Bone] = []
        waiting = [("root", -1)]
        while waiting:
            name, parent = waiting.pop()
            if name not in self.bones:
                raise InputError(f"{self.path}: the :hierarchy names {name!r}, which has no :bonedata")
            bone = self.bones[name]
            if bone in ordered:
                raise InputError(
                    f"{self.path}: bone {name!r} stands twice in the :hierarchy, a tree is needed"
                )
            bone.parent = parent
            ordered.append(bone)
            waiting += [(child, len(ordered) - 1) for child in reversed(self.children.get(name, []))]
        return ordered


def _numbers(words: list[str], count: int = 3) -> DoubleArray:
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


def read_lines(path: Path) -> list[str]:
    """A text file's lines; InputError naming the file when it cannot be read."""
    try:
        content = regular_file(path, "an .asf skeleton or .amc motion", MAX_BYTES).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if utf_16 else "utf-8-sig", errors="replace").splitlines()
