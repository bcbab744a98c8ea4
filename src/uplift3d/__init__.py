"""Ordinary video of people to dense 3D motion from a few 2D key-frames per second.

The public names load on first use, so `import uplift3d` pulls in neither torch nor a detector.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from uplift3d.version import __version__

_HOMES = {
    "lift_video": "uplift3d.pipeline",
    "lift_frames": "uplift3d.pipeline",
    "lift_keypoints": "uplift3d.pipeline",
    "Lifter": "uplift3d.pipeline",
    "Keypoints2D": "uplift3d.types",
    "Motion3D": "uplift3d.types",
    "load_motion": "uplift3d.export",
    "save_motion": "uplift3d.export",
    "InputError": "uplift3d.errors",
    "NothingFoundError": "uplift3d.errors",
}
_SUBPACKAGES = {"model", "evaluate", "data", "detect", "video", "view", "export", "skeletons", "train"}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _SUBPACKAGES:
        return import_module(f"uplift3d.{name}")
    raise AttributeError(f"module 'uplift3d' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES])
