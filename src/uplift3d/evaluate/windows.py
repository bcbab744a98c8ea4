"""The published windows: which frames of a video their slots hold, and which slots hold a 2D pose.

A window is centred on a frame of the video; what lies outside the video is filled with copies of the nearest
frame on the window's own grid. (Inference on a token grid has windows of its own, `lift/windows.py`.)

Axes: B windows, N slots of one window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from uplift3d.arrays import BoolArray, IntArray
from uplift3d.errors import InputError

__all__ = ["pad_mask", "rate_factor", "source_frames", "stride_mask"]


def rate_factor(frame_rate_hz: float, base_hz: float = 50.0) -> int:
    """How many frames of the video make one frame of the time base: multiply `stride` and `s_in` by it.

    Raises:
        InputError: the rate is no whole multiple of the base (resample such a video first).
    """
    factor = frame_rate_hz / base_hz
    if factor < 1 or not factor.is_integer():
        raise InputError(f"frame rate {frame_rate_hz} Hz: accepted are whole multiples of {base_hz:g} Hz")
    return int(factor)


def source_frames(centres: ArrayLike, frames: ArrayLike, length: int, stride: int) -> IntArray:
    """Which frame of the video each slot holds, with edge copies.

    A slot outside the video holds the nearest frame *on the window's own grid* (centre ± multiples of
    `stride`), which is not frame 0 or the last frame unless the grid meets it.

    Args:
        centres: (B,) frame in the middle of each window, 0 … frames − 1.
        frames: length of the video, one number or (B,).
        length: N, slots of a window; the centre is slot N // 2.
        stride: frames between neighbouring slots (s_out).

    Returns:
        (B, N) frame indices inside the video.
    """
    centre, count = _centres(centres, frames)
    first = centre % stride  # (B, 1)
    last = centre + (count - 1 - centre) // stride * stride  # (B, 1)
    return np.clip(_unclamped(centre, length, stride), first, last)


def pad_mask(centres: ArrayLike, frames: ArrayLike, length: int, stride: int) -> BoolArray:
    """(B, N) True where a slot lies inside the video; arguments as for `source_frames`."""
    centre, count = _centres(centres, frames)
    index = _unclamped(centre, length, stride)
    return (index >= 0) & (index < count)


def stride_mask(centres: ArrayLike, length: int, stride: int, s_in: int | None) -> BoolArray:
    """Which slots hold a 2D pose when only every `s_in`-th frame of the video is measured.

    The frame index counts on outside the video, so edge copies follow the same rhythm. A window whose centre
    is off the `stride` grid can come out empty; the published evaluation lifts such windows too.

    Args:
        centres: (B,) frame in the middle of each window.
        length: N.
        stride: frames between slots (s_out).
        s_in: frames between measured poses; None means every frame on the output grid.

    Returns:
        (B, N) True = pose token.
    """
    centre = np.atleast_1d(np.asarray(centres, dtype=np.int64))[:, None]
    return np.asarray(_unclamped(centre, length, stride) % (s_in or stride) == 0)


def _centres(centres: ArrayLike, frames: ArrayLike) -> tuple[IntArray, IntArray]:
    centre = np.atleast_1d(np.asarray(centres, dtype=np.int64))
    count = np.broadcast_to(np.asarray(frames, dtype=np.int64), centre.shape)
    if np.any((centre < 0) | (centre >= count)):
        raise InputError("a window is centred outside its video: accepted are frames 0 … frames − 1")
    return centre[:, None], count[:, None]


def _unclamped(centre: IntArray, length: int, stride: int) -> IntArray:
    return np.asarray(centre + (np.arange(length) - length // 2) * stride, dtype=np.int64)
