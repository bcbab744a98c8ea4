"""One floor for people whom one camera sees: it tells who is tall and who is near, which a picture cannot.

Axes: P people, T times.
"""

from __future__ import annotations

import warnings

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray
from uplift3d.errors import UpliftWarning
from uplift3d.post.bones import scaled
from uplift3d.post.ground import find_up
from uplift3d.post.stands import find_stands
from uplift3d.types import Motion3D

SIZE_SIGMA = 0.056
"""How wrong sizes and distances of people are (standard deviation of the logarithm, on mocap films)."""
STAND_SIGMA_M = 0.05
"""How far from the floor feet seem to stand for other reasons."""
LEAST_S = 0.3
"""Who stands for less says nothing of the floor."""
MOST_SIGMAS = 4.0
"""Who would have to be made larger or smaller by more than this stands on something else."""


def one_floor(motion: Motion3D) -> Motion3D:
    """The motion with everybody on one level floor, for a camera that does not move.

    Sizes and distances are changed together, by one factor for each person, so that everything stays where it
    is in the picture; the mean of the factors' logarithms is about 0. Two sightings agree on the floor where
    `factor × height of the feet below the camera` is the same, and a factor is as far from 1 as `SIZE_SIGMA`
    and `STAND_SIGMA_M` allow (the most likely one, in closed form). Nobody is moved who does not stand for
    `LEAST_S`, or who would have to change by more than `MOST_SIGMAS` (a warning names them).

    Args:
        motion: with `root`, in camera axes.

    Returns:
        Positions, root and their uncertainties in proportion; a motion without `root`, or with fewer than two
        people who stand, as it is.
    """
    if motion.root is None or len(motion.people) < 2:
        return motion
    below_m = _below_camera_m(motion)
    factors, others = _factors(below_m)
    if others.any():
        names = ", ".join(str(person) for person in motion.people[others])
        warnings.warn(
            f"not on the floor of the others, and left where they are: people {names}",
            UpliftWarning,
            stacklevel=2,
        )
    return scaled(motion, factors)


def _below_camera_m(motion: Motion3D) -> DoubleArray:
    """(P,) how far below the camera everybody stands, on the level where they stand longest; NaN: nowhere."""
    up = find_up(motion).direction
    below_m = np.full(len(motion.people), np.nan)
    longest = np.full(len(motion.people), LEAST_S)
    for stand in find_stands(motion, up):
        if stand.seconds >= longest[stand.person]:
            longest[stand.person] = stand.seconds
            below_m[stand.person] = -float(np.median(stand.places @ up))
    return below_m


def _factors(below_m: DoubleArray) -> tuple[DoubleArray, BoolArray]:
    """(P,) factors of everybody, 1 where nothing is known; and (P,) bool: who stands on another level."""
    known = np.isfinite(below_m)
    inside = known.copy()
    while inside.sum() > 1:
        floor = float(np.median(below_m[inside]))
        off = np.where(inside, np.abs(below_m - floor), 0.0)
        if off.max() <= MOST_SIGMAS * np.hypot(SIZE_SIGMA * floor, STAND_SIGMA_M):
            break
        inside[np.argmax(off)] = False
    if inside.sum() < 2:
        return np.ones(len(below_m)), known if known.sum() > 1 else np.zeros_like(known)
    floor = float(np.mean(below_m[inside]))
    below = np.where(inside, below_m, floor)
    precision = 1 / SIZE_SIGMA**2 + (below / STAND_SIGMA_M) ** 2
    return np.exp(below * (floor - below) / STAND_SIGMA_M**2 / precision), known & ~inside
