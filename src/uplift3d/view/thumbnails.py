"""Small pictures of the video at its key-frames, to be embedded in a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from uplift3d.types import Motion3D
from uplift3d.video import FrameSource, nearest_frames

MOST = 48
LARGEST_PX = (260, 150)
MAX_BYTES = 1_000_000
"""Of all pictures together, as they are written into the page."""
QUALITY = 68


class Thumbnail(NamedTuple):
    """One picture."""

    time_s: float
    aspect: float
    """Width over height."""
    data: str
    """The whole JPEG as a data: address."""


def thumbnails(motion: Motion3D, video: FrameSource, max_bytes: int = MAX_BYTES) -> list[Thumbnail]:
    """Pictures at measured moments, evenly over the motion; fewer and none where they would be too large."""
    moments = motion.times[motion.observed.any(axis=0)]
    if not len(moments) or not len(video.times):
        return []
    chosen = moments[np.unique(np.linspace(0, len(moments) - 1, MOST).round().astype(int))]
    numbers = np.unique(nearest_frames(video.times, chosen))
    made = [_thumbnail(frame.time_s, frame.rgb) for frame in video.frames_at(numbers)]
    while made and sum(len(one.data) for one in made) > max_bytes:
        made = made[::2] if len(made) > 1 else []
    return made


def _thumbnail(time_s: float, rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Thumbnail:
    image = Image.fromarray(rgb)
    image.thumbnail(LARGEST_PX, reducing_gap=2)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    data = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Thumbnail(time_s, image.width / image.height, data)


def embedded(pictures: Sequence[Thumbnail]) -> list[dict[str, float | str]]:
    """As the page's script reads them."""
    return [
        {"time": round(one.time_s, 4), "aspect": round(one.aspect, 3), "data": one.data} for one in pictures
    ]
