"""BlazePose's landmarks: from the network's answers about one square to joints in the image and in 3D.

As MediaPipe's own graph does it. Axes: L the network's 39 landmarks (33 joints, two points that say where the
person is, four without use), J the 33 joints, h and w cells of a heat map.
"""

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import BoolArray, FloatArray, IntArray
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
    places = square.to_image(refine(table[:, :2] / np.float32(SIDE), heat))
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
    x, y = np.trunc(shares * (width, height)).astype(int).T  # (L,) each
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    steps = np.arange(-REACH, REACH + 1)
    columns, rows = x[:, None] + steps, y[:, None] + steps  # (L, n)
    known = _within(rows, height)[:, :, None] & _within(columns, width)[:, None]  # (L, n, n)
    at = np.clip(rows, 0, height - 1)[:, :, None], np.clip(columns, 0, width - 1)[:, None]
    around = np.where(known, sigmoid(heat[at[0], at[1], np.arange(len(shares))[:, None, None]]), 0)
    moved = inside & (around.max(axis=(1, 2)) >= MIN_HEAT)
    across, down = around.sum(axis=1), around.sum(axis=2)  # (L, n)
    middle = np.stack([(across * columns).sum(axis=1) / width, (down * rows).sum(axis=1) / height], axis=1)
    total = np.where(moved, around.sum(axis=(1, 2)), 1)
    return np.where(moved[:, None], middle / total[:, None], shares).astype(shares.dtype)


def _within(at: IntArray, end: int) -> BoolArray:
    return (at >= 0) & (at < end)
