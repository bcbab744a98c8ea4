"""Smoothing over time, with a cut-off in Hz whatever the times are.

Axes: P people, n times of a stretch.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from uplift3d.arrays import RealArray, TimeArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.post.resample import at_even_times, interpolate, stretches
from uplift3d.types import Motion3D

SmoothFilter = Literal["butterworth", "savitzky-golay"]
ORDER = 2
"""Of the filter that runs once forwards and once backwards, which makes a fourth-order one without delay."""
_TWO_PASSES = (np.sqrt(2) - 1) ** (1 / (2 * ORDER))
"""Each of two passes has its cut-off higher by this, so that both together have the one asked for (Winter,
Biomechanics and Motor Control of Human Movement, section 3.4.4)."""
DEGREE = 3
"""Of the polynomials of the Savitzky–Golay filter (Analytical Chemistry 36, 1964)."""
SURELY_WIDE = 25
"""Windows that reach so many poses to either side follow the formula."""
LEAST_HZ = 0.01
"""Lowest cut-off: one swing in 100 s. Far below, filters are lost in rounding."""


def smooth(motion: Motion3D, cutoff_hz: float, how: SmoothFilter = "butterworth") -> Motion3D:
    """Take what is faster than `cutoff_hz` out of positions and root, without delay.

    Each stretch in which a person is present is filtered on its own, uneven times on an even grid
    (`at_even_times`). A stretch with fewer poses per second than twice the cut-off holds
    nothing to take out and stays as it is.

    Args:
        motion: any motion.
        cutoff_hz: frequency of which 71 % (−3 dB) are left.
        how: "butterworth", forwards and backwards, or "savitzky-golay", the middle of the cubic that fits
            best to a window of poses: what is farther away has no influence, and some of what is much faster
            is let through.

    Raises:
        InputError: a cut-off that is no number of at least `LEAST_HZ`, or another filter.
    """
    check_smoothing(cutoff_hz, how)
    if len(motion) > 1 and cutoff_hz * 2 >= (rate_hz := 1 / float(np.median(np.diff(motion.times)))):
        warnings.warn(
            f"{cutoff_hz:g} Hz takes nothing out of {rate_hz:g} poses a second, which hold no more than "
            f"{rate_hz / 2:g} Hz",
            UpliftWarning,
            stacklevel=2,
        )
    positions = motion.positions.copy()
    root = None if motion.root is None else motion.root.copy()
    for person in range(len(motion.people)):
        for stretch in stretches(motion.present[person], motion.times):
            times = motion.times[stretch]
            positions[person, stretch] = low_pass(times, positions[person, stretch], cutoff_hz, how)
            if root is not None and np.isfinite(root[person, stretch]).all():
                root[person, stretch] = low_pass(times, root[person, stretch], cutoff_hz, how)
    return replace(motion, positions=positions, root=root)


def check_smoothing(cutoff_hz: float | None, how: str = "butterworth", raw: bool = False) -> None:
    """InputError for a cut-off that cannot be used, or given where nothing is to be done to poses, and for a
    filter that there is not."""
    if how not in get_args(SmoothFilter):
        raise InputError(f"smooth_with is {how!r}; there are {', '.join(get_args(SmoothFilter))}")
    if cutoff_hz is None:
        if how != "butterworth":
            raise InputError(f"smooth_with is {how}, but nothing is smoothed; give smooth_hz (--smooth) too")
        return
    if raw:
        raise InputError(f"raw poses are not smoothed, but smooth_hz is {cutoff_hz:g}; give one of the two")
    if not (np.isfinite(cutoff_hz) and cutoff_hz >= LEAST_HZ):
        raise InputError(f"the cut-off of smoothing is {cutoff_hz}; accepted are {LEAST_HZ:g} Hz and more")


def low_pass(
    times: TimeArray, values: RealArray, cutoff_hz: float, how: SmoothFilter = "butterworth"
) -> RealArray:
    """Values (n, …) at `times` (n,) without what is faster than the cut-off, in their own dtype."""
    steps = np.diff(times)
    if len(steps) < 2:
        return values
    filtered = _fitted if how == "savitzky-golay" else _filtered
    step = float(np.median(steps))
    if 2 * cutoff_hz * step >= 0.99:
        return values
    grid, even = at_even_times(times, values, "smooth")
    if grid is times:
        return filtered(values, cutoff_hz, 1 / step).astype(values.dtype)
    rate_hz = (len(grid) - 1) / (times[-1] - times[0])
    back = interpolate(grid, filtered(even, cutoff_hz, rate_hz), times, "smooth")
    return np.asarray(back, dtype=values.dtype)


def _filtered(values: RealArray, cutoff_hz: float, rate_hz: float) -> RealArray:
    from scipy.signal import butter, sosfiltfilt  # half a second to import, for those who smooth

    # A digital filter's frequencies are those of the analogue one through a tangent.
    once_hz = np.arctan(np.tan(np.pi * cutoff_hz / rate_hz) / _TWO_PASSES) * rate_hz / np.pi
    sections = butter(ORDER, once_hz, fs=rate_hz, output="sos")
    # Without the line from the first value to the last, so that uniform motion passes as it is; the ends are
    # continued by their own reflection, over some periods of the cut-off.
    line = np.linspace(values[0], values[-1], len(values))
    padding = min(len(values) - 1, int(np.ceil(2 * rate_hz / cutoff_hz)))
    return np.asarray(line + sosfiltfilt(sections, values - line, axis=0, padlen=padding))


def _fitted(values: RealArray, cutoff_hz: float, rate_hz: float) -> RealArray:
    from scipy.signal import savgol_filter

    reach = min(_reach(cutoff_hz / rate_hz), (len(values) - 1) // 2)
    if 2 * reach + 1 <= DEGREE:
        return values
    return np.asarray(savgol_filter(values, 2 * reach + 1, DEGREE, axis=0))


def _reach(cutoff: float) -> int:
    """Poses on either side of the window that leaves 71 % of this frequency (cycles a pose), or a bit less.

    Schafer (What is a Savitzky–Golay filter?, IEEE Signal Processing Magazine 28, 2011), equation 12, with
    the even degree whose smoothing is the same; short windows are tried out, for there it is off.
    """
    from scipy.signal import savgol_coeffs

    reach = round((DEGREE / (2 * cutoff) + 4.6) / 3.2)
    if reach > SURELY_WIDE:
        return reach
    for reach in range(DEGREE // 2 + 1, 2 * SURELY_WIDE):
        places = np.arange(-reach, reach + 1)
        if savgol_coeffs(2 * reach + 1, DEGREE) @ np.cos(2 * np.pi * cutoff * places) <= np.sqrt(0.5):
            break
    return reach
