"""Files of VideoPose3D (`model_pos` in `epoch_N.bin`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.model.foreign.source import Fields, Source, State, count, joints_of, size
from uplift3d.model.rivals.videopose3d import VideoPose3DConfig


def infer(state: State, given: Mapping[str, Any]) -> Fields:
    """Read widths of filters and channels off the shapes; whether it is causal shows nowhere."""
    stages = (count(state, r"layers_conv\.(\d+)\.") + 1) // 2
    convolutions = ["expand_conv.weight", *(f"layers_conv.{2 * stage}.weight" for stage in range(stages))]
    return {
        "filter_widths": [size(state, (name, 2), default=3) for name in convolutions],
        "channels": size(state, ("expand_bn.weight", 0), ("shrink.weight", 1), default=1024),
        **joints_of(size(state, ("shrink.weight", 0), ("shrink.bias", 0), default=51) // 3, given),
    }


SOURCE = Source(
    title="VideoPose3D",
    pattern=r"expand_(conv|bn)\.|layers_(conv|bn)\.|shrink\.",
    config=VideoPose3DConfig,
    infer=infer,
    rules=(
        (r"expand\.convolution\.", "expand_conv."),
        (r"expand\.norm\.", "expand_bn."),
        (r"shrink\.", "shrink."),
        *(
            (rf"stages\.{stage}\.{part}\.{ours}\.", f"layers_{theirs}.{2 * stage + second}.")
            for stage in range(16)
            for second, part in enumerate(("temporal", "pointwise"))
            for ours, theirs in (("convolution", "conv"), ("norm", "bn"))
        ),
    ),
)
