"""The network (torch): configuration, layers, presets and checkpoints."""

from uplift3d.model import presets
from uplift3d.model.checkpoints import load, load_checkpoint, save_checkpoint
from uplift3d.model.config import ModelConfig
from uplift3d.model.uplift_upsample import UpliftUpsample, create

__all__ = [
    "ModelConfig",
    "UpliftUpsample",
    "create",
    "load",
    "load_checkpoint",
    "presets",
    "save_checkpoint",
]
