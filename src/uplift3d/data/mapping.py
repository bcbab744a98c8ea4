"""From any skeleton's joints to h36m17 in metres, z up, by a mapping file per skeleton.

A mapping file is JSON (see `skeletons/*.json`): each h36m17 joint is a weighted sum of the skeleton's joints,
plus an optional offset along one joint's own axes, measured in lengths of one bone so that it grows with the
figure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.data.capture import Capture
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

Array = npt.NDArray[np.float64]

_JOINTS = joint_set("h36m17").joints
_KEYS = {"name", "metres_per_unit", "up", "licence", "joints"}
_OPTIONAL = {"comment", "datasets", "default_dataset", "subject", "drop_first_frame_if_step_above_m"}


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
    """One h36m17 joint from the skeleton's."""

    weights: Mapping[str, float]
    offset: Offset | None = None

    def joints(self) -> set[str]:
        """Names of all joints of the skeleton that the formula needs."""
        extra = {self.offset.axes_of, *self.offset.unit} if self.offset else set()
        return set(self.weights) | extra


@dataclass(frozen=True)
class SkeletonMapping:
    """What a mapping file says."""

    name: str
    formulas: tuple[JointFormula, ...]
    """One per joint of h36m17, in its order."""
    metres_per_unit: float | None
    """None: the motion file states it."""
    up: str
    """The skeleton's vertical axis, "y" or "z"; right-handed axes."""
    licence: str
    datasets: tuple[tuple[str, str], ...] = ()
    """(dataset, regular expression searched in the file's path), the first that is found counts."""
    default_dataset: str = ""
    subject: str | None = None
    """Regular expression with a group `subject`, searched in the file's path."""
    drop_first_frame_if_step_above_m: float | None = None
    """Drop a first frame (a calibration pose) this far from the second, mean over the joints."""

    def joints(self) -> set[str]:
        """Names of all joints of the skeleton that the mapping needs."""
        return set().union(*(formula.joints() for formula in self.formulas))

    def fits(self, names: Sequence[str]) -> bool:
        """Whether a skeleton with these joint names has all that the mapping needs."""
        return self.joints() <= set(names)

    def dataset_of(self, path: str) -> str:
        """Dataset of the file at `path`, by its name."""
        found = (dataset for dataset, pattern in self.datasets if re.search(pattern, path))
        return next(found, self.default_dataset or self.name)

    def subject_of(self, path: str) -> str:
        """Who moves in the file at `path`, by its name, without leading zeros; "" when it does not say."""
        match = re.search(self.subject, path) if self.subject else None
        return (match["subject"].lstrip("0") or "0") if match else ""


def to_h36m17(capture: Capture, mapping: SkeletonMapping) -> npt.NDArray[np.float64]:
    """The capture's joints as h36m17: (T, 17, 3) metres, right-handed, z up, at its own frame rate."""
    missing = sorted(mapping.joints() - set(capture.names))
    if missing:
        raise InputError(
            f"{capture.source}: mapping {mapping.name!r} needs joints it lacks: {', '.join(missing)}"
        )
    metres_per_unit = mapping.metres_per_unit or capture.metres_per_unit
    if metres_per_unit is None:
        raise InputError(
            f"{capture.source}: states no unit of length, and neither does mapping {mapping.name!r}"
        )
    index = {name: i for i, name in enumerate(capture.names)}
    joints = np.stack([_place(formula, capture, index) for formula in mapping.formulas], axis=1)
    world = z_up(joints, mapping.up) * metres_per_unit
    limit = mapping.drop_first_frame_if_step_above_m
    if limit is not None and len(world) > 1:
        step = np.linalg.norm(world[1] - world[0], axis=-1).mean()
        world = world[1:] if step > limit else world
    return np.asarray(world)


def _place(formula: JointFormula, capture: Capture, index: dict[str, int]) -> Array:
    place = np.zeros((len(capture), 3))
    for name, weight in formula.weights.items():
        place += weight * capture.positions[:, index[name]]
    if formula.offset and len(capture):
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


@lru_cache(maxsize=1)
def shipped_mappings() -> tuple[SkeletonMapping, ...]:
    """The mappings that come with the package."""
    folder = resources.files("uplift3d.data") / "skeletons"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return tuple(parse_mapping(f.read_text(encoding="utf-8"), f.name) for f in files)


def read_mapping(path: str | Path) -> SkeletonMapping:
    """Read a mapping file.

    Raises:
        InputError: it cannot be read or is not a valid mapping; the message names every problem.
    """
    try:
        return parse_mapping(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def find_mapping(capture: Capture, mappings: Sequence[SkeletonMapping]) -> SkeletonMapping:
    """The mapping whose joints the capture has; the one that names most of them when several fit."""
    fitting = [mapping for mapping in mappings if mapping.fits(capture.names)]
    if not fitting:
        raise InputError(
            f"{capture.source}: no mapping fits its joints ({', '.join(capture.names[:6])}, …); known "
            f"skeletons are {', '.join(mapping.name for mapping in mappings)}, add yours with --mapping FILE"
        )
    return max(fitting, key=lambda mapping: len(mapping.joints()))


def parse_mapping(text: str, source: str) -> SkeletonMapping:
    """A mapping file's text as a `SkeletonMapping`; InputError naming `source` and every problem."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{source}: not JSON ({error})") from error
    problems = _problems(content)
    if problems:
        raise InputError(f"{source}: not a skeleton mapping: {'; '.join(problems)}")
    return SkeletonMapping(
        name=content["name"],
        formulas=tuple(_formula(content["joints"][joint]) for joint in _JOINTS),
        metres_per_unit=content["metres_per_unit"],
        up=content["up"],
        licence=content["licence"],
        datasets=tuple((d["dataset"], d["pattern"]) for d in content.get("datasets", [])),
        default_dataset=content.get("default_dataset", ""),
        subject=content.get("subject"),
        drop_first_frame_if_step_above_m=content.get("drop_first_frame_if_step_above_m"),
    )


def _problems(content: Any) -> list[str]:
    if not isinstance(content, dict) or not isinstance(content.get("joints"), dict):
        return ["an object with 'joints' needed"]
    problems = [f"key {key!r} missing" for key in sorted(_KEYS - set(content))]
    problems += [f"key {key!r} unknown" for key in sorted(set(content) - _KEYS - _OPTIONAL)]
    if content.get("up") not in ("y", "z"):
        problems.append(f"'up' is {content.get('up')!r}, 'y' or 'z' accepted")
    scale = content.get("metres_per_unit")
    if scale is not None and not (isinstance(scale, int | float) and scale > 0):
        problems.append(f"'metres_per_unit' is {scale!r}, a number above 0 or null accepted")
    problems += [f"joint {joint!r} missing" for joint in _JOINTS if joint not in content["joints"]]
    problems += [f"joint {joint!r} is not of h36m17" for joint in content["joints"] if joint not in _JOINTS]
    for joint, formula in content["joints"].items():
        problems += [f"joint {joint!r}: {problem}" for problem in _formula_problems(formula)]
    return problems


def _formula_problems(formula: Any) -> list[str]:
    try:
        parsed = _formula(formula)
    except (TypeError, ValueError, KeyError, AttributeError):
        return ["not understood, {'sum': {JOINT: WEIGHT}, 'offset': {'axes_of', 'along', 'unit'}} accepted"]
    total = sum(parsed.weights.values())
    return [] if abs(total - 1) < 1e-6 else [f"weights sum to {total:g}, not 1"]


def _formula(content: Any) -> JointFormula:
    weights = {str(name): float(weight) for name, weight in content["sum"].items()}
    if "offset" not in content:
        return JointFormula(weights)
    step = content["offset"]
    x, y, z = (float(value) for value in step["along"])
    tail, head = (str(name) for name in step["unit"])
    return JointFormula(weights, Offset(str(step["axes_of"]), (x, y, z), (tail, head)))
