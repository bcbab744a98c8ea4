"""From any skeleton's joints to h36m21 in metres, z up, by a mapping file per skeleton.

A mapping file is JSON (see `skeletons/*.json` and `mapping_files`): each h36m21 joint is a weighted sum of
the skeleton's joints, plus an optional offset along one joint's own axes, measured in lengths of one bone so
that it grows with the figure. A joint that a skeleton cannot give is NaN.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.data.capture import Capture
from uplift3d.data.plausible import UNITS, leg_length, unit_by_size
from uplift3d.data.provenance import DatasetRule
from uplift3d.errors import InputError
from uplift3d.files.guards import listed
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m21").joints
LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
NEEDED = ("pelvis", *(f"{side}_{joint}" for side in ("left", "right") for joint in LIMBS))
"""What every skeleton must give; the others may be missing."""
MIN_COSINE = 0.7
"""An axis runs along a bone when the angle between them is less than 45 degrees."""


@dataclass(frozen=True)
class Frame:
    """Axes from places alone, for skeletons whose joints' own axes are not known.

    The first axis runs from one joint to another, the second is what of a second pair's direction is at right
    angles to it, the third is their cross product.
    """

    along: tuple[str, str]
    toward: tuple[str, str]

    def joints(self) -> set[str]:
        """The joints it is made of."""
        return {*self.along, *self.toward}


@dataclass(frozen=True)
class Offset:
    """A step along a joint's own axes, or along those of a frame."""

    axes: str | Frame
    along: tuple[float, float, float]
    """Step along the first, second and third axis, in lengths of `unit`."""
    unit: tuple[str, str]
    """The two joints whose distance is one."""

    def joints(self) -> set[str]:
        """The joints it needs."""
        return {*self.unit, *(self.axes.joints() if isinstance(self.axes, Frame) else (self.axes,))}


@dataclass(frozen=True)
class JointFormula:
    """One h36m21 joint from the skeleton's."""

    weights: Mapping[str, float]
    offset: Offset | None = None

    def joints(self) -> set[str]:
        """Names of all joints of the skeleton that the formula needs."""
        return set(self.weights) | (self.offset.joints() if self.offset else set())

    @property
    def turns(self) -> bool:
        """Whether it needs a joint's own axes."""
        return self.offset is not None and isinstance(self.offset.axes, str)

    def fits(self, names: Collection[str], rotations: bool) -> bool:
        """Whether a skeleton of these joints, with or without their orientations, has what it needs."""
        return (rotations or not self.turns) and self.joints() <= set(names)


@dataclass(frozen=True)
class SkeletonMapping:
    """What a mapping file says."""

    name: str
    formulas: Mapping[str, tuple[JointFormula, ...]]
    """h36m21 joint → formulas, of which the first that fits counts; a joint without any is NaN."""
    metres_per_unit: float | None
    """Where the motion file does not state it; None: the unit that makes a person of usual size."""
    up: str | None
    """The vertical axis, "y" or "z", of right-handed axes, where the motion file does not state it."""
    licence: str
    """Of files that no rule names."""
    datasets: tuple[DatasetRule, ...] = ()
    """The first whose pattern is found in a file's path counts."""
    default_dataset: str = ""
    drop_first_frame_if_step_above_m: float | None = None
    """Drop a first frame (a calibration pose) this far from the second, mean over the joints."""
    axes_run_along: tuple[str, tuple[float, float, float], tuple[str, str]] | None = None
    """(joint, axis, bone): formulas with a joint's axes count only where this axis of the joint runs along
    the bone, for names that other exporters use with axes of their own; None: they always count."""
    positions_only: bool = False
    """Fits recordings without orientations only, whose unit and axes are what the mapping says."""

    def formula_for(self, joint: str, capture: Capture) -> JointFormula | None:
        """What gives an h36m21 joint of this capture; None where nothing does."""
        options = self.formulas.get(joint, ())
        rotations = any(o.turns for o in options) and self._axes_are_known(capture)
        return next((f for f in options if f.fits(capture.names, rotations)), None)

    def _axes_are_known(self, capture: Capture) -> bool:
        if capture.rotations is None or self.axes_run_along is None:
            return capture.rotations is not None
        joint, axis, (tail, head) = self.axes_run_along
        if not {joint, tail, head} <= set(capture.names) or len(capture) == 0:
            return False
        places = {name: i for i, name in enumerate(capture.names)}
        bone = _unit(capture.positions[:, places[head]] - capture.positions[:, places[tail]])
        along = np.sum(capture.rotations[:, places[joint]] @ np.array(axis) * bone, axis=-1)
        return bool(np.median(along) > MIN_COSINE)

    def fits(self, capture: Capture) -> bool:
        """Whether the capture has all joints that cannot be missing."""
        if self.positions_only and capture.rotations is not None:
            return False
        return all(self.formula_for(joint, capture) for joint in NEEDED)

    def joints(self) -> set[str]:
        """Names of all joints of the skeleton that any formula uses."""
        return set().union(*(f.joints() for options in self.formulas.values() for f in options))

    def missing(self, capture: Capture) -> list[str]:
        """The skeleton's joints that the capture lacks and that cannot be missing, sorted."""
        lacking = [joint for joint in NEEDED if self.formula_for(joint, capture) is None]
        wanted = (formula.joints() for joint in lacking for formula in self.formulas.get(joint, ()))
        return sorted(set().union(*wanted) - set(capture.names))


def to_h36m21(capture: Capture, mapping: SkeletonMapping) -> DoubleArray:
    """The capture's joints as h36m21: (T, 21, 3) metres, right-handed, z up, at its own frame rate.

    Joints that cannot be had from the capture are NaN.

    Raises:
        InputError: joints that cannot be missing are, or neither side states the unit or the vertical axis.
    """
    if missing := mapping.missing(capture):
        raise InputError(
            f"{capture.source}: mapping {mapping.name!r} needs joints it lacks: {', '.join(missing)}"
        )
    index = {name: i for i, name in enumerate(capture.names)}
    joints = np.full((len(capture), len(JOINTS), 3), np.nan)
    for place, joint in enumerate(JOINTS):
        if formula := mapping.formula_for(joint, capture):
            joints[:, place] = _place(formula, capture, index)
    if (up := capture.up or mapping.up) is None:
        raise InputError(
            f"{capture.source}: states no vertical axis, and neither does mapping {mapping.name!r}"
        )
    return _without_calibration(z_up(joints, up) * _scale(joints, capture, mapping), mapping)


def _scale(joints: DoubleArray, capture: Capture, mapping: SkeletonMapping) -> float:
    """Metres of the capture's unit: as the file or the mapping says, or else by the person's size."""
    if stated := capture.metres_per_unit or mapping.metres_per_unit:
        return stated
    fitting = unit_by_size(joints)
    if fitting is None:
        raise InputError(
            f"{capture.source}: states no unit of length, neither does mapping {mapping.name!r}, and "
            f"in none of {', '.join(UNITS)} are its legs ({leg_length(joints):.3g} long) a person's"
        )
    return fitting[1]


def _without_calibration(world: DoubleArray, mapping: SkeletonMapping) -> DoubleArray:
    limit = mapping.drop_first_frame_if_step_above_m
    if limit is not None and len(world) > 1:
        step = np.nanmean(np.linalg.norm(world[1] - world[0], axis=-1))
        world = world[1:] if step > limit else world
    return world


def _place(formula: JointFormula, capture: Capture, index: dict[str, int]) -> DoubleArray:
    place = np.zeros((len(capture), 3))
    for name, weight in formula.weights.items():
        place += weight * capture.positions[:, index[name]]
    if formula.offset and len(capture):
        tail, head = (capture.positions[:, index[name]] for name in formula.offset.unit)
        # The bone is rigid, its median keeps one bad frame from stretching the head in all others.
        length = np.median(np.linalg.norm(head - tail, axis=-1))
        place += _axes(formula.offset.axes, capture, index) @ np.array(formula.offset.along) * length
    return place


def _axes(axes: str | Frame, capture: Capture, index: dict[str, int]) -> DoubleArray:
    """(T, 3, 3) with the axes as columns."""
    if isinstance(axes, str):
        assert capture.rotations is not None, "a formula with a joint's axes fits only where there are some"
        return capture.rotations[:, index[axes]]

    def direction(pair: tuple[str, str]) -> DoubleArray:
        tail, head = (capture.positions[:, index[name]] for name in pair)
        return head - tail

    first = _unit(direction(axes.along))
    toward = direction(axes.toward)
    second = _unit(toward - first * np.sum(first * toward, axis=-1, keepdims=True))
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def _unit(vectors: DoubleArray) -> DoubleArray:
    """Vectors of length one; those without a direction stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-9))


def z_up(positions: DoubleArray, up: str) -> DoubleArray:
    """Right-handed (..., 3) with `up` "y" or "z" → z up; from y up, x stays and z becomes −y."""
    if up == "z":
        return positions
    return np.stack([positions[..., 0], -positions[..., 2], positions[..., 1]], axis=-1)


def find_mapping(capture: Capture, mappings: Sequence[SkeletonMapping]) -> tuple[SkeletonMapping, Capture]:
    """The mapping that fits a capture, and the capture with its joints called as the mapping calls them.

    Names count as they stand or else without their namespace and the beginning that most of them share
    ("mixamorig:Hips", "Bip01 L Thigh"), in any case, without blanks and punctuation. Of several mappings that
    fit, it is the one that gives most joints, then the one that uses most of the skeleton.

    Raises:
        InputError: no mapping fits.
    """
    candidates = [(mapping, capture) for mapping in mappings if mapping.fits(capture)]
    if not candidates:
        bare = bare_names(capture.names)
        renamed = ((mapping, _renamed(capture, bare, mapping)) for mapping in mappings)
        candidates = [(mapping, other) for mapping, other in renamed if mapping.fits(other)]
    if not candidates:
        raise InputError(
            f"{capture.source}: no mapping fits its joints ({listed(capture.names, 6)}); known skeletons are "
            f"{', '.join(mapping.name for mapping in mappings)}; add yours with --mapping FILE, as "
            "docs/mapping.md explains"
        )

    def merit(candidate: tuple[SkeletonMapping, Capture]) -> tuple[int, int]:
        mapping, named = candidate
        formulas = [f for joint in JOINTS if (f := mapping.formula_for(joint, named))]
        return len(formulas), len(set().union(*(formula.joints() for formula in formulas)))

    return max(candidates, key=merit)


def bare_names(names: Sequence[str]) -> list[str]:
    """Joint names without namespace, common beginning, case, blanks and punctuation; "" for outsiders.

    A beginning counts as common when more than half of the joints have it and it ends where a name can start:
    at a blank, `_`, `-` or a number ("Character1_", "mixamorig1", "Bip01 ").
    """
    plain = [re.split(r"[:|]", name)[-1] for name in names]
    joints = [name for name in plain if not name.endswith("_end")]
    starts = Counter(match[1] for name in joints if (match := _BEGINNING.match(name)))
    beginning, count = starts.most_common(1)[0] if starts else ("", 0)
    if count <= len(joints) / 2:
        return [_key(name) for name in plain]
    return [_key(name[len(beginning) :]) if name.startswith(beginning) else "" for name in plain]


_BEGINNING = re.compile(r"([A-Za-z]+[0-9]*[ _-]+|mixamorig[0-9]*)(?=[A-Za-z])")


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _renamed(capture: Capture, bare: Sequence[str], mapping: SkeletonMapping) -> Capture:
    """The capture with the mapping's own spelling of each joint; the first of two alike counts."""
    spelled = {_key(name): name for name in sorted(mapping.joints())}
    names: list[str] = []
    for own, key in zip(capture.names, bare, strict=True):
        known = spelled.get(key, own)
        names.append(known if known not in names else f"{own} (another)")
    return replace(capture, names=tuple(names))
