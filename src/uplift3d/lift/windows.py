"""Windows over the tokens of a clip: where each of them lies, and which of its slots hold a 2D pose.

(The published evaluation centres its windows on frames of a video instead, see `evaluate/windows.py`.)

Axes: B windows, N slots of one window, n tokens of one clip, M pose tokens of one window (padded).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uplift3d.arrays import BoolArray, IntArray
from uplift3d.tokens import InputSpec

__all__ = ["WindowLayout", "lay_windows", "pose_slots"]


@dataclass(frozen=True, eq=False)
class WindowLayout:
    """Windows over the tokens of a clip, with `pad` more tokens on either side of it."""

    first: IntArray
    """(B,) token in slot 0 of every window; tokens are counted from the first one of the clip."""
    length: int
    """N, slots of a window."""
    pad: int
    """Tokens in front of the clip and behind it."""
    observed: BoolArray
    """(n + 2 pad,) True for pose tokens."""
    row: IntArray
    """(n + 2 pad,) which of the clip's observed poses a pose token holds."""

    def pose_tokens(self, part: slice) -> tuple[IntArray, IntArray]:
        """Slots (B, M) of the pose tokens of some windows, N for padding, and the observed poses in them."""
        slots, source = pose_slots(self.first[part] + self.pad, self.length, self.observed)
        return slots, self.row[source]


def lay_windows(observed: BoolArray, spec: InputSpec, hop: int) -> WindowLayout:
    """Windows `hop` tokens apart, as far from one end of the clip as from the other.

    With hop 1 every token is in the middle of one window (slot N // 2), as in the published evaluation. What
    lies outside the clip: nothing for models trained that way, else its ends again (published).

    Args:
        observed: (n,) True for pose tokens.
        spec: the network's window, and what it wants outside the clip.
        hop: tokens between windows.
    """
    count, window = len(observed), spec.window
    windows = -(-count // hop)
    lead = (windows * hop - count) // 2
    first = np.arange(windows, dtype=np.int64) * hop + hop // 2 - window // 2 - lead
    pad = lead + (-(-window // hop) * hop if spec.edges == "repeat" else 0)
    known = np.pad(observed, pad)
    row = np.clip(np.cumsum(known) - 1, 0, observed.sum() - 1)
    if spec.edges == "repeat":
        known = _continued(known)
    return WindowLayout(first, window, pad, known, row)


def pose_slots(first: IntArray, length: int, observed: BoolArray) -> tuple[IntArray, IntArray]:
    """The pose tokens of every window, as short lists.

    Args:
        first: (B,) token in slot 0 of every window, rising; may lie outside of `observed`.
        length: N.
        observed: (n,) True where a token holds a 2D pose.

    Returns:
        slots: (B, M) slot of each pose token, rising, N where a window has fewer than M; M is the largest
            number in these windows, at least 1.
        source: (B, M) which token it is (index into n); 0 in padding.
    """
    where = np.flatnonzero(observed).astype(np.int64)  # (K,) tokens with a pose
    begin, end = np.searchsorted(where, first), np.searchsorted(where, first + length)
    most = int(max(1, (end - begin).max(initial=0)))
    rank = begin[:, None] + np.arange(most)  # (B, M) row in `where`
    filled = rank < end[:, None]
    source = np.where(filled, np.append(where, 0)[np.minimum(rank, len(where))], 0)  # (B, M)
    slots = np.where(filled, source - first[:, None], length)  # (B, M)
    return slots, source


def _continued(observed: BoolArray) -> BoolArray:
    """Pose tokens go on beyond the first and the last one, in their usual rhythm."""
    where = np.flatnonzero(observed)
    rhythm = max(1, round(float(np.median(np.diff(where))))) if len(where) > 1 else 1
    place = np.arange(len(observed))
    before = (place < where[0]) & ((where[0] - place) % rhythm == 0)
    after = (place > where[-1]) & ((place - where[-1]) % rhythm == 0)
    continued: BoolArray = observed | before | after
    return continued
