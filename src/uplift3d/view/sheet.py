"""One picture of an overlay video: the frame with its people drawn in, two panels beside it, time below.

Axes: P people, T times, J joints. Lengths ending in `_px` are pixels of the finished picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from PIL import Image

from uplift3d.arrays import DoubleArray
from uplift3d.arrays import Image as Rgb
from uplift3d.camera import Camera
from uplift3d.post.ground import is_level
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.view.colours import INK, LEFT, LINE, MEASURED, PAPER, RIGHT, SOFT, trunk_colour
from uplift3d.view.panel import ABOVE, OVERSAMPLING, SIDE, Panel
from uplift3d.view.pen import Pen, Point, text_width_px
from uplift3d.view.stage import bone_sides, joint_speeds, set_stage

LARGEST_PX = (1280, 720)
SMALLEST_HEIGHT_PX = 360
STRIP_PX = 80
CLOCK_PX = 128
CURVE_PX = 34
FADING_S = 0.2
"""How long the mark of a measured pose stays, fading: one frame is too short to be seen."""
LIMB_M = 0.016
"""Radius of a limb drawn into the video: thin, so that the person stays visible."""


@dataclass(frozen=True)
class Layout:
    """Where everything goes."""

    video_px: tuple[int, int]
    """Size of the video as it is shown."""
    panel_px: int
    """Width and height of the two panels."""

    @classmethod
    def of(cls, size: tuple[int, int]) -> Self:
        """For a video of (width, height) pixels."""
        width, height = size
        scale = min(LARGEST_PX[0] / width, LARGEST_PX[1] / height, max(1.0, SMALLEST_HEIGHT_PX / height))
        shown = (max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2)))
        return cls(shown, max(SMALLEST_HEIGHT_PX, shown[1]) // 4 * 2)

    @property
    def height_px(self) -> int:
        """Of the upper part, without the strip of time."""
        return 2 * self.panel_px if self.video_px[1] <= 2 * self.panel_px else self.video_px[1]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a whole picture, both even."""
        return self.video_px[0] + self.panel_px, self.height_px + STRIP_PX

    @property
    def video_top_px(self) -> int:
        """A flat video stands in the middle of its height."""
        return (self.height_px - self.video_px[1]) // 2


class Sheet:
    """Draws any moment of one motion, whose times are those of the video's frames."""

    def __init__(self, motion: Motion3D, layout: Layout) -> None:
        self.motion, self.layout = motion, layout
        joints = joint_set(motion.joints)
        self.bones = list(zip(joints.bones, bone_sides(joints), strict=True))
        self.pixels, self.px_per_m = projected(motion, layout.video_px[0])
        stage = set_stage(motion)
        self.panels = [Panel(view, stage.positions, joints, layout.panel_px) for view in (SIDE, ABOVE)]
        self.freshness = np.stack([freshness(motion.times, seen) for seen in motion.observed])
        self.background = self._background()

    def picture(self, rgb: Rgb, row: int) -> Image.Image:
        """The finished picture of the motion's time number `row`, with the video's frame (H, W, 3)."""
        layout = self.layout
        picture = self.background.copy()
        frame = Image.fromarray(rgb)
        if frame.size != layout.video_px:
            frame = frame.resize(layout.video_px, Image.Resampling.BILINEAR, reducing_gap=2)
        for index in np.argsort(self.px_per_m[:, row]).tolist():  # whoever is near covers the others
            self._person(frame, index, row)
        self._badge(frame, row)
        picture.paste(frame, (0, layout.video_top_px))
        for number, panel in enumerate(self.panels):
            picture.paste(panel.picture(row), (layout.video_px[0], number * layout.panel_px))
        self._now(picture, row)
        return picture

    def _person(self, frame: Image.Image, index: int, row: int) -> None:
        """Limbs, joints and a name, in a part of the frame that is drawn large and reduced again."""
        pixels = self.pixels[index, row]
        if not np.isfinite(pixels).all():
            return
        radius_px = float(np.clip(LIMB_M * self.px_per_m[index, row], 1.2, 5))
        box = _box_around(pixels, 3 * radius_px + 4, frame.size)
        if box is None:
            return
        with _drawing(frame, box) as pen:
            self._limbs(pen, index, row, radius_px)
        if len(self.motion.people) > 1:
            self._name(frame, index, row, pixels)

    def _limbs(self, pen: Pen, index: int, row: int, radius_px: float) -> None:
        colours = {"left": LEFT, "right": RIGHT, "middle": trunk_colour(index)}
        points: list[Point] = [(float(x), float(y)) for x, y in self.pixels[index, row]]
        for (parent, child), _ in self.bones:
            pen.bar([points[parent], points[child]], radius_px + 1, PAPER)
        for (parent, child), side in self.bones:
            pen.bar([points[parent], points[child]], radius_px, colours[side])
        fresh = self.freshness[index, row]
        for point in points:
            pen.dot(point, radius_px + 0.8, PAPER)
            pen.dot(point, radius_px * 0.55, _mixed(MEASURED, SOFT, fresh))

    def _name(self, frame: Image.Image, index: int, row: int, pixels: DoubleArray) -> None:
        """The person's name above their head, in their colour; a green dot where they were measured."""
        text = f"person {self.motion.people[index]}"
        width = _text_width_px(text) + 32
        x = round(float(np.clip(pixels[:, 0].mean() - width / 2, 2, max(2, frame.width - width - 2))))
        y = round(float(np.clip(pixels[:, 1].min() - 34, 2, max(2, frame.height - 24))))
        fresh = float(self.freshness[index, row])
        with _drawing(frame, (x, y, x + width + 1, y + 23)) as pen:
            pen.panel((x, y, x + width, y + 22), trunk_colour(index), 6)
            pen.text((x + 8, y + 11), text, 14, PAPER, anchor="lm")
            if fresh > 0:
                pen.dot((x + width - 13, y + 11), 6, PAPER)
                pen.dot((x + width - 13, y + 11), 4.5, _mixed(MEASURED, PAPER, fresh))

    def _badge(self, frame: Image.Image, row: int) -> None:
        """Whether anybody was measured at this moment, as the page says it."""
        if self.motion.observed[:, row].any():
            text, colour, ink = "2D pose measured", MEASURED, PAPER
        elif self.motion.present[:, row].any():
            text, colour, ink = "filled in between key-frames", PAPER, INK
        else:
            text, colour, ink = "nobody in view", PAPER, SOFT
        width, bottom = _text_width_px(text) + 20, frame.height - 10
        if width > frame.width - 20:
            return
        with _drawing(frame, (10, bottom - 26, 11 + width, bottom + 1)) as pen:
            pen.panel((10, bottom - 26, 10 + width, bottom), colour, 8)
            pen.text((20, bottom - 13), text, 14, ink, anchor="lm")

    def _background(self) -> Image.Image:
        """What never changes: the strip of time with speeds, key-frames and the colours' meanings."""
        layout = self.layout
        large = Image.new("RGB", (layout.size[0] * OVERSAMPLING, STRIP_PX * OVERSAMPLING), PAPER)
        pen = Pen(large, OVERSAMPLING)
        pen.lines([(0, 0), (layout.size[0], 0)], LINE, 2)
        speeds = joint_speeds(self.motion)
        peak = float(speeds[np.isfinite(speeds)].max(initial=0.0)) or 1.0
        ground = 8 + CURVE_PX
        x = [self._x_px(row) for row in range(len(self.motion))]
        for index, speed in enumerate(speeds):
            y = ground - CURVE_PX * speed / peak
            for a, b in pairwise(range(len(x))):
                if np.isfinite(y[[a, b]]).all():
                    pen.lines([(x[a], y[a]), (x[b], y[b])], trunk_colour(index), 1.6)
        pen.lines([(x[0], ground), (x[-1], ground)], LINE, 1.2)
        for row in np.flatnonzero(self.motion.observed.any(axis=0)).tolist():
            pen.lines([(x[row], ground + 4), (x[row], ground + 12)], MEASURED, 2)
        self._legend(pen, STRIP_PX - 9, peak)
        background = Image.new("RGB", layout.size, INK)
        background.paste(PAPER, (layout.video_px[0], 0, *layout.size))
        background.paste(large.reduce(OVERSAMPLING), (0, layout.height_px))
        return background

    def _legend(self, pen: Pen, y: float, peak: float) -> None:
        x = float(CLOCK_PX)
        entries = [("right side", RIGHT), ("left side", LEFT), ("measured 2D pose", MEASURED)]
        notes = [*entries, (f"curve: speed of the joints, up to {peak:.1f} m/s", None)]
        for text, colour in notes:
            width = pen.width(text, 13) + (16 if colour else 0)
            if x + width > self.layout.size[0] - 8:
                break
            if colour:
                pen.dot((x + 5, y - 5), 5, colour)
            pen.text((x + (16 if colour else 0), y), text, 13, SOFT, anchor="ls")
            x += width + 22

    def _now(self, picture: Image.Image, row: int) -> None:
        """The clock, and where in the strip it is."""
        pen = Pen(picture)
        top = self.layout.height_px
        pen.text((14, top + 34), f"{self.motion.times[row]:.2f} s", 24, INK, anchor="lm")
        x = round(self._x_px(row))
        pen.panel((x - 1, top + 4, x, top + 8 + CURVE_PX + 12), INK)

    def _x_px(self, row: int) -> float:
        """Where a time stands in the strip."""
        times = self.motion.times
        span = max(float(times[-1] - times[0]), 1e-9)
        return CLOCK_PX + float(times[row] - times[0]) / span * (self.layout.size[0] - CLOCK_PX - 16)


def projected(motion: Motion3D, shown_width_px: float) -> tuple[DoubleArray, DoubleArray]:
    """Joints in pixels of the video as it is shown, and how many of them a metre is there.

    Returns:
        (P, T, J, 2) and (P, T); NaN where people are absent, or where nobody knows how the camera sees them.
    """
    people, times, joints = motion.positions.shape[:3]
    seen = camera_of(motion)
    if motion.root is None or seen is None or seen.image_size is None:
        return np.full((people, times, joints, 2), np.nan), np.full((people, times), np.nan)
    scale = shown_width_px / seen.image_size[0]
    points = motion.root[:, :, None].astype(np.float64) + motion.positions
    depth = np.where(motion.root[..., 2] > 0, motion.root[..., 2], np.nan).astype(np.float64)
    return seen.project(points) * scale, seen.focal_px[0] * scale / depth


def camera_of(motion: Motion3D) -> Camera | None:
    """The camera that a motion was lifted with, as its meta says; None when it does not or that is over."""
    noted = motion.meta.get("camera")
    if is_level(motion) or not isinstance(noted, Mapping):
        return None
    try:
        focal = float(noted["focal_px"])
        x, y = (float(value) for value in noted["principal_point_px"])
        width, height = (int(value) for value in noted["image_size"])
        return Camera((focal, focal), (x, y), (width, height)) if width > 0 else None
    except (KeyError, TypeError, ValueError):
        return None


def freshness(times: DoubleArray, measured: DoubleArray) -> DoubleArray:
    """(T,) 1 where a pose was measured, down to 0 when `FADING_S` have passed since."""
    before = np.maximum.accumulate(np.where(measured, np.arange(len(times)), -1))
    since = np.where(before < 0, np.inf, times - times[before])
    return np.asarray(np.clip(1 - since / FADING_S, 0, 1))


@contextmanager
def _drawing(frame: Image.Image, box: tuple[int, int, int, int]) -> Iterator[Pen]:
    """A pen for a part of a frame (left, top, right, bottom), drawn large; the rest keeps its very pixels."""
    part = frame.crop(box)
    large = part.resize((part.width * OVERSAMPLING, part.height * OVERSAMPLING), Image.Resampling.NEAREST)
    yield Pen(large, OVERSAMPLING, box[:2])
    frame.paste(large.reduce(OVERSAMPLING), box[:2])


def _text_width_px(text: str) -> int:
    return math.ceil(text_width_px(text, 14, OVERSAMPLING))


def _box_around(
    pixels: DoubleArray, margin: float, size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the part of a picture that points (J, 2) need; None when outside it."""
    low = np.clip(np.floor(pixels.min(axis=0) - margin), 0, size).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0) + margin), 0, size).astype(int)
    if (high <= low).any():
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _mixed(colour: str, other: str, share: float) -> str:
    """`share` of one colour and the rest of another, both as #rrggbb."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a * share + b * (1 - share)) for a, b in pairs).hex()
