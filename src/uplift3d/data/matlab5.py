"""Are the elements of a MATLAB 5 file what they say? scipy's reader, in C, trusts their types and crashes.

A file is a header of 128 bytes and then elements: a tag (type and number of bytes) and data, those of type
"matrix" made of elements themselves (MathWorks, "MAT-File Format", version 5).
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from uplift3d.errors import InputError
from uplift3d.files.guards import most_unpacked

__all__ = ["check_elements"]

HEADER_BYTES = 128
TYPES = frozenset({*range(1, 8), 9, 12, 13, 14, 15, 16, 17, 18})
MATRIX, COMPRESSED = 14, 15
DEEPEST = 50
"""Matrices inside of matrices."""


def check_elements(path: Path) -> None:
    """Walk through all elements without reading their data.

    Raises:
        InputError: an element of no known type, one that is larger than what holds it, or compressed data
            that is damaged or unpacks to far more than the file justifies.
    """
    content = memoryview(path.read_bytes())
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:HEADER_BYTES]))
    if order is None:
        raise InputError(f"{path} is not a MATLAB 5 file that can be read: the order of its bytes is missing")
    _walk(content[HEADER_BYTES:], order, path, 0)


def _walk(block: memoryview, order: str, path: Path, depth: int) -> None:
    place = 0
    if depth > DEEPEST:
        raise InputError(f"{path} is damaged: matrices in matrices, more than {DEEPEST} deep")
    while place < len(block):
        if len(block) - place < 8:
            raise InputError(f"{path} is damaged: it ends within an element")
        kind, size = struct.unpack_from(f"{order}II", block, place)
        small = kind >> 16  # up to four bytes stand in the tag itself
        start, end = (place + 4, place + 4 + small) if small else (place + 8, place + 8 + size)
        kind &= 0xFFFF
        nested = kind == COMPRESSED and depth > 0  # only whole variables are compressed
        if kind not in TYPES or nested or end > (place + 8 if small else len(block)):
            raise InputError(f"{path} is damaged: an element of type {kind} with {small or size} bytes")
        if kind == MATRIX:
            _walk(block[start:end], order, path, depth + 1)
        if kind == COMPRESSED:
            _walk(memoryview(_inflated(block[start:end], path)), order, path, depth + 1)
        # whatever is not compressed ends at a multiple of eight bytes
        place = place + 8 if small else end + (-size % 8 if kind != COMPRESSED else 0)


def _inflated(packed: memoryview, path: Path) -> bytes:
    allowed = most_unpacked(len(packed))
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, allowed)
    except zlib.error as error:
        raise InputError(f"{path} is damaged: {error}") from None
    if inflater.unconsumed_tail:
        raise InputError(f"{path} is damaged: an element unpacks to more than {allowed:,} bytes")
    return content
