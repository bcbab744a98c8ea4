"""The order in which the published training sees its windows, draw for draw.

Order, key-frame strides and mask shifts each come from a generator of their own, all with the same seed.

Axes: W windows of one epoch, N slots of a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from uplift3d.errors import InputError
from uplift3d.windows import centred_mask, shift_range

__all__ = ["TrainingOrder", "TrainingWindows", "validation_strides"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class TrainingWindows:
    """One epoch of windows in the order they are trained on; every array has one row per window."""

    sequence: Ints
    """(W,) which video."""
    frame: Ints
    """(W,) frame in the middle of the window."""
    mirrored: Bools
    """(W,) the example is mirrored left–right."""
    every: Ints
    """(W,) slots between pose tokens (s_in / s_out)."""
    shift: Ints
    """(W,) shift of the mask in slots."""

    def __len__(self) -> int:
        return len(self.frame)

    def mask(self, length: int) -> Bools:
        """(W, N) pose tokens of every window."""
        return centred_mask(length, self.every, self.shift)


class TrainingOrder:
    """Draws epochs of windows; each `epoch()` continues where the last one stopped.

    Args:
        frames: length of every video.
        strides_in: the frames between measured poses to draw from (s_in).
        stride: frames between slots (s_out); every s_in must be a multiple of it.
        mirror: "pairs" puts the mirror image right behind each window (within-batch augmentation), "items"
            adds the mirrored windows of a video to the list before it is shuffled, "none" does neither.
        seed: of all three generators.
    """

    def __init__(
        self,
        frames: Sequence[int],
        strides_in: Sequence[int],
        stride: int,
        mirror: Literal["none", "pairs", "items"] = "pairs",
        seed: int = 0,
    ) -> None:
        odd = [s_in for s_in in strides_in if s_in % stride]
        if odd or not strides_in:
            raise InputError(f"key-frame strides {list(strides_in)}: accepted are multiples of {stride}")
        self._every = np.asarray(strides_in, dtype=np.int64) // stride
        self._copies = 2 if mirror == "pairs" else 1
        self._items = _training_items(frames, listed_mirrors=mirror == "items")  # (items, 3)
        self._order, self._strides, self._shifts = (np.random.default_rng(seed) for _ in range(3))

    def __len__(self) -> int:
        return len(self._items) * self._copies

    def epoch(self) -> TrainingWindows:
        """Draw the next epoch."""
        items = self._items[self._order.permutation(len(self._items))]
        every = self._every[self._strides.integers(len(self._every), size=len(items))]
        shift = self._shifts.integers(*shift_range(every))
        items, every, shift = (np.repeat(rows, self._copies, axis=0) for rows in (items, every, shift))
        mirrored = items[:, 2] > 0
        if self._copies == 2:
            mirrored[1::2] = True
        return TrainingWindows(items[:, 0], items[:, 1], mirrored, every, shift)


def _training_items(frames: Sequence[int], listed_mirrors: bool) -> Ints:
    """(items, 3) sequence, frame, mirrored: videos in order, within a video first plain, then mirrored."""
    flags = (0, 1) if listed_mirrors else (0,)
    blocks = [
        np.stack([np.full(count, sequence), np.arange(count), np.full(count, flag)], axis=1)
        for sequence, count in enumerate(frames)
        for flag in flags
    ]
    return np.concatenate(blocks).astype(np.int64) if blocks else np.zeros((0, 3), dtype=np.int64)


def validation_strides(count: int, strides_in: Sequence[int], seed: int = 0) -> Ints:
    """The published draw of one s_in per validation window: (count,) entries of `strides_in`."""
    drawn = np.random.default_rng(seed).integers(len(strides_in), size=count)
    return np.asarray(np.asarray(strides_in, dtype=np.int64)[drawn])
