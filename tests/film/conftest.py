"""A random generator, and a store with motion to film."""

from pathlib import Path

import pytest
import torch

from made_motion import write_moving

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
"""Data set, subject and frames; half of them are held out, one of those is too short to measure on."""


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of these clips."""
    return write_moving(tmp_path_factory.mktemp("motion") / "store", CLIPS)


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)
