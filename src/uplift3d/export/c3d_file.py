"""The C3D format itself: a header, named parameters, and points over time (The C3D File Format, 2008).

Little-endian ("Intel") files, which all programs write today. Axes: T frames, M markers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.errors import InputError
from uplift3d.files.guards import quoted, reason, regular_file

Array = npt.NDArray[np.float64]

BLOCK = 512
MAGIC = 0x50
INTEL = 84
MAX_FRAMES = 65_535
MAX_MARKERS = 2_000
PER_PARAMETER = 255
"""Texts that one parameter holds; those after it are in LABELS2, LABELS3 …"""
LOW_BYTE = 255
MAX_FOURTH = 32_767
UNKNOWN = -1.0
"""Residual of a marker that was not seen."""
_HEADER = struct.Struct("<BBHHHHHfHHf")
_TEXT, _WHOLE, _REAL = -1, 2, 4

Parameters = Mapping[str, Any]
"""GROUP:NAME → texts, or a row of numbers."""


@dataclass(frozen=True)
class Points:
    """What a file holds of markers."""

    places: Array
    """(T, M, 3) in the file's units and axes, NaN where unknown."""
    rate_hz: float
    parameters: Parameters
    residuals: Array | None = None
    """(T, M) in the file's units, 0 where nothing is said; None: of nothing. Kept in 255 steps."""


def write_c3d(path: Path, points: Points) -> None:
    """Write points and parameters; POINT:USED, FRAMES, SCALE and DATA_START are added to them.

    The fourth number of a point is −1 where it is unknown, else a whole number whose low byte is the residual
    in steps of |SCALE| and whose high byte, the cameras that saw it, stays 0 as for all that was computed
    (c3d.org, notes for programmers; ezc3d takes the two bytes the other way round).
    """
    frames, markers = points.places.shape[:2]
    step, residuals = _steps(points)
    own = {
        "POINT:USED": [markers],
        "POINT:FRAMES": [frames],
        "POINT:SCALE": [-step],
        "POINT:RATE": [points.rate_hz],
        "ANALOG:USED": [0],
    }
    start = [0]
    content = _parameter_section({**points.parameters, **own, "POINT:DATA_START": start})
    start[0] = 2 + len(content) // BLOCK
    content = _parameter_section({**points.parameters, **own, "POINT:DATA_START": start})
    header = _HEADER.pack(2, MAGIC, markers, 0, 1, frames, 0, -step, start[0], 0, points.rate_hz)
    known = np.isfinite(points.places).all(axis=-1)
    fourth = np.where(known, residuals, UNKNOWN)
    data = np.concatenate([np.nan_to_num(points.places), fourth[..., None]], axis=-1).astype("<f4").tobytes()
    path.write_bytes(header.ljust(BLOCK, b"\0") + content + data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0"))


def _steps(points: Points) -> tuple[float, Array]:
    """The size of a step, 1 or the one that the largest residual needs, and how many (T, M) residuals are."""
    if points.residuals is None:
        return 1.0, np.zeros(points.places.shape[:2])
    sizes = np.nan_to_num(points.residuals)
    step = float(np.float32(max(1.0, float(sizes.max(initial=0.0)) / LOW_BYTE)))
    # One that is known does not become 0, which stands for nothing.
    return step, np.where(sizes > 0, np.clip(np.round(sizes / step), 1, LOW_BYTE), 0)


def _parameter_section(parameters: Parameters) -> bytes:
    groups = list(dict.fromkeys(name.partition(":")[0] for name in parameters))
    records = [_record(group, -number, b"\0") for number, group in enumerate(groups, start=1)]
    for name, values in parameters.items():
        group, _, own = name.partition(":")
        records.append(_record(own, groups.index(group) + 1, _value(values) + b"\0"))
    content = b"".join(records) + b"\0\0"
    blocks = -(-(len(content) + 4) // BLOCK)
    return (bytes([1, MAGIC, blocks, INTEL]) + content).ljust(blocks * BLOCK, b"\0")


def _record(name: str, number: int, content: bytes) -> bytes:
    """A group (negative number) or a parameter of one: name, distance to the next record, content."""
    return (
        struct.pack("<bb", len(name), number)
        + name.encode("ascii")
        + struct.pack("<H", len(content) + 2)
        + content
    )


def _value(values: Sequence[Any]) -> bytes:
    """Type, dimensions and content of a row of texts, whole numbers or reals."""
    if isinstance(values[0], str):
        longest = max(len(value) for value in values)
        texts = "".join(value.ljust(longest) for value in values).encode("ascii")
        return struct.pack("<bBBB", _TEXT, 2, longest, len(values)) + texts
    whole = isinstance(values[0], int)
    head = struct.pack("<bBB", _WHOLE if whole else _REAL, 1, len(values))
    return head + np.array(values, dtype="<u2" if whole else "<f4").tobytes()


def labels(names: Sequence[str]) -> dict[str, list[str]]:
    """POINT:LABELS, and POINT:LABELS2 and so on for more than one parameter holds."""
    parts = [list(names[start : start + PER_PARAMETER]) for start in range(0, len(names), PER_PARAMETER)]
    return {f"POINT:LABELS{number if number > 1 else ''}": part for number, part in enumerate(parts, start=1)}


def read_c3d(path: Path) -> Points:
    """Read the points of a file, in whole numbers or reals, with analog channels between them or not.

    Raises:
        InputError: not a C3D file, one of another processor, or a damaged one.
    """
    data = regular_file(path, "3D markers as .c3d").read_bytes()
    if len(data) < BLOCK or data[1] != MAGIC:
        raise InputError(f"{path}: not a C3D file")
    try:
        return _points(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (struct.error, ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: damaged as a C3D file ({reason(error)})") from error


def _points(data: bytes) -> Points:
    block, _, markers, analog, first, last, _, scale, start, _, rate_hz = _HEADER.unpack_from(data)
    parameters = dict(_parameters(data, (block - 1) * BLOCK))
    number = _numbers(parameters)
    frames = int(number("POINT:FRAMES", last - first + 1))
    markers = int(number("POINT:USED", markers))
    scale, rate_hz = number("POINT:SCALE", scale), number("POINT:RATE", rate_hz)
    if not 0 < markers <= MAX_MARKERS or not frames > 0 or not 0 < rate_hz < 1e6 or not np.isfinite(scale):
        raise InputError(f"it says {markers} markers, {frames} frames at {quoted(rate_hz)} Hz")
    begin = (int(number("POINT:DATA_START", start)) - 1) * BLOCK
    kind = np.dtype("<f4" if scale < 0 else "<i2")
    row = 4 * markers + analog
    if begin < BLOCK or begin + frames * row * kind.itemsize > len(data):
        raise InputError(f"it ends before its {frames} frames of {markers} markers do")
    table = np.frombuffer(data, kind, frames * row, begin).reshape(frames, row)[:, : 4 * markers]
    with np.errstate(invalid="ignore"):  # a signalling NaN
        values = table.reshape(frames, markers, 4).astype(np.float64)
    places = values[..., :3] * (1.0 if scale < 0 else scale)
    unknown = ~(values[..., 3] >= 0) | ~np.isfinite(places).all(axis=-1)
    places[unknown] = np.nan
    bytes_of = np.where(unknown | (values[..., 3] > MAX_FOURTH), 0, values[..., 3]).astype(np.int64)
    sigma = np.asarray((bytes_of & LOW_BYTE) * abs(float(scale)), dtype=np.float64)
    return Points(places, float(rate_hz), parameters, sigma)


def _numbers(parameters: Parameters) -> Any:
    """A function from a parameter's name to its first number, or else to what the header says."""

    def number(name: str, otherwise: float) -> float:
        values = parameters.get(name)
        return values[0] if values and not isinstance(values[0], str) else otherwise

    return number


def _parameters(data: bytes, start: int) -> Iterator[tuple[str, list[Any]]]:
    if data[start + 3] != INTEL:
        raise InputError(
            "it was written on a DEC or MIPS machine; accepted are files of today's (Intel) byte order"
        )
    end = min(len(data), start + BLOCK * data[start + 2])
    groups: dict[int, str] = {}
    found: list[tuple[int, str, int]] = []
    at = start + 4
    while at + 4 < end:
        length, number = struct.unpack_from("<bb", data, at)
        if length == 0:
            break
        name = data[at + 2 : at + 2 + abs(length)].decode("latin-1").strip().upper()
        after = at + 2 + abs(length)
        (step,) = struct.unpack_from("<H", data, after)
        if number < 0:
            groups[-number] = name
        else:
            found.append((number, name, after + 2))
        if step == 0:
            break
        at = after + step
    for number, name, place in found:
        yield f"{groups.get(number, '')}:{name}", _read_value(data, place)


def _read_value(data: bytes, at: int) -> list[Any]:
    kind, count = struct.unpack_from("<bB", data, at)
    sides = list(data[at + 2 : at + 2 + count])
    at += 2 + count
    total = math.prod(sides)
    if total > len(data) or kind not in (_TEXT, 1, _WHOLE, _REAL):
        raise InputError(f"a parameter of type {kind} with {quoted(total)} values")
    if kind == _TEXT:
        text = data[at : at + total].decode("latin-1")
        width = sides[0] if sides else 1
        return [text[n : n + width].strip() for n in range(0, total, width)] if width else []
    return list(np.frombuffer(data, {1: "u1", _WHOLE: "<u2", _REAL: "<f4"}[kind], total, at).tolist())
