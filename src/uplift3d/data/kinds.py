"""What kind of motion a frame shows, by simple measures, so that errors can be told apart by it.

Axes: T frames of h36m17 or h36m21, world metres with z up.
"""

from __future__ import annotations

import numpy as np

from uplift3d.arrays import DoubleArray, IntArray, RealArray
from uplift3d.data.plausible import leg_length
from uplift3d.skeletons import joint_set

__all__ = ["KINDS", "kinds_of"]

KINDS = ("standing", "walking", "fast", "bent", "low", "lying")
"""From what counts least to what counts most, where several are true."""
LOW = 0.6
"""Pelvis below this share of its height in standing."""
LYING = 0.4
BENT_DEGREES = 45.0
"""Trunk, from pelvis to the middle of the shoulders, this far from upright."""
LYING_DEGREES = 60.0
WALKING_M_S = 0.4
FAST_M_S = 2.0
"""Of the pelvis, or of the limbs against it: mean of wrists and ankles."""
ANKLE_M = 0.08
"""Height of the ankles in standing."""
_WINDOW_S = 0.2
_J = joint_set("h36m17")
_LIMBS = [_J.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("wrist", "ankle")]


def kinds_of(positions: RealArray, rate_hz: float) -> IntArray:
    """The kind of every frame of a clip, as (T,) indices into `KINDS`.

    The floor lies 8 cm below where the ankles of the clip come lowest (5th percentile). Speeds are
    means over a fifth of a second.

    Args:
        positions: (T, 17 or 21, 3); of these hips, knees, ankles, shoulders and wrists must be known.
        rate_hz: frames per second.
    """
    motion = np.asarray(positions, dtype=np.float64)[:, : len(_J)]
    pelvis = motion[:, _J.index("pelvis")]
    ankles = motion[:, [_J.index("left_ankle"), _J.index("right_ankle")], 2]
    floor = np.quantile(ankles, 0.05) - ANKLE_M
    height = (pelvis[:, 2] - floor) / (leg_length(motion) + ANKLE_M)
    trunk = motion[:, [_J.index("left_shoulder"), _J.index("right_shoulder")]].mean(axis=1) - pelvis
    tilt = np.degrees(np.arctan2(np.linalg.norm(trunk[:, :2], axis=-1), trunk[:, 2]))
    speed = _speed(pelvis[:, None, :2], rate_hz)
    limbs = _speed(motion[:, _LIMBS] - pelvis[:, None], rate_hz)
    kind = np.zeros(len(motion), dtype=np.int64)
    for name, true in (
        ("walking", speed > WALKING_M_S),
        ("fast", (speed > FAST_M_S) | (limbs > FAST_M_S)),
        ("bent", tilt > BENT_DEGREES),
        ("low", height < LOW),
        ("lying", (height < LYING) & (tilt > LYING_DEGREES)),
    ):
        kind[true] = KINDS.index(name)
    return kind


def _speed(points: DoubleArray, rate_hz: float) -> DoubleArray:
    """(T, P, D) → (T,) m/s, mean over the points, smoothed."""
    if len(points) < 2:
        return np.zeros(len(points))
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(axis=1) * rate_hz
    width = max(1, round(_WINDOW_S * rate_hz))
    steps = np.concatenate([steps, steps[-1:]])
    padded = np.pad(steps, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")
