"""Networks at the start of a run: fresh ones, and weights of another run to start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from uplift3d import weights
from uplift3d.data.store import JOINTS
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint
from uplift3d.model.catalogue import method_of
from uplift3d.model.network import LiftingConfig, LiftingNetwork, Network, NetworkConfig

FEET = "h36m21"
"""The joint set with heels and toes."""
CONVENTIONS = ("joints", "input", "axes")
"""Fields of a configuration that say what the numbers of input and output mean, whatever the sizes."""


def create_network(config: LiftingConfig) -> LiftingNetwork[Any]:
    """Build a network that lifts, with fresh weights (drawn from torch's global random generator).

    Raises:
        InputError: a configuration that is not for training.
    """
    if config.untrainable:
        raise InputError(config.untrainable)
    return method_of(config).network(config)


def motion_joints(config: LiftingConfig) -> str:
    """Joint set of the motion that a network is trained on: with feet, or without."""
    return FEET if config.joints == FEET else JOINTS


def weights_at(path: Path) -> Path:
    """The file of weights that `start_from` names: a path, or the name of shipped weights."""
    shipped = str(path) in weights.NAMES and not path.exists()
    return weights.stem(str(path)).with_suffix(".safetensors") if shipped else path


def begin_with(network: LiftingNetwork[Any], path: Path) -> None:
    """Start from the weights of another run, or of the network's pre-training as far as it goes.

    Raises:
        InputError: no such checkpoint, or one of a network of other sizes or conventions.
    """
    path = weights_at(path)
    method, given = method_of(network.config), load_checkpoint(path)
    if type(given.config) is method.config:
        return _take_over(network, method.widened(given, network.config), path)
    first = method.pretraining
    if first is None or type(given.config) is not first.config:
        return _take_over(network, given, path)
    try:
        first.hand_over(network, given)
    except InputError as error:
        raise InputError(f"start_from: {path}: {error}") from None


def take_weights(network: Network[Any], path: Path) -> None:
    """Start from the weights of another run of the same network.

    Raises:
        InputError: no such checkpoint, or one of a network of other sizes or conventions.
    """
    _take_over(network, load_checkpoint(weights_at(path)), path)


def _take_over(network: Network[Any], theirs: Network[NetworkConfig], path: Path) -> None:
    given = theirs.state_dict()
    wanted = network.state_dict()
    wrong = [name for name in wanted if name not in given or given[name].shape != wanted[name].shape]
    wrong += [name for name in given if name not in wanted]
    there, here = theirs.config.model_dump(), network.config.model_dump()
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        sizes = [name for name in here if name in there and not name.startswith("drop_path")]
        changes = _changes(there, here, sizes)
        raise InputError(
            f"start_from: {path} holds a network of other sizes{f' ({changes})' if changes else ''}; "
            f"{', '.join(wrong[:3])}{more} do not fit"
        )
    if changes := _changes(there, here, CONVENTIONS):
        raise InputError(f"start_from: {path} holds a network of other conventions ({changes})")
    network.load_state_dict(given)


def _changes(there: Mapping[str, Any], here: Mapping[str, Any], names: Iterable[str]) -> str:
    """Fields that differ, in words."""
    different = (name for name in names if there[name] != here[name])
    return ", ".join(f"{name} {there[name]} there and {here[name]} here" for name in different)
