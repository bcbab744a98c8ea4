"""BlazePose as a detector: who is where, then 33 joints of each.

Person detection finds people of about one size, so a whole image is shown to it at two scales, and places
where people should be at the scale that fits them. The fast landmark network is asked about the unsure ones
before the other looks at them. Runs take one thread each, several run at a time.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Literal

import numpy as np

from uplift3d import cpus
from uplift3d.arrays import FloatArray, Image
from uplift3d.detect.base import People, Place
from uplift3d.detect.blazepose import models
from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.landmarks import JOINTS, Landmarks
from uplift3d.detect.blazepose.look import INPUT_PX, NEAR_PX, find_people, find_people_in, see_landmarks
from uplift3d.detect.blazepose.models import OnnxNetwork
from uplift3d.detect.blazepose.persons import Person
from uplift3d.detect.sighting import SAME_PERSON, apart

MIN_SCORE, MIN_SCORE_EXPECTED = 0.5, 0.3
"""Least score of person detection from close by, and of it where somebody is expected."""
MIN_SCORE_FAR, MIN_SCORE_SURE = 0.4, 0.9
"""Least score of it in a whole image: of somebody worth a check, and of somebody who needs none."""
MIN_PRESENCE, MIN_PRESENCE_NEW = 0.8, 0.97
"""Least presence, by the landmark network, of somebody whom person detection finds where expected, and
elsewhere. On the shared clips people have 0.99 and more, what was taken for people 0.95 and less."""
MIN_PRESENCE_POSSIBLE = 0.05
"""Least presence by the fast landmark network at which the other one is asked too."""
SEARCH_PX, FINE_SEARCH_PX = 200e3, 400e3
"""Area of the whole image as a search shows it to the person network, in its pixels."""
AROUND = 2.0
"""Side of the square around somebody expected, in sizes of the person."""
LARGEST = 2.5
"""Side of a person's square, in longer sides of the image, at most."""
NEIGHBOUR = 1.0
"""People closer than this, in sizes of the larger one, may be taken for each other."""
THERE = 0.5
"""How far from their place somebody may be found, in sizes, before they are looked for right there."""
SAME_MIDDLE, SAME_SIZE = 0.12, 2.0
"""Squares whose middles are this close, in sides, and as much alike in size show the same person."""
HIPS, SHOULDERS = [23, 24], [11, 12]


class BlazePose:
    """Finds everybody, with 33 joints in the image and in 3D. Implements `Follower`.

    Confidence is BlazePose's visibility. A joint that lies outside the image keeps its position, which is a
    guess from the rest of the body, and gets confidence 0.

    Args:
        size: of the landmark network: "heavy", or "full", which takes a quarter of the time.

    Raises:
        InputError: a network's file is missing or damaged.
    """

    joints = "blazepose33"

    def __init__(self, size: Literal["full", "heavy"] = "heavy") -> None:
        self.name = "blazepose" if size == "heavy" else f"blazepose-{size}"
        self._person = models.load("person")
        self._landmarks, self._fast = models.load(f"landmarks-{size}"), models.load("landmarks-full")

    def detect(self, rgb: Image) -> People:
        """See `Detector.detect`. Small people are searched for where there are no others."""
        return self.detect_batch([rgb])[0]

    def detect_batch(self, images: Sequence[Image]) -> list[People]:
        """See `Detector.detect_batch`."""
        found = self._see_all(list(zip(images, self._find_all(images), strict=True)))
        return [
            people if len(people.positions) else self.search(rgb, fine=True)
            for rgb, people in zip(images, found, strict=True)
        ]

    def look_near(self, rgb: Image, places: Sequence[Place]) -> People:
        """See `Follower.look_near`.

        Person detection is left out for people whose place is sure and who have it to themselves. Whom it
        misses is looked for where they should be, if the fast landmark network does not rule them out.
        """
        alone = [_square_of(one.positions) for one in places if one.sure and not _has_neighbour(one, places)]
        (found,) = self._see_all([(rgb, alone)])
        others = [place for place in places if not _is_there(place, found)]
        near = _distinct(self._find_near(rgb, others), _squares_of(found))
        found = found.joined(self._see_all([(rgb, near)], MIN_PRESENCE)[0])
        missed = [_square_of(place.positions) for place in others if not _is_there(place, found)]
        possible = _distinct(self._possible(rgb, missed), _squares_of(found))
        return found.joined(self._see_all([(rgb, possible)])[0])

    def search(self, rgb: Image, seen: Sequence[Place] = (), *, fine: bool = False) -> People:
        """See `Follower.search`."""
        (found,) = self._find_all([rgb], fine, [place.positions for place in seen])
        return self._see_all([(rgb, found)])[0]

    def _find_all(
        self, images: Sequence[Image], fine: bool = False, known: Sequence[FloatArray] = ()
    ) -> list[list[Square]]:
        """Squares of the people in each image but the known ones: the sure ones, then those worth a check."""
        looks = [(rgb, scale) for rgb in images for scale in _scales(rgb, fine)]
        found = iter(
            _pool().map(lambda look: find_people(self._person, look[0], look[1], MIN_SCORE_FAR), looks)
        )
        far = [
            [one for _ in _scales(rgb, fine) for one in next(found) if _plausible(one.square, rgb)]
            for rgb in images
        ]
        others = [_square_of(positions) for positions in known]
        sure = [_distinct(_squares(row, MIN_SCORE_SURE), others) for row in far]
        unsure = [_distinct(_squares(row), [*others, *ones]) for row, ones in zip(far, sure, strict=True)]
        seen = self._look(self._fast, list(zip(images, unsure, strict=True)))
        checked = [
            [one.square for one in row if one.presence >= MIN_PRESENCE and not _is_among(one, known)]
            for row in seen
        ]
        return [_distinct([*ones, *more], others) for ones, more in zip(sure, checked, strict=True)]

    def _find_near(self, rgb: Image, places: Sequence[Place]) -> list[Square]:
        """Squares of the people around some places: sure ones, and unsure ones if they are as expected."""
        windows = [
            Square(float(place.centre[0]), float(place.centre[1]), AROUND * place.size) for place in places
        ]
        looks = _pool().map(
            lambda window: find_people_in(self._person, rgb, window, MIN_SCORE_EXPECTED, NEAR_PX), windows
        )
        found: list[Square] = []
        for place, people in zip(places, looks, strict=True):
            expected = _square_of(place.positions)
            sure = _squares(people, MIN_SCORE)
            found += sure or [one for one in _squares(people) if _same(one, expected, turned=False)]
        return found

    def _possible(self, rgb: Image, squares: list[Square]) -> list[Square]:
        """Those of some squares that may show somebody, where the fast landmark network has them if so."""
        if self._landmarks is self._fast:
            return squares
        (looks,) = self._look(self._fast, [(rgb, squares)])
        return [
            look.square if look.presence >= MIN_PRESENCE else square
            for square, look in zip(squares, looks, strict=True)
            if look.presence >= MIN_PRESENCE_POSSIBLE
        ]

    def _see_all(
        self, images: Sequence[tuple[Image, list[Square]]], min_presence: float = MIN_PRESENCE_NEW
    ) -> list[People]:
        """The people in the squares of each image."""
        seen = self._look(self._landmarks, images)
        return [_people(row, rgb, min_presence) for (rgb, _), row in zip(images, seen, strict=True)]

    def _look(
        self, network: OnnxNetwork, images: Sequence[tuple[Image, list[Square]]]
    ) -> list[list[Landmarks]]:
        """What a landmark network sees in the squares of each image."""
        jobs = [(rgb, square) for rgb, squares in images for square in squares]
        seen = iter(_pool().map(lambda job: see_landmarks(network, *job), jobs))
        return [[next(seen) for _ in squares] for _, squares in images]


def _squares(people: Iterable[Person], min_score: float = 0) -> list[Square]:
    return [person.square for person in people if person.score >= min_score]


def _plausible(square: Square, rgb: Image) -> bool:
    """Whether a square may show somebody: its middle, the hips, is in view, and it is not far too large."""
    height, width = rgb.shape[:2]
    in_view = 0 <= square.x <= width and 0 <= square.y <= height
    return in_view and bool(square.side_px <= LARGEST * max(height, width))


def _scales(rgb: Image, fine: bool) -> list[float]:
    """Pixels of the image per pixel shown to the person network: the closer look first."""
    height, width = rgb.shape[:2]
    area = FINE_SEARCH_PX if fine else SEARCH_PX
    return [(width * height / area) ** 0.5, max(width, height) / INPUT_PX]


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cpus.available(), thread_name_prefix="blazepose")


def _people(seen: Iterable[Landmarks], rgb: Image, min_presence: float) -> People:
    """Those who are people, as a detector returns them."""
    there = [one for one in seen if one.presence >= min_presence]
    if not there:
        return People(
            np.zeros((0, JOINTS, 2), np.float32),
            np.zeros((0, JOINTS), np.float32),
            np.zeros((0, JOINTS, 3), np.float32),
        )
    positions = np.stack([one.positions for one in there])
    inside = ((positions >= 0) & (positions <= (rgb.shape[1], rgb.shape[0]))).all(axis=-1)
    confidence = np.where(inside, np.stack([one.confidence for one in there]), 0).astype(np.float32)
    hint = np.stack([one.hint for one in there])
    return People(positions, confidence, hint - hint[:, HIPS].mean(axis=1, keepdims=True))


def _is_there(place: Place, people: People) -> bool:
    """Whether one of these people may be the one expected at a place."""
    middles = people.positions[:, [*HIPS, *SHOULDERS]].mean(axis=1)
    return bool((np.linalg.norm(middles - place.centre, axis=-1) < THERE * place.size).any())


def _has_neighbour(place: Place, places: Sequence[Place]) -> bool:
    return any(
        np.linalg.norm(other.centre - place.centre) < NEIGHBOUR * max(place.size, other.size)
        for other in places
        if other is not place
    )


def _squares_of(people: People) -> list[Square]:
    return [_square_of(positions) for positions in people.positions]


def _square_of(joints: FloatArray) -> Square:
    """Where the landmark network should look for somebody: around the hips, as far as the body reaches."""
    positions = joints.astype(np.float64)
    hips, shoulders = positions[HIPS].mean(axis=0), positions[SHOULDERS].mean(axis=0)
    reach = np.nanmax(np.linalg.norm(positions - hips, axis=-1))
    up = (shoulders - hips) / max(float(np.linalg.norm(shoulders - hips)), 1e-6)
    return Square.of_person(hips, hips + reach * up)


def _is_among(one: Landmarks, others: Sequence[FloatArray]) -> bool:
    return any(apart(one.positions, other) <= SAME_PERSON for other in others)


def _between(one: Square, other: Square) -> float:
    return float(np.hypot(one.x - other.x, one.y - other.y))


def _distinct(squares: Iterable[Square], known: Sequence[Square] = ()) -> list[Square]:
    """Each person once, the first square of each, without the known ones."""
    kept: list[Square] = []
    for square in squares:
        if not any(_same(square, other) for other in (*known, *kept)):
            kept.append(square)
    return kept


def _same(one: Square, other: Square, turned: bool = True) -> bool:
    """Whether two squares show the same person; where `turned` is False, only if both have it one way up."""
    larger, smaller = max(one.side_px, other.side_px), max(min(one.side_px, other.side_px), 1e-6)
    upright = turned or np.cos(one.angle_rad - other.angle_rad) > 0
    return bool(_between(one, other) < SAME_MIDDLE * larger and larger / smaller < SAME_SIZE and upright)
