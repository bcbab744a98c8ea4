"""Pure functions Motion3D → Motion3D."""

from uplift3d.post.resample import Interpolation, check_method, interpolate, nearest_flags, resample

__all__ = ["Interpolation", "check_method", "interpolate", "nearest_flags", "resample"]
