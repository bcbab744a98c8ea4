"""Names of the rivals, and which classes they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.errors import InputError
from uplift3d.model.rivals.base import Part, PartConfig, Rival, RivalConfig
from uplift3d.model.rivals.motionbert import MotionBERT, MotionBERTConfig
from uplift3d.model.rivals.poseformer import PoseFormer, PoseFormerConfig
from uplift3d.model.rivals.pstmo import PSTMO, PSTMOConfig
from uplift3d.model.rivals.pstmo_pretraining import PSTMOPretraining, PSTMOPretrainingConfig
from uplift3d.model.rivals.refinement import Refinement, RefinementConfig
from uplift3d.model.rivals.strided_transformer import StridedTransformer, StridedTransformerConfig
from uplift3d.model.rivals.ugcn import UGCN, UGCNConfig
from uplift3d.model.rivals.videopose3d import VideoPose3D, VideoPose3DConfig

RIVALS: dict[str, tuple[type[RivalConfig], type[Rival[Any]]]] = {
    "videopose3d": (VideoPose3DConfig, VideoPose3D),
    "poseformer": (PoseFormerConfig, PoseFormer),
    "strided_transformer": (StridedTransformerConfig, StridedTransformer),
    "pstmo": (PSTMOConfig, PSTMO),
    "ugcn": (UGCNConfig, UGCN),
    "motionbert": (MotionBERTConfig, MotionBERT),
}
"""Networks that lift 2D poses by themselves."""

PARTS: dict[str, tuple[type[PartConfig], type[Part[Any]]]] = {
    **RIVALS,
    "pstmo_pretraining": (PSTMOPretrainingConfig, PSTMOPretraining),
    "refinement": (RefinementConfig, Refinement),
}
"""Everything that has checkpoints of its own."""

NAMES = tuple(RIVALS)
"""Names of the rivals, for `create_rival` and in configurations."""


def create_rival(name: str, config: RivalConfig | Mapping[str, Any] | None = None) -> Rival[RivalConfig]:
    """Build a rival with fresh weights (drawn from torch's global random generator).

    Args:
        name: one of `NAMES`.
        config: its configuration, or the fields that differ from the published sizes.

    Raises:
        InputError: an unknown name, or a configuration of another rival.
    """
    if name not in RIVALS:
        raise InputError(f"no rival is called {name!r}; there are {', '.join(NAMES)}")
    config_class, model_class = RIVALS[name]
    if not isinstance(config, RivalConfig):
        config = config_class(**(config or {}))
    if not isinstance(config, config_class):
        raise InputError(f"the configuration is for {config.rival}, but {name} was asked for")
    return model_class(config)


def config_of(fields: Mapping[str, Any]) -> PartConfig:
    """Make the configuration that fields describe; `rival` says of which network.

    Raises:
        InputError: an unknown name, unknown fields, sizes that do not go together.
    """
    name = fields.get("rival")
    if name not in PARTS:
        raise InputError(f"no rival is called {name!r}; there are {', '.join(PARTS)}")
    return PARTS[name][0](**fields)


def build(config: PartConfig) -> Part[PartConfig]:
    """Build what a configuration describes, with fresh weights."""
    model: Part[PartConfig] = PARTS[config.rival][1](config)
    return model
