"""HDF5 in: datasets measured before they are read, nothing from outside the file, h5py only where needed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.files.guards import check_unpacked, listed, quoted, reason, regular_file

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_TEXT_BYTES = 1_000_000
AS_DOUBLES_BYTES = 16


@contextmanager
def opened_hdf5(path: str | os.PathLike[str], what: str, extra: str = "hdf5") -> Iterator[Any]:
    """The root group of an HDF5 file, for `child`, `dataset` and `text_attribute`.

    Args:
        path: the file.
        what: what it should hold, for the messages.
        extra: which of the package's extras brings h5py.

    Raises:
        InputError: no such file, h5py is missing, not HDF5, or anything that a damaged file raises inside the
            block.
    """
    source = regular_file(path, what)
    try:
        import h5py
    except ImportError as error:
        raise InputError(f"{source} is HDF5, which needs h5py (pip install 'uplift3d[{extra}]')") from error
    try:
        with h5py.File(source, "r") as file:
            yield file
    except InputError:
        raise
    except Exception as error:  # h5py passes on whatever the library meets
        raise InputError(f"{source} is no HDF5 file that can be read ({reason(error)})") from error


def child(group: Any, name: str) -> Any:
    """What a file or group holds under a name; None for nothing, and for links, which may lead anywhere."""
    import h5py

    # Asking whether a name is there, or for what it means, would already follow a link into another file.
    return group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None


def dataset(group: Any, name: str, where: str, kinds: str = "fiub") -> AnyArray:
    """One dataset as an array.

    Args:
        group: an opened file or group.
        name: the dataset's name in it.
        where: the file, for messages.
        kinds: letters of the accepted `dtype.kind`s; "S" also takes texts of any length.

    Raises:
        InputError: no such dataset, one of another kind, one that is larger than `MAX_BYTES`, or one whose
            content lies in another file.
    """
    import h5py

    found = child(group, name)
    if found is None:
        raise InputError(f"{where} has no {name}; it holds {listed(group)}")
    if not isinstance(found, h5py.Dataset):
        raise InputError(f"{where}: {name} is no dataset")
    if found.external or found.is_virtual or found.shape is None:
        raise InputError(f"{where}: {name} is empty, or only a link to another file")
    is_text = h5py.check_string_dtype(found.dtype) is not None
    if (("S" if is_text else found.dtype.kind) not in kinds) or (found.dtype.kind == "O" and not is_text):
        raise InputError(f"{where}: {name} holds {quoted(found.dtype)}")
    # Numbers become doubles, and are there twice while they do.
    size = math.prod(found.shape) * max(found.dtype.itemsize, AS_DOUBLES_BYTES)
    check_unpacked(size, Path(found.file.filename), f"{where}: {name}")
    array: AnyArray = np.asarray(found[()])
    return array


def texts(group: Any, name: str, where: str) -> list[str]:
    """A dataset of texts; InputError as `dataset`, or where they are not UTF-8."""
    values = dataset(group, name, where, "S").ravel().tolist()
    return [_text(value, f"{where}: {name}") for value in values]


def text_attribute(item: Any, name: str) -> bytes:
    """An attribute that holds a text, as bytes; empty where there is none."""
    value = item.attrs.get(name, b"")
    if isinstance(value, str):
        value = value.encode()
    return value if isinstance(value, bytes) and len(value) <= MAX_TEXT_BYTES else b""


def _text(value: Any, where: str) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not text ({reason(error)})") from error
