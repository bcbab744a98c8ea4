"""A store whose held-out clips are long enough to film, and a scale at which networks train in no time."""

import pytest

from uplift3d.data.store import Clip, write_store
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.scales import scale_named
from uplift3d.reproduce.sources import OpenMocap

from ..train.conftest import moving

CLIPS = [
    ("bandai-2", "a", 300),
    ("bandai-2", "b", 150),
    ("bandai-1", "c", 160),
    ("bandai-1", "d", 40),
    ("cmu-bvh", "1", 200),
    ("cmu-bvh", "2", 130),
    ("cmu-amc", "1", 200),
    ("cmu-amc", "2", 130),
]


@pytest.fixture(scope="session")
def store_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("motion") / "store"
    write_store(
        path,
        (
            (Clip(f"{dataset}/{number}", dataset, subject, 0, 0, "CC0", "made"), moving(frames, number))
            for number, (dataset, subject, frames) in enumerate(CLIPS)
        ),
    )
    return path


@pytest.fixture
def scale():
    return scale_named("tiny", steps=2)


@pytest.fixture
def source(store_path, scale):
    return OpenMocap(store_path, scale)


@pytest.fixture
def plan(source, scale):
    return Plan(source, scale)
