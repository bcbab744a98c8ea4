"""A little motion to train on, and configurations small enough for tests."""

from pathlib import Path

import pytest
import torch

from made_motion import write_moving


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with six clips to train on, one of a single frame, and two held out."""
    path = tmp_path_factory.mktemp("motion") / "store"
    clips = [("bandai-2", "a", 150), ("bandai-2", "b", 40), ("bandai-2", "c", 90), ("cmu-bvh", "1", 200)]
    clips += [("bandai-1", "d", 160), ("cmu-bvh", "2", 120), ("cmu-amc", "1", 60), ("bandai-2", "e", 1)]
    return write_moving(path, clips)


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
