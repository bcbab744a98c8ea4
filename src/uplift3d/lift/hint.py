"""The picture's own depth, blended into lifted poses.

The network knows motion, a detector that answers in 3D knows the picture, and they make different mistakes.
Noise model: at a key-frame, lifted joint = truth + a, hint = truth + b, with a and b independent, of zero
mean and of the standard deviations below; the best linear estimate then weighs them by their inverse
variances. How large a person is and how the axes lie belongs to neither: the hint is turned and scaled to the
lifted poses first, once for the whole stretch.

Axes: n tokens, K key-frames, J joints.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray, TimeArray

LIFTED_ERROR_M = 0.05
HINT_ERROR_M = 0.05
"""Standard deviations per axis. Alike, because on real video both are 85–90 mm wrong per joint: half and
half."""
DOUBT_M = 0.25
"""A hint whose joints are so far (root mean square) from the lifted pose is believed half as much: one of the
two has left and right, or front and back, the wrong way round."""
SMOOTH_S = 0.15
"""What the hint adds is averaged over this long on either side, so that dense key-frames do not shake."""
REACH_S = 0.5
"""Up to this long from a hint it counts in full, at twice of it no longer."""
SCALES = (0.6, 1.6)
"""A hint farther from the lifted size is no guess at the same person."""
MIN_JOINTS = 6


class Alignment(NamedTuple):
    """How a hint is brought to the lifted poses: `scale * hint @ rotation.T`."""

    scale: float
    rotation: DoubleArray
    """(3, 3)."""


def blend_hint(poses: FloatArray, times: TimeArray, hint: FloatArray, hint_times: TimeArray) -> FloatArray:
    """Poses in which the lifted and the picture's own 3D are averaged.

    Args:
        poses: (n, J, 3) lifted, metres from the pelvis.
        times: (n,) seconds, increasing.
        hint: (K, J, 3) metres from the pelvis, the same joints, NaN where there is none.
        hint_times: (K,) seconds, increasing.

    Returns:
        (n, J, 3). At a hint's time the weighted mean of both, in between what the hint adds is interpolated
        smoothly, and far from any hint the lifted pose stays as it is. Joints without hint stay too.
    """
    lifted = at_times(poses, times, hint_times)
    alignment = align(hint, lifted)
    if alignment is None:
        return poses
    difference = alignment.scale * hint @ alignment.rotation.T - lifted  # (K, J, 3)
    difference *= (weight() * belief(difference))[:, None, None]
    return np.asarray(poses + spread(difference, hint_times, times), dtype=poses.dtype)


def weight() -> float:
    """Weight of the hint beside the lifted pose, by inverse variances."""
    return LIFTED_ERROR_M**2 / (LIFTED_ERROR_M**2 + HINT_ERROR_M**2)


def belief(difference: DoubleArray) -> DoubleArray:
    """(K,) in [0, 1]: how much of its weight a hint keeps that differs by (K, J, 3) metres, NaN where it is
    none."""
    known = np.isfinite(difference).all(axis=-1)
    square = np.where(known, (difference**2).sum(axis=-1), 0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    return np.asarray(1 / (1 + (square / DOUBT_M**2) ** 2))


def align(hint: FloatArray, lifted: FloatArray) -> Alignment | None:
    """The one rotation about the pelvis and the one scale that bring hints (K, J, 3) nearest to lifted poses.

    Kabsch's solution, by least squares over all joints that have a hint; poses that disagree much (`belief`)
    count less the second time. None for too few joints, or a scale outside `SCALES`.
    """
    known = np.isfinite(hint).all(axis=-1) & np.isfinite(lifted).all(axis=-1)
    if known.sum() < MIN_JOINTS:
        return None
    found = _kabsch(hint[known], lifted[known], np.ones(int(known.sum())))
    trust = belief(found.scale * hint @ found.rotation.T - lifted)
    found = _kabsch(hint[known], lifted[known], np.broadcast_to(trust[:, None], known.shape)[known])
    return found if SCALES[0] <= found.scale <= SCALES[1] else None


def _kabsch(source: FloatArray, target: FloatArray, weights: DoubleArray) -> Alignment:
    """For points (m, 3) relative to the same origin."""
    covariance = (target * weights[:, None]).T @ source  # (3, 3)
    u, sizes, vt = np.linalg.svd(covariance.astype(np.float64))
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    length = float((weights * (source**2).sum(axis=1)).sum())
    return Alignment(float((sizes * sign).sum()) / max(length, 1e-12), (u * sign) @ vt)


def at_times(poses: FloatArray, times: TimeArray, wanted: TimeArray) -> FloatArray:
    """Poses (n, J, 3) interpolated linearly, held beyond the ends: (K, J, 3)."""
    place = np.interp(wanted, times, np.arange(len(times)))
    low = np.minimum(place.astype(np.int64), len(times) - 1)
    high = np.minimum(low + 1, len(times) - 1)
    share = (place - low)[:, None, None]
    return np.asarray(poses[low] * (1 - share) + poses[high] * share, dtype=poses.dtype)


def spread(values: DoubleArray, at: TimeArray, times: TimeArray) -> DoubleArray:
    """Values (K, J, 3) known at some times, NaN where not, at all times: (n, J, 3), 0 far from any."""
    out = np.zeros((len(times), *values.shape[1:]))
    for joint in range(values.shape[1]):
        known = np.isfinite(values[:, joint]).all(axis=-1)
        if known.any():
            out[:, joint] = _between(_smoothed(values[known, joint], at[known]), at[known], times)
    return out


def _smoothed(values: DoubleArray, at: TimeArray) -> DoubleArray:
    """Mean of the values (k, 3) within `SMOOTH_S`, the nearer the more."""
    total, weights = values.astype(np.float64).copy(), np.ones(len(values))
    for step in range(1, len(values)):
        share = np.maximum(1 - (at[step:] - at[:-step]) / SMOOTH_S, 0)
        if not share.any():
            break
        total[step:] += share[:, None] * values[:-step]
        total[:-step] += share[:, None] * values[step:]
        weights[step:] += share
        weights[:-step] += share
    return np.asarray(total / weights[:, None])


def _between(values: DoubleArray, at: TimeArray, times: TimeArray) -> DoubleArray:
    """(n, 3) interpolated with a rate of change that is continuous, fading where no value is near."""
    high = np.clip(np.searchsorted(at, times, side="right"), 1, max(len(at) - 1, 1))
    low, high = high - 1, np.minimum(high, len(at) - 1)
    gap = np.maximum(at[high] - at[low], 1e-9)
    share = np.clip((times - at[low]) / gap, 0, 1)
    share = share**2 * (3 - 2 * share)
    far = np.minimum(np.abs(times - at[low]), np.abs(times - at[high]))
    fade = np.cos(np.pi / 2 * np.clip(far / REACH_S - 1, 0, 1)) ** 2
    mixed = values[low] * (1 - share)[:, None] + values[high] * share[:, None]
    return np.asarray(mixed * fade[:, None])
