"""scipy itself crashes on some of these files, so that each is read in this process only if it is refused."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.matlab import read_mat
from uplift3d.data.matlab5 import check_elements
from uplift3d.errors import InputError
from uplift3d.files import guards

io = pytest.importorskip("scipy.io")


def cells(*arrays):
    cell = np.empty((len(arrays), 1), dtype=object)
    for row, array in enumerate(arrays):
        cell[row, 0] = array
    return cell


CONTENT = {
    "plain": np.arange(12.0).reshape(3, 4),
    "one": np.array([[7]], dtype=np.uint8),
    "empty": np.zeros((0, 3)),
    "text": "words",
    "complex": np.array([[1 + 2j]]),
    "cells": cells(np.ones((2, 3)), np.zeros((1, 5), dtype=np.int16)),
    "table": {"a": np.ones(2), "b": {"c": "deep"}},
}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def saved(request, tmp_path):
    path = tmp_path / "a.mat"
    io.savemat(path, CONTENT, do_compression=request.param)
    return path


def test_what_scipy_writes_is_read(saved):
    check_elements(saved)
    content = read_mat(saved, ["plain", "cells"])
    np.testing.assert_array_equal(content["plain"], CONTENT["plain"])
    np.testing.assert_array_equal(content["cells"][1, 0], np.zeros((1, 5)))


def test_elements_of_no_known_type_are_refused(tmp_path):
    path = tmp_path / "a.mat"
    io.savemat(path, {"cells": CONTENT["cells"]})
    content = path.read_bytes()
    tag = struct.pack("<II", 9, 48)  # of the first cell's six doubles
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, struct.pack("<II", 8713, 48)))  # scipy: signal 11
    with pytest.raises(InputError, match=r"a\.mat is damaged: an element of type 8713 with 48 bytes"):
        read_mat(path, ["cells"])


@pytest.mark.parametrize("size", [49, 2**31, 2**32 - 1])
def test_elements_larger_than_what_holds_them_are_refused(tmp_path, size):
    path = tmp_path / "a.mat"
    io.savemat(path, {"cells": CONTENT["cells"]})
    path.write_bytes(path.read_bytes().replace(struct.pack("<II", 9, 48), struct.pack("<II", 9, size)))
    with pytest.raises(InputError, match=r"a\.mat is damaged: an element of type 9 with"):
        read_mat(path, ["cells"])


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(guards, "FREE_BYTES", 2**20)
    path = tmp_path / "a.mat"
    io.savemat(path, {"zeros": np.zeros(200_000)}, do_compression=True)
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="unpacks to more than 1,048,576 bytes"):
        read_mat(path, ["zeros"])


def test_only_whole_variables_are_compressed(tmp_path):
    path = tmp_path / "a.mat"
    io.savemat(path, {"plain": CONTENT["plain"]})
    content = path.read_bytes()
    variable = content[128:]
    for _ in range(2):
        packed = zlib.compress(variable)
        variable = struct.pack("<II", 15, len(packed)) + packed
    path.write_bytes(content[:128] + variable)
    with pytest.raises(InputError, match=r"a\.mat is damaged: an element of type 15"):
        read_mat(path, ["plain"])


def test_another_file_is_named(tmp_path):
    path = tmp_path / "a.mat"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"a\.mat is not a MATLAB 5 file that can be read"):
        read_mat(path, ["a"])


@given(place=st.integers(0, 400), value=st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused(tmp_path_factory, place, value):
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    io.savemat(path, {"cells": CONTENT["cells"]})
    content = bytearray(path.read_bytes())
    content[128 + place % (len(content) - 128)] = value
    path.write_bytes(content)
    with suppress(InputError):  # any other error, or the end of the process, fails
        read_mat(path, ["cells"])
