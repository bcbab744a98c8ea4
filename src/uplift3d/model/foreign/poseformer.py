"""Files of PoseFormer (`model_pos` in `best_epoch_….bin`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.model.foreign.source import Fields, Source, State, count, joints_of, size
from uplift3d.model.rivals.poseformer import PoseFormerConfig


def infer(state: State, given: Mapping[str, Any]) -> Fields:
    """Read sizes off the shapes; the number of heads shows nowhere and is 8 in every published file."""
    width = size(state, ("Spatial_norm.weight", 0), ("Spatial_norm.bias", 0), default=32)
    block = "Spatial_blocks.0"
    hidden = size(state, (f"{block}.mlp.fc1.weight", 0), (f"{block}.mlp.fc1.bias", 0), default=2 * width)
    return {
        "frames": size(state, ("weighted_mean.weight", 1), ("Temporal_pos_embed", 1), default=81),
        "joint_width": width,
        "depth": count(state, r"Spatial_blocks\.(\d+)\.") or 4,
        "mlp_ratio": hidden / width,
        "qkv_bias": any(name.endswith("attn.qkv.bias") for name in state),
        **joints_of(size(state, ("head.1.weight", 0), ("head.1.bias", 0), default=51) // 3, given),
    }


SOURCE = Source(
    title="PoseFormer",
    pattern=r"Spatial_(pos_embed|patch_to_embedding|blocks|norm)|Temporal_(pos_embed|norm)|"
    r"blocks\.\d+\.(norm\d|attn|mlp)\.|weighted_mean\.|head\.",
    config=PoseFormerConfig,
    infer=infer,
    rules=(
        (r"embedding\.", "Spatial_patch_to_embedding."),
        (r"spatial\.encoding", "Spatial_pos_embed"),
        (r"temporal\.encoding", "Temporal_pos_embed"),
        (r"spatial\.norm\.", "Spatial_norm."),
        (r"temporal\.norm\.", "Temporal_norm."),
        (r"frame_weights\.", "weighted_mean."),
        (r"head\.", "head."),
        *(
            (rf"{stack}\.blocks\.(\d+)\.{ours}\.", rf"{theirs}.\1.{name}.")
            for stack, theirs in (("spatial", "Spatial_blocks"), ("temporal", "blocks"))
            for ours, name in (
                ("norm1", "norm1"),
                ("norm2", "norm2"),
                (r"attention\.qkv", "attn.qkv"),
                (r"attention\.out", "attn.proj"),
                (r"mlp\.expand", "mlp.fc1"),
                (r"mlp\.contract", "mlp.fc2"),
            )
        ),
    ),
)
