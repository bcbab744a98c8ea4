"""From a source that does not wait to poses while they happen: the newest frame, a look when one is due, a
chunk of motion out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from uplift3d.arrays import Image
from uplift3d.detect.failures import Failures
from uplift3d.detect.watcher import Watcher
from uplift3d.export.sinks import Sink
from uplift3d.streaming import StreamLifter
from uplift3d.types import Motion3D

REPORT_S = 1.0
"""How often it is said how things go."""


class Moment(Protocol):
    """What is needed of a frame (`video.live_source.LiveFrame` offers it)."""

    @property
    def number(self) -> int:
        """How many frames of the source came before it."""
        ...

    @property
    def time_s(self) -> float:
        """Seconds, increasing."""
        ...

    @property
    def arrived_s(self) -> float:
        """When it came, by the clock of `watch`."""
        ...

    def rgb(self) -> Image:
        """(H, W, 3) uint8."""
        ...


@dataclass
class StreamStats:
    """How a stream goes, since the last report or since the beginning."""

    seconds: float = 0.0
    """How long, by our clock."""
    busy_s: float = 0.0
    """How much of that was spent on looking and lifting."""
    frames: int = 0
    """Frames that were used."""
    dropped: int = 0
    """Frames that came and went while we were busy."""
    looks: int = 0
    """Runs of the 2D detector."""
    failed: int = 0
    """Looks on which it failed, so that the next frame is looked at."""
    poses: int = 0
    """Poses that were given, of everybody."""
    people: int = 0
    """So many were there at once: in the latest moment, or of the whole time the most."""
    latency_s: float = 0.0
    """From the arrival of the frame that a pose is of until the pose was given: the longest."""

    def add(self, other: StreamStats) -> None:
        """Take the numbers of some more time."""
        for name in ("seconds", "busy_s", "frames", "dropped", "looks", "failed", "poses"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.people = max(self.people, other.people)
        self.latency_s = max(self.latency_s, other.latency_s)

    def in_words(self) -> str:
        """One line."""
        seconds = max(self.seconds, 1e-6)
        who = "1 person" if self.people == 1 else f"{self.people} people"
        return (
            f"{who}, {self.looks / seconds:.1f} looks/s, latency {self.latency_s:.2f} s, "
            f"load {self.busy_s / seconds:.0%}, {self.frames / seconds:.0f} frames/s, {self.dropped} dropped"
            + (f", {self.failed} looks failed" if self.failed else "")
        )


def watch(
    frames: Iterable[Moment],
    watcher: Watcher,
    lifter: StreamLifter,
    sinks: Sequence[Sink],
    *,
    report: Callable[[StreamStats], None] = lambda _: None,
    seen: Callable[[Image], None] = lambda _: None,
    duration_s: float | None = None,
    now: Callable[[], float] = time.monotonic,
) -> StreamStats:
    """Follow a source until it ends.

    Args:
        frames: the newest frame whenever one is asked for, see `video.live_source.LiveSource`.
        watcher: finds people.
        lifter: says when to look, and lifts.
        sinks: take the chunks of motion.
        report: told about every second how it went.
        seen: shown every image that was looked at.
        duration_s: stop after so much of the source; None goes on to its end.
        now: the clock of `Moment.arrived_s`.

    Returns:
        The numbers of the whole time. What was waiting in the lifter is given at the end, also where the
        source breaks off with an error, which is raised then. Where the size of the image changes, what was
        waiting is given, and everybody is new from there. A look on which the detector fails is left out and
        made on the next frame; a warning at the end counts them.
    """
    total, lately = StreamStats(), StreamStats()
    since_s, next_number, step_s, before_s = now(), 0, 0.0, None
    size, failures = None, Failures()
    try:
        for frame in frames:
            started_s = now()
            if before_s is not None:
                step_s = frame.time_s - before_s
            before_s = frame.time_s
            look = None
            if frame.time_s + min(step_s, 0.05) / 2 >= lifter.next_key_time():
                with failures.noted(frame.time_s):
                    rgb = frame.rgb()
                    look = watcher.look(rgb, frame.time_s)
                    seen(rgb)
                lately.looks += 1
                lately.failed += look is None
            if look is not None:
                if size is not None and look.image_size != size:  # turned, or opened again as another one
                    lately.poses += _give(lifter.flush(), sinks)
                size = look.image_size
            chunk = lifter.push(frame.time_s, look)
            lately.poses += _give(chunk, sinks)
            lately.busy_s += now() - started_s
            lately.frames += 1
            lately.dropped += frame.number - next_number
            next_number = frame.number + 1
            if len(chunk):
                lately.people = len(chunk.people)
                behind_s = frame.time_s - float(chunk.times[0])
                lately.latency_s = max(lately.latency_s, now() - frame.arrived_s + behind_s)
            if now() - since_s >= REPORT_S:
                lately.seconds, since_s = now() - since_s, now()
                total.add(lately)
                report(lately)
                lately = StreamStats(people=lately.people)
            if duration_s is not None and frame.time_s >= duration_s:
                break
    finally:
        lately.poses += _give(lifter.flush(), sinks)
        lately.seconds = now() - since_s
        total.add(lately)
    failures.say("the stream")
    return total


def _give(chunk: Motion3D, sinks: Sequence[Sink]) -> int:
    """Hand it to everybody; how many poses are in it."""
    if len(chunk):
        for sink in sinks:
            sink.write(chunk)
    return int(chunk.present.sum())
