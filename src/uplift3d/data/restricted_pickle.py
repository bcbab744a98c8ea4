"""Read the pickled `.npz` and `.npy` files of the field without letting them run code.

A pickle is a program that may call any function by name. The reader here knows the few names that numpy
arrays and plain containers need, and refuses every other one where it is named, before it can be called.
"""

from __future__ import annotations

import collections
import pickle
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from uplift3d.errors import InputError

__all__ = ["load_npy", "load_npz", "load_pickle"]

_NPY: Any = np.lib.format  # its functions carry no types
_ACCEPTED = "accepted are numpy arrays, numbers, strings and plain containers"


def load_npz(path: str | Path, members: Iterable[str] | None = None) -> dict[str, Any]:
    """Read the arrays of an `.npz` file; pickled objects in it come out as plain containers.

    Args:
        path: the file.
        members: names to read; all by default.

    Returns:
        Name → array, or for a pickled single object (the usual dictionary) that object.

    Raises:
        InputError: the file is missing, is no `.npz`, is damaged, lacks a member, or holds a pickle that asks
            for anything but numpy arrays and plain containers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            present = [name.removesuffix(".npy") for name in archive.namelist()]
            wanted = present if members is None else list(members)
            missing = [name for name in wanted if name not in present]
            if missing:
                raise InputError(
                    f"{path} has no {', '.join(missing)}; it holds {', '.join(present) or 'nothing'}"
                )
            return {name: _read_member(archive, name, path) for name in wanted}
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a readable .npz file ({error})") from None


def load_npy(path: str | Path) -> Any:
    """Read an `.npy` file: an array, or for a pickled single object that object; errors as for `load_npz`."""
    try:
        with Path(path).open("rb") as file:
            return _read_array(file, str(path))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} is not a readable .npy file ({error})") from None


def load_pickle(path: str | Path) -> Any:
    """Read a bare pickle (`.pkl`) of arrays and plain containers; errors as for `load_npz`."""
    try:
        with Path(path).open("rb") as file:
            return _Unpickler(file, str(path)).load()
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} is not a readable pickle ({error})") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"{path} is damaged: {type(error).__name__}: {error}") from None


def _read_member(archive: zipfile.ZipFile, name: str, path: str | Path) -> Any:
    with archive.open(f"{name}.npy") as file:
        return _read_array(file, f"{path} ({name})")


def _read_array(file: IO[bytes], where: str) -> Any:
    """One array in numpy's own format; `where` names it in messages."""
    try:
        shape, is_object = _peek_header(file)
        if not is_object:
            return _NPY.read_array(file, allow_pickle=False)
        value = _Unpickler(file, where).load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"{where} is damaged: {type(error).__name__}: {error}") from None
    if not isinstance(value, np.ndarray) or value.shape != shape:
        raise InputError(f"{where} is damaged: its pickle holds no array of shape {shape}")
    return value.item() if value.shape == () else value


def _peek_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool]:
    """Shape, and whether the elements are pickled; a file of pickled elements is left at its pickle."""
    start = file.tell()
    version = _NPY.read_magic(file)
    read = _NPY.read_array_header_1_0 if version == (1, 0) else _NPY.read_array_header_2_0
    shape, _, dtype = read(file)
    if not dtype.hasobject:
        file.seek(start)
    return shape, dtype.hasobject


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as pickles of protocol 2 write them; no other codec of `_codecs.encode` is needed, or allowed."""
    if encoding not in ("latin1", "latin-1", "iso-8859-1"):
        raise InputError(f"a pickle encodes bytes with {encoding!r}: accepted is latin1")
    return text.encode("latin1")


def _builders() -> dict[tuple[str, str], Callable[..., Any]]:
    """What a pickle may name → what it gets; Python 2 and both generations of numpy have their own names."""
    table: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _latin1,
        ("collections", "OrderedDict"): collections.OrderedDict,
    }
    # asked of numpy's own objects, because the functions have moved between its versions
    made_by: list[Any] = [np.zeros(1).__reduce__(), np.float64().__reduce__(), np.zeros(1).__reduce_ex__(5)]
    for module in ("numpy.core", "numpy._core"):
        table[f"{module}.multiarray", "_reconstruct"] = made_by[0][0]
        table[f"{module}.multiarray", "scalar"] = made_by[1][0]
        table[f"{module}.numeric", "_frombuffer"] = made_by[2][0]
    for plain in (set, frozenset, complex, bytearray, list, dict, tuple, int, float, bool, str, bytes):
        for module in ("builtins", "__builtin__"):
            table[module, plain.__name__] = plain
    return table


class _Unpickler(pickle.Unpickler):
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

    def persistent_load(self, pid: Any) -> Any:
        raise InputError(f"{self._where}: its pickle refers to an object outside the file; {_ACCEPTED}")
