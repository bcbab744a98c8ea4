"""Squares of an image, upright or turned, resampled to what a network takes.

Axes: N squares, J joints. A pixel's number is the position of its value, as in MediaPipe.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import PIL.Image

from uplift3d.arrays import DoubleArray, Image

LEVEL = np.float32(0.5)
"""To be added to the levels of what `resample` gives: so much it leaves out on average."""
COARSE_STEP = 4
"""Of crops whose pixels are twice this far apart in the image, every other pixel is read, and so on."""
MARGIN = 1.25
"""Side of a person's square, in twice the distance from the middle of the hips to the body's extent."""


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
        return resample(rgb, self.to_image((0, 0)), self.rotation * (self.side_px / size), (size, size), True)


def resample(
    rgb: Image, corner: DoubleArray, steps: DoubleArray, size: tuple[int, int], edge: bool = False
) -> Image:
    """(h, w, 3) pixels on a grid of the image's own, bilinear, by Pillow.

    Pillow cuts fractions of a level off, half a level on average: see `LEVEL`.

    Args:
        rgb: (H, W, 3).
        corner: (2,) where the first of them is, in pixels of the image.
        steps: (2, 2) axes of the grid → of the image, in pixels.
        size: (w, h).
        edge: beyond the image its edge goes on, instead of black.
    """
    every = max(1, int(np.abs(steps).max() // COARSE_STEP))
    rgb, corner, steps = rgb[::every, ::every], corner / every, steps / every
    ends = corner + np.array([(0, 0), (size[0], 0), (0, size[1]), size]) @ steps.T
    low, high = np.floor(ends.min(axis=0)).astype(int) - 1, np.ceil(ends.max(axis=0)).astype(int) + 2
    image_end = np.array(rgb.shape[1::-1])
    first, last = np.clip(low, 0, image_end - 1), np.clip(high, 1, image_end)
    last = np.maximum(last, first + 1)
    part = rgb[first[1] : last[1], first[0] : last[0]]
    if edge:
        before, after = np.maximum(first - low, 0), np.maximum(high - last, 0)
        if before.any() or after.any():
            part = np.pad(part, ((before[1], after[1]), (before[0], after[0]), (0, 0)), mode="edge")
        first = first - before
    # Pillow puts the values at the middles of pixels, in the image as in the answer.
    start = corner - first + 0.5 - steps.sum(axis=1) / 2
    affine = (*steps[0].tolist(), float(start[0]), *steps[1].tolist(), float(start[1]))
    method, mixing = PIL.Image.Transform.AFFINE, PIL.Image.Resampling.BILINEAR
    image = PIL.Image.fromarray(np.ascontiguousarray(part))  # Pillow is slow to copy rows that are apart
    return np.asarray(image.transform(size, method, affine, mixing))
