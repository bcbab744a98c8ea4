"""The .json file as other languages see it."""

import json

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion


@pytest.fixture
def saved(tmp_path, walk):
    return save_motion(tmp_path / "walk.json", walk)


def refuse_constant(name):
    pytest.fail(f"{name} is no JSON")


def test_it_is_strict_json_with_null_for_absent_people(saved, walk):
    data = json.loads(saved.read_text(), parse_constant=refuse_constant)
    assert data["positions"][1][49] == [[None] * 3] * 17
    assert data["positions"][0][0][2][1] == pytest.approx(float(walk.positions[0, 0, 2, 1]), abs=1e-7)
    assert data["root"] is None
    assert data["joint_names"][10] == "head_top"
    assert [8, 9] in data["bones"]
    assert data["observed"][0][:11] == [True] + [False] * 9 + [True]


def test_numbers_have_no_more_digits_than_they_need(saved):
    assert "0.13, " in saved.read_text()  # the hip's x, not 0.12999999523162842


def test_non_finite_root_is_null(tmp_path, walk):
    from dataclasses import replace

    root = np.zeros((2, 50, 3), np.float32)
    root[0, 0, 0] = np.nan
    path = save_motion(tmp_path / "rooted.json", replace(walk, root=root))
    assert json.loads(path.read_text(), parse_constant=refuse_constant)["root"][0][0] == [None, 0, 0]


def test_missing_keys_are_all_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"joints": "h36m17", "people": []}')
    with pytest.raises(InputError, match=r"a\.json: .*positions, times, observed missing; .*joints, people"):
        load_motion(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", r"a\.json: not JSON"),
        ("[1, 2]", r"a\.json: not a 3D motion, a JSON list"),
        ("[" * 100_000, r"a\.json: not JSON that can be read, nested too deeply"),
        (
            '{"joints":"nobody","people":[0],"times":[0],"positions":[],"observed":[[true]]}',
            r"a\.json: .*unknown joint set 'nobody'",
        ),
        (
            '{"joints":"h36m17","people":[0],"times":[0],"positions":[[[1],[1,2]]],"observed":[[true]]}',
            r"a\.json: not a 3D motion",
        ),
        (
            '{"joints":"h36m17","people":3,"times":[0],"positions":[],"observed":[[true]]}',
            r"a\.json: not a 3D motion",
        ),
    ],
)
def test_bad_files_are_told_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_motion(path)


def test_binary_files_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match=r"a\.json: not JSON"):
        load_motion(path)
