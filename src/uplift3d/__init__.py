"""Ordinary video of people to dense 3D motion from a few 2D key-frames per second.

The public names load on first use, so `import uplift3d` pulls in neither torch nor a detector.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from uplift3d.version import __version__

if TYPE_CHECKING:  # what `__getattr__` below does, for type checkers
    from uplift3d import data as data
    from uplift3d import detect as detect
    from uplift3d import evaluate as evaluate
    from uplift3d import export as export
    from uplift3d import model as model
    from uplift3d import post as post
    from uplift3d import skeletons as skeletons
    from uplift3d import train as train
    from uplift3d import video as video
    from uplift3d import view as view
    from uplift3d.errors import InputError, NothingFoundError
    from uplift3d.export import load_motion, save_motion
    from uplift3d.lift.adaptive import Adaptive
    from uplift3d.lifter import Lifter
    from uplift3d.pipeline import lift_frames, lift_keypoints, lift_video
    from uplift3d.streaming import StreamLifter
    from uplift3d.types import Keypoints2D, Motion3D

__all__ = [
    "Adaptive",
    "InputError",
    "Keypoints2D",
    "Lifter",
    "Motion3D",
    "NothingFoundError",
    "StreamLifter",
    "__version__",
    "lift_frames",
    "lift_keypoints",
    "lift_video",
    "load_motion",
    "save_motion",
]
_HOMES = {
    "lift_video": "uplift3d.pipeline",
    "lift_frames": "uplift3d.pipeline",
    "lift_keypoints": "uplift3d.pipeline",
    "Lifter": "uplift3d.lifter",
    "StreamLifter": "uplift3d.streaming",
    "Adaptive": "uplift3d.lift.adaptive",
    "Keypoints2D": "uplift3d.types",
    "Motion3D": "uplift3d.types",
    "load_motion": "uplift3d.export",
    "save_motion": "uplift3d.export",
    "InputError": "uplift3d.errors",
    "NothingFoundError": "uplift3d.errors",
}
_SUBPACKAGES = {
    "data",
    "detect",
    "evaluate",
    "export",
    "model",
    "post",
    "skeletons",
    "train",
    "video",
    "view",
}


def _load(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"uplift3d.{name}")
    raise AttributeError(f"module 'uplift3d' has no attribute {name!r}")


if not TYPE_CHECKING:  # else every name, misspelt ones too, would be fine and of type Any
    __getattr__ = _load


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES])
