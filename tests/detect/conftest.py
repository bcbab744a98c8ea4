"""People made of flat colours, detectors that read them, and videos of them that need no decoder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

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
    """Finds painted people who fill at least a fifth of what it is shown; `looks` counts how often it looked.

    With `finds_everyone` False it returns the largest one only.
    """

    name, joints = "colours", "coco17"

    def __init__(self, finds_everyone: bool = False, confidence: float = 0.9) -> None:
        self.finds_everyone = finds_everyone
        self.confidence = confidence
        self.looks: list[tuple[int, int]] = []
        self.blind: Callable[[int], bool] = lambda look: False

    def detect(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.looks.append((rgb.shape[1], rgb.shape[0]))
        boxes = []
        for colour in np.unique(rgb[..., 0]):
            if colour < 200 or self.blind(len(self.looks) - 1):
                continue
            rows, columns = np.nonzero(rgb[..., 0] == colour)
            boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        boxes = [box for box in boxes if box[3] - box[1] >= 0.2 * min(rgb.shape[:2])]
        boxes.sort(key=lambda box: box[1] - box[3])
        boxes = boxes if self.finds_everyone else boxes[:1]
        corners = np.array(boxes, np.float32).reshape(-1, 2, 2)  # (P, corner, xy)
        positions = corners[:, :1] + LAYOUT * (corners[:, 1:] - corners[:, :1])
        return positions.astype(np.float32), np.full(positions.shape[:2], self.confidence, np.float32)


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
