"""What files hold: the right kind goes through, anything else gets a sentence."""

import numpy as np
import pytest

from uplift3d.data.checks import as_entries, as_number, as_numbers, as_table, check_finite
from uplift3d.errors import InputError


def test_what_fits_goes_through():
    table, entries = {"a": 1}, [1, 2]
    assert as_table(table, "x") is table
    assert as_entries(entries, "x") is entries
    assert len(as_entries(np.zeros((3, 2)), "x")) == 3
    for values in (
        [1, 2.5],
        np.array([1, 2.5], dtype=object),
        np.array([True, False]),
        np.arange(2, dtype="u1"),
    ):
        np.testing.assert_array_equal(as_numbers(values, "x"), values)
    assert as_number(np.array([[50]]), "x") == 50


@pytest.mark.parametrize("value", [None, [1], np.zeros(2), "abc"])
def test_a_table_is_a_dictionary(value):
    with pytest.raises(InputError, match=rf"S1 is of type {type(value).__name__}, expected a dictionary"):
        as_table(value, "S1")


@pytest.mark.parametrize("value", [None, {"a": 1}, 3, "abc", np.array(3)])
def test_entries_are_a_list(value):
    with pytest.raises(InputError, match=rf"S1 is of type {type(value).__name__}, expected a list"):
        as_entries(value, "S1")


@pytest.mark.parametrize(
    "value", ["a", ["a"], [[1, 2], [3]], {"a": 1}, 1 + 2j, np.array([{}], dtype=object), b"a", object()]
)
def test_numbers_are_real_and_in_rows_of_one_length(value):
    with pytest.raises(InputError, match="S1: numbers expected, something else found"):
        as_numbers(value, "S1")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_frame_that_is_not_finite_is_named(value):
    frames = np.zeros((5, 2, 3))
    check_finite(frames, "S1 has positions")
    frames[3:, 1, 2] = value
    with pytest.raises(
        InputError, match="S1 has positions that are not all finite numbers, first in frame 3 "
    ):
        check_finite(frames, "S1 has positions")


@pytest.mark.parametrize("value", [[], [1, 2]])
def test_a_number_is_one(value):
    with pytest.raises(InputError, match=f"S1: one number expected, {len(value)} found"):
        as_number(value, "S1")


def test_a_number_too_large_for_one_is_none():
    with pytest.raises(InputError, match="S1: numbers expected, something else found"):
        as_number(10**400, "S1")


@pytest.mark.parametrize("shape", [(0,), (0, 17, 2), (3, 0), (3,)])
def test_no_numbers_are_finite_ones(shape):
    check_finite(np.zeros(shape), "nothing")
    if shape == (3,):
        with pytest.raises(InputError, match=r"nothing that are not all finite numbers, first in frame 1"):
            check_finite(np.array([0, np.inf, 0]), "nothing")
