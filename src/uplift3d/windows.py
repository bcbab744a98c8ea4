"""Plan, cut and merge windows of tokens, and say which tokens hold a 2D pose.

Two layouts share this file:

* the *published* one (`source_frames`, `stride_mask`, …) centres a window on a video frame and fills what
  lies outside the video with copies of the nearest frame on the window's own grid;
* the *inference* one (`plan_windows`, `cut`, `merge`, `pose_slots`) works on a token grid that is already in
  place, and leaves what lies outside the clip empty.

Axes: B windows, N slots of one window, n tokens of one clip, M pose tokens of one window (padded).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uplift3d.errors import InputError

__all__ = [
    "WindowPlan",
    "centred_mask",
    "cut",
    "merge",
    "observed_mask",
    "pad_mask",
    "plan_windows",
    "pose_slots",
    "rate_factor",
    "shift_range",
    "source_frames",
    "stride_mask",
]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def rate_factor(frame_rate_hz: float, base_hz: float = 50.0) -> int:
    """How many frames of the video make one frame of the time base: multiply `stride` and `s_in` by it.

    Raises:
        InputError: the rate is no whole multiple of the base (resample such a video first).
    """
    factor = frame_rate_hz / base_hz
    if factor < 1 or not factor.is_integer():
        raise InputError(f"frame rate {frame_rate_hz} Hz: accepted are whole multiples of {base_hz:g} Hz")
    return int(factor)


def source_frames(centres: ArrayLike, frames: ArrayLike, length: int, stride: int) -> Ints:
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


def pad_mask(centres: ArrayLike, frames: ArrayLike, length: int, stride: int) -> Bools:
    """(B, N) True where a slot lies inside the video; arguments as for `source_frames`."""
    centre, count = _centres(centres, frames)
    index = _unclamped(centre, length, stride)
    return (index >= 0) & (index < count)


def stride_mask(centres: ArrayLike, length: int, stride: int, s_in: int | None) -> Bools:
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


def centred_mask(length: int, every: ArrayLike, shift: ArrayLike = 0) -> Bools:
    """Pose tokens counted from the middle of the window, as in training and its validation.

    Args:
        length: N.
        every: slots between pose tokens (s_in / s_out), one number or (B,).
        shift: the mask is moved this many slots to the left, one number or (B,); draw it from `shift_range`.

    Returns:
        (B, N) True = pose token; B is 1 for plain numbers.
    """
    steps, moved = np.broadcast_arrays(np.atleast_1d(every), np.atleast_1d(shift))
    slots = np.arange(length) - length // 2
    return np.asarray((slots + moved[:, None]) % steps[:, None] == 0)


def shift_range(every: ArrayLike) -> tuple[Ints, Ints]:
    """Half-open range [low, high) of the random mask shift in training, `every` slots between pose tokens.

    With k = ceil((every − 1) / 2) it is [−k, k] for odd and [−k, k) for even numbers: each phase occurs once.
    """
    steps = np.asarray(every, dtype=np.int64)
    low = np.asarray(-(steps // 2))
    return low, np.asarray(low + steps)


def _centres(centres: ArrayLike, frames: ArrayLike) -> tuple[Ints, Ints]:
    centre = np.atleast_1d(np.asarray(centres, dtype=np.int64))
    count = np.broadcast_to(np.asarray(frames, dtype=np.int64), centre.shape)
    if np.any((centre < 0) | (centre >= count)):
        raise InputError("a window is centred outside its video: accepted are frames 0 … frames − 1")
    return centre[:, None], count[:, None]


def _unclamped(centre: Ints, length: int, stride: int) -> Ints:
    return np.asarray(centre + (np.arange(length) - length // 2) * stride, dtype=np.int64)


@dataclass(frozen=True)
class WindowPlan:
    """Where the windows of one clip lie on its token grid; made by `plan_windows`, can be sliced."""

    tokens: int
    """n, tokens of the whole clip."""
    length: int
    """N, slots of a window."""
    hop: int
    """Tokens each window answers for."""
    start: int
    """First window of this part."""
    stop: int
    """Behind the last window of this part."""

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> WindowPlan:
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise InputError(f"a window plan cannot be cut in steps of {step}: accepted is 1")
        return replace(self, start=self.start + start, stop=self.start + max(start, stop))

    @property
    def kept(self) -> slice:
        """The slots whose output is used: the middle `hop` of a window."""
        first = self.length // 2 - self.hop // 2
        return slice(first, first + self.hop)

    @property
    def covers(self) -> slice:
        """The tokens of the clip that these windows answer for."""
        return slice(min(self.start * self.hop, self.tokens), min(self.stop * self.hop, self.tokens))

    @property
    def first(self) -> Ints:
        """(B,) token in slot 0 of each window; negative before the clip."""
        return np.arange(self.start, self.stop, dtype=np.int64) * self.hop - self.length // 2 + self.hop // 2

    @property
    def positions(self) -> Ints:
        """(B, N) token in each slot, counted on outside the clip."""
        return self.first[:, None] + np.arange(self.length)

    @property
    def inside(self) -> Bools:
        """(B, N) True where a slot lies inside the clip."""
        positions = self.positions
        return (positions >= 0) & (positions < self.tokens)

    def batches(self, size: int) -> Iterator[WindowPlan]:
        """Parts of at most `size` windows, so that a clip of hours needs the memory of one part."""
        for start in range(0, len(self), size):
            yield self[start : start + size]


def plan_windows(tokens: int, length: int, hop: int = 1) -> WindowPlan:
    """Cover a clip with windows, each answering for its middle `hop` tokens.

    Args:
        tokens: n, tokens of the clip; 0 gives no window.
        length: N, slots of a window.
        hop: 1 puts every token in the centre of one window (slot N // 2), as the published evaluation does;
            larger values keep the middle `hop` poses of each sequence and need `hop` times fewer windows.

    Raises:
        InputError: a negative length, or a hop beyond the window.
    """
    if tokens < 0 or length < 1:
        raise InputError(f"{tokens} tokens in windows of {length}: accepted are at least 0 and 1")
    if not 1 <= hop <= length:
        raise InputError(f"a hop of {hop} tokens: accepted are 1 … {length}, the length of a window")
    return WindowPlan(tokens, length, hop, 0, math.ceil(tokens / hop))


def cut(values: NDArray[Any], plan: WindowPlan, fill: float = 0.0) -> NDArray[Any]:
    """Values of every window: (n, …) per token of the whole clip → (B, N, …), `fill` outside the clip."""
    _check_rows(values, plan.tokens, "tokens")
    if plan.tokens == 0:
        return np.full((len(plan), plan.length, *values.shape[1:]), fill, dtype=values.dtype)
    windows = values[np.clip(plan.positions, 0, plan.tokens - 1)]
    windows[~plan.inside] = fill
    return windows


def merge(windows: NDArray[Any], plan: WindowPlan) -> NDArray[Any]:
    """Put the kept slots of every window (B, N, …) in a row: one value per token in `plan.covers`.

    For the whole plan that is (n, …), and `merge(cut(values, plan), plan)` gives `values` back.
    """
    _check_rows(windows, len(plan), "windows")
    kept = windows[:, plan.kept]
    rows = kept.reshape(len(plan) * plan.hop, *kept.shape[2:])
    return rows[: plan.covers.stop - plan.covers.start]


def observed_mask(plan: WindowPlan, observed: Bools) -> Bools:
    """(B, N) True where a slot holds a token of the clip with a 2D pose; `observed` is (n,)."""
    return np.asarray(cut(observed, plan, fill=False))


def pose_slots(plan: WindowPlan, observed: Bools) -> tuple[Ints, Ints]:
    """The pose tokens of every window, as short lists.

    Args:
        plan: the windows.
        observed: (n,) True where a token of the clip holds a 2D pose.

    Returns:
        slots: (B, M) slot of each pose token, rising, N where a window has fewer than M; M is the largest
            number in these windows, at least 1.
        source: (B, M) which token of the clip it is (index into n); 0 in padding.
    """
    _check_rows(observed, plan.tokens, "tokens")
    where = np.flatnonzero(observed).astype(np.int64)  # (K,) tokens with a pose
    first = plan.first
    begin, end = np.searchsorted(where, first), np.searchsorted(where, first + plan.length)
    most = int(max(1, (end - begin).max(initial=0)))
    rank = begin[:, None] + np.arange(most)  # (B, M) row in `where`
    filled = rank < end[:, None]
    source = np.where(filled, np.append(where, 0)[np.minimum(rank, len(where))], 0)  # (B, M)
    slots = np.where(filled, source - first[:, None], plan.length)  # (B, M)
    return slots, source


def _check_rows(values: NDArray[Any], rows: int, what: str) -> None:
    if len(values) != rows:
        raise InputError(f"{len(values)} rows for a plan of {rows} {what}: the two must agree")
