"""Files of MotionBERT's pose network (`model_pos` or `model` in `best_epoch.bin`, `latest_epoch.bin`).

Published files have three input channels, the third of which is the 2D detector's confidence, and all of them
answer in half image widths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.model.foreign.source import Fields, Source, State, count, joints_of, size
from uplift3d.model.rivals.motionbert import MotionBERTConfig


def infer(state: State, given: Mapping[str, Any]) -> Fields:
    """Read sizes off the shapes; the number of heads shows nowhere and is 8 in every published file."""
    width = size(state, ("norm.weight", 0), ("norm.bias", 0), default=512)
    mlp = "blocks_st.0.mlp_s.fc1"
    channels = size(state, ("joints_embed.weight", 1), default=3)
    hidden = size(state, (f"{mlp}.weight", 0), (f"{mlp}.bias", 0), default=2 * width)
    return {
        "frames": size(state, ("temp_embed", 1), default=243),
        "width": width,
        "depth": count(state, r"blocks_st\.(\d+)\.") or 5,
        "mlp_ratio": hidden / width,
        "representation": size(state, ("head.weight", 1), ("pre_logits.fc.bias", 0), default=512),
        "confidence": "none" if channels == 2 else "detected",
        "output": "image",
        **joints_of(size(state, ("pos_embed", 1), default=17), given),
    }


SOURCE = Source(
    title="MotionBERT",
    pattern=r"blocks_(st|ts)\.|ts_attn\.|joints_embed\.|temp_embed|pos_embed|norm\.|pre_logits\.|head\.",
    config=MotionBERTConfig,
    infer=infer,
    rules=(
        (r"embedding\.", "joints_embed."),
        (r"joint_encoding", "pos_embed"),
        (r"frame_encoding", "temp_embed"),
        (r"norm\.", "norm."),
        (r"represent\.", "pre_logits.fc."),
        (r"head\.", "head."),
        (r"layers\.(\d+)\.share\.", r"ts_attn.\1."),
        *(
            (rf"layers\.(\d+)\.{stream}\.{over}\.{ours}\.", rf"{blocks}.\1.{theirs}.")
            for stream, blocks in (("space_first", "blocks_st"), ("time_first", "blocks_ts"))
            for over, end in (("spatial", "_s"), ("temporal", "_t"))
            for ours, theirs in (
                ("norm1", f"norm1{end}"),
                ("norm2", f"norm2{end}"),
                (r"attention\.qkv", f"attn{end}.qkv"),
                (r"attention\.out", f"attn{end}.proj"),
                (r"mlp\.expand", f"mlp{end}.fc1"),
                (r"mlp\.contract", f"mlp{end}.fc2"),
            )
        ),
    ),
)
