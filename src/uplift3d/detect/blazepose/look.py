"""Both networks at work on images: people in a rectangle, and the landmarks of the person in a square."""

from collections.abc import Sequence

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, FloatArray, Image
from uplift3d.detect.blazepose import landmarks, persons
from uplift3d.detect.blazepose.crops import Square, bilinear
from uplift3d.detect.blazepose.landmarks import Landmarks
from uplift3d.detect.blazepose.models import Network
from uplift3d.detect.blazepose.persons import Person

INPUT_PX = 224
"""Side of the input that person detection was trained on; there a person is found who nearly fills it."""
MULTIPLE_PX = 32
"""Other inputs have sides of a multiple of this."""


def find_people(network: Network, rgb: Image, scale: float, min_score: float) -> list[Person]:
    """People in a whole image at once.

    Args:
        network: "person".
        rgb: (H, W, 3).
        scale: pixels of the image per pixel of the network's input. People about 220 · `scale` pixels large
            are found best, the smallest are about 70 · `scale`.
        min_score: leave out who is less sure, in [0, 1].
    """
    height, width = rgb.shape[:2]
    size = [max(1, -(-round(side / scale) // MULTIPLE_PX)) * MULTIPLE_PX for side in (width, height)]
    corner = (np.array([width, height]) - np.array(size) * scale) / 2
    return _people_in(network, rgb, corner, (size[0], size[1]), scale, min_score)


def find_people_in(network: Network, rgb: Image, square: Square, min_score: float) -> list[Person]:
    """People in an upright square of an image, as MediaPipe looks at the whole of one."""
    corner = np.array([square.x, square.y]) - square.side_px / 2
    return _people_in(network, rgb, corner, (INPUT_PX, INPUT_PX), square.side_px / INPUT_PX, min_score)


def see_landmarks(network: Network, rgb: Image, square: Square) -> Landmarks:
    """Joints of the person in a square of an image."""
    crop = square.cut(rgb, landmarks.SIDE)
    answers = network(crop[None] / np.float32(255))
    parts = [answers[name][0] for name in ("landmarks", "presence", "heat", "world")]
    return landmarks.decode(parts[0], parts[1], parts[2], parts[3], square)


def _people_in(
    network: Network,
    rgb: Image,
    corner: DoubleArray,
    size: tuple[int, int],
    scale: float,
    min_score: float,
) -> list[Person]:
    """People in a rectangle: its top left corner in pixels of the image, its size in those of the input."""
    answers = network(_rectangle(rgb, corner, size, scale)[None])
    found = persons.decode(answers["scores"][0], answers["boxes"][0], size, min_score)
    return [person.moved(scale, corner) for person in found]


def _rectangle(rgb: Image, corner: DoubleArray, size: Sequence[int], scale: float) -> FloatArray:
    """(h, w, 3) in [-1, 1] as the person network wants it; black beyond the image."""
    columns, rows = (start + np.arange(count) * scale for start, count in zip(corner, size, strict=True))
    inside = [_inside(columns, rgb.shape[1]), _inside(rows, rgb.shape[0])]
    x, y = np.meshgrid(columns[inside[0]], rows[inside[1]])
    out = np.full((size[1], size[0], 3), -1, np.float32)
    colours = bilinear(rgb, x.ravel(), y.ravel()).reshape(*x.shape, 3)
    out[np.ix_(inside[1], inside[0])] = colours / np.float32(127.5) - 1
    return out


def _inside(at: DoubleArray, end: int) -> BoolArray:
    return (at > -0.5) & (at < end - 0.5)
