"""One person's motion around now, as a stream knows it.

Axes: n tokens, T times, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uplift3d.arrays import BoolArray, RealArray, TimeArray
from uplift3d.lift.stretches import TOLERANCE_S
from uplift3d.tokens import TokenTrack


@dataclass(frozen=True, eq=False)
class Curve:
    """Poses and pelvis over a stretch of time, and what they were made from."""

    person: int
    """Track id."""
    start_s: float
    end_s: float
    """From when to when the person is there."""
    times: TimeArray
    """(n,) seconds of the poses."""
    positions: RealArray
    """(n, J, 3) metres from the pelvis."""
    root: RealArray | None
    """(n, 3) metres, camera axes."""
    looks: TimeArray
    """When the person was really seen, seconds."""
    track: TokenTrack
    """What the network was given."""

    def rows(self, times: TimeArray) -> BoolArray:
        """(T,) which of the times the stretch reaches over."""
        return (times >= self.start_s - TOLERANCE_S) & (times <= self.end_s + TOLERANCE_S)

    def measured(self, times: TimeArray, rate_hz: float | None) -> BoolArray:
        """(T,) the times that are those of a look: exactly, or within half a step of an even rate."""
        half_s = TOLERANCE_S if rate_hz is None else 0.5 / rate_hz
        after = times[:, None] - self.looks
        found: BoolArray = np.asarray(((after > -half_s) & (after <= half_s)).any(axis=1))
        return found
