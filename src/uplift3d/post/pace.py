"""Bones that turn at an even pace where the network was not sure of their direction.

Axes: T times.
"""

from __future__ import annotations

import numpy as np

from uplift3d.arrays import DoubleArray, RealArray, TimeArray
from uplift3d.post.resample import ROUNDING_S, stretches

SHORT = 0.8
"""A bone of less than this share of its length is an average over directions: so far they were apart."""
LONGEST_S = 0.6
"""What stays short for longer is no turn."""


def even_pace(directions: DoubleArray, shares: RealArray, times: TimeArray) -> DoubleArray:
    """Directions of a bone over time, with even turns while it is short.

    Where a network cannot tell when a fast turn happens it answers the average of before and after. That
    swings past the joint, so that the bone is short there, and all of the turn falls into an instant once it
    has its length again. Here the bone goes the same way over the sphere, from the last pose before to the
    first one after in which it has its length, at a pace that joins those before and after (a cubic of the
    angle gone).

    Args:
        directions: (T, 3) unit vectors, NaN where there is none.
        shares: (T,) length of the bone in lengths that it should have.
        times: (T,) seconds.

    Returns:
        (T, 3) unit vectors; those of poses that are not short as they were.
    """
    out = directions.copy()
    for run in stretches(np.asarray(shares < SHORT)):
        first, last = run.start - 1, run.stop
        if first < 0 or last >= len(times) or times[last] - times[first] > LONGEST_S + ROUNDING_S:
            continue
        way = directions[first : last + 1]
        if not np.isfinite(way).all():
            continue
        ends = np.array([_speed(directions, times, first - 1), _speed(directions, times, last)])
        out[run] = _retimed(way, times[first : last + 1], ends)[1:-1]
    return out


def _retimed(way: DoubleArray, times: TimeArray, speeds: DoubleArray) -> DoubleArray:
    """(n, 3) the same way over the sphere, the angle gone a cubic of time; speeds (2,) at its ends, rad/s."""
    gone = np.concatenate([[0.0], np.cumsum(_angle(way[:-1], way[1:]))])
    whole, duration = float(gone[-1]), float(times[-1] - times[0])
    if whole == 0:
        return way
    u = (times - times[0]) / duration
    start, end = np.minimum(speeds * duration, 3 * whole)  # beyond that the cubic would turn back
    wanted = whole * u**2 * (3 - 2 * u) + start * u * (1 - u) ** 2 - end * u**2 * (1 - u)
    left = np.clip(np.searchsorted(gone, wanted, side="right") - 1, 0, len(gone) - 2)
    step = gone[left + 1] - gone[left]
    share = np.divide(wanted - gone[left], step, out=np.zeros(len(step)), where=step > 0)
    return _between(way[left], way[left + 1], np.clip(share, 0, 1))


def _between(first: DoubleArray, second: DoubleArray, share: DoubleArray) -> DoubleArray:
    """(n, 3) on the great circles from one direction to another (Shoemake 1985)."""
    angle = _angle(first, second)
    near = np.sin(angle) < 1e-6
    sine = np.where(near, 1.0, np.sin(angle))
    from_first = np.where(near, 1 - share, np.sin((1 - share) * angle) / sine)
    from_second = np.where(near, share, np.sin(share * angle) / sine)
    return np.asarray(from_first[:, None] * first + from_second[:, None] * second)


def _angle(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """(n,) radians; exact for small ones too."""
    (x, y, z), (u, v, w) = first.T, second.T
    # The norm of the cross product; numpy.cross takes ten times as long for so few.
    across = np.sqrt((y * w - z * v) ** 2 + (z * u - x * w) ** 2 + (x * v - y * u) ** 2)
    return np.asarray(np.arctan2(across, x * u + y * v + z * w))


def _speed(directions: DoubleArray, times: TimeArray, start: int) -> float:
    """Radians per second from a time to the next one; 0 where one of them has no direction."""
    if start < 0 or start + 1 >= len(times):
        return 0.0
    angle = _angle(directions[start : start + 1], directions[start + 1 : start + 2])[0]
    return float(np.nan_to_num(angle / (times[start + 1] - times[start])))
