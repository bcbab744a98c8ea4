"""The picture's own 3D guess, with errors like those of a network that sees one image at a time.

Such a guess is right about the pose and wrong in a way that stays for a while: its size, the direction it
takes for "towards the camera", the depth of a limb. So the errors are few and slow, not white noise in every
joint. Axes: B windows, N tokens, J joints; metres from the pelvis.
"""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor
from torch.nn.functional import normalize

from uplift3d.film.definitions import displacements
from uplift3d.film.draws import LogRange, gaussian, log_uniform, uniform
from uplift3d.film.noise import JOINT_NOISE, Detections, correlated, derive
from uplift3d.film.poses import rotation_about
from uplift3d.skeletons import JointSet


class HintConfig(BaseModel):
    """Sizes of the errors of the picture's 3D guess; standard deviations where not said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    absent_rate: float = Field(default=0.34, ge=0, le=1)
    """Share of windows without any guess, as from 2D files."""
    size: float = Field(default=0.1, ge=0)
    """Of the logarithm of the guess's size, constant in a window."""
    depth: float = Field(default=0.2, ge=0)
    """Of the logarithm of its extent in depth, constant in a window."""
    turn_deg: float = Field(default=9.0, ge=0)
    """Of the angle it is turned by; half of its variance changes slowly."""
    drift_mm: LogRange = (20.0, 60.0)
    """Per axis, of a joint's slow error, log-uniform per window; in depth twice as much."""
    drift_s: LogRange = (0.3, 2.0)
    """Time constant of slow errors, log-uniform per window."""
    white_mm: LogRange = (5.0, 25.0)
    """Per axis, of the error that changes from look to look, log-uniform per window; twice in depth."""


REALISTIC_HINT = HintConfig(absent_rate=0, drift_mm=(35, 35), drift_s=(0.7, 0.7), white_mm=(12, 12))
"""Fixed errors of validation."""
NO_HINT = HintConfig(absent_rate=1)
"""2D files without a guess."""


def guess(
    targets: Tensor,
    detections: Detections,
    joints: JointSet,
    config: HintConfig,
    token_s: float,
    random: Generator,
) -> tuple[Tensor, Tensor]:
    """What a detector would say about depth.

    Args:
        targets: (B, N, J, 3) the truth, in the axes of a camera that looks straight at the person.
        detections: of the same windows: which joints are seen, and on which side.
        joints: their joint set.
        config: sizes of the errors.
        token_s: seconds between tokens.
        random: generator on the device of `targets`.

    Returns:
        hint (B, N, J, 3), 0 where there is none, and told (B, N, J).
    """
    batch, tokens, count, _ = targets.shape
    sides = detections.exchanged[..., None]
    if detections.shares is not None:
        targets = derive(targets + displacements(targets, joints, detections.shares), joints)
    truth = torch.where(sides, targets[:, :, list(joints.mirror)], targets)
    size = (gaussian((batch, 1, 1, 1), targets, random) * config.size).exp()
    deep = (gaussian((batch, 1, 1), targets, random) * config.depth).exp()
    told = truth * size
    told = torch.cat([told[..., :2], told[..., 2:] * deep[..., None]], dim=-1)
    time_s = log_uniform((batch,), *config.drift_s, targets, random)
    told = torch.einsum("bnij,bnkj->bnki", _turn(batch, tokens, config, time_s, token_s, random), told)
    drift = correlated((batch, tokens, count, 3), time_s, token_s, random)
    drift = drift * log_uniform((batch, 1, 1, 1), *config.drift_mm, targets, random)
    white = gaussian((batch, tokens, count, 3), targets, random)
    white = white * log_uniform((batch, 1, 1, 1), *config.white_mm, targets, random)
    told = told + (drift + white) / 1000 * _sizes(joints, targets)
    told = told - told[:, :, joints.index("pelvis"), None]
    absent = uniform((batch, 1, 1), 0, 1, targets, random) < config.absent_rate
    known = detections.seen & told.isfinite().all(-1) & ~absent
    return torch.where(known[..., None], told, 0), known


def _turn(
    batch: int, tokens: int, config: HintConfig, time_s: Tensor, token_s: float, random: Generator
) -> Tensor:
    """Rotations (B, N, 3, 3), half of them constant."""
    constant = gaussian((batch, 1, 3), time_s, random)
    changing = correlated((batch, tokens, 3), time_s, token_s, random)
    vector = (constant + changing) * math.sqrt(0.5) * math.radians(config.turn_deg)
    return rotation_about(normalize(vector, dim=-1), torch.linalg.vector_norm(vector, dim=-1))


def _sizes(joints: JointSet, like: Tensor) -> Tensor:
    """Error of every joint and axis (J, 3) relative to that of hips and shoulders in the image plane."""
    rows = [next((f for key, f in JOINT_NOISE.items() if key in name), 1.0) for name in joints.joints]
    return like.new_tensor(rows)[:, None] * like.new_tensor([1.0, 1.0, 2.0])
