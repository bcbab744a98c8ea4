"""Stores and Human3.6M files with next to no motion, and a scale at which networks train in no time."""

import numpy as np
import pytest

from made_motion import HALF_HELD_OUT, moving, write_moving
from uplift3d.data import h36m
from uplift3d.data.store import Clip, write_store
from uplift3d.reproduce.human36m import Human36M
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.scales import scale_named
from uplift3d.reproduce.sources import OpenMocap


@pytest.fixture(scope="session")
def store_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("motion") / "store"
    return write_moving(path, HALF_HELD_OUT)


KEPT_OF_32 = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
TAKES = ("Walking 1", "Sitting")
FRAMES = 110


def pickled(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


@pytest.fixture(scope="session")
def h36m_folder(tmp_path_factory):
    """The two files of Human3.6M: every subject, two recordings of two seconds each, 2D a little off."""
    folder = tmp_path_factory.mktemp("h36m")
    random = np.random.default_rng(0)
    world, pixels = {}, {}
    for number, subject in enumerate((*h36m.TRAIN_SUBJECTS, *h36m.TEST_SUBJECTS)):
        world[subject], pixels[subject] = {}, {}
        for index, take in enumerate(TAKES):
            motion = moving(FRAMES, 10 * number + index)
            joints = np.zeros((FRAMES, 32, 3), np.float32)
            joints[:, KEPT_OF_32] = motion
            world[subject][take] = joints
            pixels[subject][take] = [
                (camera.project_world(motion) + random.normal(0, 3, (FRAMES, 17, 2))).astype(np.float32)
                for camera in h36m.cameras(subject)
            ]
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=pickled(world))
    np.savez_compressed(
        folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz", positions_2d=pickled(pixels), metadata=pickled({})
    )
    return folder


@pytest.fixture(scope="session")
def amass_path(tmp_path_factory):
    """A store of AMASS: two sets to train on, one held out."""
    path = tmp_path_factory.mktemp("amass") / "store"
    clips = enumerate(("CMU", "KIT", "SFU"))
    write_store(
        path,
        (
            (Clip(f"amass/{name}", f"amass-{name}", "1", 0, 0, "made", "made"), moving(120, 90 + number))
            for number, name in clips
        ),
    )
    return path


@pytest.fixture
def human36m(h36m_folder, amass_path, scale):
    return Human36M(h36m_folder, scale, amass=amass_path)


@pytest.fixture
def scale():
    return scale_named("tiny", steps=2)


@pytest.fixture
def source(store_path, scale):
    return OpenMocap(store_path, scale)


@pytest.fixture
def plan(source, scale):
    return Plan(source, scale)
