"""Fixtures of the video room."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .clips import read_number, write


@pytest.fixture
def write_video(tmp_path) -> Callable[..., Path]:
    return lambda name="clip.mp4", **how: write(tmp_path / name, **how)


@pytest.fixture
def number_of() -> Callable[[np.ndarray], int]:
    return read_number
