"""The time line of a video file: when each frame is shown, and which packets it takes to decode it.

Packets carry presentation timestamps, so a file's time line is known without decoding it. Two kinds of file
do not allow that and are decoded once to count their frames: files with missing or repeated timestamps, and
AVI, which stores frames in decoding order without presentation times.

Axes: F frames in the order they are shown, N packets in the order they are decoded.
"""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from uplift3d.arrays import BoolArray, IntArray, TimeArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.video.completeness import is_cut_off
from uplift3d.video.container import demuxed, opened, pictures
from uplift3d.video.focal import equivalent_mm_of_tags

_LAST_RESORT_RATE_HZ = 25.0
_VP8_SHOWN = (
    0x10  # in the first byte of a frame (RFC 6386, 9.1); other formats wrap hidden frames up with shown ones
)
_STATE: tuple[Literal["palette", "new_extradata", "param_change"], ...] = (
    "palette",
    "new_extradata",
    "param_change",
)
"""Side data by which a packet changes how all later ones are decoded."""


@dataclass(frozen=True)
class Packets:
    """What it takes to decode the frames of a file one by one; matched by presentation timestamps."""

    stamps: IntArray
    """(N,) presentation timestamps in the stream's ticks, no two alike."""
    frames: IntArray
    """(F,) the packet of each frame. Packets that are in no frame only help to decode others."""
    entries: IntArray
    """Increasing numbers of the packets at which decoding can begin, the first one among them."""
    state: BoolArray
    """(N,) packets that change how later ones are decoded, and so are never passed over."""


@dataclass(frozen=True)
class Timeline:
    """When every frame of a file is shown, and how to find it there."""

    times: TimeArray
    """(F,) seconds after the first frame, strictly increasing."""
    packets: Packets | None
    """None: frames are matched by counting them from the first."""
    header_rate_hz: float
    """The frame rate that the header states."""
    pixel_aspect: float
    """Width over height of one stored pixel; 1 when not given."""
    promised_s: float | None
    """Duration that the header states of a file that was cut off, else None; NaN when it states none."""
    focal_35mm: float | None
    """35 mm equivalent of the focal length that the camera noted; None when it did not."""


def read_timeline(path: Path) -> Timeline:
    """Read the time line of a video file, from its packets where they tell.

    Raises:
        InputError: as `opened`, or a file without a single video frame.
    """
    with opened(path) as (container, stream):
        listed = [_Listed.of(packet, stream) for packet in demuxed(container, stream)]
        in_decoding_order = container.format.name == "avi" and not all(one.is_key for one in listed)
        rate_hz = float(stream.average_rate or stream.guessed_rate or _LAST_RESORT_RATE_HZ)
        aspect = float(stream.sample_aspect_ratio or 1)
        tick_s = float(stream.time_base or 0)
        duration_s = stated_duration_s(container, stream)
        focal_35mm = equivalent_mm_of_tags(container.metadata, stream.metadata)
    if not any(one.is_shown for one in listed):
        raise InputError(f"{path} holds no video frames")
    stamps = {one.stamp for one in listed}
    if in_decoding_order or None in stamps or len(stamps) < len(listed):
        times, packets = _count_frames(path, rate_hz), None
    else:
        packets = _packets(listed)
        shown = packets.stamps[packets.frames]
        times = (shown - shown[0]) * tick_s
    promised_s = _promised_s(path, times, duration_s)
    return Timeline(times, packets, rate_hz, aspect, promised_s, focal_35mm)


@dataclass(frozen=True)
class _Listed:
    """What the time line needs to know of one packet."""

    stamp: int | None
    is_key: bool
    is_shown: bool
    is_state: bool

    @classmethod
    def of(cls, packet: "Packet[VideoStream]", stream: VideoStream) -> "_Listed":
        hidden = packet.is_discard or (
            stream.codec_context.name == "vp8" and not memoryview(packet)[0] & _VP8_SHOWN
        )
        state = any(packet.has_sidedata(kind) for kind in _STATE)
        return cls(packet.pts, packet.is_keyframe, not hidden, state)


def _packets(listed: list[_Listed]) -> Packets:
    stamps = np.array([one.stamp for one in listed], dtype=np.int64)
    shown = np.flatnonzero([one.is_shown for one in listed])
    state = np.array([one.is_state for one in listed])
    # After a change of state only packets that bring the state with them can be entered.
    can_enter = np.array([one.is_key for one in listed]) & (state | ~state.any())
    can_enter[0] = True
    return Packets(stamps, shown[np.argsort(stamps[shown])], np.flatnonzero(can_enter), state)


def stated_duration_s(container: InputContainer, stream: VideoStream) -> float:
    """What the header says of the stream's duration, NaN when nothing."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    match = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", "").strip())
    if match is not None:  # Matroska, as most programs write it
        hours, minutes, seconds = map(float, match.groups())
        return (
            3600 * hours + 60 * minutes + seconds - float((stream.start_time or 0) * (stream.time_base or 0))
        )
    return container.duration / av.time_base if container.duration else float("nan")


def _promised_s(path: Path, times: TimeArray, stated_s: float) -> float | None:
    """The stated duration of a file that was cut off and thereby lost frames, else None."""
    if not is_cut_off(path):
        return None
    gap_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return None if stated_s <= times[-1] + 1.5 * gap_s else stated_s


def _count_frames(path: Path, rate_hz: float) -> TimeArray:
    """Times of the frames of a file whose packets do not tell: decode it all, use what the pictures say."""
    with opened(path) as (container, stream):
        tick_s = float(stream.time_base or 0)
        stamps, slots = [], []
        for packet in demuxed(container, stream):
            slots.append(packet.dts)
            stamps += [picture.pts for picture in pictures(stream, packet)]
        stamps += [picture.pts for picture in pictures(stream, None)]
        is_avi = container.format.name == "avi"
    if not stamps:
        raise InputError(f"{path} holds no video frame that can be decoded")
    # AVI: pictures take the places of the packets in turn. Empty places are dropped frames.
    for candidate in (slots if is_avi else stamps, stamps):
        ticks = np.array([np.nan if tick is None else tick for tick in candidate], dtype=np.float64)
        if len(ticks) == len(stamps) and tick_s and np.isfinite(ticks).all() and (np.diff(ticks) > 0).all():
            times: TimeArray = (ticks - ticks[0]) * tick_s
            return times
    if not is_avi:
        warnings.warn(
            f"{path} has no usable timestamps; its {len(stamps)} frames are taken as {rate_hz:g} per second",
            UpliftWarning,
            stacklevel=2,
        )
    return np.arange(len(stamps)) / rate_hz
