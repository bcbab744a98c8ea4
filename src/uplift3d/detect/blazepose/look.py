"""Both networks at work on images: people in a rectangle, and the landmarks of the person in a square."""

import numpy as np

from uplift3d.arrays import DoubleArray, Image
from uplift3d.detect.blazepose import landmarks, persons
from uplift3d.detect.blazepose.crops import LEVEL, Square, resample
from uplift3d.detect.blazepose.landmarks import Landmarks
from uplift3d.detect.blazepose.models import OnnxNetwork
from uplift3d.detect.blazepose.persons import Person

INPUT_PX = 224
"""Side of the input that person detection was trained on; there a person is found who nearly fills it."""
MULTIPLE_PX = 32
"""Other inputs have sides of a multiple of this."""
NEAR_PX = 192
"""Side of the input for the surroundings of a place: three quarters of the time of 224, and as good."""


def find_people(network: OnnxNetwork, rgb: Image, scale: float, min_score: float) -> list[Person]:
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


def find_people_in(
    network: OnnxNetwork, rgb: Image, square: Square, min_score: float, size: int = INPUT_PX
) -> list[Person]:
    """People in an upright square of an image, shown to the network with sides of `size` pixels."""
    corner = np.array([square.x, square.y]) - square.side_px / 2
    return _people_in(network, rgb, corner, (size, size), square.side_px / size, min_score)


def see_landmarks(network: OnnxNetwork, rgb: Image, square: Square) -> Landmarks:
    """Joints of the person in a square of an image."""
    crop = square.cut(rgb, landmarks.SIDE)
    answers = network((crop[None] + LEVEL) / np.float32(255))
    parts = [answers[name][0] for name in ("landmarks", "presence", "heat", "world")]
    return landmarks.decode(parts[0], parts[1], parts[2], parts[3], square)


def _people_in(
    network: OnnxNetwork,
    rgb: Image,
    corner: DoubleArray,
    size: tuple[int, int],
    scale: float,
    min_score: float,
) -> list[Person]:
    """People in a rectangle: its top left corner in pixels of the image, its size in those of the input."""
    crop = resample(rgb, corner, np.eye(2) * scale, size)
    answers = network((crop[None] + LEVEL) / np.float32(127.5) - 1)
    found = persons.decode(answers["scores"][0], answers["boxes"][0], size, min_score)
    return [person.moved(scale, corner) for person in found]
