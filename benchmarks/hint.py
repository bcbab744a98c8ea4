"""The picture's own 3D: errors of lifted poses with and without it, on mocap films.

    python benchmarks/hint.py STORE [--training] [--films 60] [--model base]

A network that takes the hint as input (base does) is measured with and without it; one that does not, with it
blended in afterwards. The hint is simulated with the errors of `film.hints.REALISTIC_HINT` (size, extent in
depth, turn, slow and fast errors of every joint). Errors are over all frames at 50 Hz, key-frames or not.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
from mocap_films import Film, every, films

from uplift3d import Lifter
from uplift3d.data.store import MotionStore
from uplift3d.evaluate.metrics import mpjpe, mpjve, p_mpjpe
from uplift3d.film.hints import REALISTIC_HINT

SEED = 29
INTERVALS_S = (0.1, 0.2, 0.4)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--model", default="base")
    parser.add_argument("--runtime", default="onnx")
    args = parser.parse_args()
    store = MotionStore.open(args.store)
    drawn = list(films(store, held_out=not args.training, count=args.films, seed=SEED, hint=REALISTIC_HINT))
    split = "training" if args.training else "validation"
    print(f"{len(drawn)} films of the {split} split, seed {SEED}, {datetime.date.today()}\n")
    print("| every | poses | MPJPE mm | P-MPJPE mm | MPJVE mm/s |")
    print("|---|---|---|---|---|")
    # Raw: in the axes of a camera that looks straight at the person, as the truth is.
    with_hint = Lifter(args.model, args.runtime, raw=True)
    without = Lifter(args.model, args.runtime, raw=True, use_hint=False)
    for interval_s in INTERVALS_S:
        print(row(interval_s, "lifted", [errors(film, interval_s, without) for film in drawn]))
        print(row(interval_s, "lifted and hint", [errors(film, interval_s, with_hint) for film in drawn]))
    hints = [film.keypoints.depth_hint[0] for film in drawn]
    print(
        row(1 / 50, "hint alone", [pair(hint, film.truth) for hint, film in zip(hints, drawn, strict=True)])
    )


def errors(film: Film, interval_s: float, lifter: Lifter) -> tuple[np.ndarray, np.ndarray]:
    """Lifted and true poses (n, 17, 3) of one film wherever there is a lifted one."""
    times = film.keypoints.times
    motion = lifter.lift(replace(every(film, interval_s).keypoints, meta={}), output_times=times)
    return pair(motion.positions[0, :, :17], film.truth)


def pair(poses: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, where all joints are known."""
    known = np.isfinite(poses).all(axis=(1, 2))
    return poses[known], truth[known]


def row(interval_s: float, what: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """One line of the table."""
    lifted, truth = (np.concatenate(part) for part in zip(*pairs, strict=True))
    speeds = [mpjve(one, other, rate_hz=50.0) for one, other in pairs if len(one) > 1]
    cells = (mpjpe(lifted, truth, root=0), p_mpjpe(lifted, truth), float(np.mean(speeds)))
    return f"| {interval_s:g} s | {what} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |"


if __name__ == "__main__":
    main()
