"""Joint angles of lifted motion against those of the motion capture: `python benchmarks/angles.py STORE`.

The films of `lifted_films.py`, half "measured on", everything as `uplift3d lift` does it by default with the
focal length known. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from lifted_films import HALVES, Film, films, lift

from uplift3d import Lifter
from uplift3d.data.store import MotionStore
from uplift3d.post import ANGLES, joint_angles

WAYS = {"0.1 s": (0.1, True), "0.4 s": (0.4, True), "0.1 s, 2D alone": (0.1, False)}
"""Key interval, and whether the detector tells depth."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=48)
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    store, lifter = MotionStore.open(args.store), Lifter(args.model)
    print(f"{args.films} films, {datetime.date.today()}: RMSE (median of the size) in degrees\n")
    columns = {}
    for name, (interval_s, hint) in WAYS.items():
        rows = [
            errors_deg(film, lifter, interval_s) for film in films(store, HALVES[1], args.films, hint=hint)
        ]
        columns[name] = np.concatenate(rows)
    print("| angle | " + " | ".join(columns) + " |")
    print("|---" * (1 + len(columns)) + "|")
    for angle in dict.fromkeys(name.removeprefix("left_").removeprefix("right_") for name in ANGLES):
        sides = [n for n, name in enumerate(ANGLES) if name.endswith(angle) and name[: -len(angle)] in SIDES]
        cells = [cell(errors[:, sides]) for errors in columns.values()]
        print(f"| {angle} | {' | '.join(cells)} |")


SIDES = ("", "left_", "right_")


def cell(errors: np.ndarray) -> str:
    """RMSE and median size of what is known."""
    return f"{np.sqrt(np.nanmean(errors**2)):.1f} ({np.nanmedian(np.abs(errors)):.1f})"


def errors_deg(film: Film, lifter: Lifter, interval_s: float) -> np.ndarray:
    """(T, A) lifted minus true angles, the short way round; NaN where either is none."""
    lifted = joint_angles(lift(film, lifter, interval_s)).degrees[0]
    return (lifted - joint_angles(film.truth, film.up).degrees[0] + 180) % 360 - 180


if __name__ == "__main__":
    main()
