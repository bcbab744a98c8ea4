"""Constraints of the lowest versions follow from pyproject.toml."""

import tomllib

import pytest

from scripts import ROOT, script


@pytest.fixture(scope="module")
def lowest():
    return script("tools/lowest.py").lowest


def test_every_dependency_states_a_lowest_version(lowest):
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(lowest(stated)) == len(stated)
    assert lowest(["numpy>=1.26", "a-b >= 2.0, <3"]) == ["numpy==1.26", "a-b==2.0"]
    with pytest.raises(ValueError, match="'scipy' states no lowest version"):
        lowest(["scipy"])
