"""How far predicted poses are from true ones, in the measures of the field.

Poses are (…, J, 3) in metres; results are millimetres (or per cent) in float64, averaged over everything.
A NaN that goes in comes out: leave joints out with `valid`.

Axes: B poses (all leading axes together), T frames, J joints.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from uplift3d.arrays import AnyArray, BoolArray, DoubleArray
from uplift3d.errors import InputError

__all__ = [
    "acceleration_error",
    "auc",
    "joint_errors",
    "mpjpe",
    "mpjve",
    "n_mpjpe",
    "p_mpjpe",
    "pck",
    "similarity_align",
]

Alignment = Literal["root", "scale", "similarity"]
MM_PER_M = 1000.0


def mpjpe(predicted: ArrayLike, target: ArrayLike, *, root: int = 0, valid: ArrayLike | None = None) -> float:
    """Mean per-joint position error in mm after moving both poses to their root joint ("protocol 1").

    Args:
        predicted: (…, J, 3) metres.
        target: (…, J, 3) metres.
        root: joint that both poses are moved to; it is used even where it is not valid.
        valid: (…, J) True where a joint counts; all by default.

    Raises:
        InputError: the shapes do not fit, or no joint is valid.
    """
    return _mean(joint_errors(predicted, target, "root", root=root), valid)


def n_mpjpe(
    predicted: ArrayLike, target: ArrayLike, *, root: int = 0, valid: ArrayLike | None = None
) -> float:
    """MPJPE in mm after one least-squares scale per pose about the root (Rhodin et al., CVPR 2018).

    Only valid joints choose the scale. A predicted pose without extent has no scale: the result is NaN.
    Arguments as for `mpjpe`.
    """
    return _mean(joint_errors(predicted, target, "scale", root=root, valid=valid), valid)


def p_mpjpe(predicted: ArrayLike, target: ArrayLike, *, valid: ArrayLike | None = None) -> float:
    """MPJPE in mm after the best rotation (no reflection), scale and translation per pose ("protocol 2").

    Every joint takes part in the alignment, also those that do not count for the mean, as in the published
    evaluation; a predicted pose without extent is scored where it is. Arguments as for `mpjpe`.
    """
    return _mean(joint_errors(predicted, target, "similarity"), valid)


def joint_errors(
    predicted: ArrayLike,
    target: ArrayLike,
    align: Alignment = "root",
    *,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> DoubleArray:
    """Distance of every joint in mm after aligning pose by pose, before any mean.

    Args:
        predicted: (…, J, 3) metres.
        target: (…, J, 3) metres.
        align: "root" as in `mpjpe`, "scale" as in `n_mpjpe`, "similarity" as in `p_mpjpe`.
        root: joint of "root" and "scale".
        valid: (…, J) joints that choose the scale of "scale".

    Returns:
        (…, J) mm.
    """
    pose, truth = _pair(predicted, target)
    if align == "similarity":
        return MM_PER_M * _distance(similarity_align(pose, truth), truth)
    pose, truth = _rooted(pose, root), _rooted(truth, root)
    if align == "scale":
        pose = pose * _scale(pose, truth, _flags(valid, pose.shape[:-1]))
    return MM_PER_M * _distance(pose, truth)


def similarity_align(predicted: ArrayLike, target: ArrayLike) -> DoubleArray:
    """Move every predicted pose onto its target by the least-squares similarity transform.

    Kabsch–Umeyama (Umeyama, PAMI 1991): a rotation without reflection, one scale and a translation per pose.
    A predicted pose without extent (all joints in one point) is returned as it is.

    Args:
        predicted: (…, J, 3).
        target: (…, J, 3) in the same unit.

    Returns:
        (…, J, 3) aligned predictions; NaN where a pose holds a NaN.
    """
    pose, truth = _pair(predicted, target)
    finite = np.asarray(np.isfinite(pose).all(axis=(-1, -2)) & np.isfinite(truth).all(axis=(-1, -2)))
    x = np.where(finite[..., None, None], pose, 0.0)  # (…, J, 3) the SVD refuses NaN
    y = np.where(finite[..., None, None], truth, 0.0)
    x_mean, y_mean = x.mean(axis=-2, keepdims=True), y.mean(axis=-2, keepdims=True)
    centred = x - x_mean
    u, spread, vt = np.linalg.svd(np.swapaxes(y - y_mean, -1, -2) @ centred)  # (…, 3, 3) = Σ y xᵀ
    handed = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)  # (…,)
    u[..., -1] *= handed[..., None]
    spread[..., -1] *= handed
    size = np.sum(centred**2, axis=(-1, -2))  # (…,)
    extended = size > _rounding(x)
    scale = np.sum(spread, axis=-1) / np.where(extended, size, 1.0)
    aligned = scale[..., None, None] * centred @ np.swapaxes(u @ vt, -1, -2) + y_mean
    aligned = np.where(extended[..., None, None], aligned, x)
    return np.where(finite[..., None, None], aligned, np.nan)


def mpjve(
    predicted: ArrayLike,
    target: ArrayLike,
    *,
    times: ArrayLike | None = None,
    rate_hz: float | None = None,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> float:
    """Mean per-joint velocity error in mm/s: how far the finite differences of root-aligned poses lie apart.

    Args:
        predicted: (…, T, J, 3) metres, at least two frames.
        target: (…, T, J, 3) metres.
        times: (T,) seconds, increasing; or
        rate_hz: frames per second. 1 gives the "mm per frame" of the literature.
        root: joint both are moved to in every frame.
        valid: (…, T, J) True where a joint counts; a difference counts where both its frames do.
    """
    return _difference_error(predicted, target, 1, times, rate_hz, root, valid)


def acceleration_error(
    predicted: ArrayLike,
    target: ArrayLike,
    *,
    times: ArrayLike | None = None,
    rate_hz: float | None = None,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> float:
    """Mean per-joint acceleration error in mm/s², from second differences; arguments as for `mpjve`.

    With uneven times a difference of velocities is divided by the time between the middles of its intervals.
    """
    return _difference_error(predicted, target, 2, times, rate_hz, root, valid)


def pck(
    predicted: ArrayLike,
    target: ArrayLike,
    *,
    threshold_mm: float = 150.0,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> float:
    """Per cent of joints nearer to the truth than a threshold, after moving both poses to their root joint.

    MPI-INF-3DHP uses 150 mm. The root itself counts; leave it out with `valid` if it should not.
    """
    errors = joint_errors(predicted, target, "root", root=root)
    return 100.0 * _mean(np.where(np.isnan(errors), np.nan, errors < threshold_mm), valid)


def auc(
    predicted: ArrayLike,
    target: ArrayLike,
    *,
    highest_mm: float = 150.0,
    step_mm: float = 5.0,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> float:
    """Area under the PCK curve in per cent: mean of `pck` at 0, 5, … 150 mm (31 thresholds, both ends in).

    No error is below 0 mm, so even a perfect prediction scores 30/31 = 96.8 %, as in the usual evaluations.
    """
    errors = joint_errors(predicted, target, "root", root=root)
    thresholds = np.arange(0.0, highest_mm + 0.5 * step_mm, step_mm)
    share = (errors[..., None] < thresholds).mean(axis=-1)
    return 100.0 * _mean(np.where(np.isnan(errors), np.nan, share), valid)


def _difference_error(
    predicted: ArrayLike,
    target: ArrayLike,
    order: int,
    times: ArrayLike | None,
    rate_hz: float | None,
    root: int,
    valid: ArrayLike | None,
) -> float:
    pose, truth = _pair(predicted, target)
    if pose.ndim < 3 or pose.shape[-3] <= order:
        raise InputError(
            f"poses of shape {pose.shape}: accepted is (…, T, J, 3) with at least {order + 1} frames"
        )
    clock = _clock(times, rate_hz, pose.shape[-3])
    change = _rooted(pose, root) - _rooted(truth, root)  # differences are linear: take them of the error
    flags = _flags(valid, pose.shape[:-1])
    for _ in range(order):
        change = np.diff(change, axis=-3) / np.diff(clock)[:, None, None]
        clock = (clock[1:] + clock[:-1]) / 2
        flags = flags[..., 1:, :] & flags[..., :-1, :]
    return _mean(MM_PER_M * np.linalg.norm(change, axis=-1), flags)


def _clock(times: ArrayLike | None, rate_hz: float | None, frames: int) -> DoubleArray:
    if (times is None) == (rate_hz is None):
        raise InputError("velocities need either times (seconds) or rate_hz, one of the two")
    if rate_hz is not None:
        if not rate_hz > 0:
            raise InputError(f"a rate of {rate_hz} Hz: accepted are positive numbers")
        return np.arange(frames) / rate_hz
    clock = np.asarray(times, dtype=np.float64)
    if clock.shape != (frames,) or not np.all(np.diff(clock) > 0):
        raise InputError(f"times of shape {clock.shape}: accepted are {frames} increasing seconds")
    return clock


def _pair(predicted: ArrayLike, target: ArrayLike) -> tuple[DoubleArray, DoubleArray]:
    pose, truth = np.asarray(predicted, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if pose.shape != truth.shape or pose.ndim < 2 or pose.shape[-1] != 3:
        raise InputError(
            f"predicted {pose.shape} and target {truth.shape}: accepted are two equal shapes (…, joints, 3)"
        )
    return pose, truth


def _flags(valid: ArrayLike | None, shape: tuple[int, ...]) -> BoolArray:
    if valid is None:
        return np.ones(shape, dtype=bool)
    flags = np.asarray(valid, dtype=bool)
    try:
        return np.broadcast_to(flags, shape)
    except ValueError:
        raise InputError(f"valid has shape {flags.shape}: accepted is {shape}, one flag per joint") from None


def _mean(values: AnyArray, valid: ArrayLike | None) -> float:
    chosen = values[_flags(valid, values.shape)]
    if chosen.size == 0:
        raise InputError("there is no valid joint to average over: at least one is needed")
    return float(chosen.mean())


def _rooted(pose: DoubleArray, root: int) -> DoubleArray:
    if not -pose.shape[-2] <= root < pose.shape[-2]:
        raise InputError(f"root joint {root}: accepted are 0 … {pose.shape[-2] - 1}")
    return pose - pose[..., root, None, :]


def _scale(pose: DoubleArray, truth: DoubleArray, flags: BoolArray) -> DoubleArray:
    """(…, 1, 1) the factor that brings pose nearest to truth; NaN where pose has no extent."""
    weight = flags[..., None]
    cross = np.sum(pose * truth, axis=(-1, -2), where=weight)
    own = np.sum(pose * pose, axis=(-1, -2), where=weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(own > 0, cross / own, np.nan)
    return np.asarray(ratio)[..., None, None]


def _distance(pose: DoubleArray, truth: DoubleArray) -> DoubleArray:
    return np.asarray(np.linalg.norm(pose - truth, axis=-1))


def _rounding(x: DoubleArray) -> DoubleArray:
    """(…,) sum of squares that rounding alone can leave when all joints of a pose coincide."""
    largest = np.abs(x).max(axis=(-1, -2), initial=0.0)
    return np.asarray(x.shape[-2] * (x.shape[-2] * np.finfo(np.float64).eps * largest) ** 2)
