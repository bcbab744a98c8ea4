"""The two containers that travel through uplift3d: 2D key-frames in, 3D motion out."""

from uplift3d.types.checks import MAX_PX
from uplift3d.types.keypoints import Keypoints2D
from uplift3d.types.motion import Motion3D

__all__ = ["MAX_PX", "Keypoints2D", "Motion3D"]
