"""A still picture of a motion: some of its poses side by side, one row per person, above a strip of time.

Drawn with Pillow alone, so it works wherever the package is installed. Lengths ending in `_px` are pixels of
the final picture; everything is drawn `OVERSAMPLING` times larger and reduced at the end, for smooth edges.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from uplift3d.arrays import DoubleArray, FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.view.colours import INK, LEFT, LINE, MEASURED, PAPER, RIGHT, SOFT, trunk_colour
from uplift3d.view.pen import Pen
from uplift3d.view.stage import (
    bone_radii_m,
    bone_sides,
    describe_length,
    drawn_ends,
    joint_speeds,
    motion_title,
    set_stage,
)

WIDTH_PX = 1600
MARGIN_PX = 44
HEADER_PX = 92
STRIP_PX = 64
LABEL_PX = 34
TALLEST_ROW_PX = {1: 380, 2: 320}  # by the number of people
TALLEST_OF_MANY_PX = 260
OVERSAMPLING = 3
MAX_PEOPLE = 6

TURN_RAD = np.radians(22)  # a little from the side and from above, so that depth can be seen
TILT_RAD = np.radians(9)


def write(path: Path, motion: Motion3D) -> None:
    """Write `contact_sheet(motion)` as PNG; 256 colours are plenty for it and make it a quarter as large."""
    # Maximum coverage keeps the few green pixels; median cut, the default, would merge them with the blue.
    sheet = contact_sheet(motion).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    sheet.save(path, format="PNG", optimize=True)


def contact_sheet(motion: Motion3D, poses: int = 9, title: str | None = None) -> Image.Image:
    """Draw `poses` poses, evenly over the motion's time, of the first `MAX_PEOPLE` people.

    Raises:
        InputError: the motion has no pose, or `poses` is below 1.
    """
    if len(motion) == 0 or not len(motion.people):
        raise InputError(f"{motion!r} has no pose to draw")
    if poses < 1:
        raise InputError(f"poses is {poses}, expected at least 1")
    frames = np.unique(np.linspace(0, len(motion) - 1, poses).round().astype(np.int64))
    return _Sheet(motion.select(motion.people[:MAX_PEOPLE].tolist()), frames).draw(
        title or motion_title(motion), describe_length(motion)
    )


class _Sheet:
    """Where everything goes on one picture, in metres and pixels."""

    def __init__(self, motion: Motion3D, frames: IntArray) -> None:
        self.motion, self.frames = motion, frames
        self.joints = joint_set(motion.joints)
        self.bones = list(
            zip(self.joints.bones, bone_radii_m(self.joints), bone_sides(self.joints), strict=True)
        )
        # A sheet of poses: each stands on its row's floor, wherever the person really is.
        alone = [replace(motion.select([person]), root=None) for person in motion.people.tolist()]
        centred = [set_stage(person).positions[0] for person in alone]
        self.poses = np.stack([_seen_from_the_side(_on_the_spot(pose[frames])) for pose in centred])
        self.cell_px = (WIDTH_PX - 2 * MARGIN_PX) / len(frames)
        across, height_m = _extent_m(self.poses)
        tallest_px = TALLEST_ROW_PX.get(len(self.poses), TALLEST_OF_MANY_PX)
        self.px_per_m = min(self.cell_px * 1.25 / across, tallest_px / height_m)
        self.row_px = height_m * self.px_per_m
        self.height_px = round(
            HEADER_PX + len(motion.people) * self.row_px + LABEL_PX + STRIP_PX + LABEL_PX + MARGIN_PX / 2
        )
        self.image = Image.new("RGB", (WIDTH_PX * OVERSAMPLING, self.height_px * OVERSAMPLING), PAPER)
        self.pen = Pen(self.image, OVERSAMPLING)

    def draw(self, title: str, summary: str) -> Image.Image:
        self.pen.text((MARGIN_PX, 26), title, size_px=26, colour=INK)
        self.pen.text((MARGIN_PX, 60), summary, size_px=16, colour=SOFT)
        self._legend()
        for row, poses in enumerate(self.poses):
            floor_px = HEADER_PX + (row + 1) * self.row_px - 0.12 * self.px_per_m
            for column, pose in enumerate(poses):
                self._person(pose, (self._column_px(column), floor_px), trunk_colour(row))
        self._times(HEADER_PX + len(self.poses) * self.row_px)
        self._strip(self.height_px - STRIP_PX - LABEL_PX - MARGIN_PX / 2)
        return self.image.resize((WIDTH_PX, self.height_px), Image.Resampling.LANCZOS)

    def _column_px(self, column: int) -> float:
        return MARGIN_PX + (column + 0.5) * self.cell_px

    def _legend(self) -> None:
        x = float(WIDTH_PX - MARGIN_PX)
        entries = [("left side", LEFT), ("right side", RIGHT), ("measured 2D pose", MEASURED)]
        for name, colour in entries:
            x -= self.pen.width(name, 16)
            self.pen.text((x, 28), name, 16, SOFT)
            self.pen.dot((x - 14, 39), 6, colour)
            x -= 46

    def _person(self, pose: DoubleArray, origin_px: tuple[float, float], trunk: str) -> None:
        """One pose (J, 3) in view axes on the floor point `origin_px`: shadow, then limbs back to front."""
        if not np.isfinite(pose).all():
            self.pen.text(origin_px, "not in view", 14, SOFT, anchor="ms")
            return
        self._shadow(pose, origin_px)
        colours = {"left": LEFT, "right": RIGHT, "middle": trunk}
        for (parent, child), radius, side in sorted(
            self.bones, key=lambda bone: -self._depth_m(pose, bone[0])
        ):
            ends = drawn_ends(pose, parent, child, self.joints)
            shade = float(np.clip(1 - 0.35 * ends[:, 1].mean(), 0.7, 1.15))  # what is farther away is darker
            points = [self._place(end, origin_px) for end in ends]
            self._limb(points, radius * self.px_per_m, _shaded(colours[side], shade))

    def _depth_m(self, pose: DoubleArray, bone: tuple[int, int]) -> float:
        """How far away a bone is, for drawing; the head always covers the neck, even seen from behind."""
        depth = float(pose[list(bone), 1].mean())
        if self.joints.joints[bone[1]] != "head_top":
            return depth
        neck = [self.joints.parents[bone[0]], bone[0]]
        return min(depth, float(pose[neck, 1].mean()) - 1e-6)

    def _place(self, point: DoubleArray, origin_px: tuple[float, float]) -> tuple[float, float]:
        return origin_px[0] + point[0] * self.px_per_m, origin_px[1] - point[2] * self.px_per_m

    def _shadow(self, pose: DoubleArray, origin_px: tuple[float, float]) -> None:
        """A soft ellipse under the feet, as wide as the person."""
        middle = origin_px[0] + pose[:, 0].mean() * self.px_per_m
        half = max(0.25, float(np.abs(pose[:, 0] - pose[:, 0].mean()).max())) * self.px_per_m
        for share, colour in ((1.0, "#eef1f4"), (0.72, "#e4e8ed"), (0.42, "#d9dee5")):
            a, b = half * share, half * share * 0.2
            self.pen.ellipse((middle - a, origin_px[1] - b, middle + a, origin_px[1] + b), colour)

    def _limb(self, ends: list[tuple[float, float]], radius_px: float, colour: str) -> None:
        """A rounded bar with a light rim, which keeps crossing limbs apart, and a highlight along it."""
        (x0, y0), (x1, y1) = ends
        lift = 0.35 * radius_px
        lit = [(x0 - lift, y0 - lift), (x1 - lift, y1 - lift)]
        self.pen.bar(ends, radius_px + 1.6, PAPER)
        self.pen.bar(ends, radius_px, colour)
        self.pen.bar(lit, 0.32 * radius_px, _shaded(colour, 1.22))

    def _times(self, top_px: float) -> None:
        measured = np.asarray(self.motion.observed[:, self.frames].any(axis=0))
        for column, frame in enumerate(self.frames.tolist()):
            x = self._column_px(column)
            label = f"{self.motion.times[frame]:.2f} s"
            self.pen.text((x, top_px + 4), label, 16, INK if measured[column] else SOFT, anchor="ma")
            if measured[column]:
                self.pen.dot((x - self.pen.width(label, 16) / 2 - 12, top_px + 14), 5, MEASURED)

    def _strip(self, top_px: float) -> None:
        """Speed of the joints over the whole time, ticks at measured poses, a line at every pose above."""
        times, speeds = self.motion.times, joint_speeds(self.motion)
        span = max(float(times[-1] - times[0]), 1e-9)
        x = MARGIN_PX + (times - times[0]) / span * (WIDTH_PX - 2 * MARGIN_PX)
        ground, tall = top_px + STRIP_PX * 0.72, STRIP_PX * 0.66
        peak = float(speeds[np.isfinite(speeds)].max(initial=0.0)) or 1.0
        for frame in self.frames:
            self.pen.lines([(x[frame], top_px), (x[frame], ground)], LINE, 1.2)
        for row, speed in enumerate(speeds):
            present = np.isfinite(speed)
            for piece in np.split(np.arange(len(x)), np.flatnonzero(np.diff(present)) + 1):
                if present[piece[0]]:
                    curve = list(zip(x[piece], ground - tall * speed[piece] / peak, strict=True))
                    self.pen.lines(curve, trunk_colour(row), 1.6)
        self.pen.lines([(MARGIN_PX, ground), (WIDTH_PX - MARGIN_PX, ground)], LINE, 1.2)
        for tick in x[self.motion.observed.any(axis=0)]:
            self.pen.lines([(tick, ground + 4), (tick, top_px + STRIP_PX)], MEASURED, 2)
        below = top_px + STRIP_PX + 8
        self.pen.text((MARGIN_PX, below), f"{times[0]:.2f} s", 14, SOFT)
        note = f"speed of the joints, up to {peak:.1f} m/s; ticks are the measured 2D poses"
        self.pen.text((WIDTH_PX / 2, below), note, 14, SOFT, anchor="ma")
        self.pen.text((WIDTH_PX - MARGIN_PX, below), f"{times[-1]:.2f} s", 14, SOFT, anchor="ra")


def _on_the_spot(poses: FloatArray) -> DoubleArray:
    """(F, J, 3) in display axes with every pose's middle at x = y = 0: a column is where it stands."""
    spot = poses[..., :2].mean(axis=1, keepdims=True)
    centred: DoubleArray = poses.astype(np.float64)
    centred[..., :2] -= spot
    return centred


def _seen_from_the_side(points: DoubleArray) -> DoubleArray:
    """Turn display axes about the vertical, then tilt; afterwards x is right, y away from the eye, z up."""
    c, s = np.cos(TURN_RAD), np.sin(TURN_RAD)
    turned = points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    c, s = np.cos(TILT_RAD), np.sin(TILT_RAD)
    tilted: DoubleArray = turned @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    return tilted


def _extent_m(poses: DoubleArray) -> tuple[float, float]:
    """Width and height that the poses need, in metres."""
    points = poses[np.isfinite(poses).all(axis=-1)]
    if not len(points):
        return 1.0, 2.0
    across = 2 * float(np.abs(points[:, 0]).max()) + 0.15
    return max(across, 0.8), float(points[:, 2].max()) + 0.3


def _shaded(colour: str, factor: float) -> str:
    red, green, blue = (min(255, round(channel * factor)) for channel in ImageColor.getrgb(colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
