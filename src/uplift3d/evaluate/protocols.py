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
from numpy.typing import ArrayLike

from uplift3d.arrays import AnyArray, BoolArray, DoubleArray, IntArray
from uplift3d.errors import InputError
from uplift3d.evaluate.metrics import Alignment, joint_errors

__all__ = [
    "METRICS",
    "UNITS",
    "Evaluation",
    "Scores",
    "all_frame_scores",
    "interpolate_keyframes",
    "key_frame_scores",
    "keyframes",
    "score",
    "sequence_ids",
]

METRICS: dict[str, Alignment] = {"mpjpe": "root", "n_mpjpe": "scale", "p_mpjpe": "similarity"}
"""Errors of single poses, which every protocol reports."""
UNITS = {
    **dict.fromkeys(METRICS, "mm"),
    "mpjve": "mm/s",
    "acceleration": "mm/s²",
    "pck": "%",
    "auc": "%",
}
"""Everything that can be reported, in the order of tables."""
PCK_MM = 150.0
AUC_MM = np.arange(0.0, 152.5, 5.0)


@dataclass(frozen=True)
class Scores:
    """One protocol's result, keyed by names and in the units of `UNITS`."""

    frames: int
    """Frames that were scored."""
    frame_mean: dict[str, float]
    """Mean over all frames (and joints)."""
    action_mean: dict[str, float]
    """Mean of the actions' means, each action counting once; actions without a number are left out."""
    per_action: dict[str, dict[str, float]]
    """Mean over the frames of each action; NaN for an action without frames."""


@dataclass(frozen=True)
class Evaluation:
    """Both protocols for one key-frame stride."""

    s_in: int
    """Frames between 2D poses, of the network's time base."""
    all_frames: Scores
    key_frames: Scores


@dataclass(frozen=True, eq=False)
class _Measure:
    """A number for every joint of every frame, (F, J), and whether it counts."""

    values: DoubleArray
    counted: BoolArray

    def mean(self, rows: BoolArray | None = None) -> float:
        counted = self.counted if rows is None else self.counted & rows[:, None]
        return float(self.values[counted].mean()) if counted.any() else float("nan")


def keyframes(frame_index: ArrayLike, every: int) -> BoolArray:
    """(F,) True where the number of the frame in its own sequence is a multiple of `every`."""
    return np.asarray(np.asarray(frame_index) % every == 0)


def sequence_ids(frame_index: ArrayLike) -> IntArray:
    """(F,) running number of the sequence; a frame number that does not rise starts a new one."""
    index = np.asarray(frame_index)
    starts = np.diff(index, prepend=index[:1] - 1) <= 0
    return np.cumsum(starts, dtype=np.int64)


def interpolate_keyframes(
    poses: AnyArray, frame_index: ArrayLike, every: int, sequence: ArrayLike | None = None
) -> AnyArray:
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
    actions: Sequence[str] | AnyArray | None = None,
    *,
    names: Sequence[str] | None = None,
    root: int = 0,
    valid: ArrayLike | None = None,
    times: ArrayLike | None = None,
    pck_joints: Sequence[int] | None = None,
) -> Scores:
    """All metrics over all frames and per action.

    Args:
        predicted: (F, J, 3) metres.
        target: (F, J, 3) metres.
        actions: (F,) name of each frame's action; one action "all" by default.
        names: the actions to report, in order; those that occur by default.
        root: joint the poses are aligned at.
        valid: (F, J) or (F, 1), True where a joint counts.
        times: (F,) seconds of each frame in its own sequence, rising; adds errors of velocity ("mpjve") and
            acceleration, from neighbouring frames that both (all three) count.
        pck_joints: adds "pck" (150 mm) and "auc" (0–150 mm) over these joints.
    """
    truth, pose = np.asarray(target), np.asarray(predicted)
    every = np.ones(truth.shape[:-1], dtype=bool)
    flags = every if valid is None else every & np.asarray(valid, dtype=bool)
    labels = np.full(len(truth), "all") if actions is None else np.asarray(actions)
    if labels.shape != truth.shape[:1]:
        raise InputError(f"{labels.shape[0]} action names for {len(truth)} frames: one for each is needed")
    chosen = list(dict.fromkeys(labels.tolist())) if names is None else list(names)
    measures = _pose_measures(pose, truth, flags, root, pck_joints)
    if times is not None:
        measures |= _motion_measures(pose, truth, flags, root, np.asarray(times, dtype=np.float64))
    measures = {name: measures[name] for name in UNITS if name in measures}
    per_action = {
        name: {metric: measure.mean(labels == name) for metric, measure in measures.items()}
        for name in chosen
    }
    return Scores(
        frames=int(flags.any(axis=1).sum()),
        frame_mean={metric: measure.mean() for metric, measure in measures.items()},
        action_mean={
            metric: _known_mean([row[metric] for row in per_action.values()]) for metric in measures
        },
        per_action=per_action,
    )


def _pose_measures(
    pose: AnyArray, truth: AnyArray, flags: BoolArray, root: int, pck_joints: Sequence[int] | None
) -> dict[str, _Measure]:
    measures = {
        metric: _Measure(joint_errors(pose, truth, align, root=root, valid=flags), flags)
        for metric, align in METRICS.items()
    }
    if pck_joints is not None:
        errors = measures["mpjpe"].values
        counted = np.zeros_like(flags)
        counted[:, list(pck_joints)] = flags[:, list(pck_joints)]
        measures["pck"] = _Measure(np.asarray(100.0 * (errors < PCK_MM), dtype=np.float64), counted)
        measures["auc"] = _Measure(100.0 * (errors[..., None] < AUC_MM).mean(axis=-1), counted)
    return measures


def _motion_measures(
    pose: AnyArray, truth: AnyArray, flags: BoolArray, root: int, times: DoubleArray
) -> dict[str, _Measure]:
    """Finite differences of root-aligned poses, as `metrics.mpjve` and `metrics.acceleration_error` take."""
    error = 1000.0 * ((pose - pose[:, root, None]) - (truth - truth[:, root, None])).astype(np.float64)
    step = np.diff(times)  # (F − 1,) not positive where a new sequence begins
    inside = step > 0
    seconds = np.where(inside, step, 1.0)[:, None, None]
    change = np.diff(error, axis=0) / seconds  # (F − 1, J, 3) mm/s
    moved = flags[1:] & flags[:-1] & inside[:, None]
    between = (seconds[1:] + seconds[:-1]) / 2
    turn = np.diff(change, axis=0) / between  # (F − 2, J, 3) mm/s²
    return {
        "mpjve": _measure_from(1, np.linalg.norm(change, axis=-1), moved, flags.shape),
        "acceleration": _measure_from(2, np.linalg.norm(turn, axis=-1), moved[1:] & moved[:-1], flags.shape),
    }


def _measure_from(first: int, values: DoubleArray, counted: BoolArray, shape: tuple[int, ...]) -> _Measure:
    """A measure that frames before `first` do not have."""
    all_values, all_counted = np.zeros(shape), np.zeros(shape, dtype=bool)
    all_values[first:], all_counted[first:] = values, counted
    return _Measure(all_values, all_counted)


def all_frame_scores(
    predicted: AnyArray,
    target: AnyArray,
    frame_index: ArrayLike,
    every: int,
    *,
    rows: BoolArray | None = None,
    **options: Any,
) -> Scores:
    """Interpolate between every `every`-th frame (s_out; s_in for the baseline) and score all frames.

    `rows` (F,) leaves frames out once interpolation is done; the other options are those of `score`.
    """
    dense = interpolate_keyframes(predicted, frame_index, every)
    if rows is None:
        return score(dense, target, **options)
    for name in ("actions", "valid", "times"):
        if options.get(name) is not None:
            options[name] = np.asarray(options[name])[rows]
    return score(dense[rows], target[rows], **options)


def key_frame_scores(
    predicted: AnyArray,
    target: AnyArray,
    frame_index: ArrayLike,
    every: int,
    *,
    actions: Sequence[str] | AnyArray | None = None,
    valid: AnyArray | None = None,
    **options: Any,
) -> Scores:
    """Score only frames whose number is a multiple of `every` (s_in), as predicted; options of `score`.

    Key-frames are too far apart for velocities, so `times` is none of them.
    """
    rows = keyframes(frame_index, every)
    labels = None if actions is None else np.asarray(actions)[rows]
    flags = None if valid is None else valid[rows]
    return score(predicted[rows], target[rows], labels, valid=flags, **options)


def _neighbours(key: BoolArray, sequence: AnyArray) -> tuple[IntArray, IntArray]:
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


def _known_mean(values: list[float]) -> float:
    known = [value for value in values if value >= 0]  # NaN compares false
    return float(np.mean(known)) if known else float("nan")
