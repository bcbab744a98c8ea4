"""Position errors in metres: half centre head, half sequence head (published), and what may be added to them.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from uplift3d.skeletons import joint_set


class Weights(NamedTuple):
    """What every part of the loss counts."""

    centre: float = 0.5
    """The refined pose; the sequence counts what is left to 1."""
    velocity: float = 0.0
    """The sequence's change from token to token."""
    any_size: float = 0.0
    """Share of the sequence's error that is measured after scaling every window to the truth's size, which
    one camera cannot see: people of 1.9 m would else teach little but that they are tall."""
    bones: float = 0.0
    """Bones as vectors, scaled as for `any_size`: joint angles are the directions of bones."""


PUBLISHED = Weights()
SMALLEST_FACTOR = 0.5
"""No window is scaled by less, or by more than its inverse: fresh networks answer anything."""


def mean_joint_error(
    predicted: Tensor, target: Tensor, weight: Tensor | None = None, known: Tensor | None = None
) -> Tensor:
    """Mean distance of joints (…, J, 3), averaged over poses with weights (…) if given; unit of the input.

    Joints that are not known (…, J) count nothing.
    """
    error: Tensor = torch.linalg.vector_norm(predicted - target, dim=-1)  # (…, J)
    if weight is None and known is None:
        return torch.mean(error)
    share = torch.ones_like(error) if known is None else known.to(error)
    if weight is not None:
        share = share * weight.to(error)[..., None]
    mean: Tensor = (error * share).sum() / share.sum().clamp(min=1)
    return mean


def lifting_loss(
    sequence: Tensor | None,
    centre: Tensor,
    target: Tensor,
    counted: Tensor | None = None,
    answered: int | None = None,
    known: Tensor | None = None,
    weights: Weights = PUBLISHED,
    joints: str | None = None,
) -> Tensor:
    """Weighted centre and sequence error in metres; the centre alone for a network without sequence output.

    Args:
        sequence: (B, N, J, 3) or None.
        centre: (B, J, 3).
        target: (B, N, J, 3) root-relative metres.
        counted: (B, N) tokens that count; default: all of them (as published).
        answered: token that `centre` belongs to; default: the middle one.
        known: (B, N, J) joints that count; default: all of them.
        weights: of the parts.
        joints: name of the joint set, which a loss on bones needs.
    """
    place = target.shape[1] // 2 if answered is None else answered
    of_centre = (None if given is None else given[:, place] for given in (counted, known))
    centre_error = mean_joint_error(centre, target[:, place], *of_centre)
    if sequence is None:
        return centre_error
    error = mean_joint_error(sequence, target, counted, known)
    scaled = _scaled(sequence, target, counted, known) if weights.any_size or weights.bones else sequence
    if weights.any_size:
        in_shape = mean_joint_error(scaled, target, counted, known)
        error = (1 - weights.any_size) * error + weights.any_size * in_shape
    loss = weights.centre * centre_error + (1 - weights.centre) * error
    if weights.velocity:
        loss = loss + weights.velocity * _velocity_error(sequence, target, counted, known)
    if weights.bones:
        assert joints is not None, "a loss on bones needs the joint set"
        loss = loss + weights.bones * _bone_error(scaled, target, joints, counted, known)
    return loss


def _scaled(sequence: Tensor, target: Tensor, counted: Tensor | None, known: Tensor | None) -> Tensor:
    """The sequence times the factor per window that brings it nearest to the target (least squares)."""
    share = torch.ones_like(target[..., :1]) if known is None else known[..., None].to(target)
    if counted is not None:
        share = share * counted[..., None, None].to(target)
    answer = sequence.detach()
    fit = (share * answer * target).sum((1, 2, 3)) / (share * answer**2).sum((1, 2, 3)).clamp(min=1e-9)
    return sequence * fit.clamp(SMALLEST_FACTOR, 1 / SMALLEST_FACTOR)[:, None, None, None]


def _velocity_error(sequence: Tensor, target: Tensor, counted: Tensor | None, known: Tensor | None) -> Tensor:
    """Mean error of the joints' way from one token to the next, metres."""
    both = (None if given is None else given[:, 1:] & given[:, :-1] for given in (counted, known))
    return mean_joint_error(sequence.diff(dim=1), target.diff(dim=1), *both)


def _bone_error(
    sequence: Tensor, target: Tensor, joints: str, counted: Tensor | None, known: Tensor | None
) -> Tensor:
    """Mean error of the vectors from each joint's parent to the joint, metres."""
    bones = [(joint, parent) for joint, parent in enumerate(joint_set(joints).parents) if parent >= 0]
    child, parent = (list(places) for places in zip(*bones, strict=True))
    both = None if known is None else known[..., child] & known[..., parent]
    answered, wanted = (poses[..., child, :] - poses[..., parent, :] for poses in (sequence, target))
    return mean_joint_error(answered, wanted, counted, both)
