"""Numpy's files in: plain arrays only, measured before they are allocated, and never a pickle."""

from __future__ import annotations

import io
import math
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.files.guards import (
    MAX_BYTES,
    check_size,
    check_unpacked,
    listed,
    quoted,
    reason,
    regular_file,
)

T = TypeVar("T")
_NPY: Any = np.lib.format  # its functions carry no types
_ENCRYPTED = 0x1
PICKLED = "pickled objects, which could run code and are refused; only plain arrays are accepted"


class Header(NamedTuple):
    """What an array in numpy's format says about itself."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    length: int
    """Bytes before the elements."""


def write_npz(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write an `.npz` without pickled content, compressed, whatever the name ends in.

    The archive is made in memory: one that a full disk cut short would complain again when it is forgotten.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type,unused-ignore]  # numpy 2: allow_pickle
    path.write_bytes(buffer.getbuffer())


def read_npz(
    path: str | os.PathLike[str],
    what: str,
    required: Sequence[str] = (),
    optional: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> dict[str, AnyArray]:
    """Arrays of an `.npz` file by name; nothing is ever unpickled.

    Args:
        path: the file.
        what: what it should hold, for the messages ("2D key-frames").
        required: names that must be there.
        optional: further names to read if they are there; None reads everything.
        max_bytes: largest file, and largest size of all arrays read.

    Raises:
        InputError: no such file, not an `.npz`, missing names (all named), a damaged file, one that unpacks
            to more than `max_bytes`, or one with pickled content.
    """
    source = regular_file(path, f"{what} as .npz", max_bytes)
    if not zipfile.is_zipfile(source):
        found = "a pickle, which could run code and is refused" if _is_pickle(source) else "not an .npz file"
        raise InputError(f"{source} is {found}; accepted are {what} as .npz without pickled content")
    with opened_npz(source) as members:
        if missing := [name for name in required if name not in members]:
            raise InputError(
                f"{source} holds no {what}: {', '.join(missing)} missing; found {listed(sorted(members))}, "
                f"needed {', '.join(required)}"
            )
        wanted = [name for name in members if optional is None or name in (*required, *optional)]
        return members.read(wanted, max_bytes, read_array)


def read_npy(path: str | os.PathLike[str], what: str, max_bytes: int = MAX_BYTES) -> AnyArray:
    """The array of an `.npy` file; errors as for `read_npz`."""
    source = regular_file(path, f"{what} as .npy", max_bytes)
    with source.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise InputError(f"{source} is not an .npy file; accepted are {what} as .npy")
        file.seek(0)
        return read_array(file, source.stat().st_size, str(source))


class Members(dict[str, zipfile.ZipInfo]):
    """The arrays of an opened `.npz` by name, as the archive describes them."""

    def __init__(self, archive: zipfile.ZipFile, source: Path) -> None:
        entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        super().__init__({name: info for name, info in entries.items() if info.filename.endswith(".npy")})
        self.archive, self.source = archive, source

    def read(
        self, wanted: Sequence[str], max_bytes: int, read: Callable[[IO[bytes], int, str], T]
    ) -> dict[str, T]:
        """These members through `read(stream, size, where)`; their sizes are looked at before the first."""
        for name in wanted:
            if self[name].flag_bits & _ENCRYPTED:
                raise InputError(f"{self.source}: {name} is encrypted; accepted are open .npz files")
        total = sum(self[name].file_size for name in wanted)
        check_unpacked(total, self.source, f"{self.source}, unpacked,", max_bytes)
        values = {}
        for name in wanted:
            with self.archive.open(self[name]) as stream:
                values[name] = read(stream, self[name].file_size, f"{self.source}: {name}")
        return values


@contextmanager
def opened_npz(source: Path) -> Iterator[Members]:
    """The members of an `.npz` file; whatever a damaged archive raises inside the block is an InputError."""
    try:
        with zipfile.ZipFile(source) as archive:
            yield Members(archive, source)
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and lzma raise a dozen kinds on damage
        raise InputError(f"{source} is damaged ({reason(error)})") from error


def npz_names(path: Path) -> list[str]:
    """Names of the arrays in an `.npz` file; none for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            return list(Members(archive, path))
    except Exception:  # as above; whoever reads the file then says what is wrong with it
        return []


def read_array(stream: IO[bytes], size: int, where: str) -> AnyArray:
    """One plain array in numpy's own format from a stream of `size` bytes; `where` names it in messages."""
    header = read_header(stream, where)
    if header.dtype.hasobject:
        raise InputError(f"{where} holds {PICKLED}")
    if header.dtype.kind not in "biufcUS" or header.dtype.itemsize == 0:
        raise InputError(f"{where} holds {quoted(header.dtype)}; accepted are numbers and texts")
    itemsize = header.dtype.itemsize
    check_size(math.prod(side or 1 for side in header.shape) * itemsize, where)  # also of (10**9, 0)
    expected = math.prod(header.shape) * itemsize
    if expected != size - header.length or min(header.shape, default=0) < 0:
        raise InputError(
            f"{where} is damaged (its header announces {expected:,} bytes of shape {header.shape}, "
            f"{size - header.length:,} follow)"
        )
    content = bytearray(stream.read(expected))
    if len(content) != expected:
        raise InputError(f"{where} is damaged (it ends early)")
    array: AnyArray = np.ndarray(
        header.shape, header.dtype, content, order="F" if header.fortran_order else "C"
    )
    if array.dtype.kind == "U" and not _is_text(array):
        raise InputError(f"{where} is damaged (a text with characters that do not exist)")
    return array


def read_header(stream: IO[bytes], where: str) -> Header:
    """What stands before an array's elements; the stream is left at them. InputError where it is damaged."""
    try:
        start = stream.tell()
        version = _NPY.read_magic(stream)
        read = _NPY.read_array_header_1_0 if version == (1, 0) else _NPY.read_array_header_2_0
        shape, fortran_order, dtype = read(stream)
        return Header(tuple(int(side) for side in shape), bool(fortran_order), dtype, stream.tell() - start)
    except Exception as error:  # numpy parses the header as Python: SyntaxError, TokenError, RecursionError …
        raise InputError(f"{where} is damaged ({reason(error)})") from error


def text_of(array: AnyArray, where: str) -> str:
    """The text in an array that should hold one; InputError where it holds anything else."""
    if array.shape != () or array.dtype.kind != "U":
        raise InputError(f"{where} must be one text, not {array.dtype} of shape {array.shape}")
    return str(array)


def _is_text(array: AnyArray) -> bool:
    """Whether all letters exist: numpy takes any number for one, and fails on it much later."""
    codes = np.frombuffer(array.tobytes(), ">u4" if array.dtype.str.startswith(">") else "<u4")
    surrogate = (codes >= 0xD800) & (codes <= 0xDFFF)
    return not (surrogate | (codes > sys.maxunicode)).any()


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == b"\x80"


def as_names(values: Iterable[object], where: str, limit: int) -> AnyArray:
    """Texts as one of numpy's arrays (n,), in which every row takes as much memory as the longest.

    Raises:
        InputError: a text of more than `limit` characters.
    """
    names = [str(value) for value in values]
    longest = max(map(len, names), default=0)
    if longest > limit:
        raise InputError(f"{where} holds a text of {longest} characters; accepted are {limit}")
    return np.array(names, dtype=str)
