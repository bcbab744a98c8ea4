"""People made of flat colours, detectors that read them, and videos of them that need no decoder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from uplift3d.detect.base import People, Place
from uplift3d.skeletons import joint_set

WIDTH, HEIGHT = 640, 360
COCO = joint_set("coco17").joints
# Where in a person's rectangle each joint is: x left to right, y top to bottom.
_ROWS = {
    "eye": 0,
    "ear": 0.05,
    "shoulder": 0.2,
    "elbow": 0.35,
    "wrist": 0.5,
    "hip": 0.5,
    "knee": 0.75,
    "ankle": 1,
}
LAYOUT = np.array(
    [(0.5, 0.05) if name == "nose" else (1.0 * ("left" in name), _ROWS[name.split("_")[1]]) for name in COCO]
)

Person = Callable[[float], "tuple[float, float, float] | None"]
"""Time in seconds → (x, y) of the middle and height in pixels; None while out of view."""


def paint(people: Sequence[Person], time_s: float) -> np.ndarray:
    """(360, 640, 3) image: person i is a rectangle of red level 200 + i, half as wide as high, on black."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for colour, person in enumerate(people):
        place = person(time_s)
        if place is not None:
            x, y, height = place
            top, left = max(round(y - height / 2), 0), max(round(x - height / 4), 0)
            image[top : max(round(y + height / 2), 0), left : max(round(x + height / 4), 0), 0] = 200 + colour
    return image


class ColourDetector:
    """Finds painted people who fill at least a fifth of what it is shown; `looks` has the size of each."""

    name, joints = "colours", "coco17"

    def __init__(self, confidence: float = 0.9) -> None:
        self.confidence = confidence
        self.looks: list[tuple[int, int]] = []

    def detect(self, rgb: np.ndarray) -> People:
        return self._seen(rgb, 0.2)

    def detect_batch(self, images: Sequence[np.ndarray]) -> list[People]:
        return [self.detect(rgb) for rgb in images]

    def _seen(self, rgb: np.ndarray, smallest: float) -> People:
        self.looks.append((rgb.shape[1], rgb.shape[0]))
        boxes = []
        for colour in np.unique(rgb[..., 0]):
            if colour >= 200:
                rows, columns = np.nonzero(rgb[..., 0] == colour)
                boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        boxes = [box for box in boxes if box[3] - box[1] >= smallest * min(rgb.shape[:2])]
        boxes.sort(key=lambda box: box[1] - box[3])
        corners = np.array(boxes, np.float32).reshape(-1, 2, 2)  # (P, corner, xy)
        positions = (corners[:, :1] + LAYOUT * (corners[:, 1:] - corners[:, :1])).astype(np.float32)
        hint = np.zeros((*positions.shape[:2], 3), np.float32)
        return People(positions, np.full(positions.shape[:2], self.confidence, np.float32), hint)


class ColourFollower(ColourDetector):
    """The same, and it can be told where people should be."""

    def look_near(self, rgb: np.ndarray, places: Sequence[Place]) -> People:
        return _joined([self._around(rgb, place) for place in places])

    def search(self, rgb: np.ndarray, seen: Sequence[Place] = (), *, fine: bool = False) -> People:
        found = self._seen(rgb, 0.1 if fine else 0.2)
        middles = found.positions.mean(axis=1)
        new = [all(np.linalg.norm(m - place.centre) > 0.3 * place.size for place in seen) for m in middles]
        return People(*(part[np.array(new, bool)] for part in found))

    def _around(self, rgb: np.ndarray, place: Place) -> People:
        seen = self._seen(rgb, 0.0)
        apart = np.abs(seen.positions.mean(axis=1) - place.centre).max(axis=-1)
        sizes = np.ptp(seen.positions[..., 1], axis=-1)
        there = (apart < place.size) & (sizes > 0.4 * place.size)
        return People(*(part[there] for part in seen))


def _joined(people: Sequence[People]) -> People:
    return People(*(np.concatenate(parts) for parts in zip(*people, strict=True)))


class PaintedVideo:
    """A frame source of painted people, 30 frames per second."""

    def __init__(self, people: Sequence[Person], seconds: float = 4.0) -> None:
        self.people = people
        self.path = Path("painted.mp4")
        self.size = (WIDTH, HEIGHT)
        self.times = np.arange(round(seconds * 30) + 1) / 30

    def frames_at(self, indices=None):
        for number in range(len(self.times)) if indices is None else indices:
            time_s = float(self.times[number])
            yield int(number), time_s, paint(self.people, time_s)

    def every(self, interval_s: float) -> np.ndarray:
        return np.arange(0, len(self.times), round(interval_s * 30))


@pytest.fixture
def colour_detector():
    return ColourDetector


@pytest.fixture
def colour_follower():
    return ColourFollower


@pytest.fixture
def painted_video():
    return PaintedVideo


@pytest.fixture
def painted():
    return paint


@pytest.fixture
def standing() -> Callable[..., Person]:
    """Somebody who stands, or walks at `vx` pixels per second, from `start` to `end` seconds."""

    def make(x=320.0, y=180.0, height=150.0, vx=0.0, start=-np.inf, end=np.inf) -> Person:
        return lambda t: (x + vx * t, y, height) if start <= t <= end else None

    return make
