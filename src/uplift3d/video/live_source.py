"""Frames of something that does not wait: a camera, a network stream, or a file at its own pace.

A thread decodes; only the newest frame is kept, so whoever is slow misses frames and never falls behind.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import av
import numpy as np
from av.stream import Disposition
from av.video.frame import VideoFrame

from uplift3d.arrays import Image
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.video.container import TITLES, decodable
from uplift3d.video.reader import display_matrix, turn_upright
from uplift3d.video.timeline import stated_duration_s

WAIT_S = (0.5, 8.0)
"""Before a source that broke off is opened again: at first, and at most after it failed again and again."""
OPEN_TIMEOUT_S = 10.0
"""Within this a network source has to answer, and to send its next packet."""
ONE_THREAD_PIXELS = 1920 * 1088
"""Larger frames take more than one thread to decode in time."""
SHORT_OF_END_S = 1.0
"""A recording that ends so long before its end broke off."""


def plain_name(source: str) -> str:
    """A source as messages have it, without user and password."""
    return re.sub(r"(?<=://)[^/?#]*@", "", source) or "''"


class LiveFrame(NamedTuple):
    """The newest frame."""

    number: int
    """How many came before it."""
    time_s: float
    """Seconds since the first frame, by the source's own clock; while it was away by ours."""
    arrived_s: float
    """When it arrived, by `time.monotonic`."""
    picture: VideoFrame
    pixel_aspect: float = 1.0
    """Width over height of one stored pixel."""

    def rgb(self) -> Image:
        """(H, W, 3) uint8, upright, with square pixels."""
        size = round(self.picture.width * self.pixel_aspect), self.picture.height
        rgb = np.asarray(self.picture.reformat(*size, "rgb24").to_ndarray(), dtype=np.uint8)
        return np.ascontiguousarray(turn_upright(rgb, display_matrix(self.picture)))


class LiveSource:
    """Opens and reads a source in a thread of its own; used in a `with` block.

    Args:
        source: number of a camera ("0"; on Windows "video=NAME"), a device, a URL (rtsp, http, …) or a file.
        patience_s: a source that sends nothing for so long is given up.
        notice: told in a sentence what happens (broke off, came back).
    """

    def __init__(
        self, source: str, *, patience_s: float = 30.0, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self.source = source
        self.name = plain_name(source)
        self.reconnects = 0
        self._patience_s, self._notice = patience_s, notice
        self._camera = source.isdecimal() or source.startswith(("/dev/video", "video="))
        self._remote = "://" in source and not source.startswith("file:")
        self._changed = threading.Condition()
        self._newest: LiveFrame | None = None
        self._count = 0
        self._error: Exception | None = None
        self._ended = self._stop = False
        self._clock = _Clock()
        self._pixel_aspect = 1.0
        self._thread = threading.Thread(target=self._run, name="live-source", daemon=True)

    def __enter__(self) -> Self:
        if not self._remote and Path(self.source).is_fifo():
            # Opening one waits for whoever writes, whatever the patience.
            raise InputError(f"{self.name} is a pipe; accepted are a camera, a URL, a device or a file")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join(timeout=2.0)

    def __iter__(self) -> Iterator[LiveFrame]:
        """The newest frame whenever one is asked for and there is one that was not handed out; ends with the
        source.

        Raises:
            InputError: it cannot be opened, or sent nothing for too long.
            NothingFoundError: it holds no frame.
        """
        seen = 0
        # A camera that hangs without a word, or packets that never make a picture.
        most_s = min(self._patience_s + 2 * OPEN_TIMEOUT_S, threading.TIMEOUT_MAX)
        stuck_s = most_s if self._camera or self._remote else None
        while True:
            with self._changed:
                heard = self._changed.wait_for(lambda seen=seen: self._count > seen or self._ended, stuck_s)  # type: ignore[misc]
                frame, count = self._newest, self._count
            if not heard:
                raise InputError(f"{self.name} gave no picture for {stuck_s:g} s")
            if frame is None or count == seen:
                break
            seen = count
            yield frame
        if self._error is not None:
            raise self._error
        if seen == 0:
            raise NothingFoundError(f"{self.name} holds no frame")

    def _run(self) -> None:
        try:
            self._read_again_and_again()
        except Exception as error:  # whatever it is, it belongs to the thread that reads
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_again_and_again(self) -> None:
        wait_s, heard_s = WAIT_S[0], time.monotonic()
        while not self._stop:
            before, why = self._count, "it ended"
            try:
                if self._read():
                    return
            except (av.FFmpegError, OSError, ValueError, IndexError) as error:
                why = _reason(error)
                if self._count == 0 and self._is_hopeless(error):
                    if self._camera and isinstance(error, FileNotFoundError):
                        raise InputError(_no_camera(self.source)) from error
                    raise InputError(f"{self.name} cannot be played: {why}") from error
                if not (self._camera or self._remote):
                    if self._count == 0:
                        raise InputError(f"{self.name} cannot be played: {why}") from error
                    self._notice(f"{self.name} is damaged after {self._clock.latest_s:.1f} s: {why}")
                    return
            if self._count > before:
                wait_s, heard_s = WAIT_S[0], time.monotonic()
            if time.monotonic() - heard_s + wait_s > self._patience_s:
                raise InputError(f"{self.name} sent nothing for {self._patience_s:g} s: {why}")
            self._notice(f"{self.name}: {why}; trying again in {wait_s:g} s")
            self.reconnects += 1
            self._pause(wait_s)
            wait_s = min(2 * wait_s, WAIT_S[1])

    def _is_hopeless(self, error: Exception) -> bool:
        """Whether it is no use to wait: no such camera, no such kind of address, nothing to be decoded."""
        kinds = (av.error.ProtocolNotFoundError, av.error.DemuxerNotFoundError, _NeverError)
        return isinstance(error, kinds) or (self._camera and isinstance(error, FileNotFoundError))

    def _read(self) -> bool:
        """Read until the source ends; True where that is the end of a recording."""
        address, kind, options = self._address()
        timeout_s = min(OPEN_TIMEOUT_S, self._patience_s)
        with av.open(
            address, "r", format=kind, options=options, timeout=timeout_s, metadata_errors=TITLES
        ) as container:
            streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not streams:
                raise _NeverError("there is no video in it")
            stream = streams[0]
            if not decodable(stream):
                raise _NeverError("it is coded in a way that this FFmpeg does not know")
            # Threads that each decode a frame of their own would hand out every frame so many frames late.
            small = stream.width * stream.height <= ONE_THREAD_PIXELS
            stream.thread_type = "SLICE" if small else "AUTO"
            self._pixel_aspect = float(stream.sample_aspect_ratio or 1)
            length_s = stated_duration_s(container, stream)  # of the picture: sound may go on for longer
            recorded = not self._camera and (np.isfinite(length_s) or not self._remote)
            if recorded and self._clock.latest_s > 0:  # it broke off: on from there
                container.seek(int(self._clock.latest_s * av.time_base))
            self._clock.begin(recorded)
            for picture in container.decode(stream):
                if self._stop:
                    return True
                self._take(picture, recorded)
        if not recorded:
            return not (self._camera or self._remote)
        whole = not np.isfinite(length_s) or bool(self._clock.latest_s > length_s - SHORT_OF_END_S)
        if not (whole or self._remote):
            self._notice(
                f"{self.name} ends after {self._clock.latest_s:.1f} s of {length_s:.1f} s: it is cut off"
            )
        return whole or not self._remote

    def _take(self, picture: VideoFrame, recorded: bool) -> None:
        time_s = self._clock.time_of(picture)
        if time_s is None:
            return
        if recorded:
            self._pause(self._clock.early_s(time_s))
        with self._changed:
            arrived_s = time.monotonic()
            self._newest = LiveFrame(self._count, time_s, arrived_s, picture, self._pixel_aspect)
            self._count += 1
            self._changed.notify_all()

    def _pause(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while not self._stop and (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.1))

    def _address(self) -> tuple[str, str | None, dict[str, str]]:
        """What `av.open` takes: address, format, options."""
        if not self._camera and Path(self.source).exists():
            return f"file:{self.source}", None, {}  # what stands before a colon is no protocol
        if not self._camera:
            return self.source, None, {"rtsp_transport": "tcp"} if self.source.startswith("rtsp") else {}
        number = self.source.removeprefix("/dev/video")
        if sys.platform == "darwin":
            return number, "avfoundation", {"framerate": "30"}
        if sys.platform == "win32":
            return self.source, "dshow", {}
        return f"/dev/video{number}", "v4l2", {}


class _NeverError(ValueError):
    """It will not get better by waiting."""


class _Clock:
    """Seconds since the first frame: by timestamps, by arrival where there are none or they jump."""

    JUMP_S, BACK_S = 10.0, 0.5
    """Timestamps that differ more from the time that went by, or go back farther, are another clock's."""
    MOST_DRIFT, FOLLOW_S = 0.01, 60.0
    """A clock that runs this much too fast or too slow is followed, over so long a time."""

    def __init__(self) -> None:
        self.latest_s = -1.0
        self._started_s = self._gone_s = 0.0
        self._offset_s: float | None = None
        self._keeps = False

    def begin(self, recorded: bool) -> None:
        """A source was opened; a recording's timestamps go on where it is opened again."""
        if self.latest_s < 0:
            self._started_s = time.monotonic()
        if not (recorded and self._keeps):
            self._offset_s = None
        self._keeps = recorded

    def time_of(self, picture: VideoFrame) -> float | None:
        """Its time; None for a frame that is not later than the ones before."""
        gone_s = time.monotonic() - self._started_s if self.latest_s >= 0 else 0.0
        time_s = gone_s if picture.time is None else self._by_stamp(picture.time, gone_s)
        if time_s <= self.latest_s:
            return None
        if self.latest_s < 0:
            self._started_s = time.monotonic()
        self.latest_s = time_s
        return time_s

    def _by_stamp(self, stamp_s: float, gone_s: float) -> float:
        """A timestamp as a time of ours; but for a recording, the two clocks are kept together."""
        if self._keeps and self._offset_s is not None:
            return stamp_s - self._offset_s
        if self._offset_s is None or self._is_another_clocks(stamp_s - self._offset_s, gone_s):
            late_s = self.latest_s + 1e-3 - gone_s
            if late_s > 0:  # nobody waits until it is later than what was given
                self._started_s, gone_s = self._started_s - late_s, gone_s + late_s
            self._offset_s = stamp_s - gone_s
        drift = (stamp_s - self._offset_s - gone_s) / self.FOLLOW_S
        self._offset_s += max(-self.MOST_DRIFT, min(drift, self.MOST_DRIFT)) * max(gone_s - self._gone_s, 0.0)
        self._gone_s = gone_s
        return stamp_s - self._offset_s

    def _is_another_clocks(self, time_s: float, gone_s: float) -> bool:
        return abs(time_s - gone_s) > self.JUMP_S or time_s < self.latest_s - self.BACK_S

    def early_s(self, time_s: float) -> float:
        """How long until it is that time."""
        return self._started_s + time_s - time.monotonic()


def _no_camera(source: str) -> str:
    """That there is none of that number or name, and which there are, where that can be told."""
    there = sorted(path.name.removeprefix("video") for path in Path("/dev").glob("video[0-9]*"))
    cameras = f"there are {', '.join(there)}" if there else "none was found"
    return f"there is no camera {source}" + (f"; {cameras}" if sys.platform.startswith("linux") else "")


def _reason(error: Exception) -> str:
    """What FFmpeg says, without numbers and addresses."""
    if isinstance(error, av.error.ExitError):
        return "no answer"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]
