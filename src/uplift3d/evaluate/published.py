"""The whole published evaluation: windows, masks, flip average, protocols, means (needs torch).

Axes: F frames of all videos one after the other, J joints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplift3d.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from uplift3d.data.videos import LabelledVideo, at_rate
from uplift3d.errors import InputError
from uplift3d.evaluate import windows
from uplift3d.evaluate.protocols import Evaluation, all_frame_scores, key_frame_scores
from uplift3d.evaluate.video_lifter import VideoLifter
from uplift3d.skeletons import joint_set, reorder

__all__ = ["Evaluation", "Labels", "Predictions", "evaluate_lifter", "predict_with", "score_predictions"]

Labels = NDArray[np.str_]
"""(T,) what every frame of a video counts as."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about every frame, and what is true; joints in the model's own order.

    Frames that were put between those of a slow video are left in, for interpolation, and marked.
    """

    poses: FloatArray
    """(F, J, 3) metres, camera axes; NaN where the model was not asked."""
    truth: FloatArray
    """(F, J, 3) metres from the root, camera axes."""
    frame_index: IntArray
    """(F,) number of the frame in its video."""
    times: DoubleArray
    """(F,) seconds from the start of its video."""
    actions: Labels
    """(F,) action of the frame."""
    real: BoolArray
    """(F,) a frame of the video, not one put between two."""
    valid: BoolArray
    """(F,) to be scored."""
    factor: int
    """Frames for one of the network's time base."""


def evaluate_lifter(
    lifter: VideoLifter[Any],
    videos: Iterable[LabelledVideo],
    s_in: int,
    *,
    learned_upsampling: bool = True,
    actions: Sequence[str] | None = None,
    pck_joints: Sequence[int] | None = None,
    labels: Iterable[Labels] | None = None,
) -> Evaluation:
    """Score anything that lifts as the publication does.

    Args:
        lifter: a network, see `lifters`.
        videos: of the test subjects.
        s_in: frames of the network's time base between measured 2D poses, a multiple of its s_out.
        learned_upsampling: False interpolates between key-frames, not the model's output grid (baseline).
        actions: to average over and report; None: those that occur.
        pck_joints: joints of "h36m17" that PCK and AUC count; None leaves both out.
        labels: what stands for the action, for every frame of every video; None: the video's own.

    Raises:
        InputError: a stride off the model's grid or between frames, or videos that the model cannot use.
    """
    return score_predictions(
        predict_with(lifter, videos, s_in, labels),
        lifter,
        s_in,
        learned_upsampling=learned_upsampling,
        actions=actions,
        pck_joints=pck_joints,
    )


def score_predictions(
    predictions: Predictions,
    lifter: VideoLifter[Any],
    s_in: int,
    *,
    learned_upsampling: bool = True,
    actions: Sequence[str] | None = None,
    pck_joints: Sequence[int] | None = None,
) -> Evaluation:
    """Score what `predict_with` returned for a lifter at a stride; other arguments as for
    `evaluate_lifter`."""
    rows = predictions.real
    options: dict[str, Any] = {
        "names": actions,
        "root": joint_set(lifter.joints).index("pelvis"),
        "pck_joints": None if pck_joints is None else _places(lifter.joints, pck_joints),
    }
    grid = (lifter.grid(s_in) if learned_upsampling else s_in) * predictions.factor
    return Evaluation(
        s_in,
        all_frames=all_frame_scores(
            predictions.poses,
            predictions.truth,
            predictions.frame_index,
            grid,
            rows=rows,
            actions=predictions.actions,
            valid=predictions.valid[:, None],
            times=predictions.times,
            **options,
        ),
        key_frames=key_frame_scores(
            predictions.poses,
            predictions.truth,
            predictions.frame_index,
            s_in * predictions.factor,
            actions=predictions.actions,
            valid=predictions.valid[:, None],
            **options,
        ),
    )


def predict_with(
    lifter: VideoLifter[Any],
    videos: Iterable[LabelledVideo],
    s_in: int,
    labels: Iterable[Labels] | None = None,
) -> Predictions:
    """Ask a lifter about every video; arguments as for `evaluate_lifter`.

    Raises:
        InputError: as for `evaluate_lifter`, or there is no video.
    """
    lifter.check(s_in)
    if labels is None:
        parts = [_predict_video(lifter, video, s_in) for video in videos]
    else:
        pairs = zip(videos, labels, strict=True)
        parts = [replace(_predict_video(lifter, video, s_in), actions=names) for video, names in pairs]
    if not parts:
        raise InputError("there is no video to evaluate: at least one is needed")
    factors = {part.factor for part in parts}
    if len(factors) > 1:
        raise InputError("videos of several frame rates above the model's: evaluate each rate by itself")
    names = [name for name in Predictions.__dataclass_fields__ if name != "factor"]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Predictions(**joined, factor=factors.pop())


def _predict_video(lifter: VideoLifter[Any], given: LabelledVideo, s_in: int) -> Predictions:
    video = at_rate(given, lifter.rate_hz) if given.rate_hz < lifter.rate_hz else given
    factor = windows.rate_factor(video.rate_hz, lifter.rate_hz)
    step = round(video.rate_hz / given.rate_hz)  # frames that stand for one of the video
    if s_in * factor % step:
        raise InputError(
            f"key-frames every {s_in} frames of {lifter.rate_hz:g} Hz fall between the frames of "
            f"{video.subject} {video.take} ({given.rate_hz:g} Hz): accepted are multiples of {step}"
        )
    index = np.arange(len(video), dtype=np.int64)
    positions = video.positions_camera[:, reorder("h36m17", lifter.joints)]
    root = joint_set(lifter.joints).index("pelvis")
    return Predictions(
        poses=lifter.lift(video, s_in),
        truth=positions - positions[:, root, None],
        frame_index=index,
        times=index / video.rate_hz,
        actions=np.full(len(video), video.action),
        real=index % step == 0,
        valid=video.valid,
        factor=factor,
    )


def _places(joints: str, of_h36m17: Sequence[int]) -> list[int]:
    """Where joints of "h36m17" are in another set."""
    names = joint_set("h36m17").joints
    return [joint_set(joints).index(names[place]) for place in of_h36m17]
