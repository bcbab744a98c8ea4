"""Read the pickled `.npz` and `.npy` files of the field without letting them run code.

A pickle is a program that may call any function by name. The reader here knows the few names that numpy
arrays and plain containers need, and refuses every other one where it is named, before it can be called.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from uplift3d.errors import InputError
from uplift3d.files.arrays import opened_npz, read_array, read_header
from uplift3d.files.guards import MAX_BYTES, check_size, listed, quoted, reason

__all__ = ["load_npy", "load_npz", "load_pickle", "parse_pickle"]

_ACCEPTED = "accepted are numpy arrays, numbers, strings and plain containers"


def load_npz(path: str | Path, members: Iterable[str] | None = None) -> dict[str, Any]:
    """Read the arrays of an `.npz` file; pickled objects in it come out as plain containers.

    Args:
        path: the file.
        members: names to read; all by default.

    Returns:
        Name → array, or for a pickled single object (the usual dictionary) that object.

    Raises:
        InputError: the file is missing, too large, no `.npz`, damaged, lacks a member, or holds a pickle that
            asks for anything but numpy arrays and plain containers.
    """
    source = _existing(path, ".npz file")
    if not zipfile.is_zipfile(source):
        raise InputError(f"{source} is not a readable .npz file (no zip archive)")
    with opened_npz(source) as present:
        wanted = list(present) if members is None else list(members)
        missing = [name for name in wanted if name not in present]
        if missing:
            raise InputError(f"{source} has no {', '.join(missing)}; it holds {listed(present)}")
        return present.read(wanted, MAX_BYTES, _read_array)


def load_npy(path: str | Path) -> Any:
    """Read an `.npy` file: an array, or for a pickled single object that object; errors as for `load_npz`."""
    source = _existing(path, ".npy file")
    with source.open("rb") as file:
        return _read_array(file, source.stat().st_size, str(source))


def load_pickle(path: str | Path) -> Any:
    """Read a bare pickle (`.pkl`) of arrays and plain containers; errors as for `load_npz`."""
    source = _existing(path, "pickle")
    with source.open("rb") as file:
        return _unpickled(file, str(source))


def parse_pickle(content: bytes, where: str) -> Any:
    """Read a pickle that is part of another file, which `where` names; errors as for `load_npz`."""
    return _unpickled(io.BytesIO(content), where)


def _existing(path: str | Path, kind: str) -> Path:
    source = Path(path)
    if not source.exists():
        raise InputError(f"{source} does not exist")
    if not source.is_file():
        raise InputError(f"{source} is not a readable {kind}")
    check_size(source.stat().st_size, str(source))
    return source


def _read_array(file: IO[bytes], size: int, where: str) -> Any:
    """One array in numpy's own format; a file of pickled elements goes on as a pickle behind the header."""
    start = file.tell()
    header = read_header(file, where)
    if not header.dtype.hasobject:
        file.seek(start)
        return read_array(file, size, where)
    value = _unpickled(file, where)
    if not isinstance(value, np.ndarray) or value.shape != header.shape:
        raise InputError(f"{where} is damaged: its pickle holds no array of shape {header.shape}")
    return value.item() if value.shape == () else value


def _unpickled(file: IO[bytes], where: str) -> Any:
    try:
        return _Unpickler(file, where).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"{where} is damaged: {reason(error)}") from None


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as pickles of protocol 2 write them; no other codec of `_codecs.encode` is needed, or allowed."""
    if encoding not in ("latin1", "latin-1", "iso-8859-1"):
        raise InputError(f"a pickle encodes bytes with {encoding!r}: accepted is latin1")
    return text.encode("latin1")


def _builders() -> dict[tuple[str, str], Callable[..., Any]]:
    """What a pickle may name → what it gets; Python 2 and both generations of numpy have their own names."""
    table: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _latin1,
        ("collections", "OrderedDict"): collections.OrderedDict,
    }
    # asked of numpy's own objects, because the functions have moved between its versions
    scalar: Any = np.float64().__reduce__()[0]
    from_buffer: Any = np.zeros(1).__reduce_ex__(5)[0]
    for module in ("numpy.core", "numpy._core"):
        table[f"{module}.multiarray", "_reconstruct"] = _unfilled
        table[f"{module}.multiarray", "scalar"] = scalar
        table[f"{module}.numeric", "_frombuffer"] = from_buffer
    for plain in (set, frozenset, complex, bytearray, list, dict, tuple, int, float, bool, str, bytes):
        for module in ("builtins", "__builtin__"):
            table[module, plain.__name__] = partial(_filled, plain) if plain in (bytes, bytearray) else plain
    return table


class _Array:
    """Stands for numpy's own class, which a pickle names and has no reason to call."""


def _unfilled(kind: type, shape: tuple[int, ...], dtype: Any) -> Any:
    """The array without elements that numpy's pickles begin with; what belongs in it comes after."""
    if kind is not _Array or shape != (0,):
        raise ValueError(f"an array begins with {quoted(kind)} and shape {quoted(shape)}, expected (0,)")
    return np.ndarray((0,), dtype)


def _check_state(state: Any) -> None:
    """ValueError for elements that do not fill an array: numpy makes room first, and may crash on objects."""
    *_, shape, dtype, _, elements = state
    there = len(elements) if isinstance(elements, list) else len(elements) // max(dtype.itemsize, 1)
    if math.prod(shape) != there:
        raise ValueError(f"an array of shape {quoted(shape)} with {there:,} elements")


def _filled(kind: type, *arguments: Any) -> Any:
    """bytes or a bytearray from what it holds; a number would ask for so many zeros."""
    if arguments and isinstance(arguments[0], int):
        raise ValueError(f"it asks for {arguments[0]:,} bytes that it does not hold")
    return kind(*arguments)


class _Unpickler(pickle._Unpickler):
    """Python's own reader in Python: the one in C makes room for whatever number a damaged file says."""

    def __init__(self, file: IO[bytes], where: str) -> None:
        super().__init__(file, encoding="latin1")  # byte strings of Python 2
        self._where = where
        self._builders = _builders()

    def find_class(self, module: str, name: str) -> Any:
        builder = self._builders.get((module, name))
        if builder is None:
            raise InputError(
                f"{self._where}: its pickle asks for {module}.{name}, which may run code; {_ACCEPTED}"
            )
        return builder

    stack: list[Any]
    read: Callable[[int], bytes]
    append: Callable[[Any], None]

    def load_build(self) -> None:
        if isinstance(self.stack[-2], np.ndarray):
            _check_state(self.stack[-1])
        super().load_build()  # type: ignore[misc]

    def load_bytearray8(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        content = bytearray(self.read(size))
        if len(content) != size:
            raise EOFError(f"{size:,} bytes announced, {len(content):,} there")
        self.append(content)

    dispatch: ClassVar[dict[int, Any]] = {
        **pickle._Unpickler.dispatch,
        pickle.BUILD[0]: load_build,
        pickle.BYTEARRAY8[0]: load_bytearray8,
    }

    def persistent_load(self, pid: Any) -> Any:
        raise InputError(f"{self._where}: its pickle refers to an object outside the file; {_ACCEPTED}")
