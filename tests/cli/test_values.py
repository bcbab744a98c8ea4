"""How the values of options are read."""

from argparse import ArgumentTypeError

import pytest

from uplift3d.cli.values import moment, suffixes, track_ids


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("12.5", 12.5), ("1:05", 65), ("1:02:03.5", 3723.5), ("0:00.5", 0.5)]
)
def test_moments(text, seconds):
    assert moment(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "-1", "soon", "nan", "1:2:3:4", "1:", "inf"])
def test_no_moments(text):
    with pytest.raises(ArgumentTypeError, match=r"accepted: seconds, or minutes:seconds \(1:05\)"):
        moment(text)


def test_lists():
    assert track_ids("0,12") == [0, 12]
    assert suffixes("npz, .html") == ["npz", "html"]
    with pytest.raises(ArgumentTypeError, match="numbers of people"):
        track_ids("0,-1")
