"""Decode the frames that are wanted, and of the others only what these are predicted from.

Three savings, all of them exact: packets that no wanted frame depends on are not decoded at all, where they
fill a long stretch not even read, and pictures that no other one is predicted from are left out where the
codec allows it. Should a wanted frame be lost all the same, everything from there on is decoded in full.

Axes: N packets in the order they are decoded.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from uplift3d.arrays import BoolArray, IntArray
from uplift3d.video.container import demuxed, opened, pictures
from uplift3d.video.skipping import can_skip_unreferenced
from uplift3d.video.timeline import Packets, Timeline

JOIN_PACKETS = 4
"""Stretches no farther apart are decoded as one: emptying the decoder between them stops its threads."""
SEEK_PACKETS = 500
"""Seek where that saves reading more packets than these; a seek costs as much as reading about so many."""


@dataclass(frozen=True)
class Plan:
    """What becomes of every packet."""

    fed: BoolArray
    """(N,) goes to the decoder."""
    wanted: BoolArray
    """(N,) carries a wanted frame."""
    ends: BoolArray
    """(N,) the decoder is emptied behind it, because the next packet that is fed continues elsewhere."""


def decoded(path: Path, timeline: Timeline, wanted: IntArray) -> Iterator[tuple[int, VideoFrame]]:
    """Decode the wanted frames in the order they are shown, each with its frame number.

    Damaged packets and pictures are passed over; a wanted frame that cannot be decoded does not come.

    Args:
        path: the file.
        timeline: its time line.
        wanted: increasing numbers of the frames needed.
    """
    waiting = deque(wanted.tolist())
    if timeline.packets is not None and len(wanted) < len(timeline.times):
        for number, picture in _planned(path, timeline.packets, wanted):
            if waiting and number == waiting[0]:
                waiting.popleft()
                yield number, picture
            elif waiting and number > waiting[0]:
                break
    if not waiting:
        return
    remaining = set(waiting)
    for number, picture in _all(path, timeline):
        if number in remaining:
            yield number, picture
        if number >= waiting[-1]:
            return


def plan(packets: Packets, wanted: IntArray, intra_only: bool) -> Plan:
    """Choose the packets to decode.

    Args:
        packets: the file's packets.
        wanted: increasing numbers of the frames needed.
        intra_only: no picture is predicted from another, so each is decoded from its own packet.
    """
    places = packets.frames[wanted]
    is_wanted = np.zeros(len(packets.stamps), dtype=np.bool_)
    is_wanted[places] = True
    if intra_only:
        return Plan(is_wanted | packets.state, is_wanted, np.zeros_like(is_wanted))
    starts = _entries_for(packets, places)
    steps = np.zeros(len(packets.stamps) + 1, dtype=np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, places + 1, -1)
    fed = np.cumsum(steps[:-1]) > 0
    edges = np.flatnonzero(np.diff(fed.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)  # [first, end)
    for (_, end), (first, _) in pairwise(edges):
        fed[end:first] = first - end <= JOIN_PACKETS
    ends = fed & ~np.append(fed[1:], True)
    return Plan(fed, is_wanted, ends)


def _entries_for(packets: Packets, places: IntArray) -> IntArray:
    """The packet at which to begin for each wanted one.

    That is the last entry that is decoded no later and shown no later: frames shown before an entry may be
    stored behind it, and are predicted from what is stored before it.
    """
    stamps = packets.stamps[packets.entries]
    entry = np.searchsorted(packets.entries, places, side="right") - 1
    while (late := (stamps[entry] > packets.stamps[places]) & (entry > 0)).any():
        entry[late] -= 1
    starts: IntArray = packets.entries[entry]
    return starts


def _planned(path: Path, packets: Packets, wanted: IntArray) -> Iterator[tuple[int, VideoFrame]]:
    with opened(path) as (container, stream):
        chosen = plan(packets, wanted, stream.codec_context.codec.intra_only)
        skips = can_skip_unreferenced(stream.codec_context)
        numbers = _Numbers(packets)
        for place, packet in _fed(container, stream, packets, chosen.fed):
            if skips:
                skip = numbers.progressive and not chosen.wanted[place]
                stream.codec_context.skip_frame = "NONREF" if skip else "DEFAULT"
            yield from numbers.of(pictures(stream, packet))
            if chosen.ends[place]:
                yield from numbers.of(pictures(stream, None))
                stream.codec_context.flush_buffers()
        yield from numbers.of(pictures(stream, None))


def _fed(
    container: InputContainer, stream: VideoStream, packets: Packets, fed: BoolArray
) -> Iterator[tuple[int, "Packet[VideoStream]"]]:
    """The packets to feed, each with its place; ends early where the file cannot be entered as planned."""
    todo = np.flatnonzero(fed)
    source, place = demuxed(container, stream), -1  # place of the packet read last
    for target in todo.tolist():
        if target - place > SEEK_PACKETS:
            container.seek(int(packets.stamps[target]), stream=stream)
            source = demuxed(container, stream)
        stamp = packets.stamps[target]
        packet = next((packet for packet in source if packet.pts == stamp), None)
        if packet is None:
            return
        place = target
        yield target, packet


class _Numbers:
    """Finds the frame number of a picture by its timestamp."""

    def __init__(self, packets: Packets) -> None:
        self._shown = packets.stamps[packets.frames]
        self.progressive = False
        """Whether a picture came out, and the last one was no two fields."""

    def of(self, found: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """The whole pictures among those found, with their frame numbers."""
        for picture in found:
            self.progressive = not picture.interlaced_frame
            if picture.pts is None or picture.is_corrupt:
                continue
            number = int(np.searchsorted(self._shown, picture.pts))
            if number < len(self._shown) and self._shown[number] == picture.pts:
                yield number, picture


def _all(path: Path, timeline: Timeline) -> Iterator[tuple[int, VideoFrame]]:
    """Every frame that can be decoded, from the first."""
    with opened(path) as (container, stream):
        found = _through(container, stream)
        if timeline.packets is not None:
            yield from _Numbers(timeline.packets).of(found)
            return
        for number, picture in enumerate(found):
            if not picture.is_corrupt:
                yield number, picture


def _through(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    for packet in demuxed(container, stream):
        yield from pictures(stream, packet)
    yield from pictures(stream, None)
