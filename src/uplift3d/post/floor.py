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
    below_m, others = _below_camera_m(motion)
    if others.any():
        names = ", ".join(str(person) for person in motion.people[others])
        warnings.warn(
            f"not on the floor of the others, and left where they are: people {names}",
            UpliftWarning,
            stacklevel=2,
        )
    return scaled(motion, _factors(below_m))


def _below_camera_m(motion: Motion3D) -> tuple[DoubleArray, BoolArray]:
    """(P,) how far below the camera everybody stands on the floor, NaN where they do not; and (P,) bool: who
    stands only elsewhere. The floor is the level that most people stand on, of these the one for longest."""
    up = find_up(motion).direction
    stands = [stand for stand in find_stands(motion, up) if stand.seconds >= LEAST_S]
    heights = np.array([-float(np.median(stand.places @ up)) for stand in stands])  # (S,) below the camera
    people, seconds = np.array([stand.person for stand in stands], dtype=int), [one.seconds for one in stands]
    below_m = np.full(len(motion.people), np.nan)
    elsewhere = np.isin(np.arange(len(below_m)), people)
    if elsewhere.sum() < 2:
        return below_m, np.zeros_like(elsewhere)
    limits = MOST_SIGMAS * np.hypot(SIZE_SIGMA * heights, STAND_SIGMA_M)
    near = np.abs(heights - heights[:, None]) <= limits[:, None]  # (S, S) to each level, who is near it
    floor = max(range(len(stands)), key=lambda at: (len(set(people[near[at]])), near[at] @ seconds))
    if len(set(people[near[floor]])) < 2:
        return below_m, elsewhere
    for at in sorted(np.flatnonzero(near[floor]), key=lambda at: -abs(heights[at] - heights[floor])):
        below_m[people[at]] = heights[at]  # the nearest of each person's comes last
    return below_m, elsewhere & np.isnan(below_m)


def _factors(below_m: DoubleArray) -> DoubleArray:
    """(P,) the most likely factors of those who stand so far below the camera, 1 for the others."""
    known = np.isfinite(below_m)
    if not known.any():
        return np.ones(len(below_m))
    floor = float(np.mean(below_m[known]))
    below = np.where(known, below_m, floor)
    precision = 1 / SIZE_SIGMA**2 + (below / STAND_SIGMA_M) ** 2
    return np.asarray(np.exp(below * (floor - below) / STAND_SIGMA_M**2 / precision))
