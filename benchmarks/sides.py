"""Left and right: exchanges put into mocap films, and how many of them `settle_sides` finds.

    python benchmarks/sides.py STORE [--training] [--films 120] [--no-lift]

Films are clips of the validation split (`--training`: of the training split, which the prices were chosen on)
through random cameras with the noise of validation. Exchanges are put in singly (4 % of the looks) or for
stretches of 1–3 s (one every 6 s), of the whole body, the legs or the arms. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mocap_films import Film, every, films

from uplift3d import Keypoints2D, Lifter
from uplift3d.data.store import MotionStore
from uplift3d.detect.sides import exchange, settle_sides, side_states
from uplift3d.evaluate.metrics import p_mpjpe

SEED = 23
INTERVALS_S = (0.1, 0.2, 0.4)
PARTS = {"whole body": 1, "legs": 2, "arms": 3}
KINDS = ("singly", "stretches")
SINGLE_RATE, EVERY_S, STRETCH_S = 0.04, 6.0, (1.0, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--training", action="store_true")
    parser.add_argument("--films", type=int, default=120)
    parser.add_argument("--no-lift", dest="lift", action="store_false")
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    store = MotionStore.open(args.store)
    drawn = list(films(store, held_out=not args.training, count=args.films, seed=SEED))
    lifter = Lifter(args.model, settle_sides=False) if args.lift else None
    split = "training" if args.training else "validation"
    print(f"{len(drawn)} films of the {split} split, seed {SEED}, {datetime.date.today()}\n")
    print(
        "| exchanged | how | every | poses | found | right poses exchanged "
        "| P-MPJPE mm: none exchanged | as given | settled |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for interval_s in INTERVALS_S:
        sparse = [every(film, interval_s) for film in drawn]
        print(
            row("none", "-", interval_s, sparse, [np.zeros(len(f.truth), dtype=int) for f in sparse], lifter)
        )
        for part, state in PARTS.items():
            for kind in KINDS:
                random = np.random.default_rng((SEED, state, KINDS.index(kind)))
                states = [draw(f.keypoints.times, kind, state, random) for f in sparse]
                print(row(part, kind, interval_s, sparse, states, lifter))


def draw(times: np.ndarray, kind: str, state: int, random: np.random.Generator) -> np.ndarray:
    """(K,) state put into every look."""
    if kind == "singly":
        return np.where(random.uniform(size=len(times)) < SINGLE_RATE, state, 0)
    states = np.zeros(len(times), dtype=int)
    for _ in range(random.poisson((times[-1] - times[0]) / EVERY_S)):
        start, length = random.uniform(times[0], times[-1]), random.uniform(*STRETCH_S)
        states[(times >= start) & (times < start + length)] = state
    return states if (states > 0).sum() < len(times) / 2 else np.zeros_like(states)  # the majority is right


def row(
    part: str,
    kind: str,
    interval_s: float,
    sparse: Sequence[Film],
    states: Sequence[np.ndarray],
    lifter: Lifter | None,
) -> str:
    """One line of the table."""
    wrong = found = right = spoilt = 0
    given, settled = [], []
    for film, state in zip(sparse, states, strict=True):
        keypoints = exchange(film.keypoints, state[None])
        said = side_states(keypoints, 0)
        seen = film.keypoints.observed[0]
        wrong += int((state > 0)[seen].sum())
        found += int(((state > 0) & (said == state))[seen].sum())
        right += int((state == 0)[seen].sum())
        spoilt += int(((state == 0) & (said > 0))[seen].sum())
        given.append(keypoints)
        settled.append(settle_sides(keypoints))
    cells = [part, kind, f"{interval_s:g} s", str(wrong), share(found, wrong), share(spoilt, right)]
    if lifter is not None:
        cells += [f"{error_mm(lifter, sparse, [f.keypoints for f in sparse]):.1f}"]
        cells += [f"{error_mm(lifter, sparse, kp):.1f}" for kp in (given, settled)]
    return "| " + " | ".join(cells) + " |"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def error_mm(lifter: Lifter, sparse: Sequence[Film], keypoints: Sequence[Keypoints2D]) -> float:
    """P-MPJPE at the key-frames of all films."""
    lifted, truth = [], []
    for film, given in zip(sparse, keypoints, strict=True):
        motion = lifter.lift(replace(given, meta={}), output_times=given.times)
        there = motion.present[0]
        lifted.append(motion.positions[0, there, :17])
        truth.append(film.truth[there])
    return float(p_mpjpe(np.concatenate(lifted), np.concatenate(truth)))


if __name__ == "__main__":
    main()
