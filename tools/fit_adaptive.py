"""Fit `GAINS_MM` of `lift.adaptive`: what halving a key interval saves, from how 2D poses bend.

    python tools/fit_adaptive.py STORE [--films 150]

Training films only, the noise of validation, no hint. Every film is lifted with key-frames 0.8, 0.4, 0.2 and
0.1 s apart; for every cell of the first looks the error saved by each halving is regressed on `Movement.bend`
(least squares, cells that bend much counting less). Prints the table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
from adaptive import TOKEN, TrackLifter, draw

from uplift3d.data.store import MotionStore
from uplift3d.lift.adaptive import movement

STEPS = (8, 4, 2, 1)
"""Tokens of 0.1 s between looks."""


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=150)
    args = parser.parse_args()
    lifter = TrackLifter()
    bends: dict[int, list[np.ndarray]] = {step: [] for step in STEPS[:2]}
    saved: dict[int, list[np.ndarray]] = {step: [] for step in STEPS[:2]}
    for film in draw(MotionStore.open(args.store), held_out=False, count=args.films, seed=5):
        looks = {step: np.arange(0, film.tokens, step) for step in STEPS}
        lifted = {step: lifter.lift(film, looks[step]) for step in STEPS}
        errors = np.stack([film.errors_mm(lifted[step].dense) for step in STEPS])  # (L, F)
        for step in bends:
            cells = len(looks[step]) - 1
            frames = errors[STEPS.index(step) :, : cells * step * TOKEN]
            means = frames.reshape(len(frames), cells, -1).mean(axis=-1)  # (L, C)
            bends[step].append(movement(looks[step] * 0.1, lifted[step].track, lifted[step].poses).bend)
            saved[step].append(means[:-1] - means[1:])
    for step in bends:
        bend, gains = np.concatenate(bends[step]), np.concatenate(saved[step], axis=1)
        known = np.isfinite(bend)
        weight = 1 / (0.05 + bend[known])
        design = np.stack([np.ones(known.sum()), bend[known]], axis=1) * weight[:, None]
        pairs = [np.linalg.lstsq(design, gain[known] * weight, rcond=None)[0] for gain in gains]
        shown = ", ".join(f"({constant:.1f}, {slope:.1f})" for constant, slope in pairs)
        print(
            f"    {step / 10:g}: ({shown}),  # {known.sum()} cells, "
            f"saved {gains[:, known].mean(axis=1).round(1)} mm"
        )


if __name__ == "__main__":
    main()
