"""One person seen in one image: place, size, and how sure the detector was."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray, Image, RealArray
from uplift3d.detect.base import People, Place
from uplift3d.detect.clothing import trunk_colours
from uplift3d.skeletons import joint_set

TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
BODY = (*TRUNK, "left_knee", "right_knee")
SAME_PERSON, SAME_BOX = 0.15, 0.6
"""Two sightings in one image show the same person if their joints lie closer than the first (mean, in sizes)
or their boxes overlap more than the second (intersection over union), as when one of them is upside down."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """`positions` (J, 2) pixels with NaN where unseen, `confidence` (J,), `joints` the name of the set."""

    positions: FloatArray
    confidence: FloatArray
    joints: str
    hint: FloatArray | None = None
    """(J, 3) metres from the pelvis in camera axes, NaN where there is none."""
    colours: FloatArray | None = None
    """Of the clothing, see `clothing.trunk_colours`."""

    @property
    def score(self) -> float:
        """Mean confidence of shoulders, hips and knees, in [0, 1]."""
        return float(self.confidence[_rows(self.joints, BODY)].mean())

    @cached_property
    def box(self) -> tuple[DoubleArray, DoubleArray]:
        """Corners (top left, bottom right) around all seen joints, in pixels."""
        return np.nanmin(self.positions, axis=0).astype(float), np.nanmax(self.positions, axis=0).astype(
            float
        )

    @property
    def trunk(self) -> FloatArray:
        """(4, 2) shoulders and hips in pixels; fewer rows where the joint set lacks some."""
        return self.positions[_rows(self.joints, TRUNK)]

    @cached_property
    def centre(self) -> DoubleArray:
        """Middle of the shoulders and hips (of the box where none of them is seen), in pixels."""
        trunk = self.trunk
        seen = np.isfinite(trunk).all(axis=1)
        return trunk[seen].mean(axis=0).astype(float) if seen.any() else (self.box[0] + self.box[1]) / 2

    @cached_property
    def size(self) -> float:
        """Longer side of the box, in pixels."""
        low, high = self.box
        return float((high - low).max())

    @property
    def place(self) -> Place:
        """Where to look for this person."""
        return Place(self.centre, self.size, self.positions)


def sightings(people: People, joints: str, rgb: Image | None = None) -> list[Sighting]:
    """What a detector returned; with colours if `rgb` is given.

    Without people of whom no joint was seen, or joints at one place only: those have no size.
    """
    positions, confidence, hint = People(*people)
    seen = np.asarray(np.isfinite(positions).all(axis=-1))
    found = [
        Sighting(
            np.where(row[:, None], positions[p], np.nan).astype(np.float32),
            np.where(row, confidence[p], 0).astype(np.float32),
            joints,
            None if hint is None else np.where(row[:, None], hint[p], np.nan).astype(np.float32),
        )
        for p, row in enumerate(seen)
        if row.any() and np.ptp(positions[p, row], axis=0).any()
    ]
    if rgb is None:
        return found
    return [replace(one, colours=trunk_colours(rgb, one.trunk)) for one in found]


def distance(one: Sighting, other: Sighting) -> float:
    """Mean distance of the joints that both show, over the larger size; infinite when they share none."""
    return apart(one.positions, other.positions)


def apart(one: RealArray, other: RealArray) -> float:
    """The same for positions (J, 2) alone."""
    between = np.linalg.norm(one - other, axis=-1)
    if not np.isfinite(between).any():
        return np.inf
    size = max(np.ptp(xy[np.isfinite(xy).all(axis=1)], axis=0).max() for xy in (one, other))
    return float(np.nanmean(between) / size) if size > 0 else np.inf


def is_same(one: Sighting, other: Sighting) -> bool:
    """Whether two sightings in one image show the same person."""
    return distance(one, other) <= SAME_PERSON or box_overlap(one, other) > SAME_BOX


def box_overlap(one: Sighting, other: Sighting) -> float:
    """Intersection over union of the boxes, in [0, 1]."""
    (low, high), (other_low, other_high) = one.box, other.box
    common = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod()
    union = (high - low).prod() + (other_high - other_low).prod() - common
    return float(common / union) if union > 0 else 0.0


def without_doubles(people: list[Sighting]) -> list[Sighting]:
    """Each person once: of sightings that coincide, the one with the highest score."""
    kept: list[Sighting] = []
    for person in sorted(people, key=lambda one: -one.score):
        if not any(is_same(person, other) for other in kept):
            kept.append(person)
    return kept


def _rows(joints: str, names: tuple[str, ...]) -> list[int]:
    known = joint_set(joints).joints
    return [known.index(name) for name in names if name in known]
