"""Batched torch twins of the normalisations in `normalise.py`, for training on any device.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

import torch
from torch import Tensor

from uplift3d.normalise import MIN_JOINTS, SIZE_HALF_WIDTH_S, inverse_distances, mirror_signs
from uplift3d.skeletons import joint_set


def mirror(poses: Tensor, joints: str) -> Tensor:
    """2D poses, 3D poses or network input (…, J, channels) as in a mirror: left and right change places."""
    swapped = poses[..., list(joint_set(joints).mirror), :]
    return swapped * swapped.new_tensor(mirror_signs(swapped.shape[-1]))


def usable_poses(seen: Tensor, joints: str) -> Tensor:
    """Poses (B, N) that can be normalised: the pelvis and enough other joints are seen (B, N, J)."""
    weights = torch.from_numpy(inverse_distances(joints)).to(seen.device)
    pelvis = joint_set(joints).index("pelvis")
    return seen[..., pelvis] & ((seen & (weights > 0)).sum(-1) >= MIN_JOINTS)


def normalise_person(
    keypoints: Tensor, seen: Tensor, observed: Tensor, joints: str, token_s: float
) -> Tensor:
    """2D poses relative to the pelvis and the person's size, as `normalise_person` does at inference.

    Args:
        keypoints: (B, N, J, 2) in any image unit; values of unseen joints are ignored.
        seen: (B, N, J).
        observed: (B, N) pose tokens, all of them usable; only these tell the person's size.
        joints: name of the joint set.
        token_s: seconds between tokens.

    Returns:
        (B, N, J, 2), 0 for unseen joints and unobserved tokens.
    """
    weights = torch.from_numpy(inverse_distances(joints)).to(keypoints)
    pelvis = joint_set(joints).index("pelvis")
    known = seen & observed[..., None]
    relative = torch.where(known[..., None], keypoints - keypoints[:, :, pelvis : pelvis + 1], 0)
    count = (known & (weights > 0)).sum(-1).clamp(min=1)
    size = (((relative**2).sum(-1) * weights**2).sum(-1) / count).sqrt()  # (B, N)
    half = round(SIZE_HALF_WIDTH_S / token_s)
    total = _sliding_sum(torch.where(observed, size, 0), half)
    mean = total / _sliding_sum(observed.to(size), half).clamp(min=1)
    scale = torch.where(observed & (mean > 0), 1 / mean.clamp(min=torch.finfo(mean.dtype).tiny), 0)
    return relative * scale[..., None, None]


def normalise_screen(keypoints: Tensor, seen: Tensor, observed: Tensor) -> Tensor:
    """The published input: x / w · 2 - 1 and y / w · 2 - h / w, which is half image widths from the centre.

    Args:
        keypoints: (B, N, J, 2) in half image widths.
        seen: (B, N, J).
        observed: (B, N) pose tokens.

    Returns:
        (B, N, J, 2), 0 for unseen joints and unobserved tokens.
    """
    return torch.where((seen & observed[..., None])[..., None], keypoints, 0)


def straight_lines(keypoints: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Fill in joints between those that are known, one by one; beyond the first and last they are held.

    Args:
        keypoints: (B, N, J, 2).
        known: (B, N, J).

    Returns:
        keypoints (B, N, J, 2), and seen (B, N, J): the joint is known anywhere in the window.
    """
    count = known.shape[1]
    place = torch.arange(count, device=known.device)[:, None].expand_as(known)
    before = torch.where(known, place, -1).cummax(1).values
    behind = torch.where(known, place, count).flip(1).cummin(1).values.flip(1)
    seen = (before >= 0) | (behind < count)
    first = torch.where(before >= 0, before, behind).clamp(max=count - 1)
    last = torch.where(behind < count, behind, before).clamp(min=0)
    share = ((place - first) / (last - first).clamp(min=1)).to(keypoints)[..., None]
    start, end = (keypoints.gather(1, i[..., None].expand_as(keypoints)) for i in (first, last))
    return start * (1 - share) + end * share, seen


def _sliding_sum(values: Tensor, half: int) -> Tensor:
    """Sum of the entries (B, N) within `half` places on either side."""
    total = torch.nn.functional.pad(values.double().cumsum(1), (1, 0))
    place = torch.arange(values.shape[1], device=values.device)
    low, high = (place - half).clamp(min=0), (place + half + 1).clamp(max=values.shape[1])
    return (total[:, high] - total[:, low]).to(values)
