"""Windows of filmed motion: real cameras and real 2D detections, as data sets with video have them.

Axes: F frames of all tracks, B windows, N tokens, J joints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Generator, Tensor

from uplift3d.camera import normalise_screen
from uplift3d.data.store import JOINTS, RATE_HZ
from uplift3d.data.tracks import Track, at_rate
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set
from uplift3d.train.cameras import rotation_looking_at

PELVIS = joint_set(JOINTS).index("pelvis")


@dataclass(frozen=True)
class FilmedWindows:
    """All tracks of a split as tensors on one device, to draw windows from; frames are 20 ms apart."""

    keypoints: Tensor
    """(F, J, 2) in half image widths from the image's centre, h36m17."""
    seen: Tensor
    """(F, J)."""
    targets: Tensor
    """(F, J, 3) metres from the pelvis."""
    starts: Tensor
    """(tracks,) first frame of each track."""
    frames: Tensor
    """(tracks,) number of frames."""

    @classmethod
    def from_tracks(
        cls, tracks: Iterable[Track], axes: Literal["viewing_ray", "camera"], device: torch.device
    ) -> FilmedWindows:
        """Load tracks; slower ones get frames between theirs, by straight lines.

        Args:
            tracks: of one split.
            axes: of the targets: the camera's, or those of a camera that looks straight at the pelvis.
            device: to keep everything on.

        Raises:
            InputError: no tracks, or a frame rate that does not divide 50 Hz.
        """
        parts = [_arrays(at_rate(track, RATE_HZ), axes) for track in tracks]
        if not parts:
            raise InputError("there is no track to train or validate on")
        keypoints, seen, targets = (torch.cat(column).to(device) for column in zip(*parts, strict=True))
        lengths = torch.tensor([len(part[0]) for part in parts])
        starts = lengths.cumsum(0) - lengths
        return cls(keypoints, seen, targets, starts.to(device), lengths.to(device))

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.keypoints.device

    def draw(
        self, batch: int, tokens: int, token_s: float, random: Generator
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Random windows around frames that are all equally likely.

        Returns:
            keypoints (B, N, J, 2), seen (B, N, J), targets (B, N, J, 3) and inside (B, N), False beyond the
            track's ends, where the nearest frame is repeated.
        """
        track = torch.multinomial(self.frames.float(), batch, replacement=True, generator=random)
        count = self.frames[track][:, None]
        chance = torch.rand((batch, 1), generator=random, device=self.device)
        centre = (chance * count).long().clamp(max=count - 1)
        step = round(token_s * RATE_HZ)
        place = centre + (torch.arange(tokens, device=self.device) - tokens // 2) * step  # (B, N)
        inside = (place >= 0) & (place < count)
        rows = self.starts[track][:, None] + torch.minimum(place.clamp(min=0), count - 1)
        return self.keypoints[rows], self.seen[rows], self.targets[rows], inside


def _arrays(track: Track, axes: str) -> tuple[Tensor, Tensor, Tensor]:
    """Keypoints, seen joints and targets of one track."""
    screen = torch.from_numpy(normalise_screen(track.keypoints_px, track.image_size).astype(np.float32))
    seen = torch.isfinite(screen).all(-1)
    if track.confidence is not None:
        seen &= torch.from_numpy(track.confidence) > 0
    camera = torch.from_numpy(track.positions_camera)
    targets = camera - camera[:, PELVIS, None]
    if axes == "viewing_ray":
        to_ray = rotation_looking_at(camera[:, PELVIS]).transpose(-1, -2)  # (T, 3, 3)
        targets = torch.einsum("tij,tkj->tki", to_ray, targets)
    return screen.nan_to_num(), seen, targets
