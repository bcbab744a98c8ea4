"""Reader of Biovision hierarchy (BVH) files and their forward kinematics.

The format has no standard. Read here: any hierarchy (several roots too), any channel order per joint,
rotation and position channels on any joint, several joints of the same name, names with blanks, any
white space. Rotation channels multiply in the order listed, `R = R_first @ R_second @ R_third`, angles in
degrees. A position channel *replaces* that coordinate of the joint's OFFSET, as Blender and MotionBuilder
have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from uplift3d.data.capture import Capture
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_from_euler_degrees

Array = npt.NDArray[np.float64]

_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
_MOTION = re.compile(r"\bMOTION\s+Frames|^[ \t]*MOTION\b", re.MULTILINE | re.IGNORECASE)
_HEAD_OF_MOTION = re.compile(
    r"\s*MOTION\s+Frames\s*:?\s*(?P<frames>\d+)\s+Frame\s*Time\s*:?\s*(?P<time>\S+)[ \t]*\r?\n?",
    re.IGNORECASE,
)


@dataclass
class BvhJoint:
    """One joint of the hierarchy."""

    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: list[str] = field(default_factory=list)
    """Such as "Xposition", "Zrotation", in the file's order, spelled this way whatever the file's case."""
    is_end: bool = False


def read_bvh(path: str | Path) -> Capture:
    """Read a BVH file and place its joints.

    Raises:
        InputError: the file cannot be read or is malformed; the message names the file, line and reason.
    """
    path = Path(path)
    text = _read_text(path)
    split = _MOTION.search(text)
    if split is None:
        raise InputError(f"{path}: no line 'MOTION' found, a BVH file has a HIERARCHY and a MOTION part")
    joints = parse_hierarchy(text[: split.start()], path)
    frame_time_s, values = _parse_motion(text, split.start(), sum(len(j.channels) for j in joints), path)
    positions, rotations = forward_kinematics(joints, values)
    return Capture(
        source=path,
        names=tuple(_unique([j.name for j in joints])),
        parents=tuple(j.parent for j in joints),
        positions=positions,
        rotations=rotations,
        frame_time_s=frame_time_s,
    )


def forward_kinematics(joints: list[BvhJoint], values: Array) -> tuple[Array, Array]:
    """Channel values (T, C) → global positions (T, J, 3) in file units and orientations (T, J, 3, 3)."""
    T = len(values)
    positions = np.empty((T, len(joints), 3))
    rotations = np.empty((T, len(joints), 3, 3))
    column = 0
    for index, joint in enumerate(joints):
        mine = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        offset, turn = _local(joint, mine)
        if joint.parent < 0:
            positions[:, index], rotations[:, index] = offset, turn
        else:
            above = rotations[:, joint.parent]
            positions[:, index] = positions[:, joint.parent] + np.einsum("tij,tj->ti", above, offset)
            rotations[:, index] = above @ turn
    return positions, rotations


def _local(joint: BvhJoint, values: Array) -> tuple[Array, Array]:
    """A joint's own (T, 3) offset and (T, 3, 3) rotation in its parent's axes."""
    offset = np.tile(np.array(joint.offset), (len(values), 1))
    turning = []
    for column, channel in enumerate(joint.channels):
        if channel.endswith("rotation"):
            turning.append(column)
        else:
            offset[:, "XYZ".index(channel[0])] = values[:, column]
    order = "".join(joint.channels[column][0] for column in turning)
    return offset, matrix_from_euler_degrees(values[:, turning], order)


def parse_hierarchy(text: str, path: Path) -> list[BvhJoint]:
    """The HIERARCHY part as joints in file order, parents before children, end sites included."""
    joints: list[BvhJoint] = []
    open_joints: list[int] = []
    tokens = _Tokens(text, path)
    for word in tokens:
        keyword = word.upper()
        if keyword == "HIERARCHY":
            continue
        if keyword in ("ROOT", "JOINT", "END"):
            if (keyword == "ROOT") != (not open_joints):
                tokens.fail(f"{word} {'inside' if open_joints else 'outside'} a joint")
            joints.append(_open_joint(keyword, tokens, joints, open_joints))
            open_joints.append(len(joints) - 1)
        elif keyword == "OFFSET" and open_joints:
            x, y, z = (tokens.number() for _ in range(3))
            joints[open_joints[-1]].offset = (x, y, z)
        elif keyword == "CHANNELS" and open_joints:
            joints[open_joints[-1]].channels = [tokens.channel() for _ in range(tokens.count())]
        elif word == "}" and open_joints:
            open_joints.pop()
        else:
            tokens.fail(
                f"{word!r} not understood, ROOT, JOINT, End Site, OFFSET, CHANNELS or a brace expected"
            )
    if open_joints:
        tokens.fail(
            f"the hierarchy ends inside joint {joints[open_joints[-1]].name!r}, closing braces are missing"
        )
    if not joints:
        tokens.fail("no ROOT joint found")
    return joints


def _open_joint(keyword: str, tokens: _Tokens, joints: list[BvhJoint], open_joints: list[int]) -> BvhJoint:
    name = " ".join(tokens.until("{"))
    parent = open_joints[-1] if open_joints else -1
    if keyword == "END":
        return BvhJoint(f"{joints[parent].name}_end", parent, is_end=True)
    # Exporters prefix names with a namespace ("mixamorig:Hips"); it stays, mappings name what the file says.
    return BvhJoint(name or f"joint{len(joints)}", parent)


class _Tokens:
    """Words and braces of the hierarchy, knowing the line they stand on."""

    def __init__(self, text: str, path: Path) -> None:
        self._path = path
        self._line = 1
        self._words = self._split(text)

    def _split(self, text: str) -> Iterator[str]:
        for number, line in enumerate(text.splitlines(), start=1):
            self._line = number
            yield from line.replace("{", " { ").replace("}", " } ").split()

    def __iter__(self) -> Iterator[str]:
        return self._words

    def fail(self, reason: str) -> None:
        raise InputError(f"{self._path}: line {self._line}: {reason}")

    def next(self, wanted: str) -> str:
        word = next(self._words, None)
        if word is None:
            self.fail(f"the hierarchy ends where {wanted} was expected")
        return str(word)

    def until(self, end: str) -> list[str]:
        words = []
        while (word := self.next(repr(end))) != end:
            words.append(word)
        return words

    def number(self) -> float:
        word = self.next("a number")
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            self.fail(f"{word!r} given where a finite number was expected")
        return value

    def count(self) -> int:
        word = self.next("a number of channels")
        if not word.isdigit():
            self.fail(f"{word!r} given where a number of channels was expected")
        return int(word)

    def channel(self) -> str:
        word = self.next("a channel")
        match = _CHANNEL.fullmatch(word)
        if match is None:
            self.fail(f"channel {word!r} given, Xposition … Zrotation are accepted")
            raise AssertionError
        return match[1].upper() + match[2].lower()


def _parse_motion(text: str, start: int, channels: int, path: Path) -> tuple[float, Array]:
    """Seconds between frames and (T, channels) values of the MOTION part."""
    head = _HEAD_OF_MOTION.match(text, start)
    first_line = text.count("\n", 0, start) + 1
    if head is None:
        raise InputError(f"{path}: line {first_line}: 'Frames:' and 'Frame Time:' must follow MOTION")
    frames, frame_time_s = int(head["frames"]), _positive(head["time"], path)
    block = text[head.end() :]
    try:
        values = np.array(block.split(), dtype=np.float64)
    except ValueError:
        values = np.empty(0)
    if values.size != frames * channels or not np.isfinite(values).all():
        line_of_data = text.count("\n", 0, head.end()) + 1
        raise InputError(f"{path}: {_what_is_wrong(block, line_of_data, frames, channels)}")
    return frame_time_s, values.reshape(frames, channels)


def _what_is_wrong(block: str, first_line: int, frames: int, channels: int) -> str:
    """The first line of motion without one finite number per channel, or else the wrong count of lines."""
    found = 0
    for number, line in enumerate(block.splitlines(), start=first_line):
        words = line.split()
        if not words:
            continue
        for word in words:
            try:
                bad = not np.isfinite(float(word))
            except ValueError:
                bad = True
            if bad:
                return f"line {number}: {word!r} given where a finite number was expected"
        if len(words) != channels:
            return f"line {number}: {len(words)} values given for {channels} channels"
        found += 1
    return f"{found} frames found where 'Frames:' promises {frames}"


def _positive(word: str, path: Path) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{path}: frame time {word!r} given, seconds above 0 needed")
    return value


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _unique(names: list[str]) -> list[str]:
    """Names with a number appended to every repetition, so that each means one joint."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result
