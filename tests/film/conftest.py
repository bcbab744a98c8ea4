"""A random generator, and a store with motion to film."""

from pathlib import Path

import pytest
import torch

from made_motion import HALF_HELD_OUT, write_moving


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of these clips."""
    return write_moving(tmp_path_factory.mktemp("motion") / "store", HALF_HELD_OUT)


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)
