"""Which frames are scored, and which means are reported.

The *all-frame* protocol interpolates 3D poses between the frames a model answers for and scores every frame;
the *key-frame* protocol scores only frames with a measured 2D pose, as predicted. Both report the mean over
frames and the mean over actions: always say which.

Axes: F frames of all sequences one after the other, J joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from uplift3d.errors import InputError
from uplift3d.evaluate.metrics import Alignment, joint_errors

__all__ = [
    "METRICS",
    "Scores",
    "all_frame_scores",
    "interpolate_keyframes",
    "key_frame_scores",
    "keyframes",
    "score",
    "sequence_ids",
]

METRICS: dict[str, Alignment] = {"mpjpe": "root", "n_mpjpe": "scale", "p_mpjpe": "similarity"}

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """One protocol's result; every number is in millimetres, keyed by the names in `METRICS`."""

    frames: int
    """Frames that were scored."""
    frame_mean: dict[str, float]
    """Mean over all frames (and joints)."""
    action_mean: dict[str, float]
    """Mean of the actions' means, each action counting once; actions without a number are left out."""
    per_action: dict[str, dict[str, float]]
    """Mean over the frames of each action; NaN for an action without frames."""


def keyframes(frame_index: ArrayLike, every: int) -> Bools:
    """(F,) True where the number of the frame in its own sequence is a multiple of `every`."""
    return np.asarray(np.asarray(frame_index) % every == 0)


def sequence_ids(frame_index: ArrayLike) -> Ints:
    """(F,) running number of the sequence; a frame number that does not rise starts a new one."""
    index = np.asarray(frame_index)
    starts = np.diff(index, prepend=index[:1] - 1) <= 0
    return np.cumsum(starts, dtype=np.int64)


def interpolate_keyframes(
    poses: NDArray[Any], frame_index: ArrayLike, every: int, sequence: ArrayLike | None = None
) -> NDArray[Any]:
    """Replace what lies between key-frames by linear interpolation, sequence by sequence.

    Frames behind the last key-frame of a sequence repeat it, frames before the first one too. With `every` =
    s_out this is the all-frame protocol, with s_in the baseline without learned upsampling.

    Args:
        poses: (F, J, 3); only key-frames are read.
        frame_index: (F,) number of each frame in its sequence, rising.
        every: frames between key-frames, counted from frame 0.
        sequence: (F,) which sequence; found from falling frame numbers by default.

    Returns:
        (F, J, 3) in the type of `poses`; key-frames are unchanged.

    Raises:
        InputError: the lengths differ, or a sequence has no key-frame.
    """
    index = np.asarray(frame_index, dtype=np.int64)
    owner = sequence_ids(index) if sequence is None else np.asarray(sequence)
    if not len(poses) == len(index) == len(owner):
        raise InputError(
            f"{len(poses)} poses, {len(index)} frame numbers, {len(owner)} sequence numbers: must agree"
        )
    before, behind = _neighbours(keyframes(index, every), owner)
    span = index[behind] - index[before]  # (F,) 0 at key-frames and at held ends
    share = np.where(span > 0, (index - index[before]) / np.maximum(span, 1), 0.0)
    share = share.astype(poses.dtype)[(...,) + (None,) * (poses.ndim - 1)]
    return np.asarray((1 - share) * poses[before] + share * poses[behind])


def score(
    predicted: ArrayLike,
    target: ArrayLike,
    actions: Sequence[str] | NDArray[Any] | None = None,
    *,
    names: Sequence[str] | None = None,
    root: int = 0,
    valid: ArrayLike | None = None,
) -> Scores:
    """All metrics over all frames and per action.

    Args:
        predicted: (F, J, 3) metres.
        target: (F, J, 3) metres.
        actions: (F,) name of each frame's action; one action "all" by default.
        names: the actions to report, in order; those that occur by default.
        root: joint the poses are aligned at.
        valid: (F, J) True where a joint counts.
    """
    truth = np.asarray(target)
    flags = np.ones(truth.shape[:-1], bool) if valid is None else np.asarray(valid, dtype=bool)
    labels = np.full(len(truth), "all") if actions is None else np.asarray(actions)
    if labels.shape != truth.shape[:1]:
        raise InputError(f"{labels.shape[0]} action names for {len(truth)} frames: one for each is needed")
    chosen = list(dict.fromkeys(labels.tolist())) if names is None else list(names)
    errors = {
        metric: joint_errors(predicted, truth, align, root=root, valid=flags)
        for metric, align in METRICS.items()
    }  # (F, J) each
    per_action = {
        name: {metric: _mean(error, flags & (labels == name)[:, None]) for metric, error in errors.items()}
        for name in chosen
    }
    return Scores(
        frames=len(truth),
        frame_mean={metric: _mean(error, flags) for metric, error in errors.items()},
        action_mean={metric: _known_mean([row[metric] for row in per_action.values()]) for metric in METRICS},
        per_action=per_action,
    )


def all_frame_scores(
    predicted: NDArray[Any], target: NDArray[Any], frame_index: ArrayLike, every: int, **options: Any
) -> Scores:
    """Interpolate between every `every`-th frame (s_out; s_in for the baseline) and score all frames.

    `options` are those of `score`.
    """
    return score(interpolate_keyframes(predicted, frame_index, every), target, **options)


def key_frame_scores(
    predicted: NDArray[Any],
    target: NDArray[Any],
    frame_index: ArrayLike,
    every: int,
    *,
    actions: Sequence[str] | NDArray[Any] | None = None,
    valid: NDArray[Any] | None = None,
    **options: Any,
) -> Scores:
    """Score only frames whose number is a multiple of `every` (s_in), as predicted; options of `score`."""
    rows = keyframes(frame_index, every)
    labels = None if actions is None else np.asarray(actions)[rows]
    flags = None if valid is None else valid[rows]
    return score(predicted[rows], target[rows], labels, valid=flags, **options)


def _neighbours(key: Bools, sequence: NDArray[Any]) -> tuple[Ints, Ints]:
    """(F,) rows of the key-frames around every frame in its sequence; where one is missing, the other"""
    rows = np.arange(len(key))
    before = np.maximum.accumulate(np.where(key, rows, -1))
    behind = np.minimum.accumulate(np.where(key, rows, len(key))[::-1])[::-1]
    has_before = (before >= 0) & (sequence[before] == sequence)
    has_behind = (behind < len(key)) & (sequence[np.minimum(behind, len(key) - 1)] == sequence)
    if not np.all(has_before | has_behind):
        lost = sequence[~(has_before | has_behind)][0]
        raise InputError(f"sequence {lost} has no key-frame to interpolate from: at least one is needed")
    return np.where(has_before, before, behind), np.where(has_behind, behind, before)


def _mean(errors: NDArray[np.float64], flags: Bools) -> float:
    return float(errors[flags].mean()) if flags.any() else float("nan")


def _known_mean(values: list[float]) -> float:
    known = [value for value in values if value >= 0]  # NaN compares false
    return float(np.mean(known)) if known else float("nan")
