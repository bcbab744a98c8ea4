"""Which joints the points of a file are: by a joint set's name, by their number, or by their own names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from uplift3d.arrays import RealArray
from uplift3d.errors import InputError
from uplift3d.files.guards import listed, quoted
from uplift3d.skeletons import JOINT_SETS, joint_set

MIN_JOINTS = 6
"""So many names of human joints make a person; an animal's nose and eyes do not."""
BY_COUNT = {
    17: "coco17",
    18: "openpose18",
    25: "body25",
    26: "halpe26",
    33: "blazepose33",
    133: "coco_wholebody133",
    136: "halpe26",  # Halpe's body comes before its face and hands
}
"""Joint set of that many points, as the detectors order them that write no names."""

# Words for a joint in other programs → our names for it, the likeliest first. Sides are told apart before.
_WORDS = {
    "hip": ("pelvis",),
    "mid_hip": ("pelvis",),
    "c_hip": ("pelvis",),
    "root": ("pelvis",),
    "spine": ("torso",),
    "thorax": ("mid_shoulder", "neck"),
    "neck": ("neck", "mid_shoulder"),
    "head": ("head_top", "head"),
    "top_of_head": ("head_top",),
    "vertex": ("head_top",),
    "hand": ("wrist",),
    "foot": ("ankle",),
    "bigtoe": ("big_toe",),
    "smalltoe": ("small_toe",),
    "toe": ("big_toe", "toe", "foot_index"),
    "toes": ("big_toe", "toe", "foot_index"),
    "foot_index": ("foot_index", "big_toe"),
}


@dataclass(frozen=True)
class Layout:
    """`joints` the joint set that is read into, `rows` (n,) its joint for every point of the file, or -1."""

    joints: str
    rows: tuple[int, ...]

    def place(self, positions: RealArray, confidence: RealArray) -> tuple[RealArray, RealArray]:
        """Points (…, n, d) and confidence (…, n) of a file as joints (…, J, d) and (…, J) of the set."""
        count = len(joint_set(self.joints))
        points = [point for point, row in enumerate(self.rows) if row >= 0]
        places = [self.rows[point] for point in points]
        joints = np.full((*positions.shape[:-2], count, positions.shape[-1]), np.nan, dtype=np.float32)
        sure = np.zeros((*confidence.shape[:-1], count), dtype=np.float32)
        joints[..., places, :] = positions[..., points, :]
        sure[..., places] = confidence[..., points]
        return joints, sure


def layout_of(
    where: str,
    count: int,
    joints: str | None,
    names: Sequence[str] | None = None,
    by_count: Mapping[int, str] = BY_COUNT,
) -> Layout:
    """The layout of a file's points.

    Args:
        where: the file, for messages.
        count: number of its points.
        joints: what the user says, see `Given.joints`.
        names: what the file calls them, if it does.
        by_count: joint sets of files that call them nothing, by number of points.

    Raises:
        InputError: the user's joints do not fit, or nothing says what the points are.
    """
    if joints is not None:
        return _told(where, count, joints)
    if names is not None:
        return _named(where, names)
    if count not in by_count:
        known = ", ".join(f"{number} ({name})" for number, name in sorted(by_count.items()))
        raise InputError(f"{where} has {count} points per person; known are {known}; else {_how(count)}")
    name = by_count[count]
    rows = range(len(joint_set(name)))
    return Layout(name, tuple(rows[:count]) + (-1,) * (count - len(rows)))


def _told(where: str, count: int, joints: str) -> Layout:
    if "," not in joints:
        known = joint_set(joints)
        if len(known) != count:
            raise InputError(f"{where} has {count} points per person, {joints} has {len(known)} joints")
        return Layout(joints, tuple(range(count)))
    names = [name.strip() for name in joints.split(",")]
    if len(names) != count:
        raise InputError(f"{where} has {count} points per person, but --joints names {len(names)}")
    used = [name for name in names if name != "-"]
    if len(set(used)) < len(used):
        raise InputError(f"--joints names a joint twice: {quoted(joints)}")
    fitting = [known for known in JOINT_SETS.values() if set(used) <= set(known.joints)]
    if not used or not fitting:
        unknown = [name for name in used if not any(name in known.joints for known in JOINT_SETS.values())]
        raise InputError(
            f"--joints names {listed(unknown or used)}, which no joint set has"
            f"{'' if unknown else ' together'}; CONVENTIONS.md lists the sets and their joints"
        )
    best = min(fitting, key=len)
    return Layout(best.name, tuple(-1 if name == "-" else best.index(name) for name in names))


def _named(where: str, names: Sequence[str]) -> Layout:
    """The joint set that knows most of the names, of several the one with the fewest other joints."""
    options = [_candidates(name) for name in names]
    layouts = [Layout(known, _rows(known, options)) for known in JOINT_SETS]
    best = max(layouts, key=lambda one: (sum(row >= 0 for row in one.rows), -len(joint_set(one.joints))))
    if sum(row >= 0 for row in best.rows) < MIN_JOINTS:
        raise InputError(
            f"{where}: its points are called {listed(names)}, which are hardly joints of a person; "
            f"{_how(len(names))}"
        )
    return best


def _rows(name: str, options: list[tuple[str, ...]]) -> tuple[int, ...]:
    known = joint_set(name).joints
    rows: list[int] = []
    for candidates in options:
        row = next((known.index(joint) for joint in candidates if joint in known), -1)
        rows.append(-1 if row in rows else row)
    return tuple(rows)


def _candidates(name: str) -> tuple[str, ...]:
    """Our names that a name of another program may stand for: "RBigToe", "hip_l", "Left Wrist", "CHip"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    words = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    sides = {"l": "left", "left": "left", "r": "right", "right": "right"}
    parts = words.split("_")
    side = next((sides[part] for part in parts if part in sides), None)
    joint = "_".join(part for part in parts if part not in sides)
    if side is None:
        return (words, *_WORDS.get(words, ()))
    return tuple(
        spelled for one in (joint, *_WORDS.get(joint, ())) for spelled in (f"{side}_{one}", f"{one}_{side}")
    )


def _how(count: int) -> str:
    return (
        "say which joints they are with --joints: the name of a joint set, or the "
        f"{count} names in the file's order, separated by commas, with - for a point that is no joint"
    )
