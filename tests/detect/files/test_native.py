import json
import pickle

import numpy as np
import pytest

from uplift3d.detect import load_keypoints, save_keypoints
from uplift3d.detect.files.native import REQUIRED
from uplift3d.errors import InputError
from uplift3d.types import Keypoints2D


@pytest.fixture
def keypoints(rng):
    positions = rng.uniform(0, 600, size=(2, 5, 33, 2)).astype(np.float32)
    positions[1, 3] = np.nan
    return Keypoints2D(
        positions,
        rng.uniform(size=(2, 5, 33)),
        np.array([0, 0.1, 0.30000001, 0.4, 1]),
        (640, 360),
        "blazepose33",
        people=np.array([3, 7]),
        meta={"detector": "mediapipe", "source": "walk über.mp4"},
        depth_hint=rng.uniform(-1, 1, size=(2, 5, 33, 3)),
    )


@pytest.fixture
def arrays(tmp_path, keypoints):
    """What a good file holds, to be spoilt."""
    with np.load(save_keypoints(tmp_path / "good.npz", keypoints)) as file:
        return dict(file)


@pytest.fixture
def load_spoilt(tmp_path, arrays):
    def load(**changes):
        content = {key: value for key, value in {**arrays, **changes}.items() if value is not None}
        np.savez(tmp_path / "keys.npz", **content)
        return load_keypoints(tmp_path / "keys.npz")

    return load


def test_what_is_written_is_read(tmp_path, keypoints):
    read = load_keypoints(save_keypoints(tmp_path / "keys.npz", keypoints))
    for name in ("positions", "confidence", "times", "people", "depth_hint"):
        np.testing.assert_array_equal(getattr(read, name), getattr(keypoints, name))
        assert getattr(read, name).dtype == getattr(keypoints, name).dtype
    assert (read.image_size, read.joints, read.meta) == (
        keypoints.image_size,
        keypoints.joints,
        keypoints.meta,
    )


def test_people_meta_and_hint_may_be_left_out(load_spoilt):
    read = load_spoilt(people=None, meta=None, depth_hint=None)
    assert read.depth_hint is None
    assert read.people.tolist() == [0, 1]
    assert read.meta == {}


def test_the_file_needs_no_pickle(arrays):
    assert {array.dtype.kind for array in arrays.values()} <= set("fiU")


@pytest.mark.parametrize("name", ["keys.npy", "keys.csv", "keys"])
def test_another_suffix_is_refused(tmp_path, keypoints, name):
    with pytest.raises(InputError, match=r"must end in \.npz"):
        save_keypoints(tmp_path / name, keypoints)


def test_an_interrupted_write_leaves_nothing(tmp_path, keypoints, monkeypatch):
    def disk_full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", disk_full)
    with pytest.raises(InputError, match=r"keys\.npz cannot be written: No space left on device"):
        save_keypoints(tmp_path / "keys.npz", keypoints)
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nope\.npz: no such file"):
        load_keypoints(tmp_path / "nope.npz")


def test_every_missing_key_is_named(load_spoilt):
    with pytest.raises(InputError, match=r"keys\.npz holds no 2D key-frames: confidence missing"):
        load_spoilt(confidence=None, image_size=None)
    with pytest.raises(InputError, match=rf"{', '.join(REQUIRED)} missing; found .*x, needed"):
        load_spoilt(**dict.fromkeys((*REQUIRED, "people", "meta", "depth_hint")), x=np.zeros(3))


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_object_arrays_are_refused_without_running_them(load_spoilt):
    with pytest.raises(InputError, match="meta holds pickled objects, which could run code and are refused"):
        load_spoilt(meta=np.array([Bomb()], dtype=object))


def test_a_pickle_is_refused_without_running_it(tmp_path):
    (tmp_path / "keys.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="is a pickle, which could run code and is refused"):
        load_keypoints(tmp_path / "keys.npz")


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_not_an_npz_file(tmp_path, content):
    (tmp_path / "keys.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"keys\.npz holds no 2D key-frames; accepted are .*uplift3d \.npz"):
        load_keypoints(tmp_path / "keys.npz")


def test_a_folder_is_not_an_npz_file(tmp_path):
    with pytest.raises(InputError, match="holds no 2D key-frames"):
        load_keypoints(tmp_path)


def test_a_damaged_file(tmp_path, keypoints):
    path = save_keypoints(tmp_path / "keys.npz", keypoints)
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"keys\.npz: positions is damaged"):
        load_keypoints(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("times", np.array([0, 0.1, np.nan, 0.4, 1]), r"times hold 1 NaN or infinite"),
        ("times", np.array([0, 0.1, np.inf, 0.4, 1]), r"times hold 1 NaN or infinite"),
        ("times", np.array([0, 0.4, 0.3, 0.5, 1]), r"times must increase strictly"),
        ("times", np.arange(4.0), r"4 times for 5 frames"),
        ("positions", np.zeros((2, 5, 33, 3)), r"positions have shape \(2, 5, 33, 3\)"),
        ("positions", np.full((2, 5, 33, 2), np.inf), r"positions hold infinite values"),
        ("confidence", np.zeros((2, 5, 17)), r"confidence has shape \(2, 5, 17\)"),
        ("confidence", np.full((2, 5, 33), 2.0), r"within \[0, 1\]"),
        ("image_size", np.array([640, 0]), r"both above 0"),
        ("image_size", np.array([640, 360, 3]), r"image_size has shape \(3,\)"),
        ("joints", np.array("smurf9"), r"unknown joint set 'smurf9'; known joint sets are"),
        ("joints", np.array(["a", "b"]), r"joints must be one text"),
        ("depth_hint", np.zeros((2, 5, 33, 2)), r"depth_hint has shape \(2, 5, 33, 2\)"),
        ("depth_hint", np.array("text"), r"depth_hint holds <U4, expected numbers"),
        ("positions", np.array("text"), r"positions holds <U4, expected numbers"),
        ("people", np.array([1, 1]), r"expected 2 different track ids"),
        ("meta", np.array("{"), r"meta: not JSON"),
        ("meta", np.array(json.dumps([1])), r"meta is a JSON list, expected an object"),
    ],
)
def test_values_that_make_no_sense_are_named_with_the_file(load_spoilt, key, value, message):
    with pytest.raises(InputError, match=rf"keys\.npz: (?!.*keys\.npz).*{message}"):
        load_spoilt(**{key: value})


def test_what_the_file_does_not_say_can_be_said(tmp_path, keypoints, arrays):
    bare = {name: arrays[name] for name in REQUIRED}
    np.savez(tmp_path / "bare.npz", **bare)
    with pytest.raises(InputError, match="give --image-size WxH and --joints NAME"):
        load_keypoints(tmp_path / "bare.npz")
    read = load_keypoints(tmp_path / "bare.npz", image_size=(640, 360), joints="blazepose33")
    np.testing.assert_array_equal(read.positions, keypoints.positions)
    np.testing.assert_array_equal(read.confidence, keypoints.confidence)
    assert (read.image_size, read.joints) == (keypoints.image_size, keypoints.joints)
    with pytest.raises(InputError, match=r"says .* itself"):
        load_keypoints(save_keypoints(tmp_path / "whole.npz", keypoints), joints="blazepose33")
    with pytest.raises(InputError, match="33 points per person, coco17 has 17 joints"):
        load_keypoints(tmp_path / "bare.npz", image_size=(640, 360), joints="coco17")
