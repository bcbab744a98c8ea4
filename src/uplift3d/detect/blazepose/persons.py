"""BlazePose's person detection: from the network's anchors to people, as MediaPipe's own graph does it.

The network is convolutional: it takes any image with sides in multiples of 32 and finds people about as large
as a square of 224 pixels. Axes: A anchors, N people.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import FloatArray
from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.numbers import sigmoid

STRIDES = ((8, 2), (16, 2), (32, 6))
"""Cells of so many pixels, and how many anchors stand in the middle of each."""
CLIP = 100.0
SAME_BOX = 0.3
"""Boxes that overlap more than this (intersection over union) show the same head."""


class Person(NamedTuple):
    """Somebody found, in pixels."""

    score: float
    """In [0, 1]."""
    box: FloatArray
    """(4,) left, top, right, bottom of the surroundings of the head."""
    hips: FloatArray
    """(2,) middle of the hips."""
    extent: FloatArray
    """(2,) above the head, as far from the hips as the body reaches."""

    @property
    def square(self) -> Square:
        """What to show to the landmark network."""
        return Square.of_person(self.hips, self.extent)

    def moved(self, scale: float, offset: npt.ArrayLike) -> "Person":
        """The same person in an image that is `scale` times as large and begins at -`offset`."""
        offset = np.asarray(offset, np.float32)
        points = np.stack([self.box[:2], self.box[2:], self.hips, self.extent]) * np.float32(scale) + offset
        return Person(self.score, points[:2].ravel(), points[2], points[3])


def decode(logits: FloatArray, boxes: FloatArray, size: tuple[int, int], min_score: float) -> list[Person]:
    """People in one image, the surest first.

    Args:
        logits: (A, 1) scores.
        boxes: (A, 12) = box (middle, width, height) and 4 key points, from the anchor, in pixels.
        size: (width, height) of the input.
        min_score: leave out what is less sure, in [0, 1].
    """
    scores = sigmoid(np.clip(logits[:, 0], -CLIP, CLIP))
    kept = np.flatnonzero(scores >= min_score)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    at = np.tile(anchors(*size)[kept], 2)  # (N, 4)
    middle, half, points = boxes[kept, :2], boxes[kept, 2:4] / 2, boxes[kept, 4:8]
    heads = at + np.concatenate([middle - half, middle + half], axis=1)
    return merged(scores[kept], heads, at + points)


def merged(scores: FloatArray, boxes: FloatArray, points: FloatArray) -> list[Person]:
    """Each person once: findings that overlap a surer one are averaged with it, weighted by their scores.

    Args:
        scores: (N,) falling.
        boxes: (N, 4) left, top, right, bottom.
        points: (N, 4) hips and extent.
    """
    people = []
    left = np.arange(len(scores))
    while len(left):
        same = overlap(boxes[left[0]], boxes[left]) > SAME_BOX
        group = left[same] if same[0] else left[:1]  # a box without area overlaps nothing
        weights = scores[group] / scores[group].sum()
        hips, extent = np.split(weights @ points[group], 2)
        people.append(Person(float(scores[left[0]]), weights @ boxes[group], hips, extent))
        left = np.setdiff1d(left, group)
    return people


def overlap(box: FloatArray, others: FloatArray) -> FloatArray:
    """(N,) intersection over union of a box (4,) with others (N, 4)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.clip(sides, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - common
    out: FloatArray = common / np.maximum(union, np.finfo(np.float32).tiny)
    return out


@lru_cache(maxsize=8)
def anchors(width: int, height: int) -> FloatArray:
    """(A, 2) x and y of the anchors in pixels, in the order of the network's answers."""
    layers = []
    for stride, count in STRIDES:
        x, y = (np.arange(side // stride) * stride + stride / 2 for side in (width, height))
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 1, 2)
        layers.append(np.repeat(grid, count, axis=1).reshape(-1, 2))
    out: FloatArray = np.concatenate(layers).astype(np.float32)
    return out
