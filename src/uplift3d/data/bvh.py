"""Reader of Biovision hierarchy (BVH) files and their forward kinematics.

The format has no standard, and exporters get details wrong: what is unambiguous is read all the same and
said in `Capture.notes` (a wrong count of frames or channels, comments, a cut-off last line, decimal commas,
UTF-16, any line ends). Read here: any hierarchy (several roots too), any channel order per joint,
rotation and position channels on any joint, several joints of the same name, names with blanks, any
white space. Rotation channels multiply in the order listed, `R = R_first @ R_second @ R_third`, angles in
degrees. A position channel *replaces* that coordinate of the joint's OFFSET, as Blender and MotionBuilder
have it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.data.bvh_tokens import Tokens
from uplift3d.data.capture import MAX_FRAME_TIME_S, MIN_FRAME_TIME_S, Capture
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted, regular_file
from uplift3d.rotations import matrix_from_euler_degrees

_MOTION = re.compile(r"\bMOTION(?=\s+Frames)|^[ \t]*MOTION\b", re.MULTILINE | re.IGNORECASE)
# No two neighbours that take the same letters: a hundred thousand blanks must not be tried in all ways.
_HEAD_OF_MOTION = re.compile(
    r"\s*MOTION\s+Frames\s*(?::\s*)?(?P<frames>[0-9]{1,9})"
    r"\s+Frame\s*Time\s*(?::\s*)?(?P<time>[^\s:]\S*)[ \t]*\n?",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"^[ \t]*(#|//).*$", re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
MAX_BYTES = 2**30


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
    notes: list[str] = []
    text = _read_text(path, notes)
    split = _MOTION.search(text)
    if split is None:
        raise InputError(f"{path}: no line 'MOTION' found, a BVH file has a HIERARCHY and a MOTION part")
    joints = parse_hierarchy(text[: split.start()], path, notes)
    channels = sum(len(joint.channels) for joint in joints)
    frame_time_s, values = _parse_motion(text, split.start(), channels, path, notes)
    positions, rotations = forward_kinematics(joints, values)
    return Capture(
        source=path,
        names=tuple(_unique([j.name for j in joints])),
        parents=tuple(j.parent for j in joints),
        positions=positions,
        rotations=rotations,
        frame_time_s=frame_time_s,
        notes=tuple(notes),
    )


def forward_kinematics(joints: list[BvhJoint], values: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
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


def _local(joint: BvhJoint, values: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
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


def parse_hierarchy(text: str, path: Path, notes: list[str]) -> list[BvhJoint]:
    """The HIERARCHY part as joints in file order, parents before children, end sites included.

    What is put right is added to `notes`.
    """
    joints: list[BvhJoint] = []
    open_joints: list[int] = []
    tokens = Tokens(text, path)
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
            count, joint = tokens.count(), joints[open_joints[-1]]
            joint.channels = tokens.channels()
            if len(joint.channels) != count:
                notes.append("a wrong number of CHANNELS was put right by counting them")
        elif word == "}" and open_joints:
            open_joints.pop()
        else:
            tokens.fail(
                f"{quoted(word)} not understood, ROOT, JOINT, End Site, OFFSET, CHANNELS or a brace expected"
            )
    if open_joints:
        tokens.fail(
            f"the hierarchy ends inside joint {quoted(joints[open_joints[-1]].name)}, "
            "closing braces are missing"
        )
    if not joints:
        tokens.fail("no ROOT joint found")
    if (roots := sum(joint.parent < 0 for joint in joints)) > 1:
        notes.append(f"the file has {roots} skeletons; a person is made of the joints that come first")
    return joints


def _open_joint(keyword: str, tokens: Tokens, joints: list[BvhJoint], open_joints: list[int]) -> BvhJoint:
    name = " ".join(tokens.until("{"))
    parent = open_joints[-1] if open_joints else -1
    if keyword == "END":
        return BvhJoint(f"{joints[parent].name}_end", parent, is_end=True)
    # Exporters prefix names with a namespace ("mixamorig:Hips"); it stays, mappings name what the file says.
    return BvhJoint(name or f"joint{len(joints)}", parent)


def _parse_motion(
    text: str, start: int, channels: int, path: Path, notes: list[str]
) -> tuple[float, DoubleArray]:
    """Seconds between frames and (T, channels) values of the MOTION part."""
    head = _HEAD_OF_MOTION.match(text, start)
    first_line = text.count("\n", 0, start) + 1
    if head is None:
        raise InputError(f"{path}: line {first_line}: 'Frames:' and 'Frame Time:' must follow MOTION")
    time, block = head["time"], text[head.end() :]
    if "." not in block and _DECIMAL_COMMA.search(f"{time} {block}"):
        time, block = (_DECIMAL_COMMA.sub(".", part) for part in (time, block))
        notes.append("decimal commas were read as points")
    frame_time_s, frames = _frame_time(time, path), int(head["frames"])
    try:
        values = np.array(block.split(), dtype=np.float64)
    except ValueError:
        values = np.empty(0)
    if channels and values.size != frames * channels and len(values) >= channels:
        frames, values = _frames_that_are_there(block, frames, channels, values, notes)
    if values.size != frames * channels or not np.isfinite(values).all():
        line_of_data = text.count("\n", 0, head.end()) + 1
        raise InputError(f"{path}: {_what_is_wrong(block, line_of_data, frames, channels)}")
    return frame_time_s, values.reshape(frames, channels)


def _frames_that_are_there(
    block: str, frames: int, channels: int, values: DoubleArray, notes: list[str]
) -> tuple[int, DoubleArray]:
    """Frames and values of a file whose 'Frames:' is wrong, if each line is a frame; else as they came."""
    lines = [len(line.split()) for line in block.split("\n")]
    lines = [count for count in lines if count]
    if lines[-1] < channels and len(lines) > 1:
        notes.append("the last line is cut off and was left out")
        lines, values = lines[:-1], values[: -lines[-1]]
    if set(lines) != {channels}:
        return frames, values
    if len(lines) != frames:
        notes.append("a wrong number of Frames was put right by counting them")
    return len(lines), values


def _what_is_wrong(block: str, first_line: int, frames: int, channels: int) -> str:
    """The first line of motion without one finite number per channel, or else the wrong count of lines."""
    found = 0
    for number, line in enumerate(block.split("\n"), start=first_line):
        words = line.split()
        if not words:
            continue
        for word in words:
            try:
                bad = not np.isfinite(float(word))
            except ValueError:
                bad = True
            if bad:
                return f"line {number}: {quoted(word)} given where a finite number was expected"
        if len(words) != channels:
            return f"line {number}: {len(words)} values given for {channels} channels"
        found += 1
    return f"{found} frames found where 'Frames:' promises {frames}"


def _frame_time(word: str, path: Path) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0.0
    if not MIN_FRAME_TIME_S <= value <= MAX_FRAME_TIME_S:
        raise InputError(
            f"{path}: frame time {quoted(word)} given, {MIN_FRAME_TIME_S:g} to {MAX_FRAME_TIME_S:g} seconds "
            "accepted"
        )
    return value


def _read_text(path: Path, notes: list[str]) -> str:
    """The file's text with \\n as line end; comments become empty lines, so that lines keep their number."""
    try:
        content = regular_file(path, "motion as .bvh", MAX_BYTES).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = content.decode("utf-16", errors="replace")
        notes.append("text in UTF-16 was read as such")
    else:
        text = content.decode("utf-8-sig", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _COMMENT.search(text):
        text = _COMMENT.sub("", text)
        notes.append("comments were left out")
    return text


def _unique(names: list[str]) -> list[str]:
    """Names with a number appended to every repetition, so that each means one joint."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result
