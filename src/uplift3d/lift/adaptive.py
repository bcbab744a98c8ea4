"""Where another look pays: key-frames that follow the motion.

A cell is the time between two key-frames. Of every cell it is predicted by how much the error of its poses
falls if the interval is halved, and halved again, from how the 2D poses bend there; looks go where a look
saves most. (Uniform motion is filled in well, however fast it is.)

Axes: P people, K key-frames, C = K - 1 cells, n tokens, J joints, L levels (an interval, halved 0 … L - 1
times).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, FloatArray, IntArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.tokens import TokenTrack

Rule = Literal["gain", "velocity"]

LONG_S, LONGEST_S, SHORTEST_S = 0.4, 0.8, 0.1
"""Intervals of the first looks: usually, where fewer looks are asked for, and where no more are made."""
FAST_M_PER_S, CALM_S = 0.5, 1.0
"""The published criterion: from this velocity on all looks are made, until it was calm for so long."""
WORTH_MM_S = 1.0
"""A look pays if it takes so much from the error of a second of one person's poses; about 3 looks a second on
training motion."""
GAINS_MM = {
    0.8: ((-2.4, 80.5), (1.1, 21.0), (0.2, 2.9)),
    0.4: ((0.4, 31.2), (0.3, 2.7)),
}
"""For first looks so many seconds apart, by how much the error of a cell falls when the interval is halved,
and halved again: constant, and per metre of `Movement.bend`. Fitted on training motion by
tools/fit_adaptive.py (2026-11-26); lifted poses are no part of it, for a network is better on motion that it
was trained on and tells more of it."""


@dataclass(frozen=True)
class Adaptive:
    """Key-frames that follow the motion, in place of a key interval: 0.4 s between looks, and 0.2 or 0.1 s
    where that pays.

    Raises:
        InputError: a number or rule that cannot be used.
    """

    looks_per_second: float | None = None
    """So many looks a second on average, spent where they help most; below 2.5 the first ones are 0.8 s
    apart. None: as many as pay."""
    rule: Rule = "gain"
    """"gain": what a look is predicted to save; "velocity": the published criterion, all looks (0.1 s) while
    lifted joints move faster than 0.5 m/s about the pelvis and for a second after."""

    def __post_init__(self) -> None:
        if self.rule not in get_args(Rule):
            raise InputError(f"rule is {self.rule!r}; accepted are {', '.join(get_args(Rule))}")
        rate = self.looks_per_second
        if rate is None:
            return
        number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
        if not (number and 1 / LONGEST_S <= rate <= 1 / SHORTEST_S):
            raise InputError(
                f"looks_per_second is {rate!r}; accepted are {1 / LONGEST_S:g} … {1 / SHORTEST_S:g}, or None "
                "for as many as pay"
            )
        if self.rule == "velocity":
            raise InputError("the velocity rule knows no budget; leave looks_per_second or the rule out")

    @property
    def first_s(self) -> float:
        """Seconds between the first looks."""
        few = self.looks_per_second is not None and self.looks_per_second < 1 / LONG_S
        return LONGEST_S if few else LONG_S


KeyInterval = float | Literal["adaptive"] | Adaptive | None
"""Seconds between looks, None for every moment there is, or looks that follow the motion."""


def as_adaptive(key_interval: object) -> Adaptive | None:
    """How looks follow the motion, None where they do not."""
    if isinstance(key_interval, Adaptive):
        return key_interval
    return Adaptive() if isinstance(key_interval, str) and key_interval == "adaptive" else None


def recorded_interval(key_interval: KeyInterval) -> Any:
    """For the record of a result: a number, None, "adaptive", or what was asked for of it."""
    if isinstance(key_interval, Adaptive):
        return {"adaptive": asdict(key_interval)}
    return key_interval


class Movement(NamedTuple):
    """How somebody moves in each cell, (C,), NaN where they are not there."""

    bend: DoubleArray
    """Metres on the person, mean over joints: twice how far the 2D poses at its ends are from where they
    would be on an even way from the look before to the look after. Unsure joints count less."""
    fastest: DoubleArray
    """m/s: highest velocity of the lifted joints about the pelvis, mean over joints (v_t of the paper)."""


def movement(times: TimeArray, track: TokenTrack, poses: FloatArray) -> Movement:
    """How one person moves between the key-frames at `times`.

    Args:
        times: (K,) seconds of all key-frames.
        track: the person's tokens over one stretch; channel 2, if there is one, is confidence.
        poses: (n, J, 3) lifted from them, metres.
    """
    looks = np.flatnonzero(track.observed)
    bends = bend_at(track.times[looks], track.poses[looks])
    speed = velocity(track.times, poses)  # (n,)
    bend, fastest = (np.full(max(len(times) - 1, 0), np.nan) for _ in range(2))
    for k, (first, last) in enumerate(zip(looks[:-1].tolist(), looks[1:].tolist(), strict=True)):
        middle_s = (track.times[first] + track.times[last]) / 2
        cell = int(np.searchsorted(times, middle_s)) - 1
        if 0 <= cell < len(bend):
            bend[cell], fastest[cell] = bends[k : k + 2].mean(), speed[first : last + 1].max()
    return Movement(bend, fastest)


def bend_at(times: TimeArray, poses: FloatArray) -> DoubleArray:
    """(K,) metres: twice the mean distance of joints from the line between the looks before and after.

    The first and the last look take their neighbour's; 0 for fewer than three looks.

    Args:
        times: (K,) seconds of the looks.
        poses: (K, J, C) network input; channels x, y and perhaps confidence.
    """
    if len(times) < 3:
        return np.zeros(len(times))
    share = ((times[1:-1] - times[:-2]) / (times[2:] - times[:-2]))[:, None, None]
    even = poses[:-2, :, :2] * (1 - share) + poses[2:, :, :2] * share
    apart = 2 * np.linalg.norm(poses[1:-1, :, :2] - even, axis=-1)  # (K - 2, J)
    sure = np.ones_like(apart) if poses.shape[-1] < 3 else _least(poses[..., 2])
    inner = (sure * apart).sum(axis=-1) / np.maximum(sure.sum(axis=-1), 1e-6)
    return np.concatenate([inner[:1], inner, inner[-1:]])


def _least(confidence: FloatArray) -> FloatArray:
    """(K - 2, J) the least of a look's confidence and those of its neighbours'."""
    return np.asarray(np.minimum(np.minimum(confidence[:-2], confidence[1:-1]), confidence[2:]))


def velocity(times: TimeArray, poses: FloatArray) -> DoubleArray:
    """(n,) m/s: mean over joints of how fast poses (n, J, 3) change about their root."""
    if len(times) < 2:
        return np.zeros(len(times))
    change = np.gradient(poses.astype(np.float64), times, axis=0)
    return np.asarray(np.linalg.norm(change, axis=-1).mean(axis=-1))


def expected_gains(first_s: float, bend: DoubleArray) -> DoubleArray:
    """(C, L - 1) mm of error that halving an interval of `first_s`, and halving again, saves; 0 where nobody
    is."""
    table = GAINS_MM[first_s]
    gains = [np.maximum(np.nan_to_num(constant + slope * bend), 0) for constant, slope in table]
    return np.stack(gains, axis=1)


def more_looks(times: TimeArray, people: Sequence[Movement], adaptive: Adaptive) -> TimeArray:
    """When to look a second time.

    Args:
        times: (K,) seconds of the first looks.
        people: how everybody moves between them.
        adaptive: how many looks there may be.

    Returns:
        Seconds between the first looks, increasing.
    """
    if len(times) < 2 or not people:
        return np.zeros(0)
    if adaptive.rule == "velocity":
        most = np.isfinite(cell_gains(times, people, adaptive.first_s)).sum(axis=1)
        return halved(times, np.where(_fast(times, people), most, 0))
    budget = None
    if adaptive.looks_per_second is not None:
        budget = max(0, round(adaptive.looks_per_second * float(times[-1] - times[0])) + 1 - len(times))
    return halved(times, spend(cell_gains(times, people, adaptive.first_s), budget))


def cell_gains(times: TimeArray, people: Sequence[Movement], first_s: float) -> DoubleArray:
    """(C, L - 1) what halving each cell, and halving it again, saves: mm of error times seconds, of everybody
    together; minus infinity where it would be shorter than the network's own step."""
    duration_s = np.diff(times)[:, None]
    gains = np.sum([expected_gains(first_s, one.bend) for one in people], axis=0) * duration_s
    parts = 2 ** np.arange(1, gains.shape[1] + 1)
    return np.where(duration_s / parts > 0.75 * SHORTEST_S, gains, -np.inf)


def halved(times: TimeArray, level: IntArray) -> TimeArray:
    """The times at which the cells between `times` (K,) are cut, each halved `level` (C,) times."""
    return np.concatenate(
        [
            start + (end - start) * np.arange(1, 2**halvings) / 2**halvings
            for start, end, halvings in zip(times[:-1], times[1:], level.tolist(), strict=True)
        ]
    )


def spend(gains: DoubleArray, budget: int | None) -> IntArray:
    """How often to halve every cell.

    Args:
        gains: (C, L - 1) what each further halving saves, see `cell_gains`; it costs 1, 2, 4 … looks.
        budget: so many looks in all, the best first; None: all looks worth `WORTH_MM_S` each.

    Returns:
        (C,) 0 … L - 1.
    """
    cost = 2 ** np.arange(gains.shape[1])
    worth = np.minimum.accumulate(gains / cost, axis=1)  # a halving comes after those before it
    if budget is None:
        return np.asarray((worth >= WORTH_MM_S).sum(axis=1), dtype=np.int64)
    level = np.zeros(len(gains), dtype=np.int64)
    # Ties go to the coarser step and the earlier cell.
    order = np.lexsort((np.tile(np.arange(gains.shape[1]), len(gains)), -worth.ravel()))
    for place in order.tolist():
        cell, step = divmod(place, gains.shape[1])
        if cost[step] <= budget and level[cell] == step and worth[cell, step] >= 0:
            level[cell], budget = step + 1, budget - int(cost[step])
    return level


def _fast(times: TimeArray, people: Sequence[Movement]) -> BoolArray:
    """(C,) cells in which somebody is fast, and those within `CALM_S` after one."""
    fastest = np.nanmax([np.nan_to_num(one.fastest) for one in people], axis=0)
    fast = fastest > FAST_M_PER_S
    ends = times[1:][fast]
    since = times[:-1, None] - ends  # (C, fast ones)
    return np.asarray(fast | ((since >= 0) & (since < CALM_S)).any(axis=1))
