"""Arrays out of a MATLAB 5 file. scipy reads these too, but trusts every byte of them and crashes.

A file is a header of 128 bytes and then elements: a tag (type and number of bytes) and data. Variables are
elements of type "matrix" made of elements themselves: flags that name a class, size, name, and then the
values, which a cell array has as matrices (MathWorks, "MAT-File Format", version 5). Arrays of numbers and
cells are read; MPI-INF-3DHP, whose files these are, has no others.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.files.guards import most_unpacked

__all__ = ["read_mat5"]

HEADER_BYTES = 128
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Types of elements whose data are numbers."""
CELL = 1
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""Classes of arrays of numbers. Their values may be stored as another type, a small double as a byte."""
COMPLEX = 0x800
DEEPEST, MOST_AXES = 50, 32
"""Cells inside of cells; axes of an array."""


class Element(NamedTuple):
    """Data of one type."""

    kind: int
    data: memoryview


def read_mat5(path: Path, names: Collection[str]) -> dict[str, AnyArray]:
    """Variables of these names that are there: numbers, or cells as arrays of objects.

    Raises:
        InputError: a damaged file, one that unpacks to far more than its size justifies, or a variable that
            is neither numbers nor cells.
    """
    content = memoryview(path.read_bytes())
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:HEADER_BYTES]))
    if order is None:
        raise InputError(f"{path} is not a MATLAB 5 file that can be read: the order of its bytes is missing")
    reader = _Reader(path, order)
    found = {}
    for element in reader.elements(content[HEADER_BYTES:]):
        for kind, data in reader.unpacked(element):
            if kind == MATRIX and (name := reader.name(data)) in names:
                found[name] = reader.array(data, name)
    return found


class _Reader:
    """Reads the elements of one file; `order` of bytes is "<" or ">"."""

    def __init__(self, path: Path, order: str) -> None:
        self.path = path
        self.order = order

    def elements(self, block: memoryview) -> Iterator[Element]:
        """The elements that fill a block."""
        place = 0
        while place < len(block):
            if len(block) - place < 8:
                raise self._damaged("it ends within an element")
            kind, size = struct.unpack_from(f"{self.order}II", block, place)
            small = kind >> 16  # up to four bytes stand in the tag itself
            start, end = (place + 4, place + 4 + small) if small else (place + 8, place + 8 + size)
            kind &= 0xFFFF
            if end > (place + 8 if small else len(block)):
                raise self._damaged(f"an element of type {kind} with {small or size} bytes")
            yield Element(kind, block[start:end])
            # whatever is not compressed ends at a multiple of eight bytes
            place = place + 8 if small else end + (-size % 8 if kind != COMPRESSED else 0)

    def unpacked(self, element: Element) -> Iterator[Element]:
        """The element, or those in it if it is compressed."""
        if element.kind != COMPRESSED:
            yield element
            return
        allowed = most_unpacked(len(element.data))
        inflater = zlib.decompressobj()
        try:
            content = inflater.decompress(element.data, allowed)
        except zlib.error as error:
            raise self._damaged(str(error)) from None
        if inflater.unconsumed_tail:
            raise self._damaged(f"an element unpacks to more than {allowed:,} bytes")
        yield from self.elements(memoryview(content))

    def name(self, matrix: memoryview) -> str:
        """Name of a variable, "" if it has none."""
        name = next(islice(self.elements(matrix), 2, None), None)
        return "" if name is None else bytes(name.data).decode("latin-1")

    def array(self, matrix: memoryview, where: str, depth: int = 0) -> AnyArray:
        """What a matrix holds; `where` names it in messages."""
        if depth > DEEPEST:
            raise self._damaged(f"{where} has cells in cells, more than {DEEPEST} deep")
        if not len(matrix):
            return np.zeros((0, 0))
        parts = list(self.elements(matrix))
        if [part.kind for part in parts[:3]] != [UINT32, INT32, INT8] or len(parts[0].data) != 8:
            raise self._damaged(f"{where} does not begin with flags, size and name")
        flags = struct.unpack_from(f"{self.order}I", parts[0].data)[0]
        shape = self._shape(parts[1].data, where)
        if flags & 0xFF == CELL:
            return self._cells(parts[3:], shape, where, depth)
        if flags & 0xFF not in CLASSES or flags & COMPLEX:
            raise InputError(f"{self.path}: {where} is neither an array of real numbers nor of cells")
        return self._numbers(parts[3:], shape, CLASSES[flags & 0xFF], where)

    def _shape(self, data: memoryview, where: str) -> tuple[int, ...]:
        shape = tuple(np.frombuffer(data[: len(data) // 4 * 4], f"{self.order}i4").tolist())
        if not 2 <= len(shape) <= MOST_AXES or min(shape) < 0:
            raise self._damaged(f"{where} has a shape of {len(shape)} axes, {min(shape, default=0)} long")
        return shape

    def _cells(self, cells: list[Element], shape: tuple[int, ...], where: str, depth: int) -> AnyArray:
        if len(cells) != math.prod(shape) or any(cell.kind != MATRIX for cell in cells):
            raise self._damaged(f"{where} has {len(cells)} cells for a shape of {shape}")
        values = np.empty(len(cells), dtype=object)
        for place, cell in enumerate(cells):
            values[place] = self.array(cell.data, where, depth + 1)
        return values.reshape(shape, order="F")

    def _numbers(self, parts: list[Element], shape: tuple[int, ...], kind: str, where: str) -> AnyArray:
        if len(parts) != 1 or parts[0].kind not in NUMBERS:
            raise self._damaged(f"{where} has no numbers")
        stored = np.dtype(self.order + NUMBERS[parts[0].kind])
        if len(parts[0].data) != math.prod(shape) * stored.itemsize:
            raise self._damaged(f"{where} has {len(parts[0].data)} bytes for a shape of {shape}")
        return np.frombuffer(parts[0].data, stored).astype(kind).reshape(shape, order="F")

    def _damaged(self, how: str) -> InputError:
        return InputError(f"{self.path} is damaged: {how}")
