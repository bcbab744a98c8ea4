"""Streams at several latencies on the films of adaptive.py: what waiting is worth, and looks online.

    python benchmarks/streams.py STORE [--films 40]

Every film is pushed at 10 Hz; looks are regular, or when `next_key_time` says. Errors are those of the poses
as they were given. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path

import numpy as np
from adaptive import FAST_M_PER_S, SEED, TOKEN, Film, draw

from uplift3d import Adaptive, Lifter, StreamLifter
from uplift3d.data.store import MotionStore
from uplift3d.evaluate.metrics import joint_errors, mpjve
from uplift3d.lift import open_runtime

LATENCIES_S = (0.0, 0.3, 1.0, 3.5)
WAYS = {
    "fixed 0.1 s": 0.1,
    "fixed 0.2 s": 0.2,
    "fixed 0.4 s": 0.4,
    "adaptive, 10/3 a second": Adaptive(10 / 3),
    "adaptive": "adaptive",
    "adaptive, by velocity": Adaptive(rule="velocity"),
}
RAW = {"raw": True, "interpolation": "smooth", "settle_sides": False}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=40)
    args = parser.parse_args()
    drawn = list(draw(MotionStore.open(args.store), held_out=True, count=args.films))
    runtime = open_runtime("base", threads=1)
    seconds = sum(len(film.truth) for film in drawn) / 50
    print(f"{len(drawn)} films, {seconds:.0f} s, seed {SEED}, {datetime.date.today()}\n")
    print(
        "| looks | latency s | per second | MPJPE mm | velocity mm/s "
        f"| MPJPE > {FAST_M_PER_S} m/s | ms a look |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, key_interval in WAYS.items():
        for latency_s in LATENCIES_S:
            stream = StreamLifter(runtime, latency_s, key_interval=key_interval, **RAW)
            started = time.process_time()
            looks, poses = zip(*(streamed(stream, film) for film in drawn), strict=True)
            spent_s = time.process_time() - started
            print(row(name, f"{latency_s:g}", drawn, sum(map(len, looks)), poses, spent_s))
    lifter = Lifter(runtime, **RAW)
    for interval_s in (0.1, 0.2, 0.4):
        every = [np.arange(0, film.tokens, round(interval_s * 10)) for film in drawn]
        started = time.process_time()
        poses = [
            lifter.lift(film.keypoints(looks), output_times=np.arange(film.tokens) * 0.1).positions[0]
            for film, looks in zip(drawn, every, strict=True)
        ]
        spent_s = time.process_time() - started
        print(row(f"fixed {interval_s:g} s", "offline", drawn, sum(map(len, every)), poses, spent_s))


def streamed(stream: StreamLifter, film: Film) -> tuple[list[int], np.ndarray]:
    """Which moments were looked at, and the poses (n, J, 3) as they were given, NaN where there was none."""
    chunks, looks = [], []
    for token in range(film.tokens):
        due = token * 0.1 > stream.next_key_time() - 0.05
        looks += [token] * due
        chunks.append(stream.push(token * 0.1, film.keypoints(np.array([token])) if due else None))
    chunks.append(stream.flush())
    poses = [
        chunk.positions[0] if len(chunk.people) else np.full((len(chunk), 21, 3), np.nan) for chunk in chunks
    ]
    return looks, np.concatenate(poses)


def row(
    name: str, latency: str, drawn: list[Film], looks: int, poses: list[np.ndarray], spent_s: float
) -> str:
    """One line of the table; poses that were not given do not count."""
    errors, fast, speeds = [], [], []
    for film, given in zip(drawn, poses, strict=True):
        known = np.isfinite(given).all(axis=(1, 2))
        truth = film.truth[::TOKEN]
        errors.append(joint_errors(given[known, :17], truth[known]).mean(axis=-1))
        fast.append(film.fast[::TOKEN][known])
        speeds.append(mpjve(given[known, :17], truth[known], rate_hz=10.0))
    all_errors = np.concatenate(errors)
    seconds = sum(len(film.truth) for film in drawn) / 50
    cells = (
        f"{looks / seconds:.2f}",
        f"{all_errors.mean():.1f}",
        f"{np.mean(speeds):.0f}",
        f"{all_errors[np.concatenate(fast)].mean():.1f}",
        f"{1e3 * spent_s / looks:.1f}",
    )
    return f"| {name} | {latency} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
