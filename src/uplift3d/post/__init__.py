"""Pure functions Motion3D → Motion3D, and what is measured on a motion."""

from uplift3d.post.angles import ANGLES, Angles, joint_angles
from uplift3d.post.bones import bone_lengths_m, fix_bones, scale_to_height, statures_m
from uplift3d.post.ground import Up, find_up
from uplift3d.post.refine import Refinement
from uplift3d.post.resample import (
    Interpolation,
    check_method,
    interpolate,
    nearest_flags,
    observed_at,
    resample,
)
from uplift3d.post.root import place
from uplift3d.post.smooth import smooth

__all__ = [
    "ANGLES",
    "Angles",
    "Interpolation",
    "Refinement",
    "Up",
    "bone_lengths_m",
    "check_method",
    "find_up",
    "fix_bones",
    "interpolate",
    "joint_angles",
    "nearest_flags",
    "observed_at",
    "place",
    "resample",
    "scale_to_height",
    "smooth",
    "statures_m",
]
