"""More poses from the same motion: limbs turned at their joints, bodies tilted, halves of two people joined.

Motion capture at hand is mostly upright and mostly the same few motions. Turning limbs by smooth random
angles gives poses that nobody recorded at the speeds that people move with; knees and elbows keep to one
plane and never bend backwards.

World: metres, z up. Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor
from torch.nn.functional import normalize

from uplift3d.film.bodies import from_the_root
from uplift3d.film.draws import LogRange, ShareRange, gaussian, log_uniform, uniform
from uplift3d.film.noise import LEGS, correlated
from uplift3d.skeletons import JointSet

HINGES = ("knee", "elbow")
LARGEST_FLEXION_DEG = 150.0
STIFF = {"torso": 0.6, "neck": 0.5, "head": 0.8, "ankle": 0.6}
"""Turn of these joints relative to hips and shoulders."""
STRAIGHT = 0.2
"""Sine of the flexion below which the plane of a knee or elbow is that of the body, not of the limb."""


class PoseConfig(BaseModel):
    """How poses are varied; a rate is a share of the windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limbs_rate: float = Field(default=0.0, ge=0, le=1)
    """Windows whose limbs are turned at their joints."""
    limbs_deg: LogRange = (8.0, 25.0)
    """Standard deviation of the turn about every axis, log-uniform per window."""
    limbs_changing: ShareRange = (0.2, 0.8)
    """Share of the turn's variance that changes within the window, uniform."""
    limbs_s: LogRange = (0.4, 2.0)
    """Time constant of that change, log-uniform per window."""
    tilt_rate: float = Field(default=0.0, ge=0, le=1)
    """Windows whose whole body leans."""
    tilt_deg: float = Field(default=20.0, ge=0)
    """Standard deviation of that lean."""
    lying_rate: float = Field(default=0.0, ge=0, le=1)
    """Windows whose whole body leans by anything up to lying flat, uniform."""
    joined_rate: float = Field(default=0.0, ge=0, le=1)
    """Windows whose upper body comes from another window of the batch."""

    @property
    def off(self) -> bool:
        """Whether poses stay as they are."""
        return not (self.limbs_rate or self.tilt_rate or self.lying_rate or self.joined_rate)


def vary_poses(
    positions: Tensor, joints: JointSet, config: PoseConfig, token_s: float, random: Generator
) -> Tensor:
    """Give windows other poses: joined halves, turned limbs, leaning bodies, in this order.

    Every bone keeps its length, the pelvis its path.

    Args:
        positions: (B, N, J, 3) metres in the world.
        joints: joint set whose tree is turned.
        config: rates and sizes.
        token_s: seconds between tokens.
        random: generator on the device of `positions`.
    """
    if config.off:
        return positions
    chosen = uniform((3, len(positions)), 0, 1, positions, random)
    joined = _join(positions, joints, random)
    positions = torch.where(_rows(chosen[0] < config.joined_rate), joined, positions)
    turned = _turn_limbs(positions, joints, config, token_s, random)
    positions = torch.where(_rows(chosen[1] < config.limbs_rate), turned, positions)
    leaning = _lean(positions, joints, config, chosen[2], random)
    return torch.where(_rows(chosen[2] < config.tilt_rate + config.lying_rate), leaning, positions)


def rotation_about(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation matrices (…, 3, 3) about unit axes (…, 3) by angles (…) in radians (Rodrigues' formula)."""
    x, y, z = axis.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1)
    cross = cross.reshape(*angle.shape, 3, 3)
    sine, cosine = angle.sin()[..., None, None], angle.cos()[..., None, None]
    turn: Tensor = torch.eye(3).to(axis) + sine * cross + (1 - cosine) * (cross @ cross)
    return turn


def _turn_limbs(
    positions: Tensor, joints: JointSet, config: PoseConfig, token_s: float, random: Generator
) -> Tensor:
    angles = _angles(positions, config, token_s, random)  # (B, N, J, 3) radians
    turn: dict[int, Tensor] = {}
    placed: dict[int, Tensor] = {}
    children = set(joints.parents)
    for joint in from_the_root(joints):
        parent = joints.parents[joint]
        if parent < 0:
            placed[joint] = positions[:, :, joint]
            continue
        bone = positions[:, :, joint] - positions[:, :, parent]
        if parent in turn:
            bone = (turn[parent] @ bone[..., None])[..., 0]
            placed[joint] = placed[parent] + bone
        else:  # hips and lower back belong to the pelvis
            placed[joint] = placed[parent] + bone
        if joint in children:
            own = _own_turn(positions, joints, joint, angles[:, :, joint])
            turn[joint] = turn[parent] @ own if parent in turn else own
    return torch.stack([placed[joint] for joint in range(len(joints.joints))], dim=2)


def _angles(positions: Tensor, config: PoseConfig, token_s: float, random: Generator) -> Tensor:
    """Rotation vectors (B, N, J, 3) in radians: a constant and a changing part."""
    batch, tokens, count, _ = positions.shape
    size = torch.deg2rad(log_uniform((batch, 1, 1, 1), *config.limbs_deg, positions, random))
    share = uniform((batch, 1, 1, 1), *config.limbs_changing, positions, random)
    time_s = log_uniform((batch,), *config.limbs_s, positions, random)
    constant = gaussian((batch, 1, count, 3), positions, random)
    changing = _smooth(correlated((batch, tokens, count, 3), time_s, token_s, random))
    return size * ((1 - share).sqrt() * constant + share.sqrt() * changing)


def _smooth(noise: Tensor) -> Tensor:
    """Running mean over five tokens, so that limbs turn at a steady speed instead of trembling."""
    batch, tokens, count, _ = noise.shape
    rows = noise.permute(0, 2, 3, 1).reshape(batch, -1, tokens)
    smooth = torch.nn.functional.avg_pool1d(
        torch.nn.functional.pad(rows, (2, 2), mode="replicate"), 5, stride=1
    )
    return smooth.reshape(batch, count, 3, tokens).permute(0, 3, 1, 2)


def _own_turn(positions: Tensor, joints: JointSet, joint: int, angles: Tensor) -> Tensor:
    """Turn (B, N, 3, 3) at one joint, by rotation vectors (B, N, 3)."""
    name = joints.joints[joint]
    if name.endswith(HINGES):
        return _hinge(positions, joints, joint, angles[..., 0])
    angles = angles * next((factor for key, factor in STIFF.items() if name.endswith(key)), 1.0)
    size = torch.linalg.vector_norm(angles, dim=-1)
    return rotation_about(normalize(angles, dim=-1), size)


def _hinge(positions: Tensor, joints: JointSet, joint: int, change: Tensor) -> Tensor:
    """Turn at a knee or elbow that changes its flexion, which stays between straight and fully bent."""
    child = joints.parents.index(joint)
    upper = normalize(positions[:, :, joint] - positions[:, :, joints.parents[joint]], dim=-1)
    lower = normalize(positions[:, :, child] - positions[:, :, joint], dim=-1)
    to_left = positions[:, :, joints.index("left_hip")] - positions[:, :, joints.index("right_hip")]
    # A knee bends backwards, which is a turn about the axis from right to left; an elbow bends forwards.
    usual = normalize(to_left, dim=-1) * (1 if joints.joints[joint].endswith("knee") else -1)
    usual = usual - (usual * upper).sum(-1, keepdim=True) * upper
    plane = torch.linalg.cross(upper, lower, dim=-1)
    bent = torch.linalg.vector_norm(plane, dim=-1, keepdim=True)
    axis = normalize(plane + (STRAIGHT - bent).clamp(min=0) * usual, dim=-1)
    flexion = torch.atan2(bent[..., 0], (upper * lower).sum(-1))
    wanted = (flexion + change).clamp(min=0, max=math.radians(LARGEST_FLEXION_DEG))
    return rotation_about(axis, torch.where(flexion > wanted.new_tensor(2.6), 0, wanted - flexion))


def _lean(
    positions: Tensor, joints: JointSet, config: PoseConfig, chosen: Tensor, random: Generator
) -> Tensor:
    """The whole motion turned about a level axis through the window's mean pelvis."""
    batch = len(positions)
    azimuth = uniform((batch,), 0, 2 * math.pi, positions, random)
    axis = torch.stack([azimuth.cos(), azimuth.sin(), torch.zeros_like(azimuth)], dim=-1)
    lean = gaussian((batch,), positions, random) * config.tilt_deg
    lying = uniform((batch,), 0, 90, positions, random)
    angle = torch.deg2rad(torch.where(chosen < config.lying_rate, lying, lean))
    pelvis = positions[:, :, joints.index("pelvis")].mean(1)[:, None, None]  # (B, 1, 1, 3)
    turned = torch.einsum("bij,bnkj->bnki", rotation_about(axis, angle), positions - pelvis)
    return turned + pelvis


def _join(positions: Tensor, joints: JointSet, random: Generator) -> Tensor:
    """Legs and path of every window with the upper body of another one, turned to fit the pelvis."""
    other = positions[torch.randperm(len(positions), generator=random, device=positions.device)]
    pelvis = joints.index("pelvis")
    fit = pelvis_axes(positions, joints) @ pelvis_axes(other, joints).transpose(-1, -2)  # (B, N, 3, 3)
    upper = torch.einsum("bnij,bnkj->bnki", fit, other - other[:, :, pelvis, None])
    legs = torch.tensor([name.endswith(LEGS) or name == "pelvis" for name in joints.joints])
    return torch.where(legs.to(positions.device)[:, None], positions, upper + positions[:, :, pelvis, None])


def pelvis_axes(positions: Tensor, joints: JointSet) -> Tensor:
    """Axes of the pelvis (B, N, 3, 3) in the world, columns left, forward and up along the lower back."""
    left = positions[:, :, joints.index("left_hip")] - positions[:, :, joints.index("right_hip")]
    back = positions[:, :, joints.index("torso")] - positions[:, :, joints.index("pelvis")]
    left = normalize(left, dim=-1)
    up = normalize(back - (back * left).sum(-1, keepdim=True) * left, dim=-1)
    return torch.stack([left, torch.linalg.cross(left, up, dim=-1), up], dim=-1)


def _rows(chosen: Tensor) -> Tensor:
    return chosen[:, None, None, None]
