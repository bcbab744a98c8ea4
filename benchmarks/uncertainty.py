"""Do joints lie within their stated uncertainty? `python benchmarks/uncertainty.py STORE [--fit]`.

Coverage on the half "measured on" of `lifted_films.py`, by key interval, with and without the picture's own
depth, and for joints said to be sure or unsure; and what share of pelvises is within `root_sigma_m`. With
--fit: what `post.uncertainty` should hold, from the half "chosen on". Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from lifted_films import HALVES, JOINTS, Film, films, lift

from uplift3d import Lifter, Motion3D
from uplift3d.data.store import RATE_HZ, MotionStore
from uplift3d.post.resample import stretches
from uplift3d.post.uncertainty import BASE_M, LEAST_M, Weights, evidence
from uplift3d.skeletons import joint_set

INTERVALS_S = (0.1, 0.4)
EVERY = 5
"""Poses 0.1 s apart are enough."""
Array = npt.NDArray[np.float64]


class Case(NamedTuple):
    """One film, lifted."""

    every_s: float
    hint: bool
    error_m: Array
    """(n, J) of joints against the pelvis."""
    sigma_m: Array
    """(n, J)."""
    told: Array
    """(n, J, 6) `post.uncertainty.evidence`."""
    root_off_m: Array
    """(n,)."""
    root_sigma_m: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=48)
    parser.add_argument("--model", default="base")
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    half = HALVES[0] if args.fit else HALVES[1]
    cases = list(measure(MotionStore.open(args.store), half, args.films, Lifter(args.model)))
    print(f"{args.films} films, {datetime.date.today()}\n")
    if args.fit:
        print_fit(cases)
    else:
        print_coverage(cases)


def measure(store: MotionStore, half: str, most: int, lifter: Lifter) -> Iterator[Case]:
    """Every film, with and without the picture's depth, at every interval."""
    for hint in (True, False):
        for film in films(store, half, most, hint=hint):
            for every_s in INTERVALS_S:
                case = case_of(film, lift(film, lifter, every_s), every_s, hint)
                if case is not None:
                    yield case


def case_of(film: Film, motion: Motion3D, every_s: float, hint: bool) -> Case | None:
    """Errors and what is said of them; None of a film without a pelvis."""
    if motion.root is None or motion.sigma_m is None:
        return None
    keys = film.keypoints[:: round(every_s * RATE_HZ)]
    known = motion.present[0] & np.isfinite(motion.root[0]).all(axis=-1)
    parts = [part for part in stretches(known) if evidence(motion, keys, film.camera, 0, part) is not None]
    if not parts:
        return None
    rows = np.concatenate([np.arange(part.start, part.stop) for part in parts])[::EVERY]
    told = np.concatenate([evidence(motion, keys, film.camera, 0, part) for part in parts])[::EVERY]
    apart = motion.positions[0, rows].astype(np.float64) - film.truth.positions[0, rows]
    off = np.linalg.norm(motion.root[0, rows] - film.truth.root[0, rows], axis=-1)
    sigma = motion.meta["root_sigma_m"][0]
    return Case(every_s, hint, np.linalg.norm(apart, axis=-1), motion.sigma_m[0, rows], told, off, sigma)


def print_coverage(cases: list[Case]) -> None:
    """Shares of joints within what is said, of which 68 % should be."""
    moving = slice(1, None)
    print("| every | the picture's depth | joints within sigma | pelvis within root_sigma_m |")
    print("|---|---|---|---|")
    for every in INTERVALS_S:
        for hint in (True, False):
            some = [case for case in cases if (case.every_s, case.hint) == (every, hint)]
            inside = np.concatenate([(case.error_m < case.sigma_m)[:, moving].ravel() for case in some])
            root = np.concatenate([case.root_off_m < case.root_sigma_m for case in some])
            print(f"| {every:g} s | {'yes' if hint else 'no'} | {inside.mean():.1%} | {root.mean():.1%} |")
    error = np.concatenate([case.error_m[:, moving].ravel() for case in cases])
    sigma = np.concatenate([case.sigma_m[:, moving].ravel() for case in cases])
    print(f"\nall: {(error < sigma).mean():.1%}\n\n| sigma mm | joints within sigma |\n|---|---|")
    edges = np.quantile(sigma, np.linspace(0, 1, 6))
    for low, high in pairwise(edges):
        some = (sigma >= low) & (sigma <= high)
        print(f"| {1000 * low:.0f} … {1000 * high:.0f} | {(error < sigma)[some].mean():.1%} |")


def print_fit(cases: list[Case]) -> None:
    """Least squares on logarithms; then all sizes alike, so that 68 % are within."""
    names = joint_set(JOINTS).joints
    groups = list(BASE_M)
    group = np.array([next((groups.index(g) for g in groups if n.endswith(g)), -1) for n in names])
    error = np.concatenate([case.error_m for case in cases])[:, group >= 0]
    told = np.concatenate([case.told for case in cases])[:, group >= 0]
    which = np.broadcast_to(np.eye(len(groups))[group[group >= 0]], (*error.shape, len(groups)))
    table = np.concatenate([which, told], axis=-1).reshape(error.size, -1)
    wanted = np.log(np.maximum(error.ravel(), LEAST_M / 10))
    found = np.linalg.lstsq(table, wanted, rcond=None)[0]
    scale = np.quantile(np.exp(wanted - table @ found), 0.68)
    print({name: round(float(np.exp(a) * scale), 3) for name, a in zip(groups, found, strict=False)})
    print(Weights(*(round(float(w), 3) for w in found[len(groups) :])))
    for hint in (True, False):
        root = np.concatenate([case.root_off_m / case.root_sigma_m for case in cases if case.hint == hint])
        who = f"pelvis, {'with' if hint else 'without'} the picture's depth"
        print(f"{who}: 68 % are within {np.quantile(root, 0.68):.2f} root_sigma_m")


if __name__ == "__main__":
    main()
