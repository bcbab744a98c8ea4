"""The published loss: half centre head, half sequence head, each the mean joint error in metres."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_joint_error(predicted: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean distance of joints (…, J, 3), averaged over poses with weights (…) if given; unit of the input."""
    error: Tensor = torch.linalg.vector_norm(predicted - target, dim=-1).mean(-1)
    if weight is None:
        return torch.mean(error)
    weight = weight.to(error)
    mean: Tensor = (error * weight).sum() / weight.sum().clamp(min=1)
    return mean


def lifting_loss(
    sequence: Tensor | None,
    centre: Tensor,
    target: Tensor,
    counted: Tensor | None = None,
    answered: int | None = None,
) -> Tensor:
    """½ centre + ½ sequence error in metres; the centre alone for a network without sequence output.

    Args:
        sequence: (B, N, J, 3) or None.
        centre: (B, J, 3).
        target: (B, N, J, 3) root-relative metres.
        counted: (B, N) tokens that count; default: all of them (as published).
        answered: token that `centre` belongs to; default: the middle one.
    """
    place = target.shape[1] // 2 if answered is None else answered
    centre_error = mean_joint_error(centre, target[:, place], None if counted is None else counted[:, place])
    if sequence is None:
        return centre_error
    return 0.5 * centre_error + 0.5 * mean_joint_error(sequence, target, counted)
