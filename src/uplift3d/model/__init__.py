"""The network (torch): configuration, layers, presets and checkpoints."""

try:
    import pydantic  # noqa: F401
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"uplift3d.model needs more packages: pip install 'uplift3d[train]' ({error})", name=error.name
    ) from error

from uplift3d.model import presets
from uplift3d.model.catalogue import create
from uplift3d.model.checkpoints import load, load_checkpoint, save_checkpoint
from uplift3d.model.config import ModelConfig
from uplift3d.model.uplift_upsample import UpliftUpsample

__all__ = [
    "ModelConfig",
    "UpliftUpsample",
    "create",
    "load",
    "load_checkpoint",
    "presets",
    "save_checkpoint",
]
