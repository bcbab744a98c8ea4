"""Arithmetic and speed of the networks, for table 4."""

from __future__ import annotations

import time
from typing import Any

import torch

from uplift3d.evaluate.flops import multiply_adds
from uplift3d.lift.cost import embed_cost, uplift_cost
from uplift3d.model import ModelConfig, UpliftUpsample, create
from uplift3d.model.rivals import Rival


def pose_tokens(config: ModelConfig, stride: int) -> int:
    """Most pose tokens M that a window can hold at a stride."""
    return -(-config.tokens // (stride // config.s_out))


def counted_by_hand(config: ModelConfig, stride: int, *, full_first_block: bool = False) -> int:
    """FLOPs (two per multiply-add) of one forward pass, every pose of the window embedded for it.

    Args:
        config: the network.
        stride: frames between key-frames.
        full_first_block: compute keys and values of upsampling tokens too where deferred attention masks them
            anyway, as the published implementation does.
    """
    fields, poses = config.model_dump(), pose_tokens(config, stride)
    if full_first_block:
        fields["deferred_depth"] = 0
    return 2 * (poses * embed_cost(fields) + uplift_cost(fields, poses))


def per_video_frame(config: ModelConfig, stride: int) -> float:
    """FLOPs per frame of video when windows share their pose tokens: each pose is embedded once."""
    fields = config.model_dump()
    return 2 * (embed_cost(fields) / stride + uplift_cost(fields, pose_tokens(config, stride)) / config.s_out)


def counted(network: UpliftUpsample, stride: int) -> int:
    """FLOPs of one forward pass as `torch.utils.flop_counter` sees them, the parts of inference together."""
    config = network.config
    poses = pose_tokens(config, stride)
    step = stride // config.s_out
    keypoints = torch.zeros(poses, config.joint_count, 2)
    slots = torch.arange(0, config.tokens, step)[None]
    total = 2 * multiply_adds(lambda: network.uplift(network.embed(keypoints)[None], slots))
    sequence = 0 if network.sequence_head is None else 2 * config.tokens * config.temporal_width * 51
    return int(total) - sequence  # inference leaves the sequence head out


def counted_rival(network: Rival[Any]) -> int:
    """FLOPs of one window of a rival."""
    window = torch.zeros(1, network.receptive_field, network.config.joint_count, 2)
    return int(2 * multiply_adds(lambda: network(window)))


@torch.inference_mode()
def seconds_per_pose(config: ModelConfig, stride: int, windows: int = 8, repeats: int = 5) -> float:
    """Median time of this machine for one output pose, embedding shared between windows (fresh weights)."""
    network = create(config).eval()
    poses = pose_tokens(config, stride)
    slots = torch.arange(0, config.tokens, stride // config.s_out)[None].expand(windows, -1)
    fresh = max(1, round(windows * config.s_out / stride))  # new poses while so many windows go by
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        tokens = network.embed(torch.zeros(fresh, config.joint_count, 2))
        network.uplift(tokens[:1].expand(windows, poses, -1), slots)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[repeats // 2] / windows
