"""What the commands' tests share: a network of numpy, a detector that sees what it is told, small inputs."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fake_runtime import FakeRuntime
from uplift3d.detect import register_detector, save_keypoints
from uplift3d.types import Keypoints2D

HEAD = [(0, -70), (3, -73), (-3, -73), (6, -71), (-6, -71)]
ARMS = [(18, -50), (-18, -50), (24, -25), (-24, -25), (26, 0), (-26, 0)]
LEGS = [(11, 0), (-11, 0), (12, 40), (-12, 40), (12, 80), (-12, 80)]
STANDING = np.array([*HEAD, *ARMS, *LEGS], dtype=np.float32)  # pixels, in the order of coco17
MIDDLE = np.array([160, 120], dtype=np.float32)


@pytest.fixture
def network(monkeypatch):
    """Every model that is asked for is the one made of numpy."""
    monkeypatch.setattr("uplift3d.lifter.open_runtime", lambda *_: FakeRuntime())


def standing(times):
    """One person who sways."""
    sway = 5 * np.sin(2 * np.pi * np.asarray(times))[:, None]
    positions = np.repeat(STANDING[None], len(times), axis=0) + MIDDLE
    positions[:, 5:11, 0] += sway
    return positions.astype(np.float32)


@pytest.fixture
def keys(tmp_path):
    """A file of eleven key-frames, 0.2 s apart."""
    times = np.arange(11) * 0.2
    keypoints = Keypoints2D(
        standing(times)[None], None, times, (320, 240), "coco17", meta={"source": "a.mp4"}
    )
    return save_keypoints(tmp_path / "keys.npz", keypoints)


class Scripted:
    """Sees the person of `standing` in every image that is not black."""

    name, joints = "scripted", "coco17"

    def detect(self, rgb):
        if rgb.max() < 10:
            return np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32)
        return standing([0]), np.ones((1, 17), np.float32)


@pytest.fixture
def detector(monkeypatch):
    """Name of a registered detector."""
    monkeypatch.setattr("uplift3d.detect.registry._FACTORIES", {})
    register_detector("scripted", Scripted)
    return "scripted"


def write_images(folder, brightness, count=31):
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (320, 240), (brightness,) * 3).save(folder / f"{number:03}.png")
    return folder


@pytest.fixture
def images(tmp_path):
    """A folder of 31 images with somebody in them: 1 s at the 30 Hz that are assumed."""
    return write_images(tmp_path / "images", 128)


@pytest.fixture
def empty_images(tmp_path):
    """The same with nobody in them."""
    return write_images(tmp_path / "empty", 0)


@pytest.fixture
def motion_file(tmp_path, walk):
    from uplift3d.export import save_motion

    return save_motion(tmp_path / "walk.npz", replace(walk, meta={"source": "clips/walk.mp4"}))
