"""When a result has poses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import TimeArray
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.tokens import grid_times
from uplift3d.types import Keypoints2D
from uplift3d.types.checks import MAX_POSES, numbers

SPARSE = 1.5
"""Output times that are so many of the network's own poses apart are few."""
SAME_S = 1e-4
BETWEEN_KEY_FRAMES, AT_LEAST = 1_000, 10_000
"""So many poses are made by default for every key-frame, or altogether: for more, some time is wrong."""


def choose_output_times(keypoints: Keypoints2D, given: npt.ArrayLike | None, spacing_s: float) -> TimeArray:
    """The times asked for, else those of the video's frames, of the 2D poses, or of the network's own poses.

    Args:
        keypoints: all there are.
        given: what the user asks for.
        spacing_s: seconds between the network's own poses, which are taken where 2D poses are farther apart.

    Raises:
        InputError: times that are no row of increasing seconds, or 2D poses over an impossible time.
        NothingFoundError: there is no key-frame.
    """
    if len(keypoints) == 0:
        raise NothingFoundError("the 2D joints hold no key-frame, so there is nothing to lift")
    if given is not None:
        return checked_times(given)
    if keypoints.video_times is not None:
        return keypoints.video_times
    times = keypoints.times
    if len(times) == 1 or float(np.median(np.diff(times))) <= spacing_s * 1.001:
        return times
    count = (times[-1] - times[0]) / spacing_s
    if count > max(BETWEEN_KEY_FRAMES * len(times), AT_LEAST) or count * len(keypoints.people) > MAX_POSES:
        raise InputError(
            f"{len(times)} key-frames span {times[-1] - times[0]:g} s, which is {count:.0f} poses of "
            "everybody; are their times in seconds? If so, say with output_times when poses are wanted"
        )
    return grid_times(float(times[0]), float(times[-1]), spacing_s)


def checked_times(given: npt.ArrayLike) -> TimeArray:
    """(T,) the output times that somebody gave; InputError for what is no row of increasing seconds."""
    try:
        wanted = numbers("lift", "output_times", given, np.float64)
    except InputError:  # texts, times with units, rows of different lengths
        wanted = np.full(1, np.nan)
    if wanted.ndim != 1 or not np.isfinite(wanted).all() or (np.diff(wanted) <= 0).any():
        raise InputError("output_times must be one row of finite seconds that increase strictly")
    return wanted


def with_between(keypoints: Keypoints2D, wanted: TimeArray, spacing_s: float) -> TimeArray:
    """The wanted times, and those of a whole result between them: the video's frames, or where these are not
    known and the wanted times few, the 2D poses or the network's own.

    Where people are follows from poses at all key-frames, and feet and speeds from dense ones: a result must
    not depend on which of its moments somebody asks for.

    Args:
        keypoints: what is lifted.
        wanted: (T,) seconds, increasing.
        spacing_s: seconds between the network's own poses.
    """
    if not len(wanted):
        return wanted
    ends = keypoints.times[[0, -1]]
    gaps = np.diff([min(ends[0], wanted[0]), *wanted, max(ends[1], wanted[-1])])
    if gaps.max() <= SPARSE * spacing_s and keypoints.video_times is None:
        return wanted
    try:
        dense = choose_output_times(keypoints, None, spacing_s)
    except InputError:  # key-frames over an impossible time: these moments were asked for instead
        return wanted
    nearest = wanted[np.searchsorted(wanted, dense).clip(0, len(wanted) - 1)]
    before = wanted[(np.searchsorted(wanted, dense) - 1).clip(0)]
    apart = np.minimum(np.abs(dense - nearest), np.abs(dense - before))
    return np.union1d(dense[apart > SAME_S], wanted)
