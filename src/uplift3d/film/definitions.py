"""Where a detector puts a joint that others put somewhere else along the same bone.

Motion capture has its hips in the sockets and its toes at the tips; a detector's hips are wider or narrower,
its toes end at the ball of the foot and its head ends at the hair. Such differences stay for a whole video
and are the same on both sides, so they are drawn once per window. Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from uplift3d.film.draws import gaussian
from uplift3d.skeletons import JointSet

DEFINITIONS: tuple[tuple[str, str, str, float, float], ...] = (
    ("head", "neck", "head", 0.0, 0.15),
    ("head_top", "head", "head_top", -0.2, 0.25),
    ("neck", "torso", "neck", 0.0, 0.05),
    ("_toe", "_ankle", "_toe", -0.2, 0.2),
    ("_heel", "_ankle", "_heel", 0.0, 0.2),
    ("_hip", "pelvis", "_hip", 0.0, 0.2),
    ("_hip", "pelvis", "neck", 0.0, 0.04),
    ("_shoulder", "neck", "_shoulder", 0.0, 0.1),
    ("_shoulder", "neck", "pelvis", 0.0, 0.03),
    ("_knee", "_hip", "_knee", 0.0, 0.03),
    ("_ankle", "_knee", "_ankle", 0.0, 0.03),
    ("_elbow", "_shoulder", "_elbow", 0.0, 0.04),
    ("_wrist", "_elbow", "_wrist", 0.0, 0.05),
)
"""Joint, the two joints whose difference it is moved along, mean and standard deviation of the share of that
difference; a name that begins with "_" stands for both sides. BlazePose on a real clip has its head's top
8 cm above the head joint (motion capture: 13-17) and its toes 9-14 cm before the ankle (18-20); the other
sizes are assumed."""


def displacements(poses: Tensor, joints: JointSet, shares: Tensor) -> Tensor:
    """How far every joint of a detector lies from the true one.

    Args:
        poses: (B, N, J, D) true poses, of projections or in space; NaN where the motion has no such joint.
        joints: their joint set.
        shares: (B, lines) as `draw_shares` gives them, one column for every line of `DEFINITIONS`.

    Returns:
        (B, N, J, D) in the unit of `poses`; 0 where a joint that is needed is unknown.
    """
    moved = torch.zeros_like(poses)
    for share, (joint, start, end, _, _) in zip(shares.unbind(1), DEFINITIONS, strict=True):
        for side in ("left", "right") if joint.startswith("_") else ("",):
            names = [side + name if name.startswith("_") else name for name in (joint, start, end)]
            if not set(names) <= set(joints.joints):
                continue
            place, first, last = map(joints.index, names)
            along = poses[:, :, last] - poses[:, :, first]
            moved[:, :, place] += along.nan_to_num() * share[:, None, None]
    return moved


def draw_shares(size: float, batch: int, like: Tensor, random: Generator) -> Tensor:
    """Shares (B, lines of `DEFINITIONS`), `size` times as far from none as they are listed."""
    mean = like.new_tensor([line[3] for line in DEFINITIONS])
    spread = like.new_tensor([line[4] for line in DEFINITIONS])
    return (mean + spread * gaussian((batch, len(DEFINITIONS)), like, random)) * size
