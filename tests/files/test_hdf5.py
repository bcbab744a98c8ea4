"""The door of HDF5 files: what lies in the file itself, of a size that was looked at."""

import sys

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.files import hdf5
from uplift3d.files.hdf5 import child, dataset, opened_hdf5, text_attribute, texts

h5py = pytest.importorskip("h5py")


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["numbers"] = np.arange(6.0).reshape(2, 3)
        file["names"] = np.array(["nöse".encode(), b"hip"])
        file.create_dataset("words", data=["a", "b"], dtype=h5py.string_dtype())
        file.create_dataset("broken", data=np.array([b"\xff"]))
        file.create_dataset("huge", (10**6, 10**6), dtype="f8", chunks=(1, 1000))
        file.create_dataset("sparse", (10**6, 17, 3), dtype="i1", chunks=(64, 17, 3))
        file.create_dataset("empty", dtype="f4")
        file.create_group("group")
        file["soft"] = h5py.SoftLink("/numbers")
        file["outside"] = h5py.ExternalLink("/etc/hostname", "/x")
        file.create_dataset("raw", (4,), "u1", external=[("/etc/hostname", 0, 4)])
        file["numbers"].attrs["dims"] = "xy"
        file["numbers"].attrs["count"] = 3
    return tmp_path / "a.h5"


def test_what_is_there(path):
    with opened_hdf5(path, "numbers") as file:
        np.testing.assert_array_equal(dataset(file, "numbers", "a.h5"), [[0, 1, 2], [3, 4, 5]])
        assert texts(file, "names", "a.h5") == ["nöse", "hip"]
        assert texts(file, "words", "a.h5") == ["a", "b"]
        assert text_attribute(file["numbers"], "dims") == b"xy"
        assert text_attribute(file["numbers"], "count") == text_attribute(file["numbers"], "gone") == b""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", r"a\.h5 has no gone; it holds broken, empty"),
        ("group", "group is no dataset"),
        ("soft", "has no soft"),
        ("outside", "has no outside"),
        ("raw", "raw is empty, or only a link to another file"),
        ("empty", "empty is empty"),
        ("huge", r"a\.h5: huge holds 16,000,000,000,000 bytes; accepted are up to"),
        ("sparse", r"a\.h5: sparse holds 816,000,000 bytes; accepted are up to"),
        ("names", r"a\.h5: names holds dtype\('S5'\)"),
        ("words", r"a\.h5: words holds dtype\('O'\)"),
    ],
)
def test_what_is_refused(path, name, message):
    with opened_hdf5(path, "numbers") as file, pytest.raises(InputError, match=message):
        dataset(file, name, "a.h5")


def test_links_are_not_followed(path):
    with opened_hdf5(path, "numbers") as file:
        assert child(file, "soft") is child(file, "outside") is child(file, "gone") is None
        assert child(file, "group").name == "/group"


def test_texts_that_are_none(path):
    with opened_hdf5(path, "numbers") as file, pytest.raises(InputError, match="broken is not text"):
        texts(file, "broken", "a.h5")


def test_no_hdf5_at_all(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n cut off")
    with (
        pytest.raises(InputError, match=r"a\.h5 is no HDF5 file that can be read"),
        opened_hdf5(tmp_path / "a.h5", "numbers"),
    ):
        pass


def test_without_h5py(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with (
        pytest.raises(InputError, match=r"needs h5py \(pip install 'uplift3d\[hdf5\]'\)"),
        opened_hdf5(path, "numbers"),
    ):
        pass
    assert path.read_bytes()[:8] == hdf5.MAGIC
