"""Which moments of a video are key-frames in any case; `lift.adaptive` says where more of them pay."""

from __future__ import annotations

import numpy as np

from uplift3d.arrays import IntArray, TimeArray
from uplift3d.lift.adaptive import Adaptive, KeyInterval, as_adaptive
from uplift3d.video import regular_key_frames
from uplift3d.video.schedule import check_key_interval


def first_interval(key_interval: KeyInterval) -> float | None:
    """Seconds between the looks that are made in any case; None: every moment.

    Raises:
        InputError: an interval that cannot be used.
    """
    adaptive = as_adaptive(key_interval)
    if adaptive is not None:
        return adaptive.first_s
    check_key_interval(key_interval)
    assert not isinstance(key_interval, str | Adaptive)
    return key_interval


def first_looks(times: TimeArray, key_interval: KeyInterval) -> IntArray:
    """Which of the moments (K,) at `times` (F,) seconds are looked at in any case.

    Where looks follow the motion the last one is among them, for nothing can be filled in behind it.

    Raises:
        InputError: an interval that cannot be used.
    """
    regular = regular_key_frames(times, first_interval(key_interval))
    return np.union1d(regular, [len(times) - 1]) if as_adaptive(key_interval) else regular
