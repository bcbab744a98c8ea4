"""Motion at one frame rate from motion at another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError


def resample(positions: DoubleArray, frame_time_s: float, rate_hz: float = 50.0) -> DoubleArray:
    """Positions (T, ...) every `frame_time_s` seconds → (T', ...) at `rate_hz`, by a cubic spline.

    The first frame stays; the last new frame is the last that is not after the last old one. Nothing is
    filtered before going from 120 to 50 Hz: a body moves little above 10 Hz, and published captures have been
    smoothed well below the 25 Hz from which on motion would fold back. A NaN stays one, as does
    what lies between it and its neighbours.

    Raises:
        InputError: fewer than two frames, which have no motion; or scipy is not installed.
    """
    if len(positions) < 2:
        raise InputError(f"{len(positions)} frame given, at least 2 needed for a motion")
    CubicSpline = require_spline()
    # Frame times in files are rounded ("0.0333333"), so the last frame may miss its time by a hair.
    count = int(np.floor((len(positions) - 1) * frame_time_s * rate_hz + 1e-3)) + 1
    old_times = np.arange(len(positions)) * frame_time_s
    new_times = np.minimum(np.arange(count) / rate_hz, old_times[-1])
    columns = positions.reshape(len(positions), -1)
    seen = np.isfinite(columns)
    whole = seen.all(axis=0)
    result = np.full((count, columns.shape[1]), np.nan)
    if whole.any():
        result[:, whole] = CubicSpline(old_times, columns[:, whole], axis=0)(new_times)
    for column in np.flatnonzero(~whole & (seen.sum(axis=0) >= 2)):
        known = seen[:, column]
        value = CubicSpline(old_times[known], columns[known, column])(new_times)
        beside_unseen = np.interp(new_times, old_times, known) < 1 - 1e-9
        result[:, column] = np.where(beside_unseen, np.nan, value)
    return result.reshape(count, *positions.shape[1:])


def require_spline() -> Any:
    """Scipy's cubic spline; InputError saying what to install when scipy is not there."""
    try:
        from scipy.interpolate import CubicSpline
    except ImportError as error:
        raise InputError("importing motion capture needs scipy: pip install 'uplift3d[train]'") from error
    return CubicSpline


def resample_skeleton(
    positions: DoubleArray, parents: Sequence[int], frame_time_s: float, rate_hz: float = 50.0
) -> DoubleArray:
    """Like `resample` for a tree of joints (T, J, 3), keeping the lengths of its bones.

    A spline through positions cuts the arcs that joints swing in: at 30 Hz a fast arm becomes up to 1 cm
    shorter between two frames. So the spline says where each bone points, and a spline through the lengths
    how long it is, which for a rigid bone is constant.

    Args:
        positions: (T, J, 3).
        parents: index of each joint's parent, −1 for the root.
        frame_time_s: seconds between frames.
        rate_hz: frames per second of the result.
    """
    smooth = resample(positions, frame_time_s, rate_hz)
    result = smooth.copy()
    for joint in _parents_first(parents):
        parent = parents[joint]
        if parent < 0:
            continue
        length = resample(
            np.linalg.norm(positions[:, joint] - positions[:, parent], axis=-1), frame_time_s, rate_hz
        )
        bone = smooth[:, joint] - smooth[:, parent]
        cut = np.linalg.norm(bone, axis=-1)
        scale = np.divide(length, cut, out=np.ones_like(cut), where=cut > 1e-9)
        along = result[:, parent] + bone * scale[:, None]
        # A joint whose parent is missing keeps its own place.
        result[:, joint] = np.where(np.isfinite(along), along, smooth[:, joint])
    return result


def _parents_first(parents: Sequence[int]) -> list[int]:
    def depth(joint: int) -> int:
        return 0 if parents[joint] < 0 else 1 + depth(parents[joint])

    return sorted(range(len(parents)), key=depth)
