"""Joint sets (names, parents, mirror pairs) and the conversions between them, as data."""

from uplift3d.skeletons.conversion import DERIVED, convert_2d, convert_3d, reorder
from uplift3d.skeletons.sets import JOINT_SETS, JointSet, joint_set

__all__ = [
    "DERIVED",
    "JOINT_SETS",
    "JointSet",
    "convert_2d",
    "convert_3d",
    "joint_set",
    "reorder",
]
