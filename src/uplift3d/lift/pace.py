"""How soon to look again at a stream, from what is known so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uplift3d.arrays import IntArray, TimeArray
from uplift3d.lift.adaptive import (
    CALM_S,
    FAST_M_PER_S,
    SHORTEST_S,
    WORTH_MM_S,
    Adaptive,
    bend_at,
    expected_gains,
    velocity,
)
from uplift3d.lift.curve import Curve

LOST_S = 1.0
"""Who was missed by a look is looked for at once, for so long."""
LEARNING = 0.5
"""How fast the price of a look follows a budget: by so much of what a look was too early or too late."""


class Pace:
    """Chooses the interval after every look.

    What is to come is taken to bend as the last looks did. With a budget the price of a look rises and falls
    until their number is right on average. Where somebody was missed the next look comes at once.
    """

    def __init__(self, adaptive: Adaptive) -> None:
        self._adaptive = adaptive
        self._price = WORTH_MM_S
        self._look_s = self._fast_s = -np.inf
        self._seen_s: dict[int, float] = {}
        self.interval_s = adaptive.first_s

    def knows(self, look_s: float) -> bool:
        """Whether the interval after the look at that time is chosen already."""
        return self._look_s == look_s

    def after(self, look_s: float, people: Sequence[Curve]) -> None:
        """Choose the interval after a look.

        Args:
            look_s: its time in seconds.
            people: the motion of everybody, up to now.
        """
        here = [one for one in people if one.looks[-1] == look_s]
        self._look_s = look_s
        if self._adaptive.rule == "velocity":
            self.interval_s = self._by_velocity(look_s, here)
        else:
            self.interval_s = self._by_gain(here)
        if self._missed(look_s, here):
            self.interval_s = SHORTEST_S
        if self._adaptive.looks_per_second is not None:
            late = self.interval_s * self._adaptive.looks_per_second
            self._price *= float(np.exp(LEARNING * (1 - late)))

    def _missed(self, look_s: float, here: Sequence[Curve]) -> bool:
        """Whether somebody was seen shortly before, and not now."""
        self._seen_s |= {one.person: look_s for one in here}
        self._seen_s = {who: when for who, when in self._seen_s.items() if look_s - when <= LOST_S}
        return any(when < look_s for when in self._seen_s.values())

    def _by_velocity(self, look_s: float, people: Sequence[Curve]) -> float:
        recent = [velocity(one.times, one.positions)[_last(one.times, look_s)] for one in people]
        if any((speed > FAST_M_PER_S).any() for speed in recent):
            self._fast_s = look_s
        return SHORTEST_S if look_s - self._fast_s < CALM_S else self._adaptive.first_s

    def _by_gain(self, people: Sequence[Curve]) -> float:
        first_s = self._adaptive.first_s
        bends = np.array([latest_bend(one, first_s) for one in people])
        gains = expected_gains(first_s, bends).sum(axis=0) * first_s
        worth = np.minimum.accumulate(gains / 2 ** np.arange(len(gains)))
        return float(first_s / 2 ** int((worth >= self._price).sum()))


def latest_bend(curve: Curve, apart_s: float) -> float:
    """How the 2D poses of three looks bend: the latest, and those about so long and twice so long before."""
    looks = np.flatnonzero(curve.track.observed)
    times = curve.track.times[looks]
    wanted = times[-1] - apart_s * np.array([2, 1, 0])
    three = np.unique(np.abs(times - wanted[:, None]).argmin(axis=1))
    return float(bend_at(times[three], curve.track.poses[looks[three]])[-1])


def _last(times: TimeArray, until_s: float) -> IntArray:
    """The times of the last half second."""
    return np.flatnonzero((times <= until_s + 1e-6) & (times > until_s - 0.5))
