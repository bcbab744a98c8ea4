"""Attention, MLPs and the two kinds of Transformer block that the network stacks.

Axes: B rows (windows, or single frames), N tokens (or joints), S key sources, H heads, D channels per head,
C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LayerT = TypeVar("LayerT", nn.Linear, nn.Conv1d)

MASKED_LOGIT = -1e9
"""Added to the logit of a masked key. In float32 it swallows the logit, so that a row whose keys are all
masked attends to them uniformly, as in the published implementation; minus infinity would give NaN."""

KERNEL = 3
"""Width of the strided convolutions."""


def key_bias(mask: Tensor) -> Tensor:
    """Turn a mask (B, S), True where a token may be a key, into additive logits (B, 1, 1, S)."""
    bias = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, MASKED_LOGIT)
    return bias[:, None, None, :]


class Attention(nn.Module):
    """Multi-head attention of every token to the tokens of its own row."""

    def __init__(self, width: int, heads: int, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.head_width = width // heads
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.out = nn.Linear(width, width)
        self._initialise()

    def forward(self, tokens: Tensor, bias: Tensor | None = None, sources: Tensor | None = None) -> Tensor:
        """Mix tokens.

        Args:
            tokens: (B, N, C) queries, and keys and values too unless there are other sources.
            bias: (B, 1, 1, S) additive logits per key.
            sources: (B, S, C) what keys and values are computed from.
        """
        q, k, v = self._project(tokens, sources)
        bias = None if bias is None else bias.to(q.dtype)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)  # (B, H, N, D)
        batch, length, _ = tokens.shape
        mixed = mixed.transpose(1, 2).reshape(batch, length, self.heads * self.head_width)
        out: Tensor = self.out(mixed)  # (B, N, C)
        return out

    def _project(self, tokens: Tensor, sources: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (B, H, N, D), keys and values (B, H, S, D)."""
        if sources is None:
            q, k, v = self._split(self.qkv(tokens), 3)
            return q, k, v
        width = tokens.shape[-1]
        weight, bias = self.qkv.weight, self.qkv.bias
        q_bias, kv_bias = (None, None) if bias is None else (bias[:width], bias[width:])
        (q,) = self._split(F.linear(tokens, weight[:width], q_bias), 1)
        k, v = self._split(F.linear(sources, weight[width:], kv_bias), 2)
        return q, k, v

    def _split(self, projected: Tensor, parts: int) -> Sequence[Tensor]:
        """Cut (B, N, parts·C) into `parts` tensors (B, H, N, D)."""
        batch, length, _ = projected.shape
        split = projected.view(batch, length, parts, self.heads, self.head_width)
        return [part.transpose(1, 2) for part in split.unbind(2)]

    def _initialise(self) -> None:
        for part in self.qkv.weight.chunk(3):  # each projection is a matrix of its own
            nn.init.xavier_uniform_(part)
        if self.qkv.bias is not None:
            nn.init.zeros_(self.qkv.bias)
        initialise_linear(self.out)


class Mlp(nn.Module):
    """Two linear layers, applied to every token."""

    def __init__(self, width: int, ratio: float, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        hidden = int(width * ratio)
        self.expand = initialise_linear(nn.Linear(width, hidden))
        self.contract = initialise_linear(nn.Linear(hidden, width))
        self.activation = activation

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C)."""
        out: Tensor = self.contract(self.activation(self.expand(tokens)))
        return out


class StridedMlp(nn.Module):
    """A pointwise layer and a convolution that shortens the sequence."""

    def __init__(self, width: int, ratio: float, stride: int, padding: tuple[int, int]) -> None:
        super().__init__()
        hidden = int(width * ratio)
        self.expand = initialise_linear(nn.Linear(width, hidden))
        self.contract = initialise_linear(nn.Conv1d(hidden, width, KERNEL, stride=stride))
        self.padding = padding

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to (B, ceil((N + left + right − 2) / stride), C)."""
        hidden = F.relu(self.expand(tokens)).transpose(1, 2)  # (B, 2C, N)
        out: Tensor = self.contract(F.pad(hidden, self.padding))  # (B, C, N')
        return out.transpose(1, 2)


class DropPath(nn.Module):
    """Stochastic depth: in training, drop a residual branch for whole rows and scale up the others."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch (B, N, C) with some rows zeroed; unchanged in evaluation."""
        if self.rate == 0 or not self.training:
            return branch
        keep = 1 - self.rate
        kept = torch.empty(branch.shape[0], 1, 1, dtype=branch.dtype, device=branch.device).bernoulli_(keep)
        return branch * (kept / keep)

    def extra_repr(self) -> str:
        """Show the rate in the module's repr."""
        return f"rate={self.rate:g}"


class Block(nn.Module):
    """Pre-norm Transformer block."""

    def __init__(
        self,
        width: int,
        heads: int,
        ratio: float,
        *,
        activation: Callable[[Tensor], Tensor],
        qkv_bias: bool = True,
        drop_path: float = 0.0,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=epsilon)
        self.attention = Attention(width, heads, qkv_bias)
        self.norm2 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = Mlp(width, ratio, activation)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, bias: Tensor | None = None, sources: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, C) to (B, N, C).

        Args:
            tokens: (B, N, C).
            bias: (B, 1, 1, S) additive attention logits per key.
            sources: (B, S, C) tokens to attend to, already through `norm1`; default: `tokens` themselves.
        """
        tokens = tokens + self.drop_path(self.attention(self.norm1(tokens), bias, sources))
        tokens = tokens + self.drop_path(self.mlp(self.norm2(tokens)))
        return tokens


def block_stack(
    depth: int,
    width: int,
    heads: int,
    ratio: float,
    *,
    activation: Callable[[Tensor], Tensor],
    qkv_bias: bool = True,
    drop_path: float = 0.0,
    epsilon: float = 1e-5,
) -> nn.ModuleList:
    """So many blocks one after the other; `drop_path` is that of the last, rising linearly from 0."""
    return nn.ModuleList(
        Block(
            width,
            heads,
            ratio,
            activation=activation,
            qkv_bias=qkv_bias,
            drop_path=rate,
            epsilon=epsilon,
        )
        for rate in rising(drop_path, depth)
    )


class StridedBlock(nn.Module):
    """Pre-norm Transformer block with its own positional encoding that shortens the sequence."""

    def __init__(
        self,
        length: int,
        width: int,
        heads: int,
        ratio: float,
        *,
        stride: int,
        padding: tuple[int, int],
        qkv_bias: bool = True,
        drop_path: float = 0.0,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.encoding = encoding(length, width)
        self.norm1 = nn.LayerNorm(width, eps=epsilon)
        self.attention = Attention(width, heads, qkv_bias)
        self.norm2 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = StridedMlp(width, ratio, stride, padding)
        self.drop_path = DropPath(drop_path)
        self.stride = stride
        # The residual starts where the first convolution window is centred; as published, only if it strides.
        self.first = int(stride > 1 and padding[0] == 0)
        self.end = length - int(stride > 1 and padding[1] == 0)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, C) to (B, N', C), N' as in `StridedMlp`; bias (B, 1, 1, N) as in `Block`."""
        tokens = tokens + self.encoding
        tokens = tokens + self.drop_path(self.attention(self.norm1(tokens), bias))
        residual = tokens[:, self.first : self.end : self.stride]  # (B, N', C)
        shortened: Tensor = residual + self.drop_path(self.mlp(self.norm2(tokens)))
        return shortened


class Head(nn.Module):
    """Read 3D poses off tokens."""

    def __init__(self, width: int, joints: int, *, batch_norm: bool = False, epsilon: float = 1e-5) -> None:
        super().__init__()
        # Published: Keras momentum 0.1, which PyTorch counts the other way round.
        self.norm = nn.BatchNorm1d(width, eps=epsilon, momentum=0.9) if batch_norm else nn.Identity()
        self.linear = initialise_linear(nn.Linear(width, joints * 3))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, C) to joint positions (B, N, J, 3) in metres."""
        batch, length, _ = tokens.shape
        tokens = self.norm(tokens.transpose(1, 2)).transpose(1, 2)  # batch norm wants channels second
        poses: Tensor = self.linear(tokens)  # (B, N, 3J)
        return poses.view(batch, length, self.linear.out_features // 3, 3)


def encoding(*shape: int) -> nn.Parameter:
    """Return a learned encoding or token: truncated normal, standard deviation 0.02."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(*shape), std=0.02, a=-0.04, b=0.04))


def initialise_linear(layer: LayerT) -> LayerT:
    """Set Glorot-uniform weights and zero bias, the published model's initialisation."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def rising(rate: float, depth: int) -> list[float]:
    """Spread drop-path rates linearly from 0 at the first block to `rate` at the last."""
    return [rate * index / max(1, depth - 1) for index in range(depth)]
