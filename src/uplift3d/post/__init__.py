"""Pure functions Motion3D → Motion3D."""

from uplift3d.post.bones import bone_lengths_m, fix_bones
from uplift3d.post.resample import Interpolation, check_method, interpolate, nearest_flags, resample
from uplift3d.post.smooth import check_smoothing, smooth

__all__ = [
    "Interpolation",
    "bone_lengths_m",
    "check_method",
    "check_smoothing",
    "fix_bones",
    "interpolate",
    "nearest_flags",
    "resample",
    "smooth",
]
