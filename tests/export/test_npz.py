"""The .npz contract: keys, no pickle, and what bad files are told."""

import json
import pickle

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion


@pytest.fixture
def saved(tmp_path, walk):
    return save_motion(tmp_path / "walk.npz", walk)


def rewrite(path, **changes):
    """Save the file again with some keys changed, or dropped where the change is None."""
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_numpy_alone_reads_the_contract_keys(saved, walk):
    with np.load(saved, allow_pickle=False) as archive:
        assert set(archive) == {"positions", "times", "joints", "people", "root", "observed", "meta"}
        assert archive["positions"].dtype == np.float32
        assert archive["times"].dtype == np.float64
        assert archive["observed"].dtype == bool
        assert str(archive["joints"]) == "h36m17"
        assert archive["root"].size == 0
        meta = json.loads(str(archive["meta"]))
    assert meta["units"] == {"positions": "m", "root": "m", "times": "s"}
    assert {"axes", "uplift3d", "made_by"} <= set(meta)


def test_root_and_meta_may_be_missing(saved, walk):
    again = load_motion(rewrite(saved, root=None, meta=None))
    assert again.root is None
    assert again.meta == {}


def test_all_missing_keys_are_named(saved):
    with pytest.raises(InputError, match=r"holds no 3D motions: times, observed missing; found.*positions"):
        load_motion(rewrite(saved, times=None, observed=None))


def test_wrong_shapes_are_named_with_the_file(saved):
    with pytest.raises(InputError, match=r"walk\.npz: Motion3D: positions have shape \(2, 50, 16, 3\)"):
        load_motion(rewrite(saved, positions=np.zeros((2, 50, 16, 3), np.float32)))


def test_text_instead_of_numbers_is_refused(saved):
    with pytest.raises(InputError, match=r"walk\.npz: .*times must be numbers"):
        load_motion(rewrite(saved, times=np.array(["soon"] * 50)))


def test_meta_must_be_a_json_object(saved):
    with pytest.raises(InputError, match=r"walk\.npz: 'meta': not JSON"):
        load_motion(rewrite(saved, meta=np.array("{")))
    with pytest.raises(InputError, match=r"walk\.npz: 'meta' is a JSON list"):
        load_motion(rewrite(saved, meta=np.array("[]")))


class RunsCode:
    def __reduce__(self):
        return (pytest.fail, ("unpickling ran code",))


def test_object_arrays_are_refused_without_unpickling(saved):
    bomb = np.empty(1, dtype=object)
    bomb[0] = RunsCode()
    with pytest.raises(InputError, match=r"walk\.npz: positions holds pickled objects"):
        load_motion(rewrite(saved, positions=bomb))


def test_a_bare_pickle_is_refused_without_unpickling(tmp_path):
    path = tmp_path / "evil.npz"
    path.write_bytes(pickle.dumps(RunsCode()))
    with pytest.raises(InputError, match=r"evil\.npz is a pickle, which could run code and is refused"):
        load_motion(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_damaged_files_are_named(tmp_path, content):
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.npz"):
        load_motion(path)


def test_a_truncated_file_is_damaged(saved):
    saved.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"walk\.npz is (damaged|not an \.npz file)"):
        load_motion(saved)


def test_a_bare_array_is_refused(tmp_path):
    path = tmp_path / "bare.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=r"bare\.npz is not an \.npz file"):
        load_motion(path)
