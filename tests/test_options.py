"""Options of the lifter: declared once, known to the API, the record and the command line."""

import argparse

import numpy as np
import pytest

from fake_runtime import FakeRuntime
from uplift3d import Lifter
from uplift3d.cli.options import add_lifter_options, lifter_options
from uplift3d.errors import InputError
from uplift3d.options import DECLARED, LifterOptions, recorded, with_defaults


def parsed(*words: str) -> LifterOptions:
    parser = argparse.ArgumentParser()
    add_lifter_options(parser)
    return lifter_options(parser.parse_args(words))


def test_the_command_line_and_the_api_have_the_same_options_and_defaults():
    assert parsed() == with_defaults({}) == {name: option.default for name, option in DECLARED.items()}


def test_every_option_is_read_as_its_type_says():
    given = ["--no-flip", "--hop", "4", "--interpolation", "smooth", "--max-gap", "0.5", "--threads", "2"]
    given += ["--keep-sides", "--no-hint"]
    wanted = LifterOptions(flip=False, hop=4, interpolation="smooth", max_gap_s=0.5, threads=2)
    wanted |= LifterOptions(settle_sides=False, use_hint=False)
    assert {name: parsed(*given)[name] for name in wanted} == wanted


def test_raw_poses_are_not_smoothed():
    with pytest.raises(InputError, match="raw poses are not smoothed, but smooth_hz is 6; give one"):
        Lifter(FakeRuntime(), raw=True, smooth_hz=6.0)


def test_heights_are_metres():
    with pytest.raises(InputError, match=r"height_m is 178; accepted are 0.3 … 3 metres \(are these cent"):
        Lifter(FakeRuntime(), height_m=178)


@pytest.mark.parametrize("words", [("--hop", "0"), ("--hop", "two"), ("--interpolation", "cubic")])
def test_what_cannot_be_an_option_is_refused(words, capsys):
    with pytest.raises(SystemExit):
        parsed(*words)
    assert words[1] in capsys.readouterr().err


def test_a_result_records_what_it_depends_on():
    record = recorded(with_defaults({"flip": False, "threads": 3}))
    assert record["flip"] is False
    assert record["max_gap_s"] == 1.0
    assert "threads" not in record


def test_an_option_that_is_not_declared_is_a_mistake_of_the_caller():
    with pytest.raises(
        TypeError, match="no argument is called 'flop'; options of every call are flip, hop, "
    ):
        Lifter(FakeRuntime(), flop=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"raw": "1"}, "raw is '1'; accepted is True or False"),
        ({"flip": float("nan")}, "flip is nan; accepted is True or False"),
        ({"hop": "1"}, "hop is '1'; accepted is a whole number"),
        ({"hop": 1.5}, "hop is 1.5; accepted is a whole number"),
        ({"smooth_hz": True}, "smooth_hz is True; accepted is a number"),
        ({"height_m": "1"}, "height_m is '1'; accepted is a number"),
        ({"max_gap_s": None}, "max_gap_s is None; accepted is a number"),
        ({"threads": 10**30}, "threads is 1000000.*; accepted are 1 to 1024"),
        ({"smooth_with": "savitzky-golay"}, "smooth_with is savitzky-golay, but nothing is smoothed"),
    ],
)
def test_values_of_another_type_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        Lifter(**given)


def test_numbers_of_numpy_are_numbers():
    chosen = {"hop": np.int64(5), "smooth_hz": np.float32(6), "raw": np.bool_(False), "height_m": 2}
    assert with_defaults(chosen)["hop"] == 5
