"""Tiny videos whose every frame shows its own number and which way is up."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

BITS, BLOCK = 8, 16


def numbered_frame(number: int) -> np.ndarray:
    """(48, 128, 3): the number in binary as black and white blocks; red top left, blue bottom right."""
    image = np.full((3 * BLOCK, BITS * BLOCK, 3), 128, np.uint8)
    for bit in range(BITS):
        image[BLOCK : 2 * BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)
    image[:BLOCK, :BLOCK] = (255, 0, 0)
    image[-BLOCK:, -BLOCK:] = (0, 0, 255)
    return image


def read_number(rgb: np.ndarray) -> int:
    """The number that `numbered_frame` drew."""
    centres = rgb[BLOCK + BLOCK // 2, BLOCK // 2 :: BLOCK].mean(axis=-1)
    return sum(int(value > 128) << bit for bit, value in enumerate(centres))


def write(
    path: Path,
    frames: int = 30,
    rate: Fraction | int = 25,
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    rotation: int | None = None,
    aspect: Fraction | None = None,
    **options: str,
) -> Path:
    """A video of numbered frames; `times_ms` sets uneven times, `rotation` counter-clockwise degrees."""
    container_options = {"movflags": options.pop("movflags")} if "movflags" in options else {}
    with av.open(str(path), "w", options=container_options) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = numbered_frame(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            picture.time_base = 1 / Fraction(rate) if times_ms is None else Fraction(1, 1000)
            picture.pts = number if times_ms is None else times_ms[number]
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def write_video(tmp_path) -> Callable[..., Path]:
    return lambda name="clip.mp4", **how: write(tmp_path / name, **how)


@pytest.fixture
def number_of() -> Callable[[np.ndarray], int]:
    return read_number
