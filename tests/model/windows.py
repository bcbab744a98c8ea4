"""Windows for tests of the network."""

import torch
from torch import Tensor

from uplift3d.model import UpliftUpsample


def random_windows(model: UpliftUpsample, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Keypoints (5, N, J, 2) and masks (5, N): half, few, none, one and all of the poses observed."""
    generator = torch.Generator().manual_seed(seed)
    N, J = model.config.tokens, model.config.joint_count
    keypoints = torch.randn(5, N, J, 2, generator=generator)
    mask = torch.rand(5, N, generator=generator) < torch.tensor([0.5, 0.1, 0.0, 0.0, 1.0])[:, None]
    mask[3, N // 3] = True
    return keypoints, mask


def pose_tokens(model: UpliftUpsample, keypoints: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Embed the observed poses of every window; slots in shuffled order, padding anywhere."""
    B, N = mask.shape
    M = int(mask.sum(1).max()) + 2
    generator = torch.Generator().manual_seed(0)
    tokens = torch.full((B, M, model.config.temporal_width), 3.0)  # padding holds anything finite
    slots = torch.full((B, M), N)
    for b in range(B):
        observed = mask[b].nonzero()[:, 0]
        places = torch.randperm(M, generator=generator)[: len(observed)]
        tokens[b, places] = model.embed(keypoints[b, observed])
        slots[b, places] = observed
    return tokens, slots


def shaken(model: UpliftUpsample, seed: int = 0) -> UpliftUpsample:
    """Give a fresh network weights that differ visibly from their initial ones, encodings above all."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model.eval()
