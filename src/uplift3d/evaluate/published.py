"""The whole published evaluation on Human3.6M: windows, masks, flip average, protocols, means (needs torch).

Axes: F frames of all tracks one after the other, W windows of one track, N tokens, M pose tokens, J joints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uplift3d import windows
from uplift3d.camera import normalise_screen
from uplift3d.data.h36m import ACTIONS, RATE_HZ, Track
from uplift3d.errors import InputError
from uplift3d.evaluate.protocols import Scores, all_frame_scores, key_frame_scores
from uplift3d.model import UpliftUpsample
from uplift3d.skeletons import joint_set, reorder

__all__ = ["Evaluation", "Predictions", "evaluate", "predict"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about every frame, and what is true; joints in the model's own order."""

    poses: Floats
    """(F, J, 3) metres, camera axes; NaN where the model was not asked."""
    truth: Floats
    """(F, J, 3) metres from the root, camera axes."""
    frame_index: NDArray[np.int64]
    """(F,) number of the frame in its track."""
    actions: NDArray[np.str_]
    """(F,) action of the frame."""


@dataclass(frozen=True)
class Evaluation:
    """Both protocols for one key-frame stride."""

    s_in: int
    """Frames between 2D poses."""
    all_frames: Scores
    key_frames: Scores


def evaluate(
    model: UpliftUpsample,
    tracks: Iterable[Track],
    s_in: int,
    *,
    flip: bool = True,
    learned_upsampling: bool = True,
    batch: int = 256,
) -> Evaluation:
    """Score a model as the publication does.

    Args:
        model: a network for screen coordinates, on the device to use.
        tracks: of the test subjects.
        s_in: frames between measured 2D poses, a multiple of the model's s_out.
        flip: average the predictions for a window and for its mirror image.
        learned_upsampling: False interpolates between key-frames, not the model's output grid (baseline).
        batch: windows at a time.
    """
    predictions = predict(model, tracks, s_in, flip=flip, batch=batch)
    factor = windows.rate_factor(RATE_HZ, model.config.frame_rate_hz)
    options: dict[str, Any] = {
        "actions": predictions.actions,
        "names": ACTIONS,
        "root": _root(model),
    }
    known = predictions.poses, predictions.truth, predictions.frame_index
    grid = model.config.s_out if learned_upsampling else s_in
    return Evaluation(
        s_in,
        all_frames=all_frame_scores(*known, grid * factor, **options),
        key_frames=key_frame_scores(*known, s_in * factor, **options),
    )


def predict(
    model: UpliftUpsample,
    tracks: Iterable[Track],
    s_in: int,
    *,
    flip: bool = True,
    every_frame: bool = False,
    batch: int = 256,
) -> Predictions:
    """Central pose of the window around every frame on the output grid of every track.

    Args:
        model, tracks, s_in, flip, batch: as for `evaluate`.
        every_frame: ask also for the frames off the output grid, which no protocol scores; most of their
            windows hold no 2D pose at all.

    Raises:
        InputError: a stride off the model's grid, a model for another input, or no track.
    """
    _check(model, s_in)
    ask = _Question(s_in, flip, every_frame, batch)
    poses, truth, index, actions = [], [], [], []
    for track in tracks:
        poses.append(_predict_track(model, track, ask))
        positions = track.positions_camera[:, reorder("h36m17", model.config.joints)]
        truth.append(positions - positions[:, _root(model), None])
        index.append(np.arange(len(track), dtype=np.int64))
        actions.append(np.full(len(track), track.action))
    if not poses:
        raise InputError("there is no track to evaluate: at least one is needed")
    return Predictions(
        np.concatenate(poses), np.concatenate(truth), np.concatenate(index), np.concatenate(actions)
    )


@dataclass(frozen=True)
class _Question:
    s_in: int
    flip: bool
    every_frame: bool
    batch: int


def _predict_track(model: UpliftUpsample, track: Track, ask: _Question) -> Floats:
    """(T, J, 3); NaN off the output grid unless every frame is asked for."""
    config = model.config
    factor = windows.rate_factor(RATE_HZ, config.frame_rate_hz)
    stride = config.s_out * factor
    centres = np.arange(0, len(track), 1 if ask.every_frame else stride)
    source = windows.source_frames(centres, len(track), config.tokens, stride)  # (W, N)
    mask = windows.stride_mask(centres, config.tokens, stride, ask.s_in * factor)  # (W, N)
    if config.edges == "masked":
        mask &= windows.pad_mask(centres, len(track), config.tokens, stride)
    pixels = track.keypoints_px[:, reorder("h36m17", config.joints)]
    screen = normalise_screen(pixels, track.image_size).astype(np.float32)  # (T, J, 2)
    poses = np.full((*screen.shape[:2], 3), np.nan, dtype=np.float32)
    if not ask.flip:
        poses[centres] = _lift(model, screen, source, mask, ask.batch)
        return poses
    both = np.concatenate([screen, _mirror(screen, config.joints)])  # (2 T, J, 2)
    source, mask = np.concatenate([source, source + len(track)]), np.concatenate([mask, mask])
    plain, mirrored = np.split(_lift(model, both, source, mask, ask.batch), 2)
    poses[centres] = (plain + _mirror(mirrored, config.joints)) / 2
    return poses


def _mirror(values: Floats, joints: str) -> Floats:
    """Swap left and right joints of (…, J, 2 or 3) and turn x around."""
    swapped = values[..., list(joint_set(joints).mirror), :]
    swapped[..., 0] *= -1
    return swapped


@torch.inference_mode()
def _lift(
    model: UpliftUpsample, screen: Floats, source: NDArray[np.int64], mask: NDArray[np.bool_], batch: int
) -> Floats:
    """Central poses (W, J, 3) of windows that show the frames `source` (W, N) of `screen` (T, J, 2)."""
    device = next(model.parameters()).device
    frames = torch.from_numpy(screen).to(device)
    tokens = model.embed(frames) if model.config.masked_tokens else None  # (T, C), once for all windows
    central = []
    for start in range(0, len(source), batch):
        rows, seen = source[start : start + batch], mask[start : start + batch]
        if tokens is None:
            _, centre = model(frames[torch.from_numpy(rows).to(device)])
        else:
            slots, shown = _compact(rows, seen)
            _, centre = model.uplift(tokens[shown.to(device)], slots.to(device))
        central.append(centre.float().cpu().numpy())
    return np.concatenate(central)


def _compact(source: NDArray[np.int64], mask: NDArray[np.bool_]) -> tuple[torch.Tensor, torch.Tensor]:
    """Slots (W, M) of the pose tokens of every window, N for padding, and the frames (W, M) they show."""
    length = mask.shape[1]
    most = max(1, int(mask.sum(axis=1).max(initial=0)))
    first = np.argsort(~mask, axis=1, kind="stable")[:, :most]  # (W, M) pose tokens come first
    shown = np.take_along_axis(source, first, axis=1)
    slots = np.where(np.take_along_axis(mask, first, axis=1), first, length)
    return torch.from_numpy(slots), torch.from_numpy(shown)


def _root(model: UpliftUpsample) -> int:
    root = joint_set(model.config.joints).root
    assert root is not None, "every joint set of a network has a pelvis"
    return root


def _check(model: UpliftUpsample, s_in: int) -> None:
    config = model.config
    if s_in < 1 or s_in % config.s_out:
        raise InputError(
            f"key-frames every {s_in} frames: accepted are multiples of {config.s_out}, the model's s_out"
        )
    if not config.masked_tokens and s_in != config.s_out:
        raise InputError(
            f"this model has no upsampling token: accepted is a 2D pose every {config.s_out} frames"
        )
    if (config.input, config.axes) != ("screen", "camera"):
        raise InputError(
            f"this model has {config.input} input and {config.axes} axes: the published evaluation accepts "
            "screen input and camera axes"
        )
