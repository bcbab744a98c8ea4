"""The door of numpy's files: what goes through is what was written, everything else is a sentence."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sentences import assert_value_or_sentence
from uplift3d.errors import InputError
from uplift3d.files.arrays import as_names, npz_names, read_array, read_npy, read_npz, text_of

KINDS = st.sampled_from(["f4", ">f8", "i8", "u1", "b1", "U3", "S2"])


def npy(array, version=None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def npy_of(header: str, content: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@given(
    KINDS.flatmap(lambda kind: arrays(kind, array_shapes(min_dims=0, min_side=0, max_side=4))), st.booleans()
)
def test_plain_arrays_come_back(array, fortran):
    content = npy(np.asfortranarray(array) if fortran else array)
    again = read_array(io.BytesIO(content), len(content), "a")
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    assert again.flags.writeable


@given(st.data())
def test_a_damaged_array_is_an_array_or_a_sentence(data):
    content = bytearray(npy(np.arange(6, dtype=np.float32).reshape(2, 3)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    assert_value_or_sentence(lambda: read_array(io.BytesIO(content), len(content), "a.npy"), "a.npy")


@given(st.data())
def test_a_damaged_archive_is_read_or_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.npz"
    np.savez_compressed(path, a=np.arange(30), b=np.array("text"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    assert_value_or_sentence(lambda: read_npz(path, "numbers", ["a"], ["b"]), "fuzz.npz")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", "accepted are up to"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 0), }", "accepted are up to"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4), }", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }", r"announces 20 bytes .*, 4 follow"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (5,), }", "accepted are numbers and texts"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "accepted are numbers and"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)" + "(" * 500, "damaged"),
        ("{'descr': 'O', 'fortran_order': False, 'shape': (1,), }", "pickled objects, which could run code"),
    ],
)
def test_headers_are_not_believed(header, message):
    content = npy_of(header, bytes(4))
    with pytest.raises(InputError, match=message):
        read_array(io.BytesIO(content), len(content), "a")


def test_an_archive_that_unpacks_to_too_much_is_refused_and_unused_members_cost_nothing(tmp_path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, small=np.arange(3), large=np.zeros(10**6, np.uint8))
    assert path.stat().st_size < 3000
    read = read_npz(path, "numbers", ["small"], [], max_bytes=10_000)
    assert list(read) == ["small"]
    with pytest.raises(InputError, match=r"unpacked, holds 1,000,\d+ bytes; accepted are up to 10,000"):
        read_npz(path, "numbers", ["large"], max_bytes=10_000)


def test_missing_names_are_all_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    with pytest.raises(InputError, match=r"a\.npz holds no poses: y, z missing; found x, needed x, y, z"):
        read_npz(tmp_path / "a.npz", "poses", ["x", "y", "z"])
    assert npz_names(tmp_path / "a.npz") == ["x"]
    (tmp_path / "b.npz").write_text("text")
    assert npz_names(tmp_path / "b.npz") == []


def test_encrypted_members_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match="x is encrypted"):
        read_npz(tmp_path / "a.npz", "poses")


def test_another_compression_is_read_and_files_that_are_no_arrays_left(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", npy(np.arange(3)))
        archive.writestr("notes.txt", "hello")
    assert read_npz(tmp_path / "a.npz", "numbers")["x"].tolist() == [0, 1, 2]


def test_npy_files(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy", "numbers"), np.eye(2))
    (tmp_path / "b.npy").write_text("no")
    with pytest.raises(InputError, match=r"b\.npy is not an \.npy file; accepted are numbers as \.npy"):
        read_npy(tmp_path / "b.npy", "numbers")


def test_texts():
    assert text_of(np.array("coco17"), "joints") == "coco17"
    with pytest.raises(InputError, match=r"joints must be one text, not float64 of shape \(2,\)"):
        text_of(np.zeros(2), "joints")


@pytest.mark.parametrize("letter", [0x110000, 0xFFFFFFFF, 0xD800])
@pytest.mark.parametrize("order", "<>")
def test_numbers_that_are_no_letters_are_refused(letter, order):
    header = f"{{'descr': '{order}U1', 'fortran_order': False, 'shape': (), }}"
    content = npy_of(header, struct.pack(f"{order}I", letter))
    with pytest.raises(InputError, match="characters that do not exist"):
        read_array(io.BytesIO(content), len(content), "a")


def test_one_long_text_does_not_make_all_rows_long():
    assert as_names(["hip", 3], "names", 3).tolist() == ["hip", "3"]
    assert as_names([], "names", 3).shape == (0,)
    with pytest.raises(InputError, match="names holds a text of 100000 characters; accepted are 64"):
        as_names(["hip"] * 1000 + ["h" * 100_000], "names", 64)
