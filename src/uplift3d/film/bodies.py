"""The person's proportions, changed before the camera looks.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.skeletons import JointSet


class BodyConfig(BaseModel):
    """How bodies are varied; standard deviations of the logarithm of a length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stature: float = Field(default=0.07, ge=0)
    """Of the whole body."""
    segment: float = Field(default=0.07, ge=0)
    """Of every bone, left and right alike."""
    width: float = Field(default=0.25, ge=0)
    """Of the width of hips and shoulders, besides."""
    width_mean: float = 0.3
    """Mean of the logarithm of that width's factor: the motion capture at hand is narrower (hips ±65 mm,
    shoulders ±108 mm in Bandai-Namco) than people are and than detectors see them."""


def vary_body(positions: Tensor, joints: JointSet, config: BodyConfig, random: Generator) -> Tensor:
    """Give every window a body with other proportions in the same poses.

    Every bone keeps its direction and is scaled by one factor per window, the same on both sides; the path of
    the pelvis is scaled with the stature, so that steps keep their length in legs.

    Args:
        positions: (B, N, J, 3) metres in the world.
        joints: joint set whose tree is scaled.
        config: spread of the factors.
        random: generator on the device of `positions`.
    """
    batch, _, count, _ = positions.shape
    draws = torch.randn((batch, count + 1), generator=random, device=positions.device, dtype=positions.dtype)
    same = torch.tensor([min(j, m) for j, m in enumerate(joints.mirror)], device=positions.device)
    stature = (draws[:, -1:] * config.stature).exp()
    wide = torch.tensor([name.endswith(("hip", "shoulder")) for name in joints.joints]).to(positions)
    spread = (config.segment**2 + wide * config.width**2).sqrt()  # (J,)
    factors = (draws[:, :-1][:, same] * spread + wide * config.width_mean).exp() * stature  # (B, J)
    placed: dict[int, Tensor] = {}
    for joint in from_the_root(joints):
        parent = joints.parents[joint]
        if parent < 0:
            placed[joint] = positions[:, :, joint] * stature[:, None]
        else:
            bone = positions[:, :, joint] - positions[:, :, parent]
            placed[joint] = placed[parent] + bone * factors[:, None, joint, None]
    return torch.stack([placed[joint] for joint in range(count)], dim=2)


def from_the_root(joints: JointSet) -> list[int]:
    """Joint indices of a set, parents before children."""
    order = [joint for joint, parent in enumerate(joints.parents) if parent < 0]
    for joint in order:
        order.extend(child for child, parent in enumerate(joints.parents) if parent == joint)
    return order
