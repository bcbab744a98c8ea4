"""Networks of this method in the evaluation: by the published windows, or as `uplift3d lift` goes.

Axes: T frames of a video, W windows, N tokens, M pose tokens, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.camera import normalise_screen
from uplift3d.data.videos import LabelledVideo, camera_of, name_of
from uplift3d.errors import InputError
from uplift3d.evaluate import windows
from uplift3d.evaluate.video_lifter import VideoLifter, on_frames
from uplift3d.lift.axes import in_camera_axes
from uplift3d.lift.offline import lift_track
from uplift3d.lift.runtime import Part
from uplift3d.lift.torch_runtime import TorchRuntime
from uplift3d.model import UpliftUpsample
from uplift3d.normalise import mirror
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import InputKind, InputSpec, PersonKeyFrames, tokenise
from uplift3d.types import Keypoints2D

__all__ = ["OwnLifter", "PersonLifter", "WindowLifter", "create_lifter", "key_frames", "to_camera_axes"]

LABELLED = "h36m17"
"""Joints of labelled videos."""


def create_lifter(model: UpliftUpsample, *, flip: bool = True, batch: int = 256) -> OwnLifter:
    """The lifter for a network's kind of input.

    Args:
        model: on the device to use.
        flip: average with the result for the mirror image.
        batch: windows at a time.
    """
    if (model.config.input, model.config.axes) == ("screen", "camera"):
        return WindowLifter(model, flip, batch)
    return PersonLifter(model, flip, batch)


@dataclass(frozen=True, eq=False)
class OwnLifter(VideoLifter[UpliftUpsample]):
    """What networks of this method have in common."""

    def upsampling(self, learned: bool) -> str:
        """See `VideoLifter`."""
        config = self.model.config
        if not learned:
            return "not learned (baseline): straight lines between the 3D poses of key-frames"
        return (
            f"learned: 3D poses every s_out = {config.s_out} frames of {config.frame_rate_hz:g} Hz, straight "
            "lines between them"
        )

    def check(self, s_in: int) -> None:
        """See `VideoLifter`."""
        super().check(s_in)
        config = self.model.config
        if not config.fills_in and s_in != config.s_out:
            raise InputError(
                f"this model has no upsampling token: accepted is a 2D pose every {config.s_out} frames"
            )


@dataclass(frozen=True, eq=False)
class WindowLifter(OwnLifter):
    """The published windows: one around every frame on the output grid, for networks with screen input."""

    every_frame: bool = False
    """Ask also for the frames off the output grid, which no protocol scores; most of their windows hold no
    2D pose at all."""

    def lift(self, video: LabelledVideo, s_in: int) -> FloatArray:
        """See `VideoLifter`."""
        config = self.model.config
        factor = windows.rate_factor(video.rate_hz, config.frame_rate_hz)
        stride = config.s_out * factor
        centres = np.arange(0, len(video), 1 if self.every_frame else stride)
        source = windows.source_frames(centres, len(video), config.tokens, stride)  # (W, N)
        mask = windows.stride_mask(centres, config.tokens, stride, s_in * factor)  # (W, N)
        if config.edges == "masked":
            mask &= windows.pad_mask(centres, len(video), config.tokens, stride)
        pixels = video.keypoints_px[:, reorder("h36m17", config.joints)]
        screen = normalise_screen(pixels, video.image_size).astype(np.float32)  # (T, J, 2)
        if not self.flip:
            return on_frames(self._central(screen, source, mask), centres, len(video))
        both = np.concatenate([screen, mirror(screen, config.joints)])  # (2 T, J, 2)
        source, mask = np.concatenate([source, source + len(video)]), np.concatenate([mask, mask])
        plain, mirrored = np.split(self._central(both, source, mask), 2)
        mean = np.asarray((plain + mirror(mirrored, config.joints)) / 2, dtype=np.float32)
        return on_frames(mean, centres, len(video))

    @torch.inference_mode()
    def _central(self, screen: FloatArray, source: IntArray, mask: BoolArray) -> FloatArray:
        """Central poses (W, J, 3) of windows that show the frames `source` (W, N) of `screen` (T, J, 2)."""
        model = self.model
        device = next(model.parameters()).device
        frames = torch.from_numpy(screen).to(device)
        tokens = model.embed(frames) if model.config.masked_tokens else None  # (T, C), once for all windows
        central = []
        for start in range(0, len(source), self.batch):
            rows, seen = source[start : start + self.batch], mask[start : start + self.batch]
            if tokens is None:
                _, centre = model(frames[torch.from_numpy(rows).to(device)])
            else:
                slots, shown = _compact(rows, seen)
                _, centre = model.uplift(tokens[shown.to(device)], slots.to(device))
            central.append(centre.float().cpu().numpy())
        return np.concatenate(central)


def _compact(source: IntArray, mask: BoolArray) -> tuple[torch.Tensor, torch.Tensor]:
    """Slots (W, M) of the pose tokens of every window, N for padding, and the frames (W, M) they show."""
    length = mask.shape[1]
    most = max(1, int(mask.sum(axis=1).max(initial=0)))
    first = np.argsort(~mask, axis=1, kind="stable")[:, :most]  # (W, M) pose tokens come first
    shown = np.take_along_axis(source, first, axis=1)
    slots = np.where(np.take_along_axis(mask, first, axis=1), first, length)
    return torch.from_numpy(slots), torch.from_numpy(shown)


@dataclass(frozen=True, eq=False)
class PersonLifter(OwnLifter):
    """The way that `uplift3d lift` goes, for networks with person-centred input.

    Their answers come in the axes of a camera that looks straight at the pelvis; the video's camera turns
    them into its own. Labels have no feet, so those of a network are left out.
    """

    @property
    def joints(self) -> str:
        """See `VideoLifter`."""
        own = joint_set(self.model.config.joints).joints
        return LABELLED if set(joint_set(LABELLED).joints) <= set(own) else super().joints

    def lift(self, video: LabelledVideo, s_in: int) -> FloatArray:
        """See `VideoLifter`; InputError for a video without camera, or in which nobody is seen."""
        config = self.model.config
        factor = windows.rate_factor(video.rate_hz, config.frame_rate_hz)
        spec = InputSpec.from_config(config.model_dump())
        keys = key_frames(video, np.arange(0, len(video), s_in * factor), config.joints, config.input)
        rows = np.arange(0, len(video), config.s_out * factor)
        grid = rows / video.rate_hz
        tokens = tokenise(keys, grid, spec)
        if not tokens.observed.any():
            raise InputError(f"{name_of(video)} shows nobody in any of its {len(keys)} key-frames")
        lifted = lift_track(_DeviceRuntime(self.model), tokens, flip=self.flip, batch=self.batch)
        if spec.axes == "viewing_ray":
            lifted = to_camera_axes(lifted, grid, keys, video)
        return on_frames(lifted[:, reorder(config.joints, self.joints)], rows, len(video))


def key_frames(video: LabelledVideo, rows: IntArray, joints: str, input: InputKind) -> PersonKeyFrames:
    """Some frames of a video, as the pipeline takes them, for a network of these joints and this input."""
    confidence: Any = None if video.confidence is None else video.confidence[rows][None]
    keys = Keypoints2D(
        video.keypoints_px[rows][None], confidence, rows / video.rate_hz, video.image_size, "h36m17"
    )
    return PersonKeyFrames.from_keypoints(keys, 0, joints, input)


def to_camera_axes(
    poses: FloatArray, times: TimeArray, keys: PersonKeyFrames, video: LabelledVideo
) -> FloatArray:
    """From the axes of a camera that looks straight at the pelvis; InputError for a video without camera."""
    camera = camera_of(video, "this model needs one to answer in camera axes")
    return in_camera_axes(poses, times, keys, camera)


class _DeviceRuntime(TorchRuntime):
    """A network wherever it is, not only on the CPU."""

    def embed(self, poses: FloatArray) -> FloatArray:
        with torch.inference_mode():
            return np.asarray(self._model.embed(self._moved(poses)).float().cpu().numpy())

    def uplift(self, pose_tokens: FloatArray, slots: IntArray, part: Part) -> FloatArray:
        assert part == "centre", "evaluation asks for every token's own window"
        with torch.inference_mode():
            _, centre = self._model.uplift(self._moved(pose_tokens), self._moved(slots))
        return np.asarray(centre.float().cpu().numpy())

    def _moved(self, values: AnyArray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(next(self._model.parameters()).device)
