"""CPN from files in the layout of its public PyTorch version ("CPN50_384x288.pth.tar" and its siblings)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from uplift3d.detect.cpn.network import CPN, CPNConfig
from uplift3d.errors import InputError
from uplift3d.files.guards import readable
from uplift3d.model import foreign
from uplift3d.model.foreign.source import Rules, State, count, size
from uplift3d.model.torch_files import NUMPY_STATE, named_weights, read_torch


def load_cpn(path: str | Path) -> CPN:
    """Load a CPN; its sizes follow from its weights.

    Args:
        path: torch file with the weights under 'state_dict' (or at the top), whatever else is in it.

    Returns:
        The network in evaluation mode, on the CPU.

    Raises:
        InputError: a file that is missing, damaged, of another network, or that would run code when read;
            missing, unexpected and misshapen weights are named.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file of CPN weights {path}")
    with readable(path, "a file of weights"):
        return _load(path)


def _load(path: Path) -> CPN:
    state = named_weights(read_torch(path, put_aside=NUMPY_STATE), path)
    source = foreign.recognise(state)
    if source is not foreign.CPN:
        found = f"looks like {source.title}" if source else "holds weights of no network known here"
        raise InputError(f"{path} {found}; accepted are weights of CPN (CPN50_384x288.pth.tar)")
    try:
        network = CPN(infer(state))
    except InputError as error:
        raise InputError(f"{path} looks like {SOURCE.title}; {error}") from None
    network.load_state_dict(foreign.translate(state, SOURCE, network.state_dict(), path))
    return network.eval()


def infer(state: State) -> CPNConfig:
    """Read the sizes off names and shapes; of which size the images should be shows nowhere.

    Raises:
        InputError: other joints than COCO's.
    """
    joints = size(state, ("refine_net.final_predict.1.weight", 0), default=17)
    if joints != 17:
        raise InputError(f"it has heat maps of {joints} joints; accepted are the 17 of COCO")
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


SOURCE = replace(
    foreign.CPN,
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
