"""A trained network with more input channels, more joints or no strided stages: a start for training on.

What is new counts nothing at first, so the network goes on where it was: new channels and new joints of the
input have zero weight, and new joints of the output start at the joint that they hang on.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from uplift3d.model.config import ModelConfig
from uplift3d.model.uplift_upsample import UpliftUpsample
from uplift3d.skeletons import joint_set

CHANGEABLE = {"joints", "confidence", "hint", "strided", "paddings"}
HEADS = ("sequence_head", "centre_head")


def widened(network: UpliftUpsample, config: ModelConfig) -> UpliftUpsample:
    """The network with joints, channels and strided stages of `config`; as it is where more differs.

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
    wider.load_state_dict(state)
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
    return same and stages and channels and bool(old.spatial_depth) and after[: len(before)] == before


def _parents(old: str, new: str) -> Sequence[int]:
    """The joint that each of the new ones hangs on."""
    return joint_set(new).parents[len(joint_set(old).joints) :]


def _more_joints(rows: Tensor, parents: Sequence[int]) -> Tensor:
    """Rows of a head (3 J, …) and those of the new joints, which start as their parents'."""
    joints = rows.unflatten(0, (-1, 3))  # type: ignore[no-untyped-call]  # (J, 3, …)
    return torch.cat([joints, joints[list(parents)]]).flatten(0, 1)
