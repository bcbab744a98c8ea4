"""People from the side or from above, over a grid of metres: a small square picture of each moment.

Axes: P people, F frames, J joints. Display axes (`stage`) are x right, y away, z up, in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from uplift3d.arrays import DoubleArray, FloatArray
from uplift3d.skeletons import JointSet
from uplift3d.view.colours import INK, LEFT, LINE, PAPER, RIGHT, SOFT, trunk_colour
from uplift3d.view.pen import Pen, Point
from uplift3d.view.stage import bone_radii_m, bone_sides, drawn_ends

OVERSAMPLING = 2
GRID = "#e8ecf0"
SMALLEST_M = 2.4  # what a panel shows at least, so that a step is no leap
MARGIN_PX = 16
TITLE_PX = 50  # at the top, where nobody is drawn
LEAST_RADIUS_PX = 1.3
RIM_FROM_PX = 2.2  # of radius; on thinner limbs a rim would look like gaps


@dataclass(frozen=True)
class Projection:
    """From where a panel looks: which display axis points to the right, up and towards the eye."""

    title: str
    right: int
    up: int
    towards: int
    away_is_up: bool


SIDE = Projection("from the side", right=1, up=2, towards=0, away_is_up=False)
ABOVE = Projection("from above", right=0, up=1, towards=2, away_is_up=True)


class Panel:
    """A square of `size_px` that shows everybody wherever they go.

    Args:
        view: `SIDE` or `ABOVE`.
        positions: (P, F, J, 3) metres in display axes, NaN where a person is absent.
        joints: the joint set of J.
        size_px: width and height.
    """

    def __init__(self, view: Projection, positions: FloatArray, joints: JointSet, size_px: int) -> None:
        self.view, self.positions, self.size_px = view, positions, size_px
        self.joints = joints
        self.bones = list(zip(joints.bones, bone_radii_m(joints), bone_sides(joints), strict=True))
        low, high = self._bounds()
        free_px = np.array([size_px, size_px - TITLE_PX]) - 2 * MARGIN_PX
        self.px_per_m = float((free_px / np.maximum(high - low, SMALLEST_M)).min())
        self.middle = (low + high) / 2
        self.middle_px = (size_px / 2, TITLE_PX + (size_px - TITLE_PX) / 2)
        if view.up == 2:  # the floor lies at the bottom, not in the middle of an empty wall
            self.middle[1] = low[1] + free_px[1] / 2 / self.px_per_m
        self.background = self._grid(low, high)

    def picture(self, frame: int) -> Image.Image:
        """Everybody at one moment, (size_px, size_px)."""
        image = self.background.copy()
        pen = Pen(image, OVERSAMPLING)
        limbs: list[tuple[float, DoubleArray, float, str]] = []
        for index, pose in enumerate(self.positions[:, frame].astype(np.float64)):
            if np.isfinite(pose).all():
                colours = {"left": LEFT, "right": RIGHT, "middle": trunk_colour(index)}
                for (parent, child), radius, side in self.bones:
                    ends = drawn_ends(pose, parent, child, self.joints)
                    limbs.append((ends[:, self.view.towards].mean(), ends, radius, colours[side]))
        for _, ends, radius, colour in sorted(limbs, key=lambda limb: limb[0]):
            ends_px = [self.place(end) for end in ends]
            radius_px = max(LEAST_RADIUS_PX, radius * self.px_per_m)
            if radius_px >= RIM_FROM_PX:
                pen.bar(ends_px, radius_px + 0.8, PAPER)
            pen.bar(ends_px, radius_px, colour)
        return image.reduce(OVERSAMPLING)

    def place(self, point: DoubleArray) -> Point:
        """Pixel of a point (3,) in display axes."""
        right = (float(point[self.view.right]) - self.middle[0]) * self.px_per_m
        up = (float(point[self.view.up]) - self.middle[1]) * self.px_per_m
        return self.middle_px[0] + right, self.middle_px[1] - up

    def _bounds(self) -> tuple[DoubleArray, DoubleArray]:
        points = self.positions.reshape(-1, 3)[:, [self.view.right, self.view.up]].astype(np.float64)
        points = points[np.isfinite(points).all(axis=-1)]
        if not len(points):
            points = np.zeros((1, 2))
        low, high = points.min(axis=0) - 0.1, points.max(axis=0) + 0.1
        if self.view.up == 2:
            low[1] = min(low[1], -0.1)
        return low, high

    def _grid(self, low: DoubleArray, high: DoubleArray) -> Image.Image:
        """Lines a metre apart (more where that would be dense), the floor, the title and the scale."""
        size = self.size_px
        image = Image.new("RGB", (size * OVERSAMPLING, size * OVERSAMPLING), PAPER)
        pen = Pen(image, OVERSAMPLING)
        step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 1e9) if step * self.px_per_m >= 34)
        for axis in (0, 1):
            reach = size / self.px_per_m
            first, last = (round(float(self.middle[axis] + end) / step) for end in (-reach, reach))
            for line in range(first, last + 1):
                along = (line * step - float(self.middle[axis])) * self.px_per_m
                if axis == 0:
                    x = self.middle_px[0] + along
                    pen.lines([(x, TITLE_PX), (x, size)], GRID, 1)
                elif (y := self.middle_px[1] - along) >= TITLE_PX:
                    floor = self.view.up == 2 and line == 0
                    pen.lines([(0, y), (size, y)], SOFT if floor else GRID, 1)
        pen.text((12, 9), self.view.title, 15, INK)
        pen.text((size - 12, 10), f"squares {step:g} m", 13, SOFT, anchor="ra")
        self._arrow(pen)
        pen.lines([(0, 0), (size, 0)], LINE, 1.5)
        pen.lines([(0, 0), (0, size)], LINE, 1.5)
        return image

    def _arrow(self, pen: Pen) -> None:
        """Which way the camera looks."""
        text = "the camera looks"
        pen.text((12, 30), text, 13, SOFT)
        x, y = 12 + pen.width(text, 13) + 8, 39.0
        if self.view.away_is_up:
            shaft: list[Point] = [(x + 3, y + 7), (x + 3, y - 8)]
            head: list[Point] = [(x - 1, y - 4), (x + 3, y - 9), (x + 7, y - 4)]
        else:
            shaft = [(x, y), (x + 17, y)]
            head = [(x + 13, y - 4), (x + 18, y), (x + 13, y + 4)]
        for line in (shaft, head):
            pen.lines(line, SOFT, 1.6)
