"""Motion whose every joint is known, and stores of it, made without files of a data set."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from uplift3d.camera import Camera
from uplift3d.data.store import Clip, write_store
from uplift3d.data.videos import StoredVideo
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


HALF_HELD_OUT = [
    ("bandai-2", "a", 300),
    ("bandai-2", "b", 150),
    ("bandai-1", "c", 160),
    ("bandai-1", "d", 40),
    ("cmu-bvh", "1", 200),
    ("cmu-bvh", "2", 130),
    ("cmu-amc", "1", 200),
    ("cmu-amc", "2", 130),
]
"""Data set, subject and frames for `write_moving`; one that is held out is too short to measure on."""


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


def write_moving(path: Path, clips: Iterable[tuple[str, str, int]]) -> Path:
    """A store with clips of these data sets, subjects and numbers of frames."""
    write_store(
        path,
        (
            (Clip(f"{dataset}/{number}", dataset, subject, 0, 0, "CC0", "made.bvh"), moving(frames, number))
            for number, (dataset, subject, frames) in enumerate(clips)
        ),
    )
    return path


def filmed_video(frames: int = 60, rate_hz: float = 50.0, start: int = 0) -> StoredVideo:
    """Pixel x of every joint, and depth of the wrist, count frames; the person stands off the axis."""
    count = start + np.arange(frames, dtype=np.float32)
    pixels = np.zeros((frames, 17, 2), np.float32)
    pixels[..., 0], pixels[..., 1] = count[:, None], 500
    positions = np.zeros((frames, 17, 3), np.float32) + np.float32([1, 0, 4])
    positions[:, 13, 2] += count / 1000
    confidence = np.ones((frames, 17), np.float32)
    confidence[:, 10] = 0
    camera = Camera.pinhole(1000.0, (500, 500))
    return StoredVideo(
        *("S1", "walk", "walk", "0", camera, (1000, 1000), rate_hz, "made up"),
        keypoints_px=pixels,
        confidence=confidence,
        positions_camera=positions,
        valid=np.ones(frames, bool),
    )
