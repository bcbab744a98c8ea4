import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentences import assert_value_or_sentence
from uplift3d.errors import InputError
from uplift3d.files.json_text import MAX_DEPTH, parse_json, parse_object, read_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_values_are_those_of_the_standard_reader(value):
    text = json.dumps(value)
    assert parse_json(text, "a") == json.loads(text)
    assert parse_json(b"\xef\xbb\xbf" + text.encode(), "a") == json.loads(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_sentence(content):
    assert_value_or_sentence(lambda: parse_json(content, "a.json"), "a.json: not JSON")


@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_deep_nesting_is_refused(pair, depth):
    text = pair[:-1] * depth + "1" + pair[-1] * depth
    with pytest.raises(InputError, match="nested too deeply"):
        parse_json(text, "a.json")


def test_as_deep_as_allowed():
    parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, "a.json")
    parse_json("1", "a.json")


def test_numbers_of_many_digits_are_floats():
    assert parse_json("1" + "0" * 30, "a") == 1e30
    assert isinstance(parse_json("1" + "0" * 18, "a"), float)
    assert parse_json("9" * 5000, "a") == float("inf")


def test_objects_only():
    assert parse_object('{"a": 1}', "a") == {"a": 1}
    with pytest.raises(InputError, match="meta is a JSON list, expected an object"):
        parse_object("[]", "meta")


def test_files(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    assert read_json(tmp_path / "a.json", "lists") == [1]
    with pytest.raises(InputError, match=r"a\.json holds 3 bytes; accepted are up to 2"):
        read_json(tmp_path / "a.json", "lists", max_bytes=2)
