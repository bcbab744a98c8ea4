"""What a 2D detector is, and where one is found by its name."""

import inspect
import os
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


def _cpn(weights: str | os.PathLike[str] | None = None) -> Detector:
    if weights is None:
        raise InputError(
            "the cpn detector needs a file of weights, on the command line with --weights: "
            "CPN50_384x288.pth.tar of the public PyTorch version of CPN, or others in its layout"
        )
    detector: Detector = import_module("uplift3d.detect.cpn").CPNDetector(weights)
    return detector


_FACTORIES: dict[str, Callable[..., Detector]] = {"mediapipe": _mediapipe, "cpn": _cpn}


def register_detector(name: str, factory: Callable[..., Detector]) -> None:
    """Make a detector known under a name, for `lift_video(detector=name)`; replaces an earlier one.

    Args:
        name: how it is asked for.
        factory: called when it is, with `weights=` if the user gave some and otherwise without arguments;
            imports of heavy packages belong into it.
    """
    _FACTORIES[name] = factory


def create_detector(name: str, weights: str | os.PathLike[str] | None = None) -> Detector:
    """The detector of that name.

    Args:
        name: one of the known ones.
        weights: file of weights, for a detector that takes one.

    Raises:
        InputError: no such detector (the known ones are listed), a package it needs is not installed, or
            weights are missing, unusable or given to a detector that brings its own.
    """
    if name not in _FACTORIES:
        raise InputError(f"unknown detector {name!r}; known detectors are {', '.join(sorted(_FACTORIES))}")
    factory = _FACTORIES[name]
    if weights is None:
        return factory()
    if "weights" not in inspect.signature(factory).parameters:
        raise InputError(f"the {name} detector takes no file of weights, but {os.fspath(weights)} was given")
    return factory(weights=weights)
