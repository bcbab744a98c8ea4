"""A trained network with more input channels, joints or temporal blocks, or no strided stages: to train on.

What is new counts nothing at first, so the network goes on where it was: new channels and new joints of the
input have zero weight, new joints of the output start at the joint that they hang on, and new blocks are
copies whose branches add nothing yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from uplift3d.model.config import ModelConfig
from uplift3d.model.uplift_upsample import UpliftUpsample
from uplift3d.skeletons import joint_set

DROPS = {"drop_path_spatial", "drop_path_temporal", "drop_path_strided"}
"""Fields that training alone asks for."""
CHANGEABLE = DROPS | {"joints", "confidence", "hint", "strided", "paddings", "temporal_depth"}
HEADS = ("sequence_head", "centre_head")
BLOCKS = "temporal.blocks."
BRANCH_ENDS = ("attention.out.", "mlp.contract.")


def widened(network: UpliftUpsample, config: ModelConfig) -> UpliftUpsample:
    """The network with joints, channels, temporal blocks and strided stages of `config`; as it is where
    more differs.

    Joints that the network has must come first in the new set, in the same order; channels as well.
    """
    old = network.config
    if old == config or not _is_wider(old, config):
        return network
    state = network.state_dict()
    parents = _parents(old.joints, config.joints)
    if not config.strided:
        state = {name: value for name, value in state.items() if not name.startswith("strided.")}
        if old.strided and network.sequence_head is not None:
            # The centre head knew tokens that the strided stages had made.
            state |= {
                f"centre_head.linear.{k}": state[f"sequence_head.linear.{k}"] for k in ("weight", "bias")
            }
    for head in HEADS:
        for kind in ("weight", "bias"):
            name = f"{head}.linear.{kind}"
            if name in state:
                state[name] = _more_joints(state[name], parents)
    embedding = state["spatial.joints.embedding.weight"]
    more = config.channels - embedding.shape[1]
    state["spatial.joints.embedding.weight"] = torch.nn.functional.pad(embedding, (0, more))
    encodings = state["spatial.joints.encoding"]
    state["spatial.joints.encoding"] = torch.cat([encodings, encodings[list(parents)]])
    to_token = state["spatial.to_token.weight"]
    state["spatial.to_token.weight"] = torch.nn.functional.pad(
        to_token, (0, len(parents) * old.spatial_width)
    )
    wider = UpliftUpsample(config)
    wider.load_state_dict(_deeper(state, old.temporal_depth, config.temporal_depth))
    return wider


def _is_wider(old: ModelConfig, new: ModelConfig) -> bool:
    before, after = joint_set(old.joints).joints, joint_set(new.joints).joints
    same = old.evolve(**{name: getattr(new, name) for name in CHANGEABLE}) == new
    channels = (old.confidence, old.hint) in (
        (new.confidence, new.hint),
        (False, False),
        (new.confidence, False),
    )
    stages = new.strided in (old.strided, ())
    blocks = new.temporal_depth == old.temporal_depth or new.temporal_depth > old.temporal_depth > 0
    joints = bool(old.spatial_depth) and after[: len(before)] == before
    return same and stages and channels and blocks and joints


def _deeper(state: Mapping[str, Tensor], before: int, after: int) -> dict[str, Tensor]:
    """Weights with copies of temporal blocks spread evenly among them, which add zero to a token."""
    if after == before:
        return dict(state)
    grown = {name: value for name, value in state.items() if not name.startswith(BLOCKS)}
    sources = [place * before // after for place in range(after)]
    for place, source in enumerate(sources):
        new = place > 0 and source == sources[place - 1]
        start = f"{BLOCKS}{source}."
        for name in [name for name in state if name.startswith(start)]:
            part = name.removeprefix(start)
            added = new and part.startswith(BRANCH_ENDS)
            grown[f"{BLOCKS}{place}.{part}"] = torch.zeros_like(state[name]) if added else state[name]
    return grown


def _parents(old: str, new: str) -> Sequence[int]:
    """The joint that each of the new ones hangs on."""
    return joint_set(new).parents[len(joint_set(old).joints) :]


def _more_joints(rows: Tensor, parents: Sequence[int]) -> Tensor:
    """Rows of a head (3 J, …) and those of the new joints, which start as their parents'."""
    joints = rows.unflatten(0, (-1, 3))  # type: ignore[no-untyped-call]  # (J, 3, …)
    return torch.cat([joints, joints[list(parents)]]).flatten(0, 1)
