"""Smoothing of a stream that cannot wait for what comes later: the one-euro filter.

Axes: P people, T times, J joints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.types import Motion3D

HZ_PER_M_PER_S = 8.0
"""How much the cut-off rises with the speed of a joint (`beta` of the filter), so that what is fast is hardly
late: chosen on films of training motion."""
SPEED_HZ = 1.0
"""Cut-off of the speeds, as published."""


class _Filtered(NamedTuple):
    """Of one person, after their latest pose."""

    time_s: float
    points: DoubleArray
    """(J + 1, 3) metres: the joints, then the pelvis in camera axes; NaN where unknown."""
    speeds: DoubleArray
    """(J + 1, 3) m/s."""


class OneEuro:
    """The filter of Casiez, Roussel and Vogel (CHI 2012), for every joint and the pelvis, in seconds.

    A low pass of first order whose cut-off is `cutoff_hz` for a joint at rest and rises with its speed: rest
    does not tremble, and fast movement is hardly late. Times may be at any distance. Whoever was away begins
    anew.

    Args:
        cutoff_hz: the lowest cut-off; trembling that is slower stays.
    """

    def __init__(self, cutoff_hz: float) -> None:
        self._cutoff_hz = cutoff_hz
        self._people: dict[int, _Filtered] = {}

    def __call__(self, motion: Motion3D) -> Motion3D:
        """The next chunk of a stream, filtered: later than all chunks before."""
        root = np.full((*motion.positions.shape[:2], 3), np.nan) if motion.root is None else motion.root
        points = np.concatenate([motion.positions, root[:, :, None]], axis=2).astype(np.float64)
        for row, person in enumerate(motion.people.tolist()):
            for column, time_s in enumerate(motion.times.tolist()):
                if not motion.present[row, column]:
                    self._people.pop(person, None)
                    continue
                self._people[person] = self._next(self._people.get(person), time_s, points[row, column])
                points[row, column] = self._people[person].points
        if len(motion):
            here = set(motion.people.tolist())
            self._people = {person: last for person, last in self._people.items() if person in here}
        filtered = points.astype(np.float32)
        return replace(
            motion, positions=filtered[:, :, :-1], root=None if motion.root is None else filtered[:, :, -1]
        )

    def _next(self, last: _Filtered | None, time_s: float, points: DoubleArray) -> _Filtered:
        if last is None:
            return _Filtered(time_s, points, np.zeros_like(points))
        step_s = time_s - last.time_s
        known = np.isfinite(points) & np.isfinite(last.points)
        change = np.where(known, points - last.points, 0.0)
        speeds = last.speeds + _share(SPEED_HZ, step_s) * (change / step_s - last.speeds)
        fastness = np.linalg.norm(speeds, axis=-1, keepdims=True)
        share = _share(self._cutoff_hz + HZ_PER_M_PER_S * fastness, step_s)
        return _Filtered(time_s, np.where(known, last.points + share * change, points), speeds)


def _share(cutoff_hz: DoubleArray | float, step_s: float) -> DoubleArray:
    """Share of the new value that a first-order low-pass takes over in one step."""
    reach = 2 * np.pi * cutoff_hz * step_s
    return np.asarray(reach / (1 + reach))
