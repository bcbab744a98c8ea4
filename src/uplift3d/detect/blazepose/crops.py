"""Squares of an image, upright or turned, resampled to what a network takes.

Axes: N squares, J joints. A pixel's number is the position of its value, as in MediaPipe.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray, Image

BITS = 5
"""Of the fractions of a pixel by which colours are mixed: 1/32, as in OpenCV."""
MARGIN = 1.25
"""Side of a person's square, in twice the distance from the middle of the hips to the body's extent."""


_Whole = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Square:
    """A square of an image: middle and side in pixels, and the angle that turns its up to the person's."""

    x: float
    y: float
    side_px: float
    angle_rad: float = 0.0
    """Clockwise on the screen: 0 for somebody upright, π/2 for somebody whose head points right."""

    @classmethod
    def of_person(cls, hips: npt.ArrayLike, extent: npt.ArrayLike) -> Self:
        """The square that the landmark network wants.

        Args:
            hips: (2,) middle of the hips in pixels; the middle of the square.
            extent: (2,) point above the head, as far from the hips as the body reaches, in pixels.
        """
        (x, y), (far_x, far_y) = np.asarray(hips, dtype=float).tolist(), np.asarray(extent, float).tolist()
        side_px = 2 * MARGIN * float(np.hypot(far_x - x, far_y - y))
        return cls(x, y, side_px, float(np.arctan2(far_x - x, y - far_y)))

    @property
    def rotation(self) -> DoubleArray:
        """(2, 2) axes of the square → of the image."""
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.array([[cos, -sin], [sin, cos]])

    def to_image(self, shares: npt.ArrayLike) -> DoubleArray:
        """Positions (..., 2) in shares of the square's sides, from its top left → pixels of the image."""
        turned = (np.asarray(shares, dtype=np.float64) - 0.5) @ self.rotation.T
        return turned * self.side_px + (self.x, self.y)

    def cut(self, rgb: Image, size: int) -> Image:
        """(size, size, 3) pixels, bilinear; beyond the image the pixels at its edge go on.

        Like MediaPipe's own crop, which the networks were trained on, it does not smooth before it shrinks.
        """
        corner, step = self.to_image((0, 0)), self.side_px / size
        along = np.arange(size) * step
        (a, b), (c, d) = self.rotation
        x = corner[0] + b * along[:, None] + a * along  # (size, size)
        y = corner[1] + d * along[:, None] + c * along
        return bilinear(rgb, x.ravel(), y.ravel()).reshape(size, size, 3)


def bilinear(rgb: Image, x: DoubleArray, y: DoubleArray) -> Image:
    """(n, 3) colours at n positions in pixels, to 1/32 of a pixel as in OpenCV; whole numbers throughout."""
    height, width = rgb.shape[:2]
    left, right, to_right = _neighbours(x, width)
    top, bottom, to_bottom = _neighbours(y, height)
    pixels = rgb.reshape(-1, 3)
    above, below = (
        _mix(pixels.take(row + left, axis=0), pixels.take(row + right, axis=0), to_right)
        for row in (top * width, bottom * width)
    )
    # 255 · 32 fits 16 bits, and 255 · 32 · 32 does not.
    mixed = _mix(above.astype(np.uint32), below.astype(np.uint32), to_bottom)
    out: Image = ((mixed + (1 << 2 * BITS - 1)) >> 2 * BITS).astype(np.uint8)
    return out


def _neighbours(x: DoubleArray, end: int) -> tuple[_Whole, _Whole, npt.NDArray[np.uint16]]:
    """The pixels before and after each position on one axis, and the share (n, 3) of the second in 1/32."""
    fine = np.rint(x * (1 << BITS)).astype(np.int32)
    before = fine >> BITS
    share = np.repeat((fine & (1 << BITS) - 1).astype(np.uint16), 3).reshape(-1, 3)
    return np.clip(before, 0, end - 1), np.clip(before + 1, 0, end - 1), share


def _mix(first: Any, second: Any, share: npt.NDArray[np.uint16]) -> Any:
    return first * ((1 << BITS) - share) + second * share
