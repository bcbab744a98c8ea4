"""How fast each stage is on this machine: `python benchmarks/speed.py [VIDEO] [--model base]`.

Prints Markdown. Every figure is the median of `--repeats` runs in one process, after one run that is not
counted; run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

import uplift3d
from uplift3d import InputError, Keypoints2D, Lifter, detect, lift_video
from uplift3d.detect.base import Follower
from uplift3d.detect.sighting import sightings
from uplift3d.errors import UpliftWarning
from uplift3d.evaluate.cost import embed_cost, uplift_cost
from uplift3d.lift.onnx_runtime import usable_cpus
from uplift3d.video import FrameSource, open_video, regular_key_frames

SHARED_VIDEO = Path(__file__).resolve().parents[2] / "shared" / "data" / "videos" / "sports2d-demo.mp4"
KEY_INTERVALS_S = (0.1, 0.2, 0.4)
DENSE_FRAMES = 45  # frames in a row that the detector is timed on
COLD_S = 2.0  # of the clip that the command is timed on
LIFTED_S = 60.0  # length of the clip that the lifter alone is timed on
PEAK_SIZE = 1024


class Row(NamedTuple):
    """One line of the table."""

    what: str
    figure: str
    spread: str
    note: str = ""


def main() -> None:
    args = read_arguments()
    warnings.simplefilter("ignore", UpliftWarning)
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        model = args.model if exists(args.model) else random_model(Path(folder))
        print_table(video_rows(args.video, model, args.repeats, args.detector))
        print_table(lifter_rows(model, args.repeats, args.threads))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", nargs="?", type=Path, default=SHARED_VIDEO)
    parser.add_argument("--model", default="base", help="name or path (default: base)")
    parser.add_argument("--detector", default="blazepose")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None, help="CPU threads of the network (default: all)")
    return parser.parse_args()


def video_rows(path: Path, model: str, repeats: int, detector: str) -> Iterator[Row]:
    """Frames per second of decoding, detection and the whole chain; whom the detector sees; a cold start."""
    with open_video(path) as video:
        frames, size, rate = len(video.times), video.size, video.rate_hz
        note = f"{frames} frames, {size[0]}×{size[1]}, {rate:.4g} Hz"
        decoding = measure(lambda: [None for _ in video.frames_at()], repeats)
        yield fps_row("decode only", frames, decoding, note)
        dense = np.arange(min(DENSE_FRAMES, frames))
        yield fps_row(
            "2D detector on every frame",
            len(dense),
            measure(lambda: detect.run(video, dense, detector), repeats),
            f"{detector}, the first {len(dense)} frames, decoding included",
        )
        yield from key_frame_rows(video, detector, repeats)
        yield from recall_rows(video, detector)
    for interval in KEY_INTERVALS_S:
        key_frames = len(regular_key_frames(video.times, interval))
        lifting = measure(partial(lift_video, path, detector, model, interval, progress=False), repeats)
        share = statistics.median(decoding) / statistics.median(lifting)
        note = f"{share:.2f} of decoding; {key_frames} key-frames, loading the network included"
        yield fps_row(f"lift_video, key_interval {interval} s", frames, lifting, note)
    yield cold_start_row(path, model, repeats, detector)


def key_frame_rows(video: FrameSource, name: str, repeats: int) -> Iterator[Row]:
    """Milliseconds for one key-frame, the one in the middle, whose people are known or not."""
    detector = detect.create_detector(name)
    (frame,) = video.frames_at([len(video.times) // 2])
    rgb = np.ascontiguousarray(frame.rgb)
    people = sightings(detector.detect(rgb), detector.joints)
    places = [one.place for one in people]
    looks: dict[str, Callable[[], object]] = {"unknown": lambda: detector.detect(rgb)}
    if isinstance(detector, Follower):
        follower = detector
        looks["known"] = lambda: follower.look_near(rgb, places)
        looks["known and sure"] = lambda: follower.look_near(rgb, [one._replace(sure=True) for one in places])
    for which, look in looks.items():
        seconds = measure(look, max(repeats, 5))
        figure = f"{statistics.median(seconds) * 1e3:.0f} ms"
        yield Row(f"one key-frame, people {which}", figure, spread(seconds), f"{len(people)} people")


def recall_rows(video: FrameSource, detector: str) -> Iterator[Row]:
    """How many key-frames show each person."""
    for interval in KEY_INTERVALS_S:
        key_frames = regular_key_frames(video.times, interval)
        keypoints = detect.run(video, key_frames, detector)
        seen = " + ".join(str(count) for count in keypoints.observed.sum(axis=1))
        yield Row(
            f"people seen, key_interval {interval} s", seen, "", f"of {len(key_frames)} key-frames each"
        )


def cold_start_row(path: Path, model: str, repeats: int, detector: str) -> Row:
    """Seconds of the command `uplift3d lift` on the beginning of a video."""
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder) / "clip.mp4", Path(folder) / "out.npz"
        cut(path, clip)
        command = [sys.executable, "-m", "uplift3d", "lift", str(clip), "-o", str(out)]
        command += ["--model", model, "--detector", detector, "--overwrite"]
        seconds = measure(lambda: subprocess.run(command, check=True, capture_output=True), repeats)
    figure = f"{statistics.median(seconds):.2f} s"
    return Row("uplift3d lift, cold start", figure, spread(seconds), f"the first {COLD_S:g} s of the video")


def cut(path: Path, target: Path) -> None:
    """Write the first two seconds of a video as MPEG-4."""
    with open_video(path) as video, av.open(str(target), "w") as container:
        rate = Fraction(video.rate_hz).limit_denominator(1001)
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = video.size
        stream.pix_fmt, stream.bit_rate = "yuv420p", 20_000_000
        for frame in video.frames_at(range(int((video.times <= COLD_S).sum()))):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.rgb), "rgb24")))
        container.mux(stream.encode())


def lifter_rows(model: str, repeats: int, threads: int | None) -> Iterator[Row]:
    """Milliseconds per pose from 2D to 3D, all that is done to poses included, and how much of the machine's
    arithmetic that uses; the network alone is in `networks.py`."""
    peak = matrix_product_peak()
    yield Row("matrix product", f"{peak / 1e9:.0f} GFLOP/s", "", f"float32 {PEAK_SIZE}³, numpy, all threads")
    for wanted in (1, None):
        lifter = Lifter(model, hop=wanted, threads=threads)
        hop = lifter.options["hop"]
        part = "centre" if hop == 1 else "sequence"
        for interval in KEY_INTERVALS_S:
            keys = swaying_person(interval)
            poses = round(LIFTED_S / lifter.spec.spacing_s) + 1
            grid = np.arange(poses) * lifter.spec.spacing_s
            seconds = measure(partial(lifter.lift, keys, None, grid), repeats)
            every = max(1, round(interval / lifter.spec.spacing_s))
            config = lifter.runtime.config
            macs = embed_cost(config) / every
            macs += uplift_cost(config, lifter.spec.window // every, part) / hop
            macs *= 2 if lifter.options["flip"] else 1
            share = 2 * macs * poses / statistics.median(seconds) / peak
            yield Row(
                f"lifter, hop {hop}, key_interval {interval} s",
                f"{statistics.median(seconds) / poses * 1e3:.3f} ms per pose",
                spread(seconds),
                f"{macs / 1e6:.1f} M multiply-adds, {share:.0%} of the matrix-product peak",
            )


def fps_row(what: str, frames: int, seconds: list[float], note: str) -> Row:
    return Row(what, f"{frames / statistics.median(seconds):.1f} frames/s", spread(seconds), note)


def measure(compute: Callable[[], object], repeats: int) -> list[float]:
    """Wall-clock seconds of every run but the first."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def spread(seconds: list[float]) -> str:
    """Largest deviation from the median."""
    middle = statistics.median(seconds)
    return f"±{max(abs(value - middle) for value in seconds) / middle:.0%}"


def matrix_product_peak() -> float:
    """Floating-point operations per second of a float32 matrix product, median of 20."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(PEAK_SIZE, PEAK_SIZE)).astype(np.float32) for _ in range(2))
    return 2 * PEAK_SIZE**3 / statistics.median(measure(lambda: a @ b, 20))


def swaying_person(interval_s: float) -> Keypoints2D:
    """A minute of one person whose joints swing by sines, seen every so many seconds."""
    rng = np.random.default_rng(0)
    times = np.arange(round(LIFTED_S / interval_s) + 1) * interval_s
    phase, rest = rng.uniform(0, 6, (17, 2)), rng.uniform(200, 400, (17, 2))
    positions = rest + 20 * np.sin(3 * times[:, None, None] + phase)
    return Keypoints2D(positions[None], np.ones((1, len(times), 17)), times, (640, 480), "h36m17")


def exists(model: str) -> bool:
    try:
        Lifter(model)
    except InputError as error:
        print(f"\n**Not the shipped weights:** {error}. A `small` network with random weights instead.\n")
        return False
    return True


def random_model(folder: Path) -> str:
    """A network of the default size with random weights: as fast as the real one."""
    from uplift3d.model import create, presets
    from uplift3d.model.onnx_export import export_onnx

    export_onnx(create(presets.small()).eval(), folder / "random")
    return str(folder / "random")


def describe_machine() -> str:
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    import onnxruntime

    load = f", load average before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.date.today()}: {cpu}, {usable_cpus()} CPUs, {platform.system()}{load}; Python "
        f"{platform.python_version()}, uplift3d {uplift3d.__version__}, numpy {np.__version__}, "
        f"onnxruntime {onnxruntime.__version__}\n"
    )


def print_table(rows: Iterator[Row]) -> None:
    print("| | | spread | |\n|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


if __name__ == "__main__":
    main()
