import os

import pytest

from uplift3d.errors import MAX_MESSAGE, InputError
from uplift3d.files.guards import check_size, check_unpacked, listed, quoted, readable, reason, regular_file


def test_a_file_is_accepted(tmp_path):
    (tmp_path / "a").write_text("x")
    assert regular_file(str(tmp_path / "a"), "letters", max_bytes=1) == tmp_path / "a"


def test_what_is_no_file_or_too_large_is_named(tmp_path):
    (tmp_path / "a").write_text("xy")
    with pytest.raises(InputError, match=r"a holds 2 bytes; accepted are up to 1"):
        regular_file(tmp_path / "a", "letters", max_bytes=1)
    with pytest.raises(InputError, match="gone: no such file"):
        regular_file(tmp_path / "gone", "letters")
    with pytest.raises(InputError, match="is a folder, not a file; accepted are letters"):
        regular_file(tmp_path, "letters")
    with pytest.raises(InputError, match="holds a zero byte"):
        regular_file("a\0b", "letters")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="is a pipe or device, not a file"):
        regular_file(tmp_path / "pipe.npz", "letters")


def test_values_are_quoted_short_and_on_one_line():
    for value in ("x" * 10**6, ["y" * 10**6] * 10**4, {"a\nb": [[[[1]]]]}, b"\n" * 1000, 10**300):
        assert len(quoted(value)) < 500
        assert "\n" not in quoted(value)


def test_names_are_listed_up_to_a_number():
    assert listed(["a", "b"]) == "a, b"
    assert listed([]) == "nothing"
    assert listed(map(str, range(100)), 3) == "0, 1, 2 and 97 more"
    assert len(listed(["x" * 10**6, "a\nb\x07"])) < 50
    assert "a b?" in listed(["a\nb\x07"])


def test_reasons_name_the_kind_of_error():
    assert reason(KeyError("x")) == "KeyError: 'x'"
    assert reason(MemoryError()) == "MemoryError"
    assert len(reason(ValueError("long " * 1000))) < 200


def test_any_message_is_one_line_of_bounded_length():
    message = str(InputError("keys.json: " + "very\nlong \x1b[31m" * 10**5))
    assert message.startswith("keys.json: very long ?[31mvery")
    assert len(message) < MAX_MESSAGE + 10
    assert message.isprintable()


def test_sizes_are_said():
    check_size(10, "a", 10)
    with pytest.raises(InputError, match=r"a holds 5,000,000,000 bytes; accepted are up to 4,294,967,296"):
        check_size(5 * 10**9, "a")


def test_what_is_packed_is_bounded_by_the_size_of_its_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(10))
    monkeypatch.setattr("uplift3d.files.guards.FREE_BYTES", 500)
    check_unpacked(1000, tmp_path / "a", "a, unpacked,")
    with pytest.raises(InputError, match="holds 1,001 bytes; accepted are up to 1,000 from a file"):
        check_unpacked(1001, tmp_path / "a", "a, unpacked,")
    monkeypatch.setattr("uplift3d.files.guards.FREE_BYTES", 2000)
    check_unpacked(1001, tmp_path / "a", "a, unpacked,")


def test_what_a_library_raises_becomes_a_sentence():
    with (
        pytest.raises(InputError, match=r"^a is not a graph that can be read \(KeyError: 'x'\)$"),
        readable("a", "a graph"),
    ):
        raise KeyError("x")
    with pytest.raises(InputError, match="mine"), readable("a", "a graph"):
        raise InputError("mine")
