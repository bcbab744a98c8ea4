"""Does a file hold all that its outermost structure announces?

Frame counts in headers are no evidence: they include frames that an edit list hides and empty ones that stand
for dropped frames. The sizes of the outermost parts are: a copy that broke off is shorter than they say.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067  # Matroska element identifiers (RFC 9559)


def is_cut_off(path: Path) -> bool:
    """True when an outermost part of an MP4/MOV, AVI or Matroska file is longer than the file.

    False for whole files, for other formats, and for files written without sizes (live recordings).
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        if head[:4] == b"RIFF":
            return _riff_end(file, length) > length
        if head[:4] == _EBML.to_bytes(4, "big"):
            return _matroska_end(file) > length
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp"):
            return _boxes_end(file, length) > length
    return False


def _boxes_end(file: BinaryIO, length: int) -> int:
    """Where the last outermost box ends (ISO 14496-12, 4.2); each is 32-bit size, type, maybe 64-bit size."""
    position = 0
    while position + 8 <= length:
        file.seek(position)
        header = file.read(16)
        size = struct.unpack(">I", header[:4])[0]
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if size < 8:  # 0 means up to the end of the file, others are damage
            return length
        position += size
    return position


def _riff_end(file: BinaryIO, length: int) -> int:
    """Where the last RIFF chunk ends; large AVI files are a row of them."""
    position = 0
    while position + 12 <= length:
        file.seek(position)
        header = file.read(8)
        if header[:4] != b"RIFF":
            return position
        position += 8 + struct.unpack("<I", header[4:])[0]
        position += position % 2
    return position - position % 2


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends, 0 where its size is left open."""
    for wanted in (_EBML, _SEGMENT):
        if int.from_bytes(file.read(4), "big") != wanted:
            return 0
        first = file.read(1)
        if not first or not first[0]:
            return 0
        extra = 8 - first[0].bit_length()  # leading zeros of the first byte: how many bytes follow it
        size = int.from_bytes(first + file.read(extra), "big") & ((1 << 7 * (extra + 1)) - 1)
        if size == (1 << 7 * (extra + 1)) - 1:
            return 0
        file.seek(size if wanted == _EBML else 0, 1)
    return file.tell() + size
