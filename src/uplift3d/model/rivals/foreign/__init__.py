"""Checkpoint files of the rivals' authors: which network a file holds, and its weights under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplift3d.errors import InputError
from uplift3d.model.config import ModelConfig
from uplift3d.model.rivals.base import Part, PartConfig
from uplift3d.model.rivals.foreign import motionbert, poseformer, strided, videopose3d
from uplift3d.model.rivals.foreign.source import Source, State
from uplift3d.model.rivals.registry import build

UPLIFT_UPSAMPLE = Source(
    "Uplift and Upsample", r"(spatial|temporal|strided)\.|(sequence|centre)_head\.|.*_(token|encoding)"
)
SOURCES = (
    videopose3d.SOURCE,
    poseformer.SOURCE,
    strided.STRIDED_TRANSFORMER,
    strided.PSTMO,
    strided.PSTMO_PRETRAINING,
    strided.REFINEMENT,
    motionbert.SOURCE,
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
    state: State, source: Source, given: ModelConfig | PartConfig | Mapping[str, Any], path: Path
) -> Part[PartConfig]:
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
        other = given.rival if isinstance(given, PartConfig) else UPLIFT_UPSAMPLE.title
        raise InputError(f"checkpoint {path} looks like {source.title}, but config is for {other}")
    try:
        config = _merged(source, state, given) if isinstance(given, Mapping) else given
    except InputError as error:
        raise InputError(f"checkpoint {path} looks like {source.title}; {error}") from None
    model = build(config)
    model.load_state_dict(_translate(state, source, model.state_dict(), path))
    return model


def _merged(source: Source, state: State, given: Mapping[str, Any]) -> PartConfig:
    assert source.config is not None
    assert source.infer is not None
    return source.config(**(source.infer(state, given) | dict(given)))


def _translate(state: State, source: Source, expected: State, path: Path) -> dict[str, Tensor]:
    """Bring the weights of a file to our names and shapes."""
    wanted = {ours: source.names(ours) for ours in expected}
    used = {name for names in wanted.values() for name in names}
    missing = [
        name for names in wanted.values() for name in names if name not in state and not _optional(name)
    ]
    translated, misshapen = {}, []
    for ours, names in wanted.items():
        if all(name in state for name in names):
            stacked = torch.cat([state[name] for name in names]) if len(names) > 1 else state[names[0]]
            if _squeezed(stacked) == _squeezed(expected[ours]):
                translated[ours] = stacked.reshape(expected[ours].shape)
            else:
                misshapen.append(
                    f"{names[0]} {tuple(stacked.shape)} in place of {tuple(expected[ours].shape)}"
                )
        elif all(_optional(name) for name in names):
            translated[ours] = expected[ours]
    problems = {
        "missing": missing,
        "unexpected": [name for name in state if name not in used and not re.match(source.unused, name)],
        "of another shape": misshapen,
    }
    if found := [f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names]:
        raise InputError(
            f"checkpoint {path} looks like {source.title}, but does not fit it; {'; '.join(found)}"
        )
    return translated


def _optional(name: str) -> bool:
    """Batch counters appeared in later versions of PyTorch and do not matter to any answer."""
    return name.endswith("num_batches_tracked")


def _squeezed(weight: Tensor) -> list[int]:
    """Shape without axes of length 1: a convolution of width 1 is a linear layer."""
    return [length for length in weight.shape if length != 1]
