"""Pixels ↔ normalised image coordinates ↔ viewing rays ↔ world; the only file that knows intrinsics.

Axes of every camera: x right, y down, z away from the camera; pixels are counted from the image's top left
corner. Functions take any number of leading axes `...` and compute in float64. A point that is NaN stays NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError

__all__ = [
    "Camera",
    "Distortion",
    "normalise_intrinsics",
    "normalise_screen",
    "pixels_from_screen",
    "rotation_looking_at",
]

_NEWTON_STEPS = 30


def normalise_screen(pixels: npt.ArrayLike, image_size: tuple[int, int]) -> DoubleArray:
    """Pixels (..., 2) → screen coordinates normalised by width: x in [-1, 1], y in [-h/w, h/w].

    x / w · 2 - 1 and y / w · 2 - h / w: the aspect is kept (the published input).
    """
    width, height = image_size
    return np.asarray(_floats(pixels, 2, "pixels") / width * 2 - np.array([1, height / width]))


def pixels_from_screen(screen: npt.ArrayLike, image_size: tuple[int, int]) -> DoubleArray:
    """Inverse of `normalise_screen`: (..., 2) → pixels (..., 2)."""
    width, height = image_size
    shifted = _floats(screen, 2, "screen coordinates") + np.array([1, height / width])
    return np.asarray(shifted * width / 2)


def normalise_intrinsics(camera: Camera, image_size: tuple[int, int]) -> DoubleArray:
    """Focal lengths and principal point (fx, fy, cx, cy), (4,), as `normalise_screen` scales keypoints."""
    focal = np.asarray(camera.focal_px) * 2 / image_size[0]
    return np.concatenate([focal, normalise_screen(camera.principal_point_px, image_size)])


def rotation_looking_at(direction: npt.ArrayLike) -> DoubleArray:
    """From viewing-ray axes to camera axes: `p_camera = R @ p_ray`.

    Viewing-ray axes are those of a camera at the same place that looks straight at something (the pelvis) and
    is not rolled against the real one: z = the ray, x = normalised cross(camera's y, z), y = cross(z, x).

    Args:
        direction: (..., 3) ray towards the pelvis in camera axes, of any length.

    Returns:
        (..., 3, 3) rotations with the columns x, y, z; NaN where the direction is.

    Raises:
        InputError: a direction of length 0 or along the camera's y axis, where x is not defined.
    """
    ray = _floats(direction, 3, "directions")
    # cross((0, 1, 0), ray): no y part, so x stays level in the image.
    right = np.stack([ray[..., 2], np.zeros_like(ray[..., 0]), -ray[..., 0]], axis=-1)
    length, width = np.linalg.norm(ray, axis=-1), np.linalg.norm(right, axis=-1)
    if (width <= 1e-9 * length).any():
        raise InputError("a viewing direction is zero or along the camera's y axis: no camera sees that way")
    z, x = ray / length[..., None], right / width[..., None]
    return np.stack([x, np.cross(z, x), z], axis=-1)


@dataclass(frozen=True)
class Distortion:
    """Lens distortion as Human3.6M's calibration and the field's code write it.

    An undistorted point u = (x, y) = (X / Z, Y / Z), with r² = x² + y², is seen at
    u · (1 + k₁r² + k₂r⁴ + k₃r⁶ + p · u) + p · r².
    """

    radial: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """k₁, k₂, k₃."""
    tangential: tuple[float, float] = (0.0, 0.0)
    """p in the order of x and y: OpenCV's (p₂, p₁), without the factor 2 of its cross terms."""

    def apply(self, points: DoubleArray) -> DoubleArray:
        """(..., 2) → (..., 2), both on the plane Z = 1."""
        r2 = (points**2).sum(axis=-1, keepdims=True)
        k1, k2, k3 = self.radial
        p = np.asarray(self.tangential)
        gain = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + (points * p).sum(axis=-1, keepdims=True)
        return np.asarray(points * gain + p * r2)

    def undo(self, points: DoubleArray) -> DoubleArray:
        """Inverse of `apply` by Newton's method; NaN stays NaN.

        Raises:
            InputError: no undistorted point is found: the model folds over there (a fisheye lens, a point far
                outside the image).
        """
        straight = points
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for _ in range(_NEWTON_STEPS):
                error = self.apply(straight) - points
                if not (np.abs(error) > 1e-12).any():
                    break
                straight = straight - self._solve(straight, error)
            error = self.apply(straight) - points
        found = (np.abs(error) < 1e-9).all(axis=-1) & ((straight * points).sum(axis=-1) >= 0)
        if not found[np.isfinite(points).all(axis=-1)].all():
            raise InputError("this lens distortion cannot be undone at some of the points (too far outside?)")
        return straight

    def _solve(self, points: DoubleArray, error: DoubleArray) -> DoubleArray:
        """Step s (..., 2) with J s = error, J the 2 × 2 Jacobian of `apply` at the points."""
        x, y = points[..., 0], points[..., 1]
        r2 = x**2 + y**2
        (k1, k2, k3), (px, py) = self.radial, self.tangential
        gain = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + px * x + py * y
        slope = 2 * (k1 + r2 * (2 * k2 + r2 * 3 * k3))  # of the radial gain, per unit of the point
        xx, xy = gain + x * (slope * x + px) + 2 * px * x, x * (slope * y + py) + 2 * px * y
        yx, yy = y * (slope * x + px) + 2 * py * x, gain + y * (slope * y + py) + 2 * py * y
        determinant = xx * yy - xy * yx
        steps = [yy * error[..., 0] - xy * error[..., 1], xx * error[..., 1] - yx * error[..., 0]]
        return np.asarray(np.stack(steps, axis=-1) / determinant[..., None])


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera: how world points in metres become pixels.

    `p_camera = R_camera_world @ p_world + t_camera_world`; without the two, the world is the camera.
    """

    focal_px: tuple[float, float]
    """(fx, fy)."""
    principal_point_px: tuple[float, float]
    """(cx, cy), the pixel on the optical axis."""
    image_size: tuple[int, int] | None = None
    """(width, height) in pixels; None when it does not matter."""
    distortion: Distortion | None = None
    R_camera_world: DoubleArray = field(default_factory=lambda: np.eye(3))
    """(3, 3) rotation, world axes → camera axes."""
    t_camera_world: DoubleArray = field(default_factory=lambda: np.zeros(3))
    """(3,) metres: the world's origin in camera axes."""

    def __post_init__(self) -> None:
        if len(self.focal_px) != 2 or not min(self.focal_px) > 0:
            raise InputError(f"focal_px is {self.focal_px}, expected (fx, fy) in pixels, both above 0")
        R = np.array(self.R_camera_world, dtype=np.float64)
        t = np.array(self.t_camera_world, dtype=np.float64)
        if R.shape != (3, 3) or not np.allclose(R @ R.T, np.eye(3), atol=1e-5) or np.linalg.det(R) < 0:
            raise InputError(f"R_camera_world of shape {R.shape} is not a rotation matrix (3, 3)")
        if t.shape != (3,):
            raise InputError(f"t_camera_world has shape {t.shape}, expected (3,)")
        for name, array in (("R_camera_world", R), ("t_camera_world", t)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def pinhole(
        cls, focal_px: float | tuple[float, float], principal_point_px: tuple[float, float]
    ) -> Camera:
        """A camera of which only focal length (one number or (fx, fy)) and principal point are known."""
        focal = focal_px if isinstance(focal_px, tuple) else (focal_px, focal_px)
        return cls(focal, principal_point_px)

    def to_camera(self, points_world: npt.ArrayLike) -> DoubleArray:
        """World points (..., 3) in metres → camera axes (..., 3)."""
        return np.asarray(_floats(points_world, 3, "points") @ self.R_camera_world.T + self.t_camera_world)

    def to_world(self, points_camera: npt.ArrayLike) -> DoubleArray:
        """Inverse of `to_camera`."""
        return np.asarray((_floats(points_camera, 3, "points") - self.t_camera_world) @ self.R_camera_world)

    def project(self, points_camera: npt.ArrayLike) -> DoubleArray:
        """Points in camera axes (..., 3) in metres → pixels (..., 2), NaN for points not in front of it."""
        points = _floats(points_camera, 3, "points")
        depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
        plane = points[..., :2] / depth
        if self.distortion is not None:
            plane = self.distortion.apply(plane)
        return np.asarray(plane * np.asarray(self.focal_px) + np.asarray(self.principal_point_px))

    def project_world(self, points_world: npt.ArrayLike) -> DoubleArray:
        """World points (..., 3) in metres → pixels (..., 2)."""
        return self.project(self.to_camera(points_world))

    def unproject(self, pixels: npt.ArrayLike, depth_m: npt.ArrayLike) -> DoubleArray:
        """Pixels (..., 2) at a depth along z (...) in metres → points in camera axes (..., 3)."""
        depth = np.asarray(depth_m, dtype=np.float64)[..., None]
        plane = self._plane(pixels)
        return np.concatenate([plane * depth, np.broadcast_to(depth, (*plane.shape[:-1], 1))], axis=-1)

    def rays(self, pixels: npt.ArrayLike) -> DoubleArray:
        """Pixels (..., 2) → unit vectors (..., 3) in camera axes in which the camera sees them."""
        plane = self._plane(pixels)
        directions = np.concatenate([plane, np.ones_like(plane[..., :1])], axis=-1)
        return np.asarray(directions / np.linalg.norm(directions, axis=-1, keepdims=True))

    def _plane(self, pixels: npt.ArrayLike) -> DoubleArray:
        """Pixels → undistorted (X / Z, Y / Z)."""
        centred = _floats(pixels, 2, "pixels") - np.asarray(self.principal_point_px)
        plane = np.asarray(centred / np.asarray(self.focal_px))
        return plane if self.distortion is None else self.distortion.undo(plane)


def _floats(values: npt.ArrayLike, size: int, what: str) -> DoubleArray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape[-1:] != (size,):
        raise InputError(f"{what} have shape {array.shape}, expected (..., {size})")
    return array
