"""Pure functions Motion3D → Motion3D, and what is measured on a motion."""

from uplift3d.post.angles import ANGLES, Angles, joint_angles
from uplift3d.post.bones import bone_lengths_m, fix_bones, scale_to_height, statures_m
from uplift3d.post.contacts import Contacts, find_contacts
from uplift3d.post.feet import lock_feet
from uplift3d.post.floor import one_floor
from uplift3d.post.gait import Step, find_steps
from uplift3d.post.ground import find_up, level, on_the_ground, z_up_world
from uplift3d.post.posture import Up, posture_up
from uplift3d.post.refine import PoseRefinement
from uplift3d.post.reproject import reproject
from uplift3d.post.resample import (
    Interpolation,
    check_method,
    interpolate,
    nearest_flags,
    observed_at,
    resample,
)
from uplift3d.post.root import place
from uplift3d.post.smooth import SmoothFilter, smooth
from uplift3d.post.uncertainty import with_uncertainty

__all__ = [
    "ANGLES",
    "Angles",
    "Contacts",
    "Interpolation",
    "PoseRefinement",
    "SmoothFilter",
    "Step",
    "Up",
    "bone_lengths_m",
    "check_method",
    "find_contacts",
    "find_steps",
    "find_up",
    "fix_bones",
    "interpolate",
    "joint_angles",
    "level",
    "lock_feet",
    "nearest_flags",
    "observed_at",
    "on_the_ground",
    "one_floor",
    "place",
    "posture_up",
    "reproject",
    "resample",
    "scale_to_height",
    "smooth",
    "statures_m",
    "with_uncertainty",
    "z_up_world",
]
