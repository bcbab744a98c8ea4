"""The latest tokens of somebody who is still being watched → their 3D poses, at the price of one window.

Axes: n tokens, B windows, N slots of a window, M pose tokens of a window, J joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.lift.offline import _Blend
from uplift3d.lift.runtime import Runtime
from uplift3d.lift.windows import lay_windows
from uplift3d.normalise import mirror
from uplift3d.skeletons import joint_set
from uplift3d.tokens import InputSpec, TokenTrack


def lift_newest(runtime: Runtime, track: TokenTrack, wanted: slice, *, flip: bool = False) -> FloatArray:
    """Lift some tokens near the end of what is known.

    The window ends with the track, or has what is wanted in its middle where more is known behind that: on
    held-out motion better than a window in the middle of which the newest token stands, and than a mean of
    several (docs/adaptive.md). More windows are taken where one does not reach over all that is wanted.

    Args:
        runtime: the network; its sequence head is read.
        track: tokens of one uninterrupted stretch up to the newest, at least one of them observed.
        wanted: the tokens that matter (start and stop), inside the track.
        flip: average with the result for the mirror image.

    Returns:
        (n, J, 3) metres from the pelvis in the network's joints and axes; NaN where no window reached.
    """
    spec = InputSpec.from_config(runtime.config)
    first = _windows(len(track.times), wanted, spec.window)
    seen = track.poses[track.observed]
    sides = _lift(runtime, spec, track, first, [seen, mirror(seen, spec.joints)] if flip else [seen])
    poses = sides[0]
    if flip:
        poses = np.asarray((poses + mirror(sides[1], spec.joints)) / 2, dtype=poses.dtype)
    root = joint_set(spec.joints).root
    return poses if root is None else poses - poses[:, root : root + 1]


def _windows(count: int, wanted: slice, length: int) -> IntArray:
    """(B,) first tokens of the windows, rising; one where that reaches over what is wanted."""
    last = min(count, (wanted.start + wanted.stop) // 2 + length // 2 + 1) - length
    last = max(last, wanted.stop - length)
    steps = max(0, -(-(last - wanted.start) // (length // 2)))
    return np.asarray(last - length // 2 * np.arange(steps, -1, -1), dtype=np.int64)


def _lift(
    runtime: Runtime, spec: InputSpec, track: TokenTrack, first: IntArray, sides: Sequence[FloatArray]
) -> list[FloatArray]:
    """(n, J, 3) of each of `sides`, the observed poses (K, J, channels) or their mirror image, in one run."""
    layout = replace(lay_windows(track.observed, spec, 1), first=first)
    slots, rows = layout.pose_tokens(slice(None))  # (B, M) both
    embedded = np.split(runtime.embed(np.concatenate(sides)), len(sides))  # (K, C) each
    wanted = (slots < spec.window)[..., None]
    tokens = np.concatenate([np.where(wanted, side[rows], np.float32(0)) for side in embedded])
    sequences = runtime.uplift(tokens, np.tile(slots, (len(sides), 1)), "sequence")
    lifted = []
    for side in np.split(sequences, len(sides)):
        blend = _Blend(len(track.times), track.poses.shape[1], spec.window)
        blend.add(first, side)
        with np.errstate(invalid="ignore"):
            lifted.append(blend.poses())  # 0 / 0 where no window reached
    return lifted
