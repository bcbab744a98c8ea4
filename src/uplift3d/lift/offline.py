"""One person's tokens → a 3D pose per token, for clips of any length.

Axes: n tokens of the clip, B windows, N slots of a window, M pose tokens of a window, J joints, C channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from uplift3d.arrays import BoolArray, FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.lift.runtime import Runtime
from uplift3d.lift.windows import lay_windows
from uplift3d.normalise import mirror
from uplift3d.skeletons import joint_set
from uplift3d.tokens import InputSpec, TokenTrack

WINDOWS_PER_TOKEN = 3
"""So many windows hold a token, where the hop is the usual one: on held-out motion within 0.1 mm of a window
for every token, at a twenty-third of the work (docs/decisions.md)."""
BATCH = 16
"""Windows that go through the network together: bounds the memory of clips of any length. More are no faster:
with 64 the activations of a 384-channel network no longer fit a core's cache (10–20 % slower, Zen 4)."""


def lift_track(
    runtime: Runtime,
    track: TokenTrack,
    *,
    hop: int = 1,
    flip: bool = False,
    batch: int = BATCH,
    advance: Callable[[int], None] | None = None,
) -> FloatArray:
    """Lift one person's tokens.

    Args:
        runtime: the network.
        track: tokens of one uninterrupted stretch, at least one of them observed.
        hop: 1 gives every token the refined centre pose of its own window, as the published evaluation does.
            k > 1 takes k times fewer windows: a token is the mean of all sequences that hold it, weighted by
            how near to their middle.
        flip: average with the result for the mirror image.
        batch: windows at a time.
        advance: called with the number of tokens that were just finished.

    Returns:
        (n, J, 3) metres relative to the pelvis, in the network's joints and axes.

    Raises:
        InputError: a hop that is not within 1 … N // 2.
    """
    spec = InputSpec.from_config(runtime.config)
    choose_hop(hop, spec)
    poses = _lift(runtime, spec, track, hop, batch, advance)
    if flip:
        mirrored = replace(track, poses=mirror(track.poses, spec.joints))
        other = mirror(_lift(runtime, spec, mirrored, hop, batch, None), spec.joints)
        poses = np.asarray((poses + other) / 2, dtype=poses.dtype)
    root = joint_set(spec.joints).root
    return poses if root is None else poses - poses[:, root : root + 1]


def choose_hop(hop: int | None, spec: InputSpec) -> int:
    """The hop, None taking the usual one; InputError when a token would lie well inside of no window."""
    if hop is None:
        return 1 if spec.edges == "repeat" else usual_hop(spec.window)
    if not 1 <= hop <= spec.window // 2:
        raise InputError(f"hop is {hop}; accepted are 1 … {spec.window // 2} tokens for this model")
    return hop


def usual_hop(window: int) -> int:
    """Tokens between windows of so many tokens."""
    return max(1, window // WINDOWS_PER_TOKEN)


def _lift(
    runtime: Runtime,
    spec: InputSpec,
    track: TokenTrack,
    hop: int,
    batch: int,
    advance: Callable[[int], None] | None,
) -> FloatArray:
    layout = lay_windows(track.observed, spec, hop)
    embedded = _Embedded(runtime, track.poses[track.observed])
    blend = _Blend(len(track.times), track.poses.shape[1], spec.window)
    for start in range(0, len(layout.first), batch):
        part = slice(start, start + batch)
        slots, rows = layout.pose_tokens(part)  # (B, M) both
        tokens = embedded.gather(rows, slots < spec.window)  # (B, M, C)
        first = layout.first[part]  # (B,)
        if hop == 1:
            blend.place(first + spec.window // 2, runtime.uplift(tokens, slots, "centre"))
        else:
            blend.add(first, runtime.uplift(tokens, slots, "sequence"))
        if advance is not None:
            count = len(track.times)  # the last window reaches over the end
            advance(min((start + len(first)) * hop, count) - min(start * hop, count))
    return blend.poses()


class _Blend:
    """Poses of a clip, collected window by window."""

    def __init__(self, count: int, joints: int, window: int) -> None:
        self._sum = np.zeros((count, joints, 3), dtype=np.float32)
        self._weight = np.zeros(count, dtype=np.float32)
        # Hann: the middle of a window knows most, and no window comes or goes with a step.
        self._window = np.sin(np.pi * (np.arange(window) + 0.5) / window).astype(np.float32) ** 2

    def place(self, tokens: IntArray, centres: FloatArray) -> None:
        """Take the poses (B, J, 3) as they are."""
        self._sum[tokens], self._weight[tokens] = centres, 1

    def add(self, first: IntArray, sequences: FloatArray) -> None:
        """Mix in sequences (B, N, J, 3) whose slot 0 is token `first` (B,) of the clip, or outside it."""
        length = len(self._window)
        for start, sequence in zip(first.tolist(), sequences, strict=True):
            inside = slice(max(0, -start), min(length, len(self._sum) - start))
            tokens = slice(start + inside.start, start + inside.stop)
            weight = self._window[inside]
            self._sum[tokens] += weight[:, None, None] * sequence[inside]
            self._weight[tokens] += weight

    def poses(self) -> FloatArray:
        """(n, J, 3)."""
        self._sum /= self._weight[:, None, None]
        return self._sum


class _Embedded:
    """Pose tokens of a clip, each embedded once and forgotten when no later window needs it."""

    def __init__(self, runtime: Runtime, poses: FloatArray) -> None:
        self._runtime = runtime
        self._poses = poses  # (K, J, 2)
        self._first = 0  # pose that the first of the tokens belongs to
        self._tokens = runtime.embed(poses[:0]) if len(poses) == 0 else runtime.embed(poses[:1])

    def gather(self, rows: IntArray, wanted: BoolArray) -> FloatArray:
        """Tokens (B, M, C) of the poses `rows` (B, M), 0 where not `wanted`; rows never go back in time."""
        needed = rows[wanted]
        if len(needed):
            self._keep(int(needed.min()), int(needed.max()) + 1)
        index = np.clip(rows - self._first, 0, len(self._tokens) - 1)
        return np.where(wanted[..., None], self._tokens[index], np.float32(0))

    def _keep(self, start: int, stop: int) -> None:
        """Hold the tokens of the poses from `start` to `stop`."""
        end = self._first + len(self._tokens)
        kept = self._tokens[start - self._first :]
        fresh = self._poses[max(end, start) : stop]
        self._tokens = np.concatenate([kept, self._runtime.embed(fresh)]) if len(fresh) else kept
        self._first = start
