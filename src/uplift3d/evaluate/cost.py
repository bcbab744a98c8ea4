"""How much arithmetic a network takes, counted from its configuration.

Multiply-adds of matrix products and convolutions; norms, activations and additions are left out, as in the
published figures. Letters: N tokens of a window, M pose tokens, J joints, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.skeletons import joint_set

KERNEL = 3  # width of the strided convolutions


def embed_cost(config: Mapping[str, Any]) -> int:
    """Multiply-adds that turn one 2D pose into a token."""
    joints, width, depth = len(joint_set(config["joints"])), config["spatial_width"], config["spatial_depth"]
    if depth == 0:
        return int(joints * 2 * config["temporal_width"])
    block = _attention(joints, joints, width) + _mlp(joints, width, config)
    return int(joints * 2 * width + depth * block + joints * width * config["temporal_width"])


def uplift_cost(config: Mapping[str, Any], pose_tokens: int, part: str = "centre") -> int:
    """Multiply-adds for one window.

    Args:
        config: the fields of `model.ModelConfig`.
        pose_tokens: M; with deferred attention the first block computes keys and values for these only.
        part: "centre" or "sequence", the output that is asked for.
    """
    tokens, width, poses = config["tokens"], config["temporal_width"], len(joint_set(config["joints"])) * 3
    depth, deferred = config["temporal_depth"], config["deferred_depth"]
    block = _attention(tokens, tokens, width) + _mlp(tokens, width, config)
    total = depth * block
    if depth and deferred:  # one more key stands in for windows without any pose
        total += _attention(tokens, pose_tokens + 1, width) - _attention(tokens, tokens, width)
    if part == "sequence":
        return int(total + tokens * width * poses)
    return int(total + _strided(config) + width * poses)


def _strided(config: Mapping[str, Any]) -> int:
    length, width = config["tokens"], config["temporal_width"]
    hidden = int(width * config["mlp_ratio"])
    total = 0
    for stride, (left, right) in zip(config["strided"], config["paddings"], strict=True):
        shorter = -(-(length + left + right - KERNEL + 1) // stride)
        total += _attention(length, length, width) + length * width * hidden
        total += shorter * KERNEL * hidden * width
        length = shorter
    return total


def _attention(queries: int, keys: int, width: int) -> int:
    """Projections of queries, keys, values and output, the logits and their use."""
    return 2 * queries * width**2 + 2 * keys * width**2 + 2 * queries * keys * width


def _mlp(rows: int, width: int, config: Mapping[str, Any]) -> int:
    return 2 * rows * width * int(width * config["mlp_ratio"])
