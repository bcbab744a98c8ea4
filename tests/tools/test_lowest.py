"""Constraints of the lowest versions follow from pyproject.toml."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lowest():
    spec = importlib.util.spec_from_file_location("lowest", ROOT / "tools" / "lowest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lowest


def test_every_dependency_states_a_lowest_version(lowest):
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(lowest(stated)) == len(stated)
    assert lowest(["numpy>=1.26", "a-b >= 2.0, <3"]) == ["numpy==1.26", "a-b==2.0"]
    with pytest.raises(ValueError, match="'scipy' states no lowest version"):
        lowest(["scipy"])
