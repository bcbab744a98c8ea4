"""The .csv file: tidy, readable after a spreadsheet touched it, and clear about bad cells."""

import csv
import random

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion


@pytest.fixture
def saved(tmp_path, walk):
    return save_motion(tmp_path / "walk.csv", walk)


def test_one_row_per_person_time_and_joint(saved):
    with saved.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 50 * 17
    assert list(rows[0]) == [
        *("person", "time_s", "joint", "x_m", "y_m", "z_m", "observed"),
        *("root_x_m", "root_y_m", "root_z_m", "sigma_m"),
    ]
    assert rows[1] == {
        **{"person": "3", "time_s": "0.5", "joint": "right_hip"},
        **{"x_m": "-0.130000", "y_m": "0.000000", "z_m": "0.000000", "observed": "1"},
        **{"root_x_m": "", "root_y_m": "", "root_z_m": "", "sigma_m": ""},
    }
    assert rows[-1]["x_m"] == ""  # the second person has left


def test_row_order_and_byte_order_mark_do_not_matter(saved, walk):
    header, *rows = saved.read_text().splitlines()
    random.Random(0).shuffle(rows)
    saved.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    again = load_motion(saved)
    order = [again.people.tolist().index(person) for person in walk.people]
    np.testing.assert_allclose(again.positions[order], walk.positions, atol=5.1e-7)
    assert again.joints == "h36m17"


def test_rows_left_out_are_nan(saved, walk):
    header, *rows = saved.read_text().splitlines()
    saved.write_text("\n".join([header, *(row for row in rows if not row.startswith("7,0.54,"))]))
    again = load_motion(saved)
    assert np.isnan(again.positions[1, 1]).all()
    assert not again.observed[1, 1]
    assert np.isfinite(again.positions[0, 1]).all()


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("x_m,y_m", "x,y", r"walk\.csv: .*columns x_m, y_m missing"),
        ("-0.130000", "wide", r"walk\.csv, line 3: 'wide' in column x_m is not a number"),
        ("3,0.5,right_hip,", "3,0.5,", r"walk\.csv, line 3: 10 cells, the header has 11"),
        ("3,0.5,right_hip,", "3,0.5,tail,", r"walk\.csv: its 18 joints \(.*tail.*\) are no known joint set"),
        ("3,0.5,right_hip,", "3,0.5,pelvis,", r"walk\.csv: 2 rows for person 3 at 0\.5 s, pelvis"),
        ("3,0.5,right_hip,", "3,,right_hip,", r"walk\.csv: .*1 NaN"),
        ("3,0.5,right_hip,", ",0.5,right_hip,", r"walk\.csv: column person has empty cells"),
        ("right_hip", "h" * 65, r"walk\.csv: column joint holds a text of 65 characters; accepted are 64"),
    ],
)
def test_bad_cells_are_named(saved, old, new, message):
    with pytest.raises(InputError, match=message):
        load_motion(edit(saved, old, new))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00binary", b"a,b,c\n1,2,3\n"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.csv: not a table of 3D motion"):
        load_motion(path)
