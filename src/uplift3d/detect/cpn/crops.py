"""Parts of an image that show one person, for detectors that are told where the person is."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import FloatArray, Image

MARGIN_X, MARGIN_Y = 0.1, 0.15
"""Added on either side of a box, in widths and heights of it, as for the public weights of CPN."""
BEYOND_JOINTS = 0.05
"""How far hair, hands and soles reach beyond the outermost joints, in sizes of the person (longer side)."""


@dataclass(frozen=True)
class Crop:
    """Columns left … right and rows top … bottom (ends excluded) in pixels; may reach beyond the image."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, box: npt.ArrayLike, aspect: float) -> Self:
        """The crop with a margin around a box.

        Args:
            box: (4,) left, top, right, bottom in pixels.
            aspect: width over height of the crop; it is as large as both sides of the box need.
        """
        left, top, right, bottom = np.asarray(box, dtype=np.float64).tolist()
        width, height = (right - left) * (1 + 2 * MARGIN_X), (bottom - top) * (1 + 2 * MARGIN_Y)
        width, height = max(width, height * aspect), max(height, width / aspect)
        corner = np.floor([(left + right - width) / 2, (top + bottom - height) / 2]).astype(int)
        end = np.floor([(left + right + width) / 2, (top + bottom + height) / 2]).astype(int)
        end = np.maximum(end, corner + 1)
        return cls(*corner.tolist(), *end.tolist())

    def cut(self, rgb: Image, colour: npt.ArrayLike) -> FloatArray:
        """(h, w, 3) RGB in [0, 1] less a colour (3,) of 0 … 255; beyond the image all is of that colour."""
        height, width = rgb.shape[:2]
        out = np.zeros((self.bottom - self.top, self.right - self.left, 3), np.float32)
        rows = slice(max(self.top, 0), min(self.bottom, height))
        columns = slice(max(self.left, 0), min(self.right, width))
        if rows.start < rows.stop and columns.start < columns.stop:
            inside = (rgb[rows, columns] - np.asarray(colour, dtype=np.float32)) / np.float32(255)
            top, left = rows.start - self.top, columns.start - self.left
            out[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        return out

    def to_image(self, shares: FloatArray) -> FloatArray:
        """Positions (..., 2) in shares of the crop's width and height → pixels of the image."""
        size = np.array([self.right - self.left, self.bottom - self.top], np.float32)
        return shares * size + np.array([self.left, self.top], np.float32)


def boxes_of(positions: FloatArray, image_size: tuple[int, int]) -> FloatArray:
    """Boxes around people as far as they are in the image.

    Args:
        positions: (P, J, 2) joints in pixels, NaN where unseen.
        image_size: (width, height) in pixels.

    Returns:
        (P', 4) left, top, right, bottom in pixels; people who are wholly out of the image are left out.
    """
    seen = positions[np.isfinite(positions).all(-1).any(-1)]
    low, high = np.nanmin(seen, axis=1), np.nanmax(seen, axis=1)  # (P, 2) each
    beyond = BEYOND_JOINTS * (high - low).max(axis=-1, keepdims=True)
    low, high = np.maximum(low - beyond, 0), np.minimum(high + beyond, image_size)
    inside = (high > low).all(axis=-1)
    boxes: FloatArray = np.concatenate([low, high], axis=-1)[inside].astype(np.float32)
    return boxes
