"""From the axes a network answers in to those of the real camera.

Axes: K key-frames, T output times, J joints.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uplift3d.arrays import FloatArray, TimeArray
from uplift3d.camera import Camera, rotation_looking_at
from uplift3d.errors import InputError
from uplift3d.tokens import PersonKeyFrames
from uplift3d.types import Keypoints2D

AXES_IN_WORDS = {
    "camera": "camera axes: x right, y down, z away from the camera; positions are relative to the pelvis",
    "viewing_ray": (
        "axes of a camera at the same place that looks straight at the pelvis and is not rolled: x right, y "
        "down, z away from the camera; positions are relative to the pelvis"
    ),
}

FOCAL_LENGTHS = 0.05, 1000.0
"""Accepted focal lengths, in longer sides of the image: from 169° of view to telescopes."""
ASSUMED_FOCAL = 0.85
"""Assumed focal length, in longer sides of the image: 61° across it, as the main cameras of phones have when
they film."""
ASSUMED_SIGMA = 0.25
"""Standard deviation of the focal length around that assumption, relative to it: 0.64 of the longer side is
76° across, an action camera, and 1.06 is 50°."""


class FoundCamera(NamedTuple):
    """A camera and how far it is known."""

    camera: Camera | None
    focal_from: str
    """Where its focal length is from, in words."""
    focal_sigma: float = 0.0
    """Standard deviation of the focal length, relative to it; 0 where it was told."""


def find_camera(
    keys: Keypoints2D,
    focal_px: float | None,
    principal_point_px: tuple[float, float] | None,
    *,
    guess: bool,
) -> FoundCamera:
    """The camera, its focal length given, from the file's metadata, or assumed.

    Args:
        keys: 2D joints, whose `meta["focal_px_from_metadata"]` is what the camera noted.
        focal_px, principal_point_px: what the user knows, see `pinhole`.
        guess: whether a focal length that the user did not give will do; else the camera is None.
    """
    camera = pinhole(keys.image_size, focal_px, principal_point_px)
    if camera is not None:
        return FoundCamera(camera, "given")
    if not guess:
        return FoundCamera(None, "unknown")
    noted = keys.meta.get("focal_px_from_metadata")
    shortest, longest = _focal_range(keys.image_size)
    if isinstance(noted, int | float) and shortest <= noted <= longest:
        return FoundCamera(pinhole(keys.image_size, float(noted), None), "the file's metadata")
    assumed = f"assumed: {ASSUMED_FOCAL:g} of the image's longer side"
    camera = pinhole(keys.image_size, ASSUMED_FOCAL * max(keys.image_size), None)
    return FoundCamera(camera, assumed, ASSUMED_SIGMA)


def pinhole(
    image_size: tuple[int, int], focal_px: float | None, principal_point_px: tuple[float, float] | None
) -> Camera | None:
    """The camera that the user knows; None without a focal length.

    The principal point is the image centre when not given. InputError for numbers that make no camera.
    """
    if focal_px is None:
        if principal_point_px is not None:
            raise InputError("principal_point_px needs focal_px too: only both together make a camera")
        return None
    width, height = image_size
    shortest, longest = _focal_range(image_size)
    if not (_finite(focal_px, 0) and shortest <= focal_px <= longest):
        raise InputError(
            f"focal_px is {focal_px!r}; it must be a number of pixels, {shortest:.0f} to {longest:.0f} for "
            f"images of {width} × {height}"
        )
    if principal_point_px is not None and not _finite(principal_point_px, 1, 2):
        raise InputError(f"principal_point_px is {principal_point_px!r}; it must be (x, y) in pixels")
    return Camera.pinhole(float(focal_px), principal_point_px or (width / 2, height / 2))


def _focal_range(image_size: tuple[int, int]) -> tuple[float, float]:
    """Shortest and longest focal length in pixels that a camera of such images has."""
    shortest, longest = FOCAL_LENGTHS
    return shortest * max(image_size), longest * max(image_size)


def _finite(value: object, dims: int, count: int = 1) -> bool:
    """Whether this is a finite number (0 dimensions), or a row of `count` of them."""
    try:
        numbers = np.asarray(value)
    except ValueError:  # rows of different lengths
        return False
    fits = numbers.ndim == dims and numbers.size == count and numbers.dtype.kind in "fiu"
    return fits and bool(np.isfinite(numbers).all())


def in_camera_axes(poses: FloatArray, times: TimeArray, keys: PersonKeyFrames, camera: Camera) -> FloatArray:
    """Turn poses from the axes of a camera that looks straight at the pelvis into those of the real one.

    Between key-frames the pelvis moves on a straight line in the image, before the first and after the last
    it stays.

    Args:
        poses: (T, J, 3) in viewing-ray axes.
        times: (T,) seconds.
        keys: key-frames, at least one of them with the person's pelvis.
        camera: intrinsics.
    """
    pelvis = keys.pelvis_px  # (K, 2)
    known = np.isfinite(pelvis).all(axis=-1)
    pixels = [np.interp(times, keys.times[known], pelvis[known, axis]) for axis in range(2)]
    rotation = rotation_looking_at(camera.rays(np.stack(pixels, axis=-1)))  # (T, 3, 3)
    turned: FloatArray = np.einsum("tij,tkj->tki", rotation, poses).astype(np.float32)
    return turned
