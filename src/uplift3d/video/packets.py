"""The time line of a video file, and its decoded pictures matched to it.

Packets carry presentation timestamps, so a file's time line is known without decoding it. Two kinds of file
do not allow that and are decoded once to count their frames: files with missing or repeated timestamps, and
AVI, which stores frames in decoding order without presentation times.
"""

import itertools
import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from uplift3d.errors import InputError, UpliftWarning
from uplift3d.video.source import IntArray, TimeArray

ACCEPTED = "accepted are video files (.mp4 .mov .avi .mkv .webm …) and folders of images"
_TEXT_FORMATS = ("tty",)  # FFmpeg draws plain text files as pictures
_LAST_RESORT_RATE_HZ = 25.0
_MISSING_GAPS = (
    3.0  # mean frame gaps between the last frame and the promised end that mean frames are missing
)


@dataclass(frozen=True)
class Timeline:
    """When every frame of a file is shown, and how to find it there."""

    times: TimeArray
    """(F,) seconds after the first frame, strictly increasing."""
    stamps: IntArray | None
    """(F,) presentation timestamps in the stream's ticks; None: frames are matched by counting them."""
    seek_points: IntArray
    """Increasing indices of the frames at which decoding can begin (none when matched by counting)."""
    header_rate_hz: float
    """The frame rate that the header states."""
    pixel_aspect: float
    """Width over height of one stored pixel; 1 when not given."""
    promised_s: float | None
    """The duration in the header when the file holds less than that, else None."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file at its first video stream, with decoding threads.

    Raises:
        InputError: missing or unreadable file, not a video, or no video stream in it.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; {ACCEPTED}")
    try:
        container = av.open(str(path))
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: permission denied") from error
    except (av.FFmpegError, OSError) as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(
            f"{path} is not a readable video, or one that was cut off before its index ({reason}); {ACCEPTED}"
        ) from error
    with container:
        if container.format.name in _TEXT_FORMATS:
            raise InputError(f"{path} is a text file, not a video; {ACCEPTED}")
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise InputError(f"{path} holds no video stream (found: {kinds}); {ACCEPTED}")
        streams[0].thread_type = "AUTO"
        yield container, streams[0]


def read_timeline(path: Path) -> Timeline:
    """Read the time line of a video file, from its packets where they tell.

    Raises:
        InputError: as `opened`, or a file without a single video frame.
    """
    with opened(path) as (container, stream):
        packets = [(p.pts, p.is_keyframe) for p in _demuxed(container, stream) if not p.is_discard]
        stamps = {stamp for stamp, _ in packets if stamp is not None}
        seeks = {stamp for stamp, is_key in packets if is_key and stamp is not None}
        decoding_order_only = container.format.name == "avi" and len(seeks) < len(packets)
        rate_hz = float(stream.average_rate or stream.guessed_rate or _LAST_RESORT_RATE_HZ)
        aspect = float(stream.sample_aspect_ratio or 1)
        tick_s = float(stream.time_base or 0)
        promised_s = (
            _promised_s(stream, len(packets), min(stamps) * tick_s, max(stamps) * tick_s) if stamps else None
        )
    if not packets:
        raise InputError(f"{path} holds no video frames")
    if decoding_order_only or len(stamps) < len(packets):
        times, ordered = _count_frames(path, rate_hz), None
        seek_points = np.zeros(0, dtype=np.int64)
    else:
        ordered = np.array(sorted(stamps), dtype=np.int64)
        times = (ordered - ordered[0]) * tick_s
        seek_points = np.searchsorted(ordered, sorted(seeks))
    return Timeline(times, ordered, seek_points, rate_hz, aspect, promised_s)


def decoded(
    path: Path, timeline: Timeline, wanted: Collection[int] | None = None, start: int = 0
) -> Iterator[tuple[int, VideoFrame]]:
    """Decode pictures in the order they are shown, each with its frame number.

    Damaged packets and pictures are passed over. With `wanted`, pictures that no other one is
    predicted from are not decoded unless wanted (a third less work on usual H.264), so other pictures may
    come out as well, but no wanted one is lost.

    Args:
        path: the file.
        timeline: its time line.
        wanted: numbers of the frames needed, None for all.
        start: a seek point to begin at. Nothing comes out where the file cannot be entered exactly there.
    """
    stamps = timeline.stamps
    keep = None if wanted is None or stamps is None else {int(stamps[number]) for number in wanted}
    with opened(path) as (container, stream):
        packets = _demuxed(container, stream)
        if start and stamps is not None:
            entry = int(stamps[start])
            container.seek(entry, stream=stream)
            packets = itertools.dropwhile(lambda packet: packet.pts != entry, packets)
        for count, picture in enumerate(_pictures(stream, packets, keep)):
            if picture.is_corrupt:
                continue
            if stamps is None:
                yield count, picture
            elif picture.pts is not None:
                number = int(np.searchsorted(stamps, picture.pts))
                if start <= number < len(stamps) and stamps[number] == picture.pts:
                    yield number, picture


def _pictures(
    stream: VideoStream, packets: "Iterator[Packet[VideoStream]]", keep: set[int] | None = None
) -> Iterator[VideoFrame]:
    for packet in packets:
        if keep is not None:
            stream.codec_context.skip_frame = "DEFAULT" if packet.pts in keep else "NONREF"
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue  # a damaged packet: the next key-frame repairs the picture
    try:
        yield from stream.decode(None)  # what the decoder still holds back
    except av.FFmpegError:
        return


def _demuxed(container: InputContainer, stream: VideoStream) -> Iterator["Packet[VideoStream]"]:
    """The stream's packets that carry a picture to be shown, as far as the file can be read."""
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_corrupt:
                yield packet
    except (av.FFmpegError, OSError):
        return


def _promised_s(stream: VideoStream, packets: int, first_s: float, last_s: float) -> float | None:
    """Duration of the stream according to its header, if the packets fall short of what the header promises.

    MP4 and AVI state the number of frames; Matroska, as most programs write it, the end time in a tag.
    """
    if stream.frames:
        duration_s = float((stream.duration or 0) * (stream.time_base or 0))
        return duration_s if packets < stream.frames and duration_s > last_s - first_s else None
    match = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", "").strip())
    if match is None:
        return None
    hours, minutes, seconds = map(float, match.groups())
    end_s = 3600 * hours + 60 * minutes + seconds
    gap_s = (last_s - first_s) / max(packets - 1, 1)
    return end_s - first_s if end_s > last_s + _MISSING_GAPS * gap_s else None


def _count_frames(path: Path, rate_hz: float) -> TimeArray:
    """Times of the frames of a file whose packets do not tell: decode it all, use what the pictures say."""
    with opened(path) as (container, stream):
        tick_s = float(stream.time_base or 0)
        stamps = [picture.pts for picture in _pictures(stream, _demuxed(container, stream))]
        spaced_by_format = container.format.name == "avi"
    if not stamps:
        raise InputError(f"{path} holds no video frame that can be decoded")
    known = np.array([np.nan if stamp is None else stamp for stamp in stamps])
    if (np.diff(known) > 0).all() and tick_s and np.isfinite(known).all():
        times: TimeArray = (known - known[0]) * tick_s
        return times
    if not spaced_by_format:
        warnings.warn(
            f"{path} has no usable timestamps; its {len(known)} frames are taken as {rate_hz:g} per second",
            UpliftWarning,
            stacklevel=2,
        )
    return np.arange(len(known)) / rate_hz
