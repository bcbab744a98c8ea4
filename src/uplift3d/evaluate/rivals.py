"""Rivals in the evaluation: which lifter takes a network, and the one for networks that answer centre poses.

Axes: T frames of a video, n frames that are lifted, W windows of F frames, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.data.videos import LabelledVideo, intrinsics_of
from uplift3d.errors import InputError
from uplift3d.evaluate.baselines import Baseline, Interpolated, straight_lines
from uplift3d.evaluate.clips import ClipLifter
from uplift3d.evaluate.lifters import create_lifter, key_frames, to_camera_axes
from uplift3d.evaluate.video_lifter import VideoLifter, flip_averaged, on_frames
from uplift3d.model import UpliftUpsample
from uplift3d.model.catalogue import check_refinable
from uplift3d.model.network import LiftingConfig, LiftingNetwork, Network, NetworkConfig
from uplift3d.model.rivals import MotionBERT, Refinement
from uplift3d.normalise import normalise_person, normalise_screen
from uplift3d.skeletons import joint_set, reorder

__all__ = ["RivalLifter", "lifter_of"]


def lifter_of(
    network: Network[NetworkConfig],
    *,
    flip: bool = True,
    batch: int = 256,
    interpolated: Interpolated | None = None,
    refinement: Network[NetworkConfig] | None = None,
) -> VideoLifter[Any]:
    """The lifter of anything that `model.load_checkpoint` returns.

    Args:
        network: on the device to use.
        flip: average with the result for the mirror image.
        batch: windows at a time.
        interpolated: for rivals (default "3d").
        refinement: for those rivals that have one, on the same device.

    Raises:
        InputError: a part of a rival that does not lift by itself, `interpolated` for one of our networks, or
            a refinement that the network does not have.
    """
    if not isinstance(network, LiftingNetwork):
        name = network.config.network_name()
        raise InputError(f"the weights are of {name!r}, which does not lift 2D poses by itself")
    refine = None if refinement is None else _refinement_for(network.config, refinement)
    if isinstance(network, UpliftUpsample):
        if interpolated is not None:
            raise InputError(
                f"interpolation of {interpolated} poses is for rivals; this network fills in by itself"
            )
        return create_lifter(network, flip=flip, batch=batch)
    between = interpolated or "3d"
    if isinstance(network, MotionBERT) and network.config.as_published:
        return ClipLifter(network, flip, batch, between)
    return RivalLifter(network, flip, batch, between, refine)


@dataclass(frozen=True, eq=False)
class RivalLifter(Baseline[LiftingNetwork[LiftingConfig]]):
    """A `VideoLifter` of a rival: one window around every frame that it lifts, clip ends repeated."""

    refinement: Refinement | None = None
    """Follows the average with the mirror image; it is told the camera and the true depth of the root."""

    def facts(self, learned_upsampling: bool) -> dict[str, str]:
        """See `VideoLifter`."""
        facts = super().facts(learned_upsampling)
        if self.refinement is not None:
            facts["refinement"] = "knows the camera and the true depth of the root, as published"
        return facts

    def lift(self, video: LabelledVideo, s_in: int) -> FloatArray:
        """See `VideoLifter`."""
        config = self.model.config
        keys, rows = self.frames(video, s_in)
        pixels = straight_lines(video.keypoints_px[keys], keys, rows)  # (n, 17, 2)
        pixels = pixels[:, reorder("h36m17", config.joints)]
        if config.input == "screen":
            poses, _ = normalise_screen(pixels, video.image_size)
        else:
            spacing_s = float(rows[1] - rows[0]) / video.rate_hz if len(rows) > 1 else 1.0
            poses, _ = normalise_person(pixels, config.joints, spacing_s)
        lifted = flip_averaged(self._lift, poses, config.joints) if self.flip else self._lift(poses)
        if self.refinement is not None:
            lifted = self._refine(self.refinement, lifted, poses, video, rows)
        if config.axes == "viewing_ray":
            seen = key_frames(video, keys, config.joints, config.input)
            lifted = to_camera_axes(lifted, rows / video.rate_hz, seen, video)
        return on_frames(lifted, rows, len(video))

    @torch.inference_mode()
    def _lift(self, poses: FloatArray) -> FloatArray:
        """(n, J, 2) network input → (n, J, 3)."""
        device = next(self.model.parameters()).device
        frames = torch.from_numpy(poses).to(device)
        source = _windows(len(poses), self.model.config.tokens, self.model.answered_token)
        answers = []
        for start in range(0, len(source), self.batch):
            rows = torch.from_numpy(source[start : start + self.batch]).to(device)
            windows = frames[rows]
            _, centre = self.model.answer(windows, torch.ones_like(windows[..., 0, 0], dtype=torch.bool))
            answers.append(centre.float().cpu().numpy())
        return np.concatenate(answers)

    @torch.inference_mode()
    def _refine(
        self,
        refinement: Refinement,
        lifted: FloatArray,
        poses: FloatArray,
        video: LabelledVideo,
        rows: IntArray,
    ) -> FloatArray:
        """Poses (n, J, 3) → refined, the root at 0 as in the published evaluation."""
        device = next(refinement.parameters()).device
        root_depth_m = video.positions_camera[rows, joint_set("h36m17").index("pelvis"), 2]  # (n,)
        camera = np.repeat(intrinsics_of(video)[None], len(rows), axis=0)  # (n, 4)
        known = (torch.from_numpy(given).to(device) for given in (lifted, poses, camera, root_depth_m))
        refined = refinement.refine(*known)
        refined[:, joint_set(self.joints).index("pelvis")] = 0
        return np.asarray(refined.float().cpu().numpy())


def _refinement_for(config: LiftingConfig, given: Network[NetworkConfig]) -> Refinement:
    check_refinable(config)
    if not isinstance(given, Refinement):
        name = given.config.network_name()
        raise InputError(f"the refinement's weights are of {name}: accepted are those of a refinement")
    if given.config.joints != config.joints:
        raise InputError(
            f"the refinement is for joints {given.config.joints}, the network for {config.joints}"
        )
    return given


def _windows(count: int, length: int, answered: int) -> IntArray:
    """(n, F) frames of the window whose frame `answered` is each of `count` frames; ends are repeated."""
    frames: IntArray = np.arange(count)[:, None] + np.arange(length) - answered
    return np.asarray(np.clip(frames, 0, count - 1))
