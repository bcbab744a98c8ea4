"""Where a 2D detector is found by its name."""

import inspect
import os
from collections.abc import Callable
from functools import partial
from importlib import import_module

from uplift3d.detect.base import Detector
from uplift3d.errors import InputError


def _blazepose(size: str = "heavy") -> Detector:
    # By name: what is not asked for is not loaded.
    detector: Detector = import_module("uplift3d.detect.blazepose.detector").BlazePose(size)
    return detector


def _cpn(weights: str | os.PathLike[str] | None = None) -> Detector:
    if weights is None:
        raise InputError(
            "the cpn detector needs a file of weights, on the command line with --weights: "
            "CPN50_384x288.pth.tar of the public PyTorch version of CPN, or others in its layout"
        )
    boxes = create_detector("blazepose")
    detector: Detector = import_module("uplift3d.detect.cpn").CPNDetector(weights, boxes)
    return detector


def _rtm(kind: str) -> Callable[..., Detector]:
    def create(weights: str | os.PathLike[str] | None = None) -> Detector:
        detector: Detector = import_module("uplift3d.detect.rtmpose").RtmDetector(kind, weights)
        return detector

    return create


_FACTORIES: dict[str, Callable[..., Detector]] = {
    "blazepose": _blazepose,
    "blazepose-full": partial(_blazepose, "full"),
    "cpn": _cpn,
    "rtmpose": _rtm("rtmpose"),
    "rtmo": _rtm("rtmo"),
    "rtmw": _rtm("rtmw"),
}


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
