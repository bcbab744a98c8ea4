"""Figure 4 of the paper with a controller that runs: error over time and the looks that were made.

    python benchmarks/online.py STORE

Of the held-out films of adaptive.py the one is taken whose motion changes most between slow and fast: the
standard deviation of the joints' speed. It is streamed at 10 Hz with a latency of 0.3 s, looks at fixed
intervals, by the published rule (velocity above 0.5 m/s) and by ours. Moments of which no pose was given do
not count. Prints Markdown and writes docs/images/online.png.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from adaptive import FAST_M_PER_S, RATE_HZ, SEED, TOKEN, Film, draw
from matplotlib.figure import Figure
from streams import RAW, streamed

from uplift3d import Adaptive, StreamLifter
from uplift3d.data.store import MotionStore
from uplift3d.evaluate.metrics import joint_errors
from uplift3d.lift import open_runtime
from uplift3d.lift.adaptive import velocity

IMAGE = Path(__file__).resolve().parent.parent / "docs" / "images" / "online.png"
LATENCY_S, STEP_S = 0.3, TOKEN / RATE_HZ
WAYS = {
    "fixed 0.4 s": (0.4, "#999999"),
    "fixed 0.1 s": (0.1, "#444444"),
    "by velocity (published rule)": (Adaptive(rule="velocity"), "#2471a3"),
    "by bend (ours)": (Adaptive(), "#c0392b"),
}


def main() -> None:
    """Measure, draw and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=40)
    args = parser.parse_args()
    drawn = draw(MotionStore.open(args.store), held_out=True, count=args.films)
    film = max(drawn, key=lambda one: speed(one).std())
    runtime = open_runtime("base", threads=1)
    print(f"{len(film.truth) / RATE_HZ:.1f} s, seed {SEED}, {datetime.date.today()}\n")
    print("| looks | per second | MPJPE mm | while faster than 0.5 m/s | else |\n|---|---|---|---|---|")
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    errors, speeds, marks = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1.5, 1))
    for row, (name, (key_interval, colour)) in enumerate(WAYS.items()):
        stream = StreamLifter(runtime, LATENCY_S, key_interval=key_interval, **RAW)
        looks, poses = streamed(stream, film)
        error = joint_errors(poses[:, :17], film.truth[::TOKEN]).mean(axis=-1)
        fast = film.fast[::TOKEN]
        means = (np.nanmean(part) for part in (error, error[fast], error[~fast]))
        rate = len(looks) / (len(film.truth) / RATE_HZ)
        print(f"| {name} | {rate:.1f} | {' | '.join(f'{mean:.1f}' for mean in means)} |")
        errors.plot(np.arange(len(error)) * STEP_S, error, color=colour, label=name, linewidth=1.4)
        marks.plot(np.array(looks) * STEP_S, np.full(len(looks), -row), "|", color=colour, markersize=8)
    speeds.plot(np.arange(len(film.truth)) / RATE_HZ, speed(film), color="black", linewidth=1)
    speeds.axhline(FAST_M_PER_S, color="black", linewidth=0.6, linestyle=":")
    errors.set(ylabel="MPJPE, mm", ylim=(0, None))
    errors.legend(frameon=False, fontsize=8, ncols=4, loc="upper left")
    speeds.set(ylabel="speed, m/s", ylim=(0, None))
    marks.set(ylabel="looks", xlabel="seconds", yticks=[], ylim=(-len(WAYS) + 0.4, 0.6))
    figure.savefig(IMAGE, dpi=110)


def speed(film: Film) -> np.ndarray:
    """(F,) m/s of the true joints about the pelvis."""
    return velocity(np.arange(len(film.truth)) / RATE_HZ, film.truth)


if __name__ == "__main__":
    main()
