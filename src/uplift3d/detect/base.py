"""What a 2D detector is, and where one is found by its name."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError

FloatArray = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


class Detector(Protocol):
    """Finds people in single images. Key-frames are far apart, so nothing is remembered between images."""

    name: str
    """Recorded in the results."""
    joints: str
    """Joint set of what `detect` returns, see `uplift3d.skeletons`."""
    finds_everyone: bool
    """Whether one look at an image finds all people. A detector that finds one at most is shown parts of the
    image instead (see `uplift3d.detect.finder`)."""

    def detect(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """Find people.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.

        Returns:
            positions (P, J, 2) pixels (NaN where unseen) and confidence (P, J) in [0, 1]; P is 0 when nobody
            is found.
        """
        ...


def _mediapipe() -> Detector:
    # By name, so that neither the package nor a type checker needs mediapipe for the rest.
    detector: Detector = import_module("uplift3d.detect.mediapipe").MediaPipeDetector()
    return detector


_FACTORIES: dict[str, Callable[[], Detector]] = {"mediapipe": _mediapipe}


def register_detector(name: str, factory: Callable[[], Detector]) -> None:
    """Make a detector known under a name, for `lift_video(detector=name)`; replaces an earlier one.

    Args:
        name: how it is asked for.
        factory: called without arguments when it is; imports of heavy packages belong into it.
    """
    _FACTORIES[name] = factory


def create_detector(name: str) -> Detector:
    """The detector of that name.

    Raises:
        InputError: no such detector (the known ones are listed), or a package it needs is not installed.
    """
    if name not in _FACTORIES:
        raise InputError(f"unknown detector {name!r}; known detectors are {', '.join(sorted(_FACTORIES))}")
    return _FACTORIES[name]()
