"""What can be trained: networks of this project and those of the rivals, asked in one way.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from uplift3d.data.store import JOINTS
from uplift3d.errors import InputError
from uplift3d.model import ModelConfig, UpliftUpsample, checkpoints, create, load_checkpoint
from uplift3d.model.rivals import MotionBERTConfig, Rival, RivalConfig, create_rival
from uplift3d.model.widen import widened

NetworkConfig = ModelConfig | RivalConfig
Network = UpliftUpsample | Rival[Any]
FEET = "h36m21"
"""The joint set with heels and toes."""
CONVENTIONS = ("joints", "input", "axes")
"""Fields of a configuration that say what the numbers of input and output mean, whatever the sizes."""


def create_network(config: NetworkConfig) -> Network:
    """Build a network with fresh weights (drawn from torch's global random generator).

    Raises:
        InputError: input or output that training does not have.
    """
    if isinstance(config, MotionBERTConfig) and config.as_published:
        raise InputError(
            f"confidence {config.confidence} and output {config.output} are for published weights: trained "
            "are networks without detected confidences (ones or none) that answer in metres"
        )
    return create(config) if isinstance(config, ModelConfig) else create_rival(config.rival, config)


def fills_in(config: NetworkConfig) -> bool:
    """Whether the network itself fills in tokens without a 2D pose; others need one at every token."""
    return isinstance(config, ModelConfig) and config.masked_tokens


def motion_joints(config: NetworkConfig) -> str:
    """Joint set of the motion that a network is trained on: with feet, or without."""
    return FEET if config.joints == FEET else JOINTS


def takes_confidence(config: NetworkConfig) -> bool:
    """Whether the confidence of every joint is part of the input."""
    return isinstance(config, ModelConfig) and config.confidence


def takes_hints(config: NetworkConfig) -> bool:
    """Whether the picture's own guess in 3D is part of the input."""
    return isinstance(config, ModelConfig) and config.hint


def answer(network: Network, keypoints: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
    """Sequence (B, N, J, 3) or None and refined pose (B, J, 3) of keypoints (B, N, J, 2), mask (B, N)."""
    answers: tuple[Tensor | None, Tensor] = (
        network(keypoints, mask) if isinstance(network, UpliftUpsample) else network(keypoints)
    )
    return answers


def answered_token(network: Network) -> int:
    """Token of a window that the refined pose belongs to: the middle one, but the last of causal networks."""
    return network.config.tokens // 2 if isinstance(network, UpliftUpsample) else network.answered_frame


def extra_loss(network: Network, sequence: Tensor | None, target: Tensor) -> Tensor:
    """What a rival's authors train on besides position errors; 0 for networks of this project."""
    if isinstance(network, UpliftUpsample):
        return target.new_zeros(())
    return network.extra_loss(sequence, target)


def take_weights(network: checkpoints.Network, path: Path) -> None:
    """Start from the weights of another run, a pre-training say.

    Raises:
        InputError: no such checkpoint, or one of a network of other sizes or conventions.
    """
    theirs = load_checkpoint(path)
    if isinstance(theirs, UpliftUpsample) and isinstance(network, UpliftUpsample):
        theirs = widened(theirs, network.config)
    given = theirs.state_dict()
    wanted = network.state_dict()
    wrong = [name for name in wanted if name not in given or given[name].shape != wanted[name].shape]
    wrong += [name for name in given if name not in wanted]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise InputError(
            f"start_from: {path} holds a network of other sizes; {', '.join(wrong[:3])}{more} do not fit"
        )
    there, here = theirs.config.model_dump(), network.config.model_dump()
    if different := [name for name in CONVENTIONS if there[name] != here[name]]:
        changes = ", ".join(f"{name} {there[name]} there and {here[name]} here" for name in different)
        raise InputError(f"start_from: {path} holds a network of other conventions ({changes})")
    network.load_state_dict(given)
