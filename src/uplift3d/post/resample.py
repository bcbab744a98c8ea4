"""Poses at other times than those they were computed for.

Axes: P people, n poses given, T poses wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import BoolArray, RealArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.types import Motion3D

Interpolation = Literal["linear", "smooth"]
GAP = 1.5
"""A step this many times the median one is a gap."""
EVEN = 0.01
"""Steps that differ by less than this share count as one frame rate."""
LEAP_S, LEAP_STEPS = 0.75, 10
"""Times leap where a step is longer than both: a clock that was set, or a pause of the recording."""
ROUNDING_S = 1e-6
"""Times that differ by less are the same: 3/30 s is 0.1 s, whatever their sums of floats say."""
BLOCK = 4096
"""Moments that are worked on together, so that hours need little beyond their result."""


def interpolate(
    times: TimeArray,
    values: RealArray,
    wanted: npt.ArrayLike,
    method: str = "linear",
    *,
    slopes: RealArray | None = None,
) -> RealArray:
    """Values at other times.

    "linear" is the rule of the published evaluation: straight lines between neighbours. "smooth" is the
    natural cubic spline, of all curves through the values the one that bends least: continuous velocity and
    acceleration; at even times never farther from the straight line than three quarters of the largest
    step. Both hold the first and the last value outside the given times.

    Args:
        times: (n,) seconds, strictly increasing, n ≥ 1.
        values: (n, …).
        wanted: (T,) seconds in any order.
        method: "linear" or "smooth".
        slopes: (n, …) per second, where they are known: cubic curves with these, whatever the method.

    Returns:
        (T, …) in the dtype of `values`.

    Raises:
        InputError: an unknown method.
    """
    check_method(method)
    inside = np.clip(np.asarray(wanted, dtype=np.float64), times[0], times[-1])
    if len(times) == 1:
        return np.repeat(values, len(inside), axis=0)
    if slopes is None and method == "smooth":
        slopes = _slopes(times, values)
    out = np.empty((len(inside), *values.shape[1:]), dtype=values.dtype)
    for part in blocks(slice(0, len(inside))):
        out[part] = _piece(times, values, slopes, inside[part])
    return out


def resample(motion: Motion3D, times: npt.ArrayLike, method: Interpolation = "linear") -> Motion3D:
    """The motion at other times.

    An absence stays one: each stretch in which a person is present is interpolated on its own, and times
    outside every stretch are NaN. `observed` goes to the wanted time nearest to each measured one, within
    half a step of the wanted times.

    Args:
        motion: any motion.
        times: (T,) seconds, strictly increasing.
        method: see `interpolate`.

    Raises:
        InputError: an unknown method, or times that do not increase (by `Motion3D`).
    """
    wanted = np.asarray(times, dtype=np.float64)
    people = len(motion.people)
    positions = np.full((people, len(wanted), *motion.positions.shape[2:]), np.nan, dtype=np.float32)
    root = None if motion.root is None else np.full((people, len(wanted), 3), np.nan, dtype=np.float32)
    sigma = None if motion.sigma_m is None else np.full(positions.shape[:3], np.nan, dtype=np.float32)
    observed = np.zeros((people, len(wanted)), dtype=bool)
    for person in range(people):
        observed[person] = nearest_flags(wanted, motion.times[motion.observed[person]])
        for stretch in stretches(motion.present[person]):  # across leaps too: poses were asked for there
            known = motion.times[stretch]
            rows = (wanted >= known[0] - ROUNDING_S) & (wanted <= known[-1] + ROUNDING_S)
            positions[person, rows] = interpolate(
                known, motion.positions[person, stretch], wanted[rows], method
            )
            if sigma is not None and motion.sigma_m is not None:  # which has no slope to keep
                sigma[person, rows] = interpolate(known, motion.sigma_m[person, stretch], wanted[rows])
            # The pelvis may be unknown for a whole stretch, never within one.
            if (
                root is not None
                and motion.root is not None
                and np.isfinite(motion.root[person, stretch]).all()
            ):
                root[person, rows] = interpolate(known, motion.root[person, stretch], wanted[rows], method)
        observed[person] &= np.isfinite(positions[person]).all(axis=(-1, -2))
    return replace(motion, positions=positions, times=wanted, root=root, observed=observed, sigma_m=sigma)


def check_method(method: str) -> Interpolation:
    """The method; InputError when it is none of `Interpolation`."""
    if method not in get_args(Interpolation):
        raise InputError(f"interpolation is {method!r}; accepted are {', '.join(get_args(Interpolation))}")
    return cast(Interpolation, method)


def nearest_flags(times: TimeArray, events: TimeArray, step_s: float | None = None) -> BoolArray:
    """Mark the time nearest to every event.

    Args:
        times: (T,) seconds, increasing.
        events: (K,) seconds.
        step_s: an event farther than half of it from every time marks none; default: the median step of
            `times` (any distance when there is only one time).

    Returns:
        (T,) True at the marked times.
    """
    flags = np.zeros(len(times), dtype=bool)
    if len(times) == 0 or len(events) == 0:
        return flags
    if step_s is None:
        step_s = float(np.median(np.diff(times))) if len(times) > 1 else np.inf
    nearest = np.searchsorted((times[:-1] + times[1:]) / 2, events)
    near = np.abs(times[nearest] - events) <= step_s / 2 * (1 + 1e-6)
    flags[nearest[near]] = True
    return flags


def observed_at(
    wanted: TimeArray, events: Sequence[TimeArray], present: BoolArray, step_s: float
) -> BoolArray:
    """(P, T) True at the wanted time nearest to each event of a person who is present then.

    Args:
        wanted: (T,) seconds.
        events: of every person, (K,) seconds each.
        present: (P, T).
        step_s: usual distance of the wanted times where there is only one; see `nearest_flags`.
    """
    usual_s = step_s if len(wanted) < 2 else float(np.median(np.diff(wanted)))
    flags: BoolArray = np.stack([nearest_flags(wanted, times, usual_s) for times in events])
    return flags & present


def _piece(times: TimeArray, values: RealArray, slopes: RealArray | None, wanted: TimeArray) -> RealArray:
    """Interpolate at `wanted` times that lie within `times`."""
    left = np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, len(times) - 2)
    step = times[left + 1] - times[left]
    across = (len(wanted), *[1] * (values.ndim - 1))
    u = ((wanted - times[left]) / step).reshape(across)
    low, high = values[left], values[left + 1]
    if slopes is None:
        return np.asarray(low * (1 - u) + high * u)
    # The cubic with these values and slopes at u = 0 and 1 (Hermite basis).
    rise = step.reshape(across)
    cubic = low * (1 + 2 * u) * (1 - u) ** 2 + high * u**2 * (3 - 2 * u)
    return np.asarray(cubic + rise * (slopes[left] * u * (1 - u) ** 2 - slopes[left + 1] * u**2 * (1 - u)))


def _slopes(times: TimeArray, values: RealArray) -> RealArray:
    """(n, …) per second: slopes of the natural cubic spline.

    Its acceleration is the same on both sides of every inner time, and 0 at the ends: each is one line of a
    system in neighbouring slopes (de Boor, A Practical Guide to Splines, chapter IV).
    """
    from scipy.linalg import solve_banded  # loads slowly, and straight lines do without

    step = np.diff(times)
    rate = np.diff(values.reshape(len(values), -1).astype(np.float64), axis=0) / step[:, None]
    before, after = step[:-1], step[1:]
    bands = np.ones((3, len(times)))  # the slope after, the one itself, the one before
    bands[1, [0, -1]] = 2
    bands[0, 2:], bands[1, 1:-1], bands[2, :-2] = before, 2 * (before + after), after
    middle = 3 * (rate[:-1] * after[:, None] + rate[1:] * before[:, None])
    right = np.concatenate([3 * rate[:1], middle, 3 * rate[-1:]])
    return np.asarray(solve_banded((1, 1), bands, right).reshape(values.shape))


def stretches(present: BoolArray, times: TimeArray | None = None) -> list[slice]:
    """The runs of True in (T,), cut where `times` (T,) leap: what is before a leap says nothing of after."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    runs = [slice(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    if times is None or len(times) < 2:
        return runs
    steps = np.diff(times)
    leaps = np.flatnonzero(steps > max(LEAP_S, LEAP_STEPS * float(np.median(steps)))) + 1
    parts = []
    for run in runs:
        cuts = leaps[(leaps > run.start) & (leaps < run.stop)].tolist()
        parts += [slice(start, stop) for start, stop in pairwise([run.start, *cuts, run.stop])]
    return parts


def usual_step_s(times: TimeArray) -> float:
    """Mean step of times (T,) without gaps; of times in whole milliseconds the median step is another.

    Args:
        times: two and more.
    """
    steps = np.diff(times)
    return float(np.mean(steps[steps <= GAP * np.median(steps)]))


def at_even_times(
    times: TimeArray, values: RealArray, method: Interpolation = "linear"
) -> tuple[TimeArray, RealArray]:
    """Times (n,) and values (n, …) of a stretch as they are where their steps are alike, else on an even grid
    of half the mean step."""
    steps = np.diff(times)
    mean = float(np.mean(steps))
    if np.all(np.abs(steps - mean) <= EVEN * mean):
        return times, values
    grid = np.linspace(times[0], times[-1], 2 * len(times) - 1)
    return grid, interpolate(times, values.astype(np.float64), grid, method)


def blocks(rows: slice) -> list[slice]:
    """The rows in blocks of `BLOCK`."""
    return [slice(start, min(start + BLOCK, rows.stop)) for start in range(rows.start, rows.stop, BLOCK)]
