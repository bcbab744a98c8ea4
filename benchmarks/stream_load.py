"""What a stream takes of this machine: looks per second, latency, CPU, memory over time.

    python benchmarks/stream_load.py VIDEO [--minutes 3] [-- options of uplift3d stream]
    python benchmarks/stream_load.py VIDEO --hour

The video is repeated until it is long enough, without coding it anew, and `uplift3d stream` plays it at its
own pace as a process of its own, whose CPU time and memory (/proc, so Linux only) are read every half second.
`--hour` simulates an hour in this process, as fast as it goes: a look every second, on frames of the video.
Prints Markdown. What else ran on the machine is said beside it: other work costs looks and latency.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import av
import numpy as np

from uplift3d import StreamLifter
from uplift3d.detect import create_detector
from uplift3d.detect.watcher import Watcher
from uplift3d.video import open_video

EVERY_S = 0.5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LINE = re.compile(r"(\d+) (?:person|people), ([\d.]+) looks/s, latency ([\d.]+) s, load (\d+)%")


@dataclass
class Sample:
    """Of a process, at one time."""

    at_s: float
    cpu_s: float
    rss_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--hour", action="store_true")
    words, _, options = " ".join(sys.argv[1:]).partition(" -- ")
    args = parser.parse_args(words.split())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{args.video.name}, {os.cpu_count()} CPUs, {datetime.date.today()}; load before: {load}\n")
    if args.hour:
        simulated_hour(args.video)
    else:
        real_time(args.video, 60 * args.minutes, options.split())


def real_time(video: Path, seconds: float, options: list[str]) -> None:
    """Play it, and print how that went."""
    with tempfile.TemporaryDirectory() as folder:
        long, errors = Path(folder) / "long.mp4", Path(folder) / "errors.txt"
        repeat(video, long, seconds)
        words = ["stream", str(long), "-o", str(Path(folder) / "poses.jsonl"), *options]
        with errors.open("w") as stderr:
            process = subprocess.Popen([sys.executable, "-m", "uplift3d", *words], stderr=stderr)
            samples = list(watched(process))
        told = LINE.findall(errors.read_text().replace("\r", "\n"))[3:-1]  # loading, and the sum of all
    if not told:
        raise SystemExit("the stream said nothing; is the video long enough?")
    people, looks, latency, busy = np.array(told, dtype=float).T
    settled = [one for one in samples if one.at_s > min(60.0, seconds / 2)]
    cpu = (settled[-1].cpu_s - settled[0].cpu_s) / (settled[-1].at_s - settled[0].at_s)
    print("| people | looks/s | latency s (median, 95 %) | busy | CPU | MB (median, most) | growth MB |")
    print("|---|---|---|---|---|---|---|")
    cells = (
        f"{people.mean():.1f}",
        f"{looks.mean():.1f}",
        f"{np.median(latency):.2f}, {np.percentile(latency, 95):.2f}",
        f"{busy.mean():.0f} %",
        f"{100 * cpu:.0f} % of one",
        f"{np.median([one.rss_mb for one in settled]):.0f}, {max(one.rss_mb for one in samples):.0f}",
        f"{growth_mb(settled):+.0f}",
    )
    print(f"| {' | '.join(cells)} |")


def watched(process: subprocess.Popen[bytes]) -> Iterator[Sample]:
    """Samples of a process until it ends."""
    began = time.monotonic()
    while process.poll() is None:
        try:
            yield sample(process.pid, time.monotonic() - began)
        except (OSError, IndexError):  # it has just ended
            return
        time.sleep(EVERY_S)


def sample(pid: int | str, at_s: float) -> Sample:
    """CPU time and memory of a process now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return Sample(at_s, cpu_s, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def growth_mb(samples: list[Sample]) -> float:
    """From the first third to the last, medians."""
    sizes = [one.rss_mb for one in samples]
    third = max(1, len(sizes) // 3)
    return float(np.median(sizes[-third:]) - np.median(sizes[:third]))


def repeat(video: Path, target: Path, seconds: float) -> None:
    """The video's packets again and again, so many seconds long."""
    with av.open(str(target), "w") as output:
        stream, start = None, 0
        while True:
            with av.open(str(video)) as source:
                original = source.streams.video[0]
                stream = stream or output.add_stream_from_template(original)
                end = start
                for packet in source.demux(original):
                    if packet.dts is None or packet.pts is None:
                        continue
                    end = max(end, start + packet.pts + (packet.duration or 1))
                    packet.dts, packet.pts = packet.dts + start, packet.pts + start
                    packet.stream = stream
                    output.mux(packet)
                start = end
                if start * original.time_base >= seconds:
                    return


def simulated_hour(video: Path) -> None:
    """A look every second for 3,600 of them, and the memory every ten minutes."""
    stream, watcher = StreamLifter(latency_s=0.3), Watcher(create_detector("blazepose"))
    print("| after | memory MB |\n|---|---|")
    for second in count():
        if second in (10, 60) or second % 600 == 0:
            print(f"| {second} s | {sample('self', 0).rss_mb:.0f} |", flush=True)
        if second >= 3600:
            return
        if second % 60 == 0:  # decoders come and go as cameras do
            with open_video(video) as opened:
                numbers = np.linspace(0, len(opened.times) - 1, 60).astype(int)
                images = [frame.rgb for frame in opened.frames_at(np.unique(numbers)[:6])]
        image = images[second % len(images)]
        stream.push(float(second), watcher.look(image, float(second)))


if __name__ == "__main__":
    main()
