"""Initial weights from which training on few steps gets going.

The published initialisation (Glorot weights, encodings of standard deviation 0.02) needs about a thousand
steps before it learns more than the mean pose: the layer norm behind the joints keeps only the direction of
`W · (x, y) + encoding`, so a small encoding hides how far a joint is from the pelvis; the time encoding
drowns in the tokens; and fresh heads answer metres beside the person. Here the encodings are of the tokens'
own size and the heads start near zero (motion store, batch 32: a loss of 150 mm at step 300, where the
published initialisation stood at 320 mm at step 500).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

JOINT_ENCODING_STD = 0.5
TIME_ENCODING_AMPLITUDE = 0.5
BRANCH_STD = 0.02
HEAD_STD = 0.01


@torch.no_grad()
def start_quickly(network: nn.Module) -> None:
    """Set the initial weights of an `UpliftUpsample` in place (from torch's global random generator)."""
    for name, module in network.named_modules():
        if name.endswith(("attention.out", "mlp.contract")):
            nn.init.trunc_normal_(module.weight, std=BRANCH_STD)
        elif name.endswith("_head.linear"):
            nn.init.trunc_normal_(module.weight, std=HEAD_STD)
    for name, parameter in network.named_parameters():
        if name == "spatial.joints.encoding":
            nn.init.normal_(parameter, std=JOINT_ENCODING_STD)
        elif name.endswith("encoding"):
            parameter.copy_(TIME_ENCODING_AMPLITUDE * sinusoids(*parameter.shape))


def sinusoids(length: int, width: int) -> Tensor:
    """The fixed encodings of "Attention is all you need" (Vaswani et al. 2017), (length, width) within ±1."""
    place = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    encoding = torch.empty(length, width)
    encoding[:, 0::2] = torch.sin(place * rate)
    encoding[:, 1::2] = torch.cos(place * rate)[:, : width // 2]
    return encoding
