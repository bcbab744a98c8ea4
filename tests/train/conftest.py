"""A little motion to train on, and configurations small enough for tests."""

from pathlib import Path

import numpy as np
import pytest
import torch

from uplift3d.data.store import Clip, write_store
from uplift3d.skeletons import joint_set

H36M = joint_set("h36m17")
# Metres from the pelvis of somebody who stands and faces -y (world, z up), so that their left is at +x.
STANDING = {
    "hip": (0.1, 0.0, 0.0),
    "knee": (0.1, -0.02, -0.42),
    "ankle": (0.1, 0.0, -0.84),
    "shoulder": (0.18, 0.0, 0.48),
    "elbow": (0.22, 0.0, 0.2),
    "wrist": (0.24, -0.05, -0.05),
}
MIDDLE = {"pelvis": 0.0, "torso": 0.25, "neck": 0.5, "head": 0.62, "head_top": 0.74}


def standing() -> np.ndarray:
    """(17, 3) metres, feet on z = 0."""
    pose = np.zeros((17, 3))
    for index, name in enumerate(H36M.joints):
        side, _, limb = name.partition("_")
        if limb in STANDING:
            pose[index] = np.array(STANDING[limb]) * ([1, 1, 1] if side == "left" else [-1, 1, 1])
        else:
            pose[index, 2] = MIDDLE[name]
    pose[:, 2] += 0.84
    return pose


def moving(frames: int, seed: int) -> np.ndarray:
    """(T, 17, 3) metres at 50 Hz: rigid limbs that swing about their parents while the person walks."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 50
    rest = standing()
    motion = np.empty((frames, 17, 3))
    motion[:, 0] = rest[0] + np.array([0, -1, 0]) * time
    for joint in range(1, 17):
        parent = H36M.parents[joint]
        angle = rng.uniform(0, 0.5) * np.sin(2 * np.pi * (rng.uniform(0.3, 1.0) * time[:, 0] + rng.uniform()))
        x, y, z = rest[joint] - rest[parent]
        bone = np.stack(
            [
                np.full(frames, x),
                y * np.cos(angle) - z * np.sin(angle),
                y * np.sin(angle) + z * np.cos(angle),
            ],
            axis=-1,
        )
        motion[:, joint] = motion[:, parent] + bone
    return motion


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with six clips to train on, one of a single frame, and two held out."""
    path = tmp_path_factory.mktemp("motion") / "store"
    clips = [("bandai-2", "a", 150), ("bandai-2", "b", 40), ("bandai-2", "c", 90), ("cmu-bvh", "1", 200)]
    clips += [("bandai-1", "d", 160), ("cmu-bvh", "2", 120), ("cmu-amc", "1", 60), ("bandai-2", "e", 1)]
    write_store(
        path,
        (
            (
                Clip(f"{dataset}/{number}", dataset, subject, 0, 0, "CC0", "made.bvh"),
                moving(frames, number),
            )
            for number, (dataset, subject, frames) in enumerate(clips)
        ),
    )
    return path


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


TINY = {
    "tokens": 9,
    "strides_in": (5, 10),
    "spatial_width": 8,
    "spatial_depth": 1,
    "temporal_width": 16,
    "temporal_depth": 2,
    "heads": 2,
    "strided": (3, 3),
    "paddings": ((0, 0), (0, 0)),
}
"""Model fields of a network that trains in no time."""
