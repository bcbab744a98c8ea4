"""Smooth lines, dots and texts on a Pillow image: drawn larger, reduced by whoever owns the image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]


class Pen:
    """Draws in pixels of the final picture on an image that is `scale` times larger.

    Args:
        image: what to draw on.
        scale: how many of its pixels are one of the final picture.
        origin_px: place of its top left corner in the final picture.
    """

    def __init__(self, image: Image.Image, scale: int = 1, origin_px: Point = (0.0, 0.0)) -> None:
        self.scale, self.origin_px = scale, origin_px
        self.draw = ImageDraw.Draw(image)

    def text(self, at: Point, text: str, size_px: int, colour: str, anchor: str = "la") -> None:
        """Write; `anchor` as Pillow has it (left ascender "la", middle baseline "ms" …)."""
        self.draw.text(self._at(at), text, fill=colour, font=_font(size_px * self.scale), anchor=anchor)

    def width(self, text: str, size_px: int) -> float:
        """Of a text that `text` would write."""
        return text_width_px(text, size_px, self.scale)

    def dot(self, at: Point, radius_px: float, colour: str) -> None:
        """A filled circle."""
        x, y = at
        self.ellipse((x - radius_px, y - radius_px, x + radius_px, y + radius_px), colour)

    def ellipse(self, box: tuple[float, float, float, float], colour: str) -> None:
        """A filled ellipse in a box of left, top, right, bottom."""
        self.draw.ellipse([*self._at(box[:2]), *self._at(box[2:])], fill=colour)

    def panel(self, box: tuple[float, float, float, float], colour: str, radius_px: float = 0) -> None:
        """A filled rectangle, its corners round."""
        self.draw.rounded_rectangle(
            [*self._at(box[:2]), *self._at(box[2:])], radius_px * self.scale, fill=colour
        )

    def lines(self, points: Sequence[Point], colour: str, width_px: float) -> None:
        """Straight lines from point to point."""
        self.draw.line(
            [self._at(point) for point in points],
            fill=colour,
            width=max(1, round(width_px * self.scale)),
            joint="curve",
        )

    def bar(self, ends: Sequence[Point], radius_px: float, colour: str) -> None:
        """A line with round ends."""
        self.lines(ends, colour, 2 * radius_px)
        for end in ends:
            self.dot(end, radius_px, colour)

    def _at(self, point: Point) -> Point:
        """Pixels of the final picture → pixels of the image."""
        (x, y), (left, top) = point, self.origin_px
        return (float(x) - left) * self.scale, (float(y) - top) * self.scale


def text_width_px(text: str, size_px: int, scale: int) -> float:
    """Of a text that a pen of this scale would write, in the final picture."""
    return _font(size_px * scale).getlength(text) / scale


@lru_cache(maxsize=32)
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
