"""From video to 3D, ours and what people would pick instead: `python benchmarks/chain.py [VIDEO]`.

Every row goes through the whole video and ends with 3D poses of every frame: `lift_video` at several
key-frame intervals; the same eyes on every frame with a rival behind them (random weights of the published
size, each person, no mirror image); with `--mediapipe PYTHON`, a Python that has mediapipe and OpenCV,
MediaPipe's own 3D on every frame, which is of one person. With `--rtmlib PYTHON`, one that has rtmlib, also
its 2D on every frame: networks of the true size with random weights find nobody, so joints are looked for in
as many fixed boxes as there are people. Turns go round all rows; figures are medians of `--repeats`. "Per
core" is frames per second of processor time.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from networks import all_of, batches_of
from rtmlib_networks import BOXES, write
from speed import SHARED_VIDEO, describe_machine

from uplift3d import detect, lift_video
from uplift3d.errors import UpliftWarning
from uplift3d.model import create
from uplift3d.model.catalogue import all_presets
from uplift3d.model.network import LiftingNetwork
from uplift3d.video import open_video

RIVALS = ("videopose3d-243", "motionbert-243")
INTERVALS_S = (0.4, 0.2, 0.1)
MEDIAPIPE = """
import json, resource, sys, time
import cv2, mediapipe
started, found = time.perf_counter(), 0
pose = mediapipe.solutions.pose.Pose(model_complexity=int(sys.argv[2]))
video = cv2.VideoCapture(sys.argv[1])
while True:
    there, frame = video.read()
    if not there:
        break
    found += pose.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).pose_world_landmarks is not None
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - started, used.ru_utime + used.ru_stime, found]))
"""
RTMLIB = """
import contextlib, json, resource, sys, time
import cv2, rtmlib
path, boxes, joints, side, people, every = *sys.argv[1:4], *map(int, sys.argv[4:7])
started, found, number = time.perf_counter(), 0, 0
with contextlib.redirect_stdout(sys.stderr):
    finder = rtmlib.YOLOX(boxes, model_input_size=(side, side), backend="onnxruntime", device="cpu")
    pose = rtmlib.RTMPose(joints, model_input_size=(192, 256), backend="onnxruntime", device="cpu")
video = cv2.VideoCapture(path)
while True:
    there, frame = video.read()
    if not there:
        break
    if number % every == 0:
        finder(frame)
    number += 1
    height, width = frame.shape[:2]
    edges = [width * n / people for n in range(people + 1)]
    found += len(pose(frame, bboxes=[[one, 0, two, height] for one, two in zip(edges, edges[1:])])[0])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - started, used.ru_utime + used.ru_stime, found]))
"""
PEOPLE = 2
"""In the shared video."""


class Took(NamedTuple):
    """Seconds on the clock and of processors, and how many 3D poses came out."""

    wall_s: float
    processor_s: float
    poses: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", nargs="?", type=Path, default=SHARED_VIDEO)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--mediapipe", metavar="PYTHON", help="a Python that has mediapipe and OpenCV")
    parser.add_argument("--rtmlib", metavar="PYTHON", help="a Python that has rtmlib")
    args = parser.parse_args()
    warnings.simplefilter("ignore", UpliftWarning)
    print(describe_machine())
    with open_video(args.video) as video:
        frames = len(video.times)
    with tempfile.TemporaryDirectory() as folder:
        rows = dict(chains(args.video, args.mediapipe))
        if args.rtmlib:
            rows |= rtmlib_chains(args.video, args.rtmlib, Path(folder))
        took = measure(rows, args.repeats)
    print("| | frames/s | | frames/s per core | poses |\n|---|---|---|---|---|")
    for name, results in took.items():
        wall = [one.wall_s for one in results]
        usual = statistics.median(wall)
        core = statistics.median(one.processor_s for one in results)
        spread = (max(wall) - min(wall)) / 2 / usual
        print(f"| {name} | {frames / usual:.1f} | ±{spread:.0%} | {frames / core:.1f} | {results[0].poses} |")


def measure(rows: dict[str, Callable[[], Took]], repeats: int) -> dict[str, list[Took]]:
    """All rows in turn, after a round that does not count."""
    took: dict[str, list[Took]] = {name: [] for name in rows}
    for turn in range(repeats + 1):
        for name, run in rows.items():
            result = run()
            if turn:
                took[name].append(result)
    return took


def chains(path: Path, mediapipe: str | None) -> Iterator[tuple[str, Callable[[], Took]]]:
    for interval in INTERVALS_S:
        yield f"uplift3d, looks {interval} s apart", partial(timed, partial(ours, path, interval))
    yield "uplift3d, a look at every frame", partial(timed, partial(ours, path, 1e-3))
    for name in RIVALS:
        network = create(all_presets()[name].config()).eval()
        yield f"the same eyes on every frame, {name}", partial(timed, partial(behind_eyes, path, network))
    if mediapipe:
        for complexity, what in ((1, "full"), (2, "heavy")):
            command = [mediapipe, "-c", MEDIAPIPE, str(path), str(complexity)]
            if subprocess.run(command, capture_output=True).returncode == 0:
                yield f"MediaPipe, {what}, one person", partial(elsewhere, command)


def rtmlib_chains(path: Path, python: str, folder: Path) -> dict[str, Callable[[], Took]]:
    """rtmlib in two of its modes."""
    rows: dict[str, Callable[[], Took]] = {}
    for mode, size in BOXES.items():
        files = write(mode, folder)
        for every, when in ((1, ""), (10, ", people looked for in every 10th frame")):
            words = [path, files["boxes"], files["joints"], size.image[0], PEOPLE, every]
            command = [python, "-c", RTMLIB, *map(str, words)]
            rows[f"rtmlib, {mode}, 2D only{when}"] = partial(elsewhere, command)
    return rows


def timed(run: Callable[[], int]) -> Took:
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    poses = run()
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return Took(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, poses)


def elsewhere(command: list[str]) -> Took:
    """What a program says that prints its own times."""
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return Took(*json.loads(answer.stdout.splitlines()[-1]))


def ours(path: Path, interval_s: float) -> int:
    return int(lift_video(path, key_interval=interval_s, progress=False).present.sum())


@torch.inference_mode()
def behind_eyes(path: Path, network: LiftingNetwork) -> int:
    """2D poses of every frame, then the network on everybody's."""
    with open_video(path) as video:
        keypoints = detect.run(video, np.arange(len(video.times)), "blazepose")
    for _ in range(len(keypoints.people)):
        all_of(network, batches_of(network, len(keypoints.times)))
    return int(keypoints.observed.sum())


if __name__ == "__main__":
    main()
