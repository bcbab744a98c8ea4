import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.files import text
from uplift3d.files.text import encodable, number_table, read_cells, read_lines


def test_lines(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffä\r\nb\n".encode())
    assert read_lines(tmp_path / "a", "text") == ["ä", "b"]


def test_what_is_no_text_or_too_much(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"a is not text"):
        read_lines(tmp_path / "a", "text")
    monkeypatch.setattr(text, "MAX_TEXT_BYTES", 2)
    with pytest.raises(InputError, match="holds 3 bytes; accepted are up to 2"):
        read_lines(tmp_path / "a", "text")


def test_tables_of_numbers():
    table = number_table([["1", "", "2.5"], [" 3e2"], ["4", "5", "6", ""]], 3, "a", 7)
    np.testing.assert_array_equal(table, [[1, np.nan, 2.5], [300, np.nan, np.nan], [4, 5, 6]])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["1", "x" * 10_000], "a, line 8: .*could not convert string to float"),
        (["1", "2", "3"], "a, line 8: 3 cells, the header has 2"),
    ],
)
def test_cells_that_are_no_numbers_are_named_by_line(row, message):
    with pytest.raises(InputError, match=message) as refusal:
        number_table([["1", "2"], row], 2, "a", 7)
    assert len(str(refusal.value)) < 200


def test_text_that_no_file_can_hold_is_marked():
    meta = {"source": "\udcffwalk é.mp4", "\ud800": [1, ("\udcff", None)], "rate": 25.0}
    assert encodable(meta) == {"source": "?walk é.mp4", "?": [1, ["?", None]], "rate": 25.0}


def test_cells_and_one_without_end(tmp_path):
    (tmp_path / "a.csv").write_text('a,"b,c"\r\n1,\n')
    assert read_cells(tmp_path / "a.csv", "numbers") == [["a", "b,c"], ["1", ""]]
    (tmp_path / "a.csv").write_text("a," + "b" * 200_000)
    with pytest.raises(InputError, match=r"a\.csv: not a table of numbers \(field larger than"):
        read_cells(tmp_path / "a.csv", "numbers")
