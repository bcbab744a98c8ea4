"""Windows of filmed motion: real cameras and real 2D detections, as data sets with video have them.

Axes: F frames of all videos, B windows, N tokens, J joints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Generator, Tensor

from uplift3d.camera import normalise_screen
from uplift3d.data.store import JOINTS, RATE_HZ
from uplift3d.data.videos import LabelledVideo, at_rate, intrinsics_of
from uplift3d.errors import InputError
from uplift3d.film.cameras import Axes, root_relative
from uplift3d.skeletons import joint_set

PELVIS = joint_set(JOINTS).index("pelvis")


@dataclass(frozen=True)
class Film:
    """What a detector saw of windows of motion, and the truth."""

    keypoints: Tensor
    """(B, N, J, 2) in half image widths from the image's centre."""
    seen: Tensor
    """(B, N, J)."""
    targets: Tensor
    """(B, N, J, 3) metres from the pelvis."""
    inside: Tensor
    """(B, N) False beyond the ends of the motion."""
    camera: Tensor | None
    """(B, 4) focal lengths and principal point (fx, fy, cx, cy), in units of the keypoints."""
    root_depth_m: Tensor | None
    """(B, N) metres from the camera's plane to the pelvis."""
    confidence: Tensor | None = None
    """(B, N, J) 0 … 1, 0 where unseen; None: 1 where seen."""
    hint: Tensor | None = None
    """(B, N, J, 4) the picture's own guess, metres from the pelvis, and whether there is one; None: none."""


@dataclass(frozen=True)
class FilmedWindows:
    """All videos of a split as tensors on one device, to draw windows from; frames are 20 ms apart."""

    keypoints: Tensor
    """(F, J, 2) in half image widths from the image's centre, h36m17."""
    seen: Tensor
    """(F, J)."""
    targets: Tensor
    """(F, J, 3) metres from the pelvis."""
    starts: Tensor
    """(videos,) first frame of each video."""
    frames: Tensor
    """(videos,) number of frames."""
    centres: Tensor
    """(V,) frames that count, numbered within their video, all videos one after the other."""
    counting: Tensor
    """(videos,) how many frames of each video count."""
    cameras: Tensor | None = None
    """(videos, 4) focal lengths and principal point as in `Film`; None where nobody asked."""
    root_depth_m: Tensor | None = None
    """(F,) metres; None where nobody asked."""

    @classmethod
    def from_videos(
        cls,
        videos: Iterable[LabelledVideo],
        axes: Axes,
        device: torch.device,
        *,
        with_camera: bool = False,
    ) -> FilmedWindows:
        """Load videos; slower ones get frames between theirs, by straight lines.

        Args:
            videos: of one split.
            axes: of the targets: the camera's, or those of a camera that looks straight at the pelvis.
            device: to keep everything on.
            with_camera: load cameras and depths too.

        Raises:
            InputError: no videos, or none with a frame that counts, a frame rate that does not divide 50 Hz,
                or a video without the camera that was asked for.
        """
        parts, centres, cameras = [], [], []
        for video in videos:
            if with_camera:
                cameras.append(torch.from_numpy(intrinsics_of(video)))
            filled = at_rate(video, RATE_HZ)
            parts.append(_arrays(filled, axes))
            centres.append(torch.from_numpy(np.flatnonzero(filled.valid)))
        if not sum(map(len, centres)):
            raise InputError("there is no video to train or validate on, or none with a frame that counts")
        columns = (torch.cat(column).to(device) for column in zip(*parts, strict=True))
        keypoints, seen, targets, root_depth_m = columns
        lengths = torch.tensor([len(part[0]) for part in parts])
        windows = cls(
            keypoints,
            seen,
            targets,
            starts=(lengths.cumsum(0) - lengths).to(device),
            frames=lengths.to(device),
            centres=torch.cat(centres).to(device),
            counting=torch.tensor([len(part) for part in centres], device=device),
        )
        if not with_camera:
            return windows
        return replace(windows, cameras=torch.stack(cameras).to(device), root_depth_m=root_depth_m)

    @property
    def joints(self) -> str:
        """Joint set of keypoints and targets."""
        return JOINTS

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.keypoints.device

    def draw(self, batch: int, tokens: int, token_s: float, random: Generator) -> Film:
        """Random windows around frames that count, all of them equally likely.

        Beyond a video's ends its nearest frame is repeated.
        """
        video = torch.multinomial(self.counting.float(), batch, replacement=True, generator=random)
        count, counting = self.frames[video][:, None], self.counting[video][:, None]
        chance = torch.rand((batch, 1), generator=random, device=self.device)
        first = (self.counting.cumsum(0) - self.counting)[video][:, None]
        centre = self.centres[first + (chance * counting).long().clamp(max=counting - 1)]
        step = round(token_s * RATE_HZ)
        place = centre + (torch.arange(tokens, device=self.device) - tokens // 2) * step  # (B, N)
        inside = (place >= 0) & (place < count)
        rows = self.starts[video][:, None] + torch.minimum(place.clamp(min=0), count - 1)
        return Film(
            self.keypoints[rows],
            self.seen[rows],
            self.targets[rows],
            inside,
            camera=None if self.cameras is None else self.cameras[video],
            root_depth_m=None if self.root_depth_m is None else self.root_depth_m[rows],
        )


def _arrays(video: LabelledVideo, axes: Axes) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Keypoints, seen joints, targets and depth of the root of one video."""
    screen = torch.from_numpy(normalise_screen(video.keypoints_px, video.image_size).astype(np.float32))
    seen = torch.isfinite(screen).all(-1)
    if video.confidence is not None:
        seen &= torch.from_numpy(video.confidence) > 0
    camera = torch.from_numpy(video.positions_camera)
    targets = root_relative(camera[None], axes)[0]
    return screen.nan_to_num(), seen, targets, camera[:, PELVIS, 2]
