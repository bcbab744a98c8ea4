"""People of typical build in 2D."""

import numpy as np

from uplift3d.normalise import TYPICAL_DISTANCE_M
from uplift3d.skeletons import joint_set


def person(rng, frames=1, pixels_per_metre=200.0):
    """(frames, 17, 2) pixels: joints at their typical distance from the pelvis, in random directions."""
    pose = np.zeros((frames, 17, 2))
    for j, name in enumerate(joint_set("h36m17").joints):
        angle = rng.uniform(0, 2 * np.pi, frames)
        distance = TYPICAL_DISTANCE_M.get(name, 0.0)
        pose[:, j] = distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return (pose * pixels_per_metre + [320, 240]).astype(np.float32)
