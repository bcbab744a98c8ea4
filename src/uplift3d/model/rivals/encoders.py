"""Transformer encoders that Strided Transformer and P-STMO share.

Pre-norm blocks with dropout on attention weights, hidden layer and both branches, and a layer norm of their
own that divides by the unbiased standard deviation.

Axes: B windows, N tokens, H heads, D channels per head, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uplift3d.model.layers import Attention, initialise_linear

KERNEL = 3
"""Width of the convolutions that shorten a sequence."""


class DeviationNorm(nn.Module):
    """Layer norm that divides by (unbiased standard deviation + ε) in place of √(variance + ε)."""

    def __init__(self, width: int, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.epsilon = epsilon

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (…, C) to (…, C)."""
        centred = tokens - tokens.mean(-1, keepdim=True)
        deviation = tokens.std(-1, keepdim=True)
        return self.weight * centred / (deviation + self.epsilon) + self.bias


class DroppingAttention(Attention):
    """Attention of every token to all, with dropout on the attention weights."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads)
        self.dropout = dropout

    def forward(self, tokens: Tensor, bias: Tensor | None = None, sources: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C); bias and sources as in `Attention`."""
        q, k, v = self._project(tokens, sources)  # (B, H, N, D) each
        rate = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=rate)  # (B, H, N, D)
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))  # (B, N, C)
        return out


class FeedForward(nn.Module):
    """Two layers applied to every token; with a stride, the second spans three tokens and shortens."""

    def __init__(self, width: int, hidden: int, dropout: float, stride: int | None = None) -> None:
        super().__init__()
        self.expand = initialise_linear(nn.Linear(width, hidden))
        self.contract: nn.Linear | nn.Conv1d
        if stride is None:
            self.contract = initialise_linear(nn.Linear(hidden, width))
        else:
            self.contract = initialise_linear(
                nn.Conv1d(hidden, width, KERNEL, stride=stride, padding=KERNEL // 2)
            )
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, ceil(N / stride), C)."""
        hidden: Tensor = self.dropout(F.relu(self.expand(tokens)))  # (B, N, hidden)
        if isinstance(self.contract, nn.Linear):
            out: Tensor = self.contract(hidden)  # (B, N, C)
            return out
        shorter: Tensor = self.contract(hidden.transpose(1, 2))  # (B, C, N')
        return shorter.transpose(1, 2)


class EncoderBlock(nn.Module):
    """Pre-norm block; with a stride its second branch and residual keep every `stride`-th token."""

    def __init__(
        self, width: int, hidden: int, heads: int, dropout: float, stride: int | None = None
    ) -> None:
        super().__init__()
        self.norm1 = DeviationNorm(width)
        self.attention = DroppingAttention(width, heads, dropout)
        self.norm2 = DeviationNorm(width)
        self.mlp = FeedForward(width, hidden, dropout, stride)
        self.dropout = nn.Dropout(dropout)
        self.stride = stride or 1

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, ceil(N / stride), C)."""
        tokens = tokens + self.dropout(self.attention(self.norm1(tokens)))
        branch: Tensor = self.dropout(self.mlp(self.norm2(tokens)))
        return tokens[:, :: self.stride] + branch


class Encoder(nn.Module):
    """Learned encoding and blocks over a window. No norm at the end: the published one is never used."""

    def __init__(self, length: int, width: int, hidden: int, heads: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.encoding = nn.Parameter(torch.randn(length, width))
        self.blocks = nn.ModuleList(EncoderBlock(width, hidden, heads, dropout) for _ in range(depth))

    def forward(self, tokens: Tensor, visible: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C); `visible` (N) bool: only those tokens go in and come out."""
        tokens = tokens + self.encoding
        if visible is not None:
            tokens = tokens[:, visible]  # (B, N', C)
        for block in self.blocks:
            tokens = block(tokens)
        return tokens


class StridedEncoder(nn.Module):
    """Blocks that shorten a window to one token; the first three add a learned encoding each."""

    ENCODED = 3

    def __init__(
        self, length: int, width: int, hidden: int, heads: int, strides: Sequence[int], dropout: float
    ) -> None:
        super().__init__()
        encoded = min(self.ENCODED, len(strides))
        self.encodings = nn.ParameterList(nn.Parameter(torch.randn(length, width)) for _ in range(encoded))
        self.blocks = nn.ModuleList(EncoderBlock(width, hidden, heads, dropout, stride) for stride in strides)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, 1, C)."""
        for index, block in enumerate(self.blocks):
            if index < len(self.encodings):
                tokens = tokens + self.encodings[index][: tokens.shape[1]]
            tokens = block(tokens)
        return tokens


class PoseHead(nn.Module):
    """Batch norm and a linear layer that read poses off tokens."""

    def __init__(self, width: int, joints: int, axes: int = 3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = nn.Linear(width, joints * axes)
        self.axes = axes

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to poses (B, N, J, axes)."""
        tokens = self.norm(tokens.transpose(1, 2)).transpose(1, 2)
        poses: Tensor = self.linear(tokens)  # (B, N, axes·J)
        return poses.view(*poses.shape[:2], -1, self.axes)


def stride_problems(frames: int, strides: Sequence[int]) -> list[str]:
    """Say why the blocks of a `StridedEncoder` would not leave one token of `frames`; empty if they do."""
    if min(strides) < 1:
        return [f"strides is {tuple(strides)}, but every stride must be at least 1"]
    left = frames
    for stride in strides:
        left = -(-left // stride)
    if left != 1:
        return [f"strides {tuple(strides)} leave {left} of {frames} frames, but must leave one"]
    return []
