"""Checkpoint files of other authors: which network a file holds, and its weights under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplift3d.errors import InputError
from uplift3d.model.catalogue import create
from uplift3d.model.foreign import motionbert, poseformer, strided, videopose3d
from uplift3d.model.foreign.source import Source, State
from uplift3d.model.network import Network, NetworkConfig

UPLIFT_UPSAMPLE = Source(
    "Uplift and Upsample", r"(spatial|temporal|strided)\.|(sequence|centre)_head\.|.*_(token|encoding)"
)
CPN = Source("CPN, a 2D detector", r"resnet\.(conv1|bn1|layer\d)\.|global_net\.|refine_net\.")
"""No lifting network: `detect.cpn` loads it."""
SOURCES = (
    videopose3d.SOURCE,
    poseformer.SOURCE,
    strided.STRIDED_TRANSFORMER,
    strided.PSTMO,
    strided.PSTMO_PRETRAINING,
    strided.REFINEMENT,
    motionbert.SOURCE,
    CPN,
    UPLIFT_UPSAMPLE,
    Source("MixSTE", r"(STE|TTE)blocks\.|Spatial_|Temporal_|head\."),
    Source(
        "PoseFormerV2", r"Freq_embedding|Joint_embedding|Spatial_|Temporal_|blocks\.|weighted_mean|head\."
    ),
    Source("MotionAGFormer", r"layers\.\d+\.(att|graph)_|joints_embed\.|rep_logit\.|norm\.|head\.|pos_embed"),
)
"""Networks whose files are recognised; those without a configuration class cannot be loaded."""


def recognise(state: State) -> Source | None:
    """Tell by the names of the weights which network they belong to; None if most fit no known one."""
    fitting = [sum(bool(re.match(source.pattern, name)) for name in state) for source in SOURCES]
    best = max(fitting)
    return SOURCES[fitting.index(best)] if 2 * best > len(state) else None


def load_foreign(
    state: State, source: Source, given: NetworkConfig | Mapping[str, Any], path: Path
) -> Network[NetworkConfig]:
    """Build the network that a file of other authors holds.

    Args:
        state: weights under the authors' names.
        source: what the names were recognised as.
        given: configuration, or fields of one that take precedence over what the shapes say.
        path: the file, for messages.

    Raises:
        InputError: a network that cannot be loaded, a configuration of another one, or missing, unexpected or
            misshapen weights, all of them named.
    """
    if source.config is None or source.infer is None:
        loadable = ", ".join(known.title for known in SOURCES if known.config)
        raise InputError(f"checkpoint {path} looks like {source.title}; loaded can be: {loadable}")
    if not isinstance(given, source.config | Mapping):
        raise InputError(
            f"checkpoint {path} looks like {source.title}, but config is for {given.network_name()}"
        )
    try:
        config = _merged(source, state, given) if isinstance(given, Mapping) else given
    except InputError as error:
        raise InputError(f"checkpoint {path} looks like {source.title}; {error}") from None
    model = create(config)
    model.load_state_dict(translate(state, source, model.state_dict(), path))
    return model


def _merged(source: Source, state: State, given: Mapping[str, Any]) -> NetworkConfig:
    assert source.config is not None
    assert source.infer is not None
    return source.config(**(source.infer(state, given) | dict(given)))


def translate(state: State, source: Source, expected: State, path: Path) -> dict[str, Tensor]:
    """Bring the weights of a file to our names and shapes.

    Args:
        state: weights under the authors' names.
        source: how the two sides' names go together.
        expected: the weights of a fresh network.
        path: the file, for messages.

    Raises:
        InputError: missing, unexpected or misshapen weights, all of them named.
    """
    wanted = {ours: [n for n in source.names(ours) if n in state or not _optional(n)] for ours in expected}
    used = {name for names in wanted.values() for name in names}
    here = {
        ours: [state[n] for n in names]
        for ours, names in wanted.items()
        if names and state.keys() >= {*names}
    }
    problems = {
        "missing": [name for names in wanted.values() for name in names if name not in state],
        "unexpected": [name for name in state if name not in used and not re.match(source.unused, name)],
        "of another shape": [
            f"{name} {tuple(state[name].shape)} in place of {_part_shape(expected[ours], len(wanted[ours]))}"
            for ours in here
            for name in wanted[ours]
            if _squeezed(state[name].shape) != _squeezed(_part_shape(expected[ours], len(wanted[ours])))
        ],
    }
    if found := [f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names]:
        raise InputError(
            f"checkpoint {path} looks like {source.title}, but does not fit it; {'; '.join(found)}"
        )
    return {**expected, **{ours: _stacked(parts, expected[ours]) for ours, parts in here.items()}}


def _stacked(parts: list[Tensor], expected: Tensor) -> Tensor:
    """Stack the parts of one of our weights, less their axes of length 1."""
    shape = _part_shape(expected, len(parts))
    return torch.cat([part.reshape(shape) for part in parts]).reshape(expected.shape)


def _part_shape(expected: Tensor, parts: int) -> tuple[int, ...]:
    """Shape of each of several parts that are stacked along the first axis."""
    if parts == 1:
        return tuple(expected.shape) or (1,)
    return (len(expected) // parts, *expected.shape[1:])


def _optional(name: str) -> bool:
    """Batch counters appeared in later versions of PyTorch and do not matter to any answer."""
    return name.endswith("num_batches_tracked")


def _squeezed(shape: Sequence[int]) -> list[int]:
    """Leave out axes of length 1: a convolution of width 1 is a linear layer."""
    return [length for length in shape if length != 1]
