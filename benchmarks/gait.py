"""Steps of lifted walking against those of the motion capture: `python benchmarks/gait.py STORE`.

The films of `lifted_films.py` whose clips are called a walk, half "measured on". True steps are found by the
same rules in the captured joints. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from lifted_films import HALVES, Film, films, lift

from uplift3d import Lifter
from uplift3d.data.store import RATE_HZ, MotionStore
from uplift3d.post import Step, find_steps

WAYS = {"0.1 s": (0.1, True), "0.4 s": (0.4, True), "0.1 s, 2D alone": (0.1, False)}
"""Key interval, and whether the detector tells depth."""
NEAR_S = 0.2
"""A step is found where one of the same foot ends within so much of it."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=48, help="of which those of walks are taken")
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    store, lifter = MotionStore.open(args.store), Lifter(args.model)
    print(f"{datetime.date.today()}: median size of the error (90 % are below)\n")
    print("| | steps | found | wrong | heel strike s | toe-off s | length m | time s | speed m/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (every_s, hint) in WAYS.items():
        drawn = [film for film in films(store, HALVES[1], args.films, hint=hint) if "walk" in film.name]
        print(row(name, [compare(film, lifter, every_s) for film in drawn]))


def compare(film: Film, lifter: Lifter, every_s: float) -> tuple[int, int, list[tuple[Step, Step]]]:
    """Number of true and of found steps, and the pairs (found, true)."""
    motion = lift(film, lifter, every_s)
    there = motion.present[0]
    true = [
        step
        for step in find_steps(film.truth, film.up)
        if there[[int(step.start_s * RATE_HZ), int(step.heel_strike_s * RATE_HZ)]].all()
    ]
    found = find_steps(motion)
    pairs = []
    for step in true:
        near = [other for other in found if other.side == step.side and late_s(other, step) < NEAR_S]
        if near:
            pairs.append((min(near, key=lambda other: late_s(other, step)), step))
    return len(true), len(found), pairs


def late_s(found: Step, true: Step) -> float:
    """How far apart two heel strikes are."""
    return abs(found.heel_strike_s - true.heel_strike_s)


def row(name: str, compared: list[tuple[int, int, list[tuple[Step, Step]]]]) -> str:
    """A line of the table."""
    true, found = (sum(one[index] for one in compared) for index in (0, 1))
    pairs = [pair for *_, some in compared for pair in some]
    columns = [
        np.abs([getattr(a, field) - getattr(b, field) for a, b in pairs])
        for field in ("heel_strike_s", "toe_off_s", "length_m", "time_s", "speed_m_per_s")
    ]
    cells = [f"{np.nanmedian(column):.3f} ({np.nanquantile(column, 0.9):.3f})" for column in columns]
    shares = f"{len(pairs) / true:.0%} | {(found - len(pairs)) / max(found, 1):.0%}"
    return f"| {name} | {true} | {shares} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
