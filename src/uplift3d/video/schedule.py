"""Which frames of a video become key-frames.

Nothing here knows a frame rate: a schedule is a grid of times and picks the real frame nearest to each, so
23.976, 25, 29.97, 30, 50, 59.94, 60, 120 Hz and variable rates are all the same case.
"""

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import IntArray, TimeArray
from uplift3d.errors import InputError

TIE_S = 1e-6
"""Two frames whose distances to a grid time differ by less than twice this are equally near: containers store
times as multiples of a tick (often 1/90000 s), so smaller differences are rounding and must not decide."""


def nearest_frames(times: npt.ArrayLike, wanted_s: npt.ArrayLike) -> IntArray:
    """Index of the frame nearest to each wanted time; of two equally near ones the earlier.

    Args:
        times: (F,) frame times in seconds, finite and strictly increasing.
        wanted_s: (n,) seconds, in any order.

    Returns:
        (n,) indices into `times`.

    Raises:
        InputError: no frame times, or times that are not finite or do not increase.
    """
    frame_times = _checked_times(times)
    middles = (frame_times[:-1] + frame_times[1:]) / 2
    return np.searchsorted(middles, np.asarray(wanted_s, dtype=np.float64) - TIE_S, side="left")


def regular_key_frames(times: npt.ArrayLike, key_interval_s: float | None) -> IntArray:
    """The real frames nearest to 0, 1, 2 … times `key_interval_s` after the first frame.

    Where the grid is finer than the frames, or frames are missing, several grid times share a frame; it is
    chosen once. The grid ends at the last frame; a grid time that is later by less than half the last frame's
    duration still counts, since only the rounding of timestamps separates the two.

    Args:
        times: (F,) frame times in seconds, finite and strictly increasing.
        key_interval_s: seconds between key-frames; None chooses every frame.

    Returns:
        strictly increasing indices into `times`, always beginning with 0.

    Raises:
        InputError: an interval that is not a positive number, or bad frame times.
    """
    frame_times = _checked_times(times)
    check_key_interval(key_interval_s)
    if key_interval_s is None:
        return np.arange(len(frame_times))
    tail_s = (frame_times[-1] - frame_times[-2]) / 2 if len(frame_times) > 1 else 0.0
    duration_s = frame_times[-1] - frame_times[0] + tail_s
    if key_interval_s <= TIE_S:  # finer than any timestamp; also keeps the grid below small
        return np.arange(len(frame_times))
    grid_s = frame_times[0] + key_interval_s * np.arange(int(duration_s / key_interval_s) + 1)
    return np.unique(nearest_frames(frame_times, grid_s))


def check_key_interval(key_interval_s: object) -> None:
    """Raise InputError unless it is a positive number of seconds, or None."""
    if key_interval_s is None:
        return
    if isinstance(key_interval_s, bool) or not isinstance(key_interval_s, int | float | np.number):
        raise InputError(
            f"key_interval is {key_interval_s!r}; accepted are seconds between key-frames (0.1, 0.2 and 0.4 "
            "were trained), 'adaptive', or None for every time there is"
        )
    if not (np.isfinite(key_interval_s) and key_interval_s > 0):
        raise InputError(f"the key interval is {key_interval_s} s; it must be a positive number of seconds")


def _checked_times(times: npt.ArrayLike) -> TimeArray:
    array = np.asarray(times, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise InputError(f"frame times have shape {array.shape}, expected (frames,) with at least one frame")
    if not np.isfinite(array).all():
        raise InputError(f"frame times hold {int((~np.isfinite(array)).sum())} NaN or infinite values")
    if (np.diff(array) <= 0).any():
        place = int(np.argmax(np.diff(array) <= 0))
        raise InputError(
            f"frame times must increase strictly, but {array[place + 1]:g} s follows {array[place]:g} s"
        )
    return array
