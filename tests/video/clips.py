"""Tiny videos whose every frame shows its own number and which way is up."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

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
    with av.open(str(path), "w", options=_for_container(options)) as container:
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


def moving_frame(number: int) -> np.ndarray:
    """(96, 160, 3): a window wandering over coloured noise, so that every codec predicts with motion."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    top, left = int(60 + 50 * np.sin(number / 7)), int(70 + 60 * np.cos(number / 5))
    return noise[top : top + 96, left : left + 160]


def write_moving(path: Path, codec: str, pixels: str = "yuv420p", frames: int = 60, **options: str) -> Path:
    """A video of moving frames at 30 Hz, in any codec and pixel format."""
    with av.open(str(path), "w", options=_for_container(options)) as container:
        stream = container.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, pixels
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(moving_frame(number), format="rgb24").reformat(format=pixels)
            picture.pts, picture.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_palette(path: Path, frames: int = 80) -> Path:
    """Raw 8-bit palette video, frame n of grey 100 + n; only the first packet brings the palette."""
    palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
    palette[:, 0] = 255
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "pal8"
        for number in range(frames):
            levels = np.full((48, 64), 100 + number, dtype=np.uint8)
            picture = av.VideoFrame.from_ndarray((levels, palette), format="pal8")
            picture.pts, picture.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def remux(
    source: Path, target: Path, shift: int = 0, dropped: Collection[int] = (), hidden: Collection[int] = ()
) -> Path:
    """Copy the packets of a video `shift` frames later, without some, and some of VP8 marked as hidden."""
    with (
        av.open(str(source)) as old,
        av.open(str(target), "w", options={"avoid_negative_ts": "disabled"}) as new,
    ):
        stream = new.add_stream_from_template(old.streams.video[0])
        ticks = int(shift / old.streams.video[0].average_rate / old.streams.video[0].time_base)
        for number, packet in enumerate(packet for packet in old.demux(video=0) if packet.size):
            if number in dropped:
                continue
            copy = packet
            if number in hidden:
                data = bytearray(bytes(packet))
                data[0] &= ~0x10
                copy = av.Packet(bytes(data))
                copy.is_keyframe, copy.time_base = packet.is_keyframe, packet.time_base
            copy.pts, copy.dts, copy.stream = packet.pts + ticks, packet.dts + ticks, stream
            new.mux(copy)
    return target


def _for_container(options: dict[str, str]) -> dict[str, str]:
    """Take the options out that are not for the codec."""
    return {name: options.pop(name) for name in ("movflags",) if name in options}
