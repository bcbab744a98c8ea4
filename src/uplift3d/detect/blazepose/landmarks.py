"""BlazePose's landmarks: from the network's answers about one square to joints in the image and in 3D.

As MediaPipe's own graph does it. Axes: L the network's 39 landmarks (33 joints, two points that say where the
person is, four without use), J the 33 joints, h and w cells of a heat map.
"""

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import FloatArray
from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.numbers import sigmoid

SIDE = 256
"""Sides of the network's input in pixels."""
JOINTS = 33
HIPS, EXTENT = 33, 34
"""The two points that say where the person is, as in `persons.Person`."""
REACH = 4
"""Cells around a landmark, in each direction, whose heat it is moved to the middle of."""
MIN_HEAT = 0.5
"""A landmark whose hottest cell is cooler stays where it is."""


class Landmarks(NamedTuple):
    """One person, or what looked like one."""

    presence: float
    """Whether there is a person at all, in [0, 1]."""
    positions: FloatArray
    """(33, 2) pixels of the image."""
    confidence: FloatArray
    """(33,) that a joint is in view and not hidden, in [0, 1]."""
    hint: FloatArray
    """(33, 3) metres from the middle of the hips, camera axes."""
    square: Square
    """Where the person is by the landmarks' own account; what a later look may begin with."""


def decode(
    landmarks: FloatArray, presence: FloatArray, heat: FloatArray, world: FloatArray, square: Square
) -> Landmarks:
    """Joints of the person in a square.

    Args:
        landmarks: (195,) = L × (x, y, z in pixels of the input, visibility and presence as logits).
        presence: (1,) in [0, 1].
        heat: (h, w, L) logits.
        world: (117,) = L × (x, y, z) metres from the middle of the hips; x and y along the square's sides,
            z away from the camera.
        square: of the image.
    """
    table = landmarks.reshape(-1, 5)
    places = square.to_image(refine(table[:, :2] / SIDE, heat))
    hint = world.reshape(-1, 3)[:JOINTS].copy()
    hint[:, :2] = hint[:, :2] @ square.rotation.T
    return Landmarks(
        float(presence.reshape(())),
        places[:JOINTS].astype(np.float32),
        sigmoid(table[:JOINTS, 3]),
        hint,
        Square.of_person(places[HIPS], places[EXTENT]),
    )


def refine(shares: FloatArray, heat: FloatArray) -> FloatArray:
    """Move each landmark to the middle of the heat around it.

    Args:
        shares: (L, 2) x and y in shares of the input's sides.
        heat: (h, w, L) logits.

    Returns:
        (L, 2); a landmark outside the input, or where there is little heat, as it was.
    """
    height, width = heat.shape[:2]
    out = shares.copy()
    for index, (x, y) in enumerate(np.trunc(shares * (width, height)).astype(int).tolist()):
        if not (0 <= x < width and 0 <= y < height):
            continue
        rows = np.arange(max(y - REACH, 0), min(y + REACH + 1, height))
        columns = np.arange(max(x - REACH, 0), min(x + REACH + 1, width))
        around = sigmoid(heat[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, index])
        if around.max() >= MIN_HEAT:
            middle = (around.sum(axis=0) @ columns / width, around.sum(axis=1) @ rows / height)
            out[index] = np.array(middle) / around.sum()
    return out
