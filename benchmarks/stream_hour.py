"""An hour before a camera, simulated: what a stream remembers, how late it is, and who has which number.

    python benchmarks/stream_hour.py [--seconds 3600] [--look 0.1]

Somebody walks on the spot all the time, is out of view for 0.6 s now and then and for a minute every
quarter of an hour; others pass by; in one look of fifty the detector sees somebody who is not there. The
camera gives 15 pictures a second on a clock that is 0.3 % fast, stops for 20 s three times, and is turned in
the middle. All goes through the loop of `uplift3d stream` (`live.watch`), watcher, network, lines of JSON and
what `--view` keeps, on a clock that only looks move on. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from uplift3d import Keypoints2D, Motion3D, StreamLifter
from uplift3d.arrays import Image
from uplift3d.detect import People
from uplift3d.detect.tracks import MAX_ABSENCE_S
from uplift3d.detect.watcher import LOST_S, Watcher
from uplift3d.export.sinks import JsonLines
from uplift3d.lift import Runtime
from uplift3d.live import StreamStats, watch
from uplift3d.view.live_stage import LiveStage

RATE_HZ, DRIFT, PAUSE_S = 15.0, 0.003, 20.0
SIZE = (1280, 720)
AWAY = ((30.0, 0.6), (400.0, 0.6), (870.0, 60.0))
"""When in every quarter of an hour who stays is out of view, and for how long."""
STAY_PX, PASS_PX, PHANTOMS_PX = 250.0, 550.0, (900.0, 1200.0)
PHANTOMS = 0.02
STEP_S = 1.2
BODY = 2.4 * np.array(  # coco17, pixels from the middle of the hips
    [
        *[(0, -70), (3, -73), (-3, -73), (6, -71), (-6, -71), (18, -50), (-18, -50), (24, -25), (-24, -25)],
        *[(26, 0), (-26, 0), (11, 0), (-11, 0), (12, 40), (-12, 40), (12, 80), (-12, 80)],
    ]
)
SWING = np.zeros((17, 2))
SWING[[9, 10, 15, 16], 0] = (20, -20, -30, 30)
MINUTE_S = 60.0


@dataclass(frozen=True)
class Visit:
    """Somebody in view."""

    start_s: float
    end_s: float
    x_px: float


@dataclass
class Minute:
    """What was so at the end of one."""

    blocks: int
    """Python objects, by their memory."""
    rss_mb: float
    looks: int
    """That the lifter remembers."""
    bodies: int
    thigh_m: float
    latency_s: float
    """The median over its seconds: what waits when the camera stops is given when it goes on."""


@dataclass
class Figures:
    """Of a whole run."""

    minutes: list[Minute] = field(default_factory=list)
    numbers: list[set[int]] = field(default_factory=list)
    """Of who stays, in each stretch that ends when they or the camera are gone, or the picture is turned."""
    strangers: set[int] = field(default_factory=set)
    lines: int = 0
    stats: StreamStats = field(default_factory=StreamStats)

    def problems(self) -> list[str]:
        """What grew or drifted."""
        said = []
        settled = self.minutes[1:]  # after the first minute
        third = max(1, len(settled) // 3)
        first, last = settled[:third], settled[-third:]
        for name, most in (("blocks", 2500), ("rss_mb", 8.0), ("latency_s", 0.05)):
            before, after = (max(getattr(one, name) for one in part) for part in (first, last))
            if after > before + most:
                said.append(f"{name} grew from {before:.6g} to {after:.6g}")
        for name, most in (("looks", 110), ("bodies", 8)):
            if max(getattr(one, name) for one in self.minutes) > most:
                said.append(f"{name} that are kept were more than {most}")
        thighs = [float(np.nanmedian([one.thigh_m for one in part])) for part in (first, last)]
        if abs(thighs[0] - thighs[1]) > 0.02 * thighs[0]:
            said.append(f"the thigh's length went from {thighs[0]:.3f} to {thighs[1]:.3f} m")
        if any(len(one) > 1 for one in self.numbers):
            said.append(f"who stayed changed their number: {self.numbers}")
        if len(set.union(*self.numbers)) < len(self.numbers) or self.strangers & set.union(*self.numbers):
            said.append("two people had the same number")
        return said


class Camera:
    """Pictures on a clock that only looks move on; sees who is there at the true time."""

    name, joints = "simulated", "coco17"

    def __init__(self, seconds: float, look_s: float, seed: int = 0) -> None:
        self.now_s, self._seconds, self._look_s = 0.0, seconds, look_s
        self._rng = np.random.default_rng(seed)
        quarters = np.arange(0, seconds, 900.0)
        away = [(start + at, start + at + long) for start in quarters for at, long in AWAY]
        ends = [0.0, *(moment for gap in away for moment in gap), seconds]
        stays = [Visit(a, b, STAY_PX) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        starts = np.arange(20.0, seconds, 45.0) + self._rng.uniform(
            0, 20, len(np.arange(20.0, seconds, 45.0))
        )
        passing = [Visit(start, start + self._rng.uniform(3, 40), PASS_PX) for start in starts.tolist()]
        self._visits = sorted([*stays, *passing], key=lambda one: one.start_s)
        self._pauses = [(seconds * share, seconds * share + PAUSE_S) for share in (0.2, 0.4, 0.8)]
        self._images = [np.zeros((*size, 3), np.uint8) for size in (SIZE[::-1], SIZE)]

    def now(self) -> float:
        """Our clock."""
        return self.now_s

    def turned(self, true_s: float) -> bool:
        """Whether the picture stands upright by then."""
        return true_s >= 0.55 * self._seconds

    def frames(self) -> Iterator[Frame]:
        """The newest whenever one is asked for."""
        number = -1
        while True:
            number = max(number + 1, int(self.now_s * RATE_HZ + 1e-6))
            for start_s, end_s in self._pauses:
                if start_s <= number / RATE_HZ < end_s:
                    number = int(end_s * RATE_HZ) + 1
            true_s = number / RATE_HZ
            if true_s > self._seconds:
                return
            self.now_s = max(self.now_s, true_s)
            yield Frame(number, true_s * (1 + DRIFT), true_s, self._images[self.turned(true_s)])

    def detect(self, rgb: Image) -> People:
        """Everybody who is there now, and now and then somebody who is not."""
        at_s = self.now_s
        here = [one for one in self._visits if one.start_s <= at_s < one.end_s]
        self._visits = [one for one in self._visits if one.end_s > at_s]
        phase = np.sin(2 * np.pi * at_s / STEP_S)
        places = [(one.x_px, 1.0) for one in here]
        if self._rng.random() < PHANTOMS:
            places.append((float(self._rng.uniform(*PHANTOMS_PX)), 0.6))
        self.now_s += self._look_s
        bodies = [BODY + phase * SWING + (x, 350) + self._rng.normal(size=(17, 2)) for x, _ in places]
        sure = [np.full(17, confidence, np.float32) for _, confidence in places]
        shape = (len(places), 17)
        return People(np.reshape(bodies, (*shape, 2)).astype(np.float32), np.reshape(sure, shape))


@dataclass(frozen=True)
class Frame:
    """One picture; implements `live.Moment`."""

    number: int
    time_s: float
    arrived_s: float
    picture: Image

    def rgb(self) -> Image:
        """(H, W, 3)."""
        return self.picture


class Nowhere(io.TextIOBase):
    """Counts lines."""

    lines = 0

    def write(self, text: str) -> int:
        """Forget it."""
        self.lines += text.count("\n")
        return len(text)


class Following(Watcher):
    """Notes who is given which number."""

    def __init__(self, camera: Camera, figures: Figures) -> None:
        super().__init__(camera)
        self._figures, self._before, self._missed = figures, (-np.inf, 0), 0

    def look(self, rgb: Image, time_s: float) -> Keypoints2D:
        """See `Watcher`."""
        look, seen, stays = super().look(rgb, time_s), self._figures, None
        for row, number in enumerate(look.people.tolist()):
            if look.positions[row, 0, 11:13, 0].mean() > (STAY_PX + PASS_PX) / 2:
                seen.strangers.add(number)
            else:
                stays = number
        if stays is None:
            self._missed += 1
            return look
        latest_s, height = self._before
        gone_s = time_s - latest_s
        if (self._missed and gone_s > MAX_ABSENCE_S) or gone_s > LOST_S or rgb.shape[0] != height:
            seen.numbers.append(set())
        seen.numbers[-1].add(stays)
        self._before, self._missed = (time_s, rgb.shape[0]), 0
        return look


class Observer:
    """Notes once a minute what the stream remembers; a sink."""

    def __init__(self, figures: Figures, lifter: StreamLifter) -> None:
        self._figures, self._lifter = figures, lifter
        self._thighs_m: list[float] = []
        self._stage = LiveStage()  # what `--view` keeps
        self.latencies_s: list[float] = []

    def write(self, chunk: Motion3D) -> None:
        """See `Sink`."""
        self._stage.place(chunk)
        here = self._figures.numbers[-1] if self._figures.numbers else set()
        for pose in chunk.positions[np.isin(chunk.people, list(here)), -1]:
            self._thighs_m.append(float(np.linalg.norm(pose[2] - pose[1])))
        minutes = self._figures.minutes
        if chunk.times[-1] < MINUTE_S * (len(minutes) + 1):
            return
        gc.collect()
        looks, bodies = len(self._lifter._looks), self._lifter._estimator.people_remembered
        thigh_m = float(np.nanmedian(self._thighs_m)) if self._thighs_m else np.nan
        latency_s = float(np.median(self.latencies_s))
        self._thighs_m.clear()
        self.latencies_s.clear()
        minutes.append(Minute(sys.getallocatedblocks(), rss_mb(), looks, bodies, thigh_m, latency_s))


def simulate(model: str | Runtime, seconds: float, look_s: float = 0.1) -> Figures:
    """Run the loop of `uplift3d stream` over it."""
    camera, figures, output = Camera(seconds, look_s), Figures(), Nowhere()
    lifter = StreamLifter(model)
    observer = Observer(figures, lifter)

    def report(stats: StreamStats) -> None:
        observer.latencies_s.append(stats.latency_s)

    watcher = Following(camera, figures)
    figures.stats = watch(
        camera.frames(), watcher, lifter, [JsonLines(output), observer], report=report, now=camera.now
    )
    figures.lines = output.lines
    return figures


def rss_mb() -> float:
    """Memory of this process now; Linux only, elsewhere 0."""
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text().split()[1]) if statm.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6 if pages else 0.0


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--look", type=float, default=0.1, help="seconds that a look takes (default: 0.1)")
    args = parser.parse_args()
    started = time.perf_counter()
    figures = simulate("base", args.seconds, args.look)
    stats, took_s = figures.stats, time.perf_counter() - started
    print(f"{args.seconds:g} s simulated in {took_s:.0f} s, {os.cpu_count()} CPUs, {datetime.date.today()}:")
    print(f"{stats.frames} frames used, {stats.dropped} dropped, {stats.looks} looks,")
    print(f"{stats.poses} poses in {figures.lines} lines, {len(figures.strangers)} passers-by;")
    print(f"who stays had the numbers {[sorted(one) for one in figures.numbers]}\n")
    print("| minute | memory MB | objects | looks kept | bodies kept | latency s | thigh mm |")
    print("|---|---|---|---|---|---|---|")
    count = len(figures.minutes)
    for number in sorted({0, 1, 2, 5, *range(9, count, 10), count - 1} & set(range(count))):
        one = figures.minutes[number]
        cells = (f"{number + 1}", f"{one.rss_mb:.1f}", f"{one.blocks:,}", f"{one.looks}", f"{one.bodies}")
        print(f"| {' | '.join(cells)} | {one.latency_s:.2f} | {1000 * one.thigh_m:.0f} |")
    print("\n".join(["", *(figures.problems() or ["Nothing grew or drifted."])]))


if __name__ == "__main__":
    main()
