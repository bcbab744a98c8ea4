"""Pickled numpy files: what the field writes is read, what could run code is refused before it runs."""

from __future__ import annotations

import collections
import io
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.files.pickles import load_npy, load_npz, load_pickle


def write_npy(path: Path, payload: bytes, shape: tuple[int, ...] = ()) -> Path:
    """An .npy file with an object header and any pickle behind it."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": shape})
        file.write(payload)
    return path


def object_pickle(value: object, protocol: int = 3) -> bytes:
    array = np.empty((), dtype=object)
    array[()] = value
    return pickle.dumps(array, protocol=protocol)


CONTENT = {
    "S1": {"Walking 1": [np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((2, 2), ">f8", order="F")]},
    "numbers": (1, 2.5, True, None, 3 + 4j, np.float64(0.5), np.int32(7), 10**30),
    "text": ["joint", b"bytes", bytearray(b"more")],
    "sets": [{1, 2}, frozenset("ab"), collections.OrderedDict(a=1)],
    "names": np.array(["left", "right"]),
    "nested": np.array([{"inner": np.zeros(2)}, [np.eye(2)]], dtype=object),
}


def assert_same(got, want):
    assert type(got) is type(want)
    if isinstance(want, dict):
        assert list(got) == list(want)
        for key in want:
            assert_same(got[key], want[key])
    elif isinstance(want, (list, tuple)) or (isinstance(want, np.ndarray) and want.dtype == object):
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert_same(a, b)
    elif isinstance(want, np.ndarray):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    else:
        assert got == want


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_plain_containers_are_read_in_every_protocol(tmp_path, protocol):
    payload = object_pickle(CONTENT, protocol)
    assert_same(load_npy(write_npy(tmp_path / "a.npy", payload)), pickle.loads(payload).item())


def test_an_npz_of_the_field_is_read_as_numpy_would(golden_dir):
    path = golden_dir / "e2e" / "data_2d_h36m_synthetic.npz"
    got = load_npz(path)
    with np.load(path, allow_pickle=True) as file:  # our own file
        for name in file.files:
            assert_same(got[name], file[name].item())


def test_plain_arrays_and_single_members(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(3), b=np.array({"k": 1}, dtype=object), c=np.float64(3))
    got = load_npz(path, ["a", "b"])
    assert list(got) == ["a", "b"]
    np.testing.assert_array_equal(got["a"], np.arange(3))
    assert got["b"] == {"k": 1}
    assert load_npz(path)["c"] == 3


def test_names_of_the_other_numpy_generation_are_known(tmp_path):
    names = b"numpy.core.multiarray", b"numpy._core.multiarray"  # numpy 1's and numpy 2's
    own = object_pickle(np.arange(4.0), 2)
    (here,) = (name for name in names if name in own)
    for name in names:
        path = write_npy(tmp_path / "a.npy", own.replace(here, name))
        np.testing.assert_array_equal(load_npy(path), np.arange(4.0))


def test_byte_strings_of_python_2_become_text(tmp_path):
    key = b"U\x04h\xe9ad"  # SHORT_BINSTRING, as Python 2 wrote its str
    outer = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R(K\x03U\x01|NNN" + 2 * b"J\xff\xff\xff\xff" + b"K?tb"
    payload = outer + b"(K\x01)" + dtype + b"\x89]}" + key + b"K\x01satb."
    assert load_npy(write_npy(tmp_path / "py2.npy", payload)) == {"héad": 1}


class Runs:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


MALICIOUS = {
    "system": (lambda proof: Runs(os.system, f"touch {proof}"), "posix.system"),
    "eval": (lambda proof: Runs(eval, f"open({str(proof)!r}, 'w')"), "builtins.eval"),
    "getattr": (lambda proof: Runs(getattr, "text", "format"), "builtins.getattr"),
    "write": (lambda proof: Runs(io.open, str(proof), "w"), r"\w*io\.open"),
    "own class": (lambda proof: collections.Counter("aab"), "collections.Counter"),
    "numpy loader": (lambda proof: Runs(np.load, str(proof)), r"numpy\.load"),
    "path": (lambda proof: Path(proof), r"pathlib\.[\w.]+"),  # pathlib._local in Python 3.13
}


@pytest.mark.parametrize("where", ["alone", "in a dictionary", "in an object array", "in an array in a list"])
@pytest.mark.parametrize("kind", MALICIOUS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_tries_to_run_code_is_refused(tmp_path, kind, where, protocol):
    make, asked = MALICIOUS[kind]
    proof = tmp_path / "proof"
    bad = make(proof)
    value = {
        "alone": bad,
        "in a dictionary": {"positions": np.zeros(3), "x": bad},
        "in an object array": np.array([None, bad], dtype=object),
        "in an array in a list": [np.array([[bad]], dtype=object)],
    }[where]
    if where == "in an object array" and kind == "own class":
        value = np.array([None, [bad]], dtype=object)
    payload = object_pickle(value, protocol)
    path = tmp_path / "bad.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("positions_3d.npy", write_npy(tmp_path / "m.npy", payload).read_bytes())
    if protocol < 3:  # the names of Python 2
        asked = asked.replace("builtins", "__builtin__")
    with pytest.raises(
        InputError, match=rf"bad\.npz: positions_3d: its pickle asks for {asked}, which may run code"
    ):
        load_npz(path)
    assert not proof.exists()


def test_other_codecs_and_outside_objects_are_refused(tmp_path):
    path = write_npy(
        tmp_path / "a.npy", b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R."
    )
    with pytest.raises(InputError, match="encodes bytes with 'zip'"):
        load_npy(path)
    path = write_npy(tmp_path / "b.npy", b"\x80\x02X\x01\x00\x00\x00aQ.")
    with pytest.raises(InputError, match="refers to an object outside the file"):
        load_npy(path)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_truncated_pickle_is_called_damaged(tmp_path, cut):
    payload = object_pickle({"a": np.arange(9)})
    path = write_npy(tmp_path / "a.npy", payload[:-cut])
    with pytest.raises(InputError, match=r"a\.npy is damaged"):
        load_npy(path)


def test_a_pickle_that_is_no_array_is_called_damaged(tmp_path):
    path = write_npy(tmp_path / "a.npy", pickle.dumps({"a": 1}))
    with pytest.raises(InputError, match=r"damaged: its pickle holds no array of shape \(\)"):
        load_npy(path)


def test_files_that_are_not_what_they_should_be(tmp_path):
    text = tmp_path / "a.npz"
    text.write_text("joint,x,y\n")
    with pytest.raises(InputError, match=r"a\.npz is not a readable \.npz file"):
        load_npz(text)
    with pytest.raises(InputError, match=r"a\.npz is damaged"):
        load_npy(text)
    for load in (load_npz, load_npy):
        with pytest.raises(InputError, match=r"none\.npz does not exist"):
            load(tmp_path / "none.npz")
        with pytest.raises(InputError, match="is not a readable"):
            load(tmp_path)
    np.savez(tmp_path / "b.npz", positions_2d=np.zeros(1), metadata=np.zeros(1))
    with pytest.raises(InputError, match=r"b\.npz has no positions_3d; it holds positions_2d, metadata"):
        load_npz(tmp_path / "b.npz", ["positions_3d"])


def test_bare_pickles(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(CONTENT))
    assert_same(load_pickle(path), pickle.loads(path.read_bytes()))
    path.write_bytes(pickle.dumps(CONTENT)[:-20])
    with pytest.raises(InputError, match=r"a\.pkl is damaged"):
        load_pickle(path)
    path.write_bytes(pickle.dumps({"x": Runs(os.system, f"touch {tmp_path / 'proof'}")}))
    with pytest.raises(InputError, match=r"a\.pkl: its pickle asks for posix\.system, which may run code"):
        load_pickle(path)
    assert not (tmp_path / "proof").exists()
    with pytest.raises(InputError, match=r"none\.pkl does not exist"):
        load_pickle(tmp_path / "none.pkl")
    with pytest.raises(InputError, match="is not a readable pickle"):
        load_pickle(tmp_path)


class Asks:
    """Pickled, it is a call that a file would make."""

    def __init__(self, call, *arguments):
        self.made = (call, arguments)

    def __reduce__(self):
        return self.made


def of_shape(two, count):
    """The pickle of two elements that says that there are more; numpy itself crashes on objects."""
    plain = pickle.dumps(two, protocol=2)
    assert plain.count(b"K\x02\x85") == 1
    return plain.replace(b"K\x02\x85", b"J" + count.to_bytes(4, "little") + b"\x85")


RECONSTRUCT = np.zeros(1).__reduce__()[0]
MANY = 2**31


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (
            b"\x80\x03Nr" + (175_726_962).to_bytes(4, "little") + b".",
            None,
        ),  # a place far out among the remembered
        (
            b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"few.",
            "is damaged",
        ),
        (b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"few.", "is damaged"),
        (pickle.dumps(Asks(bytearray, MANY)), r"asks for 2,147,483,648 bytes that it does not hold"),
        (pickle.dumps(Asks(bytes, MANY)), r"asks for 2,147,483,648 bytes that it does not hold"),
        (
            pickle.dumps(Asks(RECONSTRUCT, np.ndarray, (MANY,), b"b")),
            r"shape \(2147483648,\), expected \(0,\)",
        ),
        (pickle.dumps(Asks(np.ndarray, (MANY,))), "is damaged"),
        (of_shape(np.array([{}, 1], dtype=object), 2**28), r"shape \(268435456,\) with 2 elements"),
        (of_shape(np.array([1.0, 2.0]), 2**28), r"shape \(268435456,\) with 2 elements"),
    ],
)
def test_what_a_file_does_not_hold_takes_no_memory(tmp_path, payload, message):
    path = tmp_path / "some.pkl"
    path.write_bytes(payload)
    tracemalloc.start()
    try:
        if message is None:
            assert load_pickle(path) is None
        else:
            with pytest.raises(InputError, match=message):
                load_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
