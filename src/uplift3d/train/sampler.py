"""Windows of motion and masks of key-frames, drawn on the training device.

Nothing here keeps state between steps: every draw follows from the generator it is given, so a run that was
killed goes on with exactly the batches it would have seen.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.data.store import JOINTS, RATE_HZ, MotionStore
from uplift3d.errors import InputError
from uplift3d.film.draws import LogRange, log_uniform
from uplift3d.skeletons import joint_set


class SamplerConfig(BaseModel):
    """Which motion is shown how often and how fast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_weights: Mapping[str, float] = Field(default_factory=dict)
    """How often frames of a data set are drawn relative to their number; 1 for data sets not named."""
    speed: LogRange = (0.8, 1.25)
    """Factor on the motion's speed, log-uniform per window."""


@dataclass(frozen=True)
class MotionWindows:
    """All clips of a split as tensors on one device, to draw windows from."""

    joints: str
    """Joint set of the positions."""
    positions: Tensor
    """(F, J, 3) world metres at 50 Hz, all clips one after the other; NaN for joints that a clip lacks."""
    starts: Tensor
    """(clips,) first frame of each clip in `positions`."""
    frames: Tensor
    """(clips,) number of frames."""
    weights: Tensor
    """(clips,) share of the draws."""
    centres: Tensor | None = None
    """(n,) frames of `positions` that windows are centred on, all equally likely; None: by `weights`."""

    @classmethod
    def from_store(
        cls,
        store: MotionStore,
        clips: Sequence[int],
        config: SamplerConfig,
        device: torch.device,
        joints: str = JOINTS,
    ) -> MotionWindows:
        """Load the named clips of a store with their first joints, those of h36m17 or of h36m21.

        Raises:
            InputError: no clips, or a data set in the configuration that the store does not have.
        """
        if len(clips) == 0:
            raise InputError(f"{store.path}: no clips in this split")
        known = {clip.dataset for clip in store.clips}
        if unknown := set(config.dataset_weights) - known:
            raise InputError(
                f"views.sampler.dataset_weights names {', '.join(sorted(unknown))}; "
                f"the store has {', '.join(sorted(known))}"
            )
        chosen = [store.clips[index] for index in clips]
        lengths = torch.tensor([clip.frames for clip in chosen])
        share = torch.tensor([float(config.dataset_weights.get(clip.dataset, 1.0)) for clip in chosen])
        count = len(joint_set(joints).joints)
        positions = torch.cat([torch.from_numpy(store[index][:, :count].copy()) for index in clips])
        return cls(
            joints=joints,
            positions=positions.to(device),
            starts=(lengths.cumsum(0) - lengths).to(device),
            frames=lengths.to(device),
            weights=(lengths * share).to(device),
        )

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.positions.device

    def draw(
        self, batch: int, tokens: int, token_s: float, speed: tuple[float, float], random: Generator
    ) -> tuple[Tensor, Tensor]:
        """Random windows: positions (B, N, J, 3) in metres and inside (B, N), False beyond the clip's ends.

        Frames (of any clip, weighted) are equally likely to be the centre; between frames it is interpolated
        linearly; beyond the ends the last pose is held.
        """
        clip, centre = self._draw_centres(batch, random)
        last = (self.frames[clip] - 1)[:, None]
        pace = log_uniform((batch, 1), *speed, self.positions, random)
        step = token_s * RATE_HZ * pace
        place = centre + (torch.arange(tokens, device=step.device) - tokens // 2) * step  # (B, N)
        inside = (place >= 0) & (place <= last)
        place = torch.minimum(place.clamp(min=0), last)
        low = torch.minimum(place.long(), (last - 1).clamp(min=0))
        high = torch.minimum(low + 1, last)  # a clip may have a single frame
        share = (place - low)[..., None, None]
        start = self.starts[clip][:, None]
        return self.positions[start + low] * (1 - share) + self.positions[start + high] * share, inside

    def centred_on(self, chosen: Tensor) -> MotionWindows:
        """The same clips, with windows centred on the (F,) frames for which `chosen` is True only."""
        return replace(self, centres=chosen.to(self.device).nonzero()[:, 0])

    def _draw_centres(self, batch: int, random: Generator) -> tuple[Tensor, Tensor]:
        """Clip (B,) and place in it (B, 1), in frames, of the middle of each window."""
        if self.centres is not None:
            drawn = torch.randint(len(self.centres), (batch,), generator=random, device=self.device)
            frame = self.centres[drawn]
            clip = torch.searchsorted(self.starts, frame, right=True) - 1
            return clip, (frame - self.starts[clip]).to(self.positions)[:, None]
        clip = torch.multinomial(self.weights.float(), batch, replacement=True, generator=random)
        chance = torch.rand((batch, 1), generator=random, device=self.device)
        return clip, chance * (self.frames[clip] - 1)[:, None]


def draw_masks(
    batch: int,
    tokens: int,
    strides: Sequence[int],
    switch_rate: float,
    device: torch.device,
    random: Generator,
) -> Tensor:
    """Regular key-frame masks (B, N), True at pose tokens.

    Every window has its own stride and its own shift by a whole number of tokens (uniform over the stride,
    the published range). A share of the windows changes its stride half-way, as adaptive sampling does.

    Args:
        batch: B.
        tokens: N.
        strides: token strides (s_in / s_out) to draw from.
        switch_rate: share of windows whose stride changes at a random token.
        device: where the masks live.
        random: generator on that device.
    """
    options = torch.tensor(strides, device=device)
    place = torch.arange(tokens, device=device)
    masks = []
    for _ in range(2):
        stride = options[torch.randint(len(strides), (batch, 1), generator=random, device=device)]
        shift = (torch.rand((batch, 1), generator=random, device=device) * stride).long()
        masks.append((place + shift) % stride == 0)
    switch = torch.randint(tokens, (batch, 1), generator=random, device=device)
    switches = torch.rand((batch, 1), generator=random, device=device) < switch_rate
    return torch.where(switches & (place >= switch), masks[1], masks[0])
