"""Files of the public PyTorch version of CPN ("CPN50_384x288.pth.tar" and its siblings)."""

from __future__ import annotations

import re

from uplift3d.errors import InputError
from uplift3d.model.cpn import CPNConfig
from uplift3d.model.rivals.foreign.source import Rules, Source, State, count, size


def infer(state: State) -> CPNConfig:
    """Read the sizes off names and shapes; of which size the images should be shows nowhere.

    Raises:
        InputError: other joints than COCO's.
    """
    joints = size(state, ("refine_net.final_predict.1.weight", 0), default=17)
    if joints != 17:
        raise InputError(f"it draws heat maps of {joints} joints; accepted are the 17 of COCO")
    stages = [max(1, count(state, rf"resnet\.layer{stage}\.(\d+)\.")) for stage in (1, 2, 3, 4)]
    return CPNConfig(
        blocks=(stages[0], stages[1], stages[2], stages[3]),
        stem_width=max(1, size(state, ("resnet.conv1.weight", 0), ("resnet.bn1.weight", 0), default=64)),
        width=max(2, size(state, ("global_net.laterals.0.0.weight", 0), default=256)),
        joints=joints,
        upsample_bias=any(re.match(r"global_net\.upsamples\.\d\.1\.bias", name) for name in state),
    )


def _conv_norm(ours: str, convolution: str, norm: str) -> Rules:
    return ((rf"{ours}\.convolution\.", convolution), (rf"{ours}\.norm\.", norm))


def _bottleneck(ours: str, theirs: str) -> Rules:
    return (
        *_conv_norm(rf"{ours}\.reduce", rf"{theirs}.conv1.", rf"{theirs}.bn1."),
        *_conv_norm(rf"{ours}\.spatial", rf"{theirs}.conv2.", rf"{theirs}.bn2."),
        *_conv_norm(rf"{ours}\.expand", rf"{theirs}.conv3.", rf"{theirs}.bn3."),
        *_conv_norm(rf"{ours}\.shortcut", rf"{theirs}.downsample.0.", rf"{theirs}.downsample.1."),
    )


SOURCE = Source(
    title="CPN, a 2D detector",
    pattern=r"resnet\.(conv1|bn1|layer\d)\.|global_net\.|refine_net\.",
    rules=(
        *_conv_norm(r"residual_net\.stem", "resnet.conv1.", "resnet.bn1."),
        *(
            rule
            for stage in range(4)
            for rule in _bottleneck(rf"residual_net\.stages\.{stage}\.(\d+)", rf"resnet.layer{stage + 1}.\1")
        ),
        *_conv_norm(r"global_net\.lateral\.(\d)", r"global_net.laterals.\1.0.", r"global_net.laterals.\1.1."),
        *_conv_norm(
            r"global_net\.upsample\.(\d)", r"global_net.upsamples.\1.1.", r"global_net.upsamples.\1.2."
        ),
        *_conv_norm(
            r"global_net\.heads\.(\d)\.hidden", r"global_net.predict.\1.0.", r"global_net.predict.\1.1."
        ),
        *_conv_norm(r"global_net\.heads\.(\d)", r"global_net.predict.\1.3.", r"global_net.predict.\1.5."),
        *_bottleneck(r"refine_net\.cascade\.(\d)\.(\d)", r"refine_net.cascade.\1.\2"),
        *_bottleneck(r"refine_net\.mix", "refine_net.final_predict.0"),
        *_conv_norm(r"refine_net\.head", "refine_net.final_predict.1.", "refine_net.final_predict.2."),
    ),
)
