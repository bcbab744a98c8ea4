"""Pictures to an H.264 video that plays everywhere, each at its own time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from uplift3d.errors import InputError

TICK = Fraction(1, 90_000)
"""Seconds: 24, 25, 29.97, 30 and 60 Hz are whole numbers of ticks, and any other time is true to 6 µs."""
ENCODERS = {"libx264": {"preset": "veryfast", "crf": "20"}, "mpeg4": {"qscale": "4"}}
"""The first one that FFmpeg has."""


def check_encoder() -> str:
    """Name of the encoder; InputError where FFmpeg has none that plays everywhere."""
    for name in ENCODERS:
        try:
            av.codec.Codec(name, "w")
        except av.FFmpegError:
            continue
        return name
    raise InputError(f".mp4 needs FFmpeg with one of {', '.join(ENCODERS)}; the installed PyAV has none")


class Encoder:
    """An `.mp4` that is being written; used in a `with` block.

    Args:
        path: the file.
        size: (width, height) of every picture, both even: the colours of H.264 have half the resolution.
        rate_hz: about how many pictures there are a second; their times are their own.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate_hz: float) -> None:
        name = check_encoder()
        self.container = av.open(str(path), "w", options={"movflags": "faststart"})
        stream = self.container.add_stream(name, rate=Fraction(max(rate_hz, 1)).limit_denominator(1001))
        self.stream = cast("VideoStream", stream)
        self.stream.width, self.stream.height = size
        self.stream.pix_fmt = "yuv420p"
        self.stream.options = dict(ENCODERS[name])
        self.stream.codec_context.time_base = TICK
        self.stream.time_base = TICK

    def add(self, picture: Image.Image, time_s: float) -> None:
        """The next picture, shown from `time_s` on."""
        frame: Any = cast("Any", VideoFrame).from_image(picture)
        frame.pts, frame.time_base = round(time_s / TICK), TICK
        self.container.mux(self.stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file; after an error it is only closed."""
        if kind is None:
            self.container.mux(self.stream.encode(None))
        self.container.close()
