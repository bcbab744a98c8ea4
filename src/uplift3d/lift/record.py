"""What every result says about the network, the camera and the arguments that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.camera import Camera
from uplift3d.lift.axes import AXES_IN_WORDS
from uplift3d.lift.runtime import Runtime, describe
from uplift3d.version import __version__


def record(
    runtime: Runtime,
    name: str,
    joints: str,
    axes: str,
    camera: Camera | None,
    focal_from: str,
    image_size: tuple[int, int],
    arguments: Mapping[str, Any],
) -> dict[str, Any]:
    """Part of `Motion3D.meta`.

    Args:
        runtime, name: the network, and how it was asked for.
        joints: of the result.
        axes: of the network's poses; with a `camera` they were turned into its own.
        camera, focal_from, image_size: what the picture was taken with, where its focal length comes from,
            and its pixels.
        arguments: of the call.
    """
    return {
        "uplift3d": __version__,
        **describe(runtime, name),
        "units": {"positions": "m", "times": "s"},
        "joints": joints,
        "axes": AXES_IN_WORDS[axes if camera is None else "camera"],
        "arguments": dict(arguments),
        "camera": {
            "focal_px": camera and camera.focal_px[0],
            "focal_from": focal_from,
            "principal_point_px": camera and list(camera.principal_point_px),
            "image_size": list(image_size),
        },
    }
