"""MotionBERT's published networks in the evaluation: clips with confidence in, poses in image units out.

Published scores are for clips of 243 frames one after the other, every frame of which is answered; they take
the scale of a pose from the true depth of the pelvis, and so does this. What differs is named in the report:

* here every frame is scored: the authors leave out what remains of a recording behind its last whole clip,
  and three recordings of S9;
* their ground truth is in image units too, times the same scale (so those say who looked into their file),
  and keeps the perspective of the image. Here it is in camera axes, so the perspective is taken out of the
  answers.

Axes: T frames of a video, n frames that are lifted, C clips of F frames, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.camera import Camera
from uplift3d.data.videos import LabelledVideo, camera_of
from uplift3d.evaluate.baselines import Baseline, straight_lines
from uplift3d.evaluate.video_lifter import flip_averaged, on_frames
from uplift3d.model.rivals import MotionBERT
from uplift3d.normalise import normalise_screen
from uplift3d.skeletons import joint_set, reorder

__all__ = ["ClipLifter", "metres_from_image", "tile"]


@dataclass(frozen=True, eq=False)
class ClipLifter(Baseline[MotionBERT]):
    """A `VideoLifter` of a network that takes confidences, or that answers in image units."""

    def facts(self, learned_upsampling: bool) -> dict[str, str]:
        """See `VideoLifter`."""
        config = self.model.config
        facts = super().facts(learned_upsampling) | {
            "clips": f"{config.frames} frames, one after the other, all frames answered; the last clip of a "
            "recording reaches back to be whole (the published evaluation leaves those frames out)"
        }
        if config.confidence == "detected":
            facts["confidence"] = "that of the 2D joints; 1 where they have none"
        if config.output == "image":
            facts["scale"] = (
                "scaled with the true depth, as published; then the perspective of the camera is taken out, "
                "which the published ground truth keeps"
            )
        return facts

    def lift(self, video: LabelledVideo, s_in: int) -> FloatArray:
        """See `VideoLifter`; InputError for a video without camera, if answers are in image units."""
        joints = self.model.config.joints
        keys, rows = self.frames(video, s_in)
        seen = straight_lines(_with_confidence(video)[keys], keys, rows)[:, reorder("h36m17", joints)]
        screen, _ = normalise_screen(seen[..., :2], video.image_size)
        poses = np.concatenate([screen, seen[..., 2:]], axis=-1)  # (n, J, 3) x, y, confidence
        lifted = flip_averaged(self._lift, poses, joints) if self.flip else self._lift(poses)
        if self.model.config.output == "image":
            pelvis = joint_set(joints).index("pelvis")
            depth_m = video.positions_camera[rows, joint_set("h36m17").index("pelvis"), 2]
            half_width_px = video.image_size[0] / 2
            camera = camera_of(video, "this model needs one to answer in metres")
            lifted = metres_from_image(
                lifted * half_width_px, seen[:, pelvis, :2], depth_m, camera, root=pelvis
            )
        return on_frames(lifted, rows, len(video))

    @torch.inference_mode()
    def _lift(self, poses: FloatArray) -> FloatArray:
        """(n, J, 3) network input → (n, J, 3) answers, clip by clip."""
        if self.model.config.confidence != "detected":
            poses = poses[..., :2]
        frames = torch.from_numpy(poses).to(next(self.model.parameters()).device)
        clips = tile(len(poses), self.model.config.frames)
        out = np.empty((len(poses), *poses.shape[1:-1], 3), dtype=np.float32)
        for start in reversed(range(0, len(clips), self.batch)):
            part = clips[start : start + self.batch]
            sequence, _ = self.model(frames[torch.from_numpy(part).to(frames.device)])
            answers = sequence.float().cpu().numpy()
            for clip, answer in zip(part[::-1], answers[::-1], strict=True):
                out[clip] = answer  # from the last to the first, so whole clips keep all that they answered
        return out


def tile(count: int, length: int) -> IntArray:
    """(C, F) frames of clips one after the other; the last one reaches back to be whole.

    A video shorter than `length` is one clip of its own length.
    """
    length = min(length, count)
    first = np.minimum(np.arange(0, count, length), count - length)
    return np.asarray(first[:, None] + np.arange(length), dtype=np.int64)


def metres_from_image(
    answers_px: FloatArray, root_px: FloatArray, depth_m: FloatArray, camera: Camera, *, root: int
) -> FloatArray:
    """Poses in image units at their true scale in space.

    The published networks learn poses as in the data of Ci et al. ("Optimizing Network Structure for 3D Human
    Pose Estimation", ICCV 2019): x and y are a joint's place in the image, without lens distortion, and z is
    its depth behind the root times the pixels per metre at the root, which are focal length over depth.

    Args:
        answers_px: (n, J, 3) pixels, root's own place included or not.
        root_px: (n, 2) where the root is seen.
        depth_m: (n,) true depth of the root along the camera's z axis.
        camera: that sees it.
        root: joint that poses are relative to.

    Returns:
        (n, J, 3) metres from the root in camera axes.
    """
    focal_px = np.asarray(camera.focal_px)
    place = camera.unproject(root_px, depth_m)[:, None]  # (n, 1, 3) metres
    depth = place[..., 2:]
    offset = answers_px - answers_px[:, root, None]
    plane = place[..., :2] / depth + offset[..., :2] / focal_px  # (n, J, 2) at depth 1
    behind = offset[..., 2:] * depth / focal_px[0]
    joints = np.concatenate([plane * (depth + behind), depth + behind], axis=-1)
    return np.asarray(joints - place, dtype=np.float32)


def _with_confidence(video: LabelledVideo) -> FloatArray:
    """(T, 17, 3): pixels, and confidence or 1 where there is none."""
    pixels = video.keypoints_px
    sure = np.ones(pixels.shape[:2], dtype=np.float32) if video.confidence is None else video.confidence
    return np.concatenate([pixels, sure[..., None]], axis=-1)
