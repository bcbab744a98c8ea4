"""What scipy writes is read as scipy reads it; damaged files, on which scipy crashes, are read or refused."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.matlab import read_mat
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
    "three_axes": np.arange(24, dtype=np.int16).reshape(2, 3, 4),
    "flags": np.array([[True, False]]),
    "empty": np.zeros((0, 3)),
    "cells": cells(np.ones((2, 3)), np.zeros((1, 5), dtype=np.int16), cells(np.ones((1, 1)))),
}
OTHERS = {"text": "words", "complex": np.array([[1 + 2j]]), "table": {"a": np.ones(2)}}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def saved(request, tmp_path):
    path = tmp_path / "a.mat"
    io.savemat(path, CONTENT | OTHERS, do_compression=request.param)
    return path


def test_what_scipy_writes_is_read_as_scipy_reads_it(saved):
    content, theirs = read_mat(saved, list(CONTENT)), io.loadmat(saved)
    for name in CONTENT.keys() - {"cells"}:
        np.testing.assert_array_equal(content[name], theirs[name], strict=True)
    assert content["cells"].shape == (3, 1)
    for ours, other in zip(content["cells"][:2, 0], theirs["cells"][:2, 0], strict=True):
        np.testing.assert_array_equal(ours, other, strict=True)
    np.testing.assert_array_equal(content["cells"][2, 0][0, 0], [[1.0]])


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_neither_numbers_nor_cells_is_refused(saved, name):
    with pytest.raises(InputError, match=f"{name} is neither an array of real numbers nor of cells"):
        read_mat(saved, [name])


def test_a_variable_that_is_not_there_is_named(saved):
    with pytest.raises(InputError, match=r"a\.mat lacks annot2"):
        read_mat(saved, ["plain", "annot2"])


def test_small_doubles_stored_as_bytes(tmp_path):
    """As MATLAB itself stores whole numbers; in the tag where they are four or fewer."""
    path = tmp_path / "a.mat"
    io.savemat(path, {"x": np.array([[1.0, 2.0, 3.0]])})
    content = path.read_bytes()
    long = struct.pack("<II3d", 9, 24, 1, 2, 3)
    assert content.count(long) == 1
    short = struct.pack("<HH4B", 2, 3, 1, 2, 3, 0)
    at = content.index(long)
    body = content[136:at] + short
    path.write_bytes(content[:128] + struct.pack("<II", 14, len(body)) + body)
    found = read_mat(path, ["x"])["x"]
    np.testing.assert_array_equal(found, [[1.0, 2.0, 3.0]], strict=True)


@pytest.mark.parametrize("kind", [8713, 14, 16])
def test_numbers_of_another_type_are_refused(tmp_path, kind):
    path = tmp_path / "a.mat"
    io.savemat(path, {"cells": CONTENT["cells"]})
    content = path.read_bytes()
    tag = struct.pack("<II", 9, 48)  # of the first cell's six doubles
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, struct.pack("<II", kind, 48)))  # scipy: signal 11
    with pytest.raises(InputError, match=r"a\.mat is damaged: cells has no numbers"):
        read_mat(path, ["cells"])


@pytest.mark.parametrize("size", [49, 2**31, 2**32 - 1])
def test_elements_larger_than_what_holds_them_are_refused(tmp_path, size):
    path = tmp_path / "a.mat"
    io.savemat(path, {"cells": CONTENT["cells"]})
    path.write_bytes(path.read_bytes().replace(struct.pack("<II", 9, 48), struct.pack("<II", 9, size)))
    with pytest.raises(InputError, match=r"a\.mat is damaged: "):
        read_mat(path, ["cells"])


@pytest.mark.parametrize("shape", [(3, 5), (2**30, 2**30), (-1, -12), (0, 0)])
def test_shapes_other_than_the_values_are_refused(tmp_path, shape):
    path = tmp_path / "a.mat"
    io.savemat(path, {"plain": CONTENT["plain"]})
    size = struct.pack("<II2i", 5, 8, 3, 4)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<II2i", 5, 8, *shape)))
    with pytest.raises(InputError, match=r"a\.mat is damaged: plain has "):
        read_mat(path, ["plain"])


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
    with pytest.raises(InputError, match=r"a\.mat lacks plain"):
        read_mat(path, ["plain"])


def test_another_file_is_named(tmp_path):
    path = tmp_path / "a.mat"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"a\.mat is not a MATLAB 5 file that can be read"):
        read_mat(path, ["a"])


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 2000), st.sampled_from([*range(20), 32, 127, 128, 255])), max_size=4
    )
)
def test_whatever_bytes_change_it_is_read_or_refused(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("mat") / "a.mat"
    io.savemat(path, CONTENT)
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[128 + place % (len(content) - 128)] = value
    path.write_bytes(content)
    with suppress(InputError):  # any other error fails
        read_mat(path, list(CONTENT))
