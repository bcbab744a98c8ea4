"""BlazePose as a detector: who is where, then 33 joints of each.

Person detection finds people of about one size, so a whole image is shown to it at two or three scales, and
places where people should be at the scale that fits them. Runs take one thread each, several run at a time.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from uplift3d.arrays import FloatArray, Image
from uplift3d.detect.base import People, Place
from uplift3d.detect.blazepose import models
from uplift3d.detect.blazepose.crops import MARGIN, Square
from uplift3d.detect.blazepose.landmarks import JOINTS, Landmarks
from uplift3d.detect.blazepose.look import INPUT_PX, find_people, find_people_in, see_landmarks

MIN_SCORE = 0.5
"""Of person detection from close by."""
MIN_SCORE_FAR = 0.3
"""Of somebody worth a look from close by, or where somebody is expected."""
MIN_PRESENCE, MIN_PRESENCE_NEW = 0.5, 0.97
"""Below, the landmark network says that there is nobody: where somebody is expected, and elsewhere. On the
shared clips people have 0.99 and more, what was taken for people 0.95 and less."""
SEARCH_PX, FINE_SEARCH_PX = 200e3, 400e3
"""Area of the whole image as a search shows it to the person network, in its pixels."""
AROUND, CLOSE = 2.0, 1.6
"""Side of the square around somebody expected, and around somebody seen from afar, in sizes of the person."""
NEIGHBOUR = 1.0
"""People closer than this, in sizes of the larger one, may be taken for each other."""
THERE = 0.5
"""How far from their place somebody may be found, in sizes, before they are looked for right there."""
SAME_MIDDLE, SAME_SIZE = 0.12, 1.6
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
        self._landmarks = models.load(f"landmarks-{size}")

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
        misses is looked for where they should be.
        """
        alone = [place for place in places if place.sure and not _has_neighbour(place, places)]
        found = self._see_expected(rgb, alone)
        others = [place for place in places if not _is_there(place, found)]
        looks = _pool().map(partial(self._find_near, rgb), others)
        squares = _distinct((square for near in looks for square in near), _squares_of(found))
        found = found.joined(self._see_all([(rgb, squares)], MIN_PRESENCE)[0])
        return found.joined(self._see_expected(rgb, [one for one in others if not _is_there(one, found)]))

    def _see_expected(self, rgb: Image, places: Sequence[Place]) -> People:
        """Those of the people expected at these places who are right there."""
        return self._see_all([(rgb, [_square_of(place.positions) for place in places])])[0]

    def search(self, rgb: Image, seen: Sequence[Place] = (), *, fine: bool = False) -> People:
        """See `Follower.search`."""
        known = [_square_of(place.positions) for place in seen]
        (found,) = self._find_all([rgb], fine, known)
        return self._see_all([(rgb, found)])[0]

    def _find_all(
        self, images: Sequence[Image], fine: bool = False, known: Sequence[Square] = ()
    ) -> list[list[Square]]:
        """Squares of the people in each image but the known ones: seen from afar, then from close by."""
        scales = [_scales(rgb, fine) for rgb in images]
        looks = [(rgb, scale) for rgb, row in zip(images, scales, strict=True) for scale in row]
        found = iter(_pool().map(lambda look: self._look_from_afar(look[0], look[1]), looks))
        far = [_distinct((square for _ in row for square in next(found)), known) for row in scales]
        closer = [(rgb, square) for rgb, row in zip(images, far, strict=True) for square in row]
        near = iter(_pool().map(lambda look: self._look_closer(look[0], look[1]), closer))
        return [_distinct((square for _ in row for square in next(near)), known) for row in far]

    def _look_from_afar(self, rgb: Image, scale: float) -> list[Square]:
        return [person.square for person in find_people(self._person, rgb, scale, MIN_SCORE_FAR)]

    def _look_closer(self, rgb: Image, square: Square) -> list[Square]:
        window = Square(square.x, square.y, CLOSE * square.side_px / MARGIN)
        return [person.square for person in find_people_in(self._person, rgb, window, MIN_SCORE)]

    def _find_near(self, rgb: Image, place: Place) -> list[Square]:
        """Squares of the people around a place: sure ones, and an unsure one if it is where it should be."""
        window = Square(float(place.centre[0]), float(place.centre[1]), AROUND * place.size)
        people = find_people_in(self._person, rgb, window, MIN_SCORE_FAR)
        expected = _square_of(place.positions)
        sure = [person.square for person in people if person.score >= MIN_SCORE]
        return sure or [person.square for person in people if _same(person.square, expected)]

    def _see_all(
        self, images: Sequence[tuple[Image, list[Square]]], min_presence: float = MIN_PRESENCE_NEW
    ) -> list[People]:
        """The people in the squares of each image."""
        jobs = [(rgb, square) for rgb, squares in images for square in squares]
        seen = iter(_pool().map(lambda job: see_landmarks(self._landmarks, *job), jobs))
        return [_people([next(seen) for _ in squares], rgb, min_presence) for rgb, squares in images]


def _scales(rgb: Image, fine: bool) -> list[float]:
    """Pixels of the image per pixel shown to the person network: the closest look first."""
    height, width = rgb.shape[:2]
    areas = [FINE_SEARCH_PX, SEARCH_PX] if fine else [SEARCH_PX]
    return [*((width * height / area) ** 0.5 for area in areas), max(width, height) / INPUT_PX]


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="blazepose")


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


def _distinct(squares: Iterable[Square], known: Sequence[Square] = ()) -> list[Square]:
    """Each person once, the first square of each, without the known ones."""
    kept: list[Square] = []
    for square in squares:
        if not any(_same(square, other) for other in (*known, *kept)):
            kept.append(square)
    return kept


def _same(one: Square, other: Square) -> bool:
    larger, smaller = max(one.side_px, other.side_px), max(min(one.side_px, other.side_px), 1e-6)
    apart = np.hypot(one.x - other.x, one.y - other.y)
    return bool(apart < SAME_MIDDLE * larger and larger / smaller < SAME_SIZE)
