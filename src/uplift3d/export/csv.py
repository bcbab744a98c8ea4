"""`.csv`: a tidy table for spreadsheets, R and pandas; micrometres, empty cells where there is no value.

It keeps positions, times, people, observed, root and uncertainty; `meta` has no place in it. Columns of a
file in world axes are named so (`x_world_m`); read again it is as a level camera would see it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.export.table import (
    COLUMNS,
    IN_WORLD,
    REQUIRED,
    ROOT_XYZ,
    SIGMA,
    XYZ,
    from_columns,
    plain_names,
    to_columns,
)
from uplift3d.export.world import OF_UNKNOWN_CAMERA
from uplift3d.files.guards import regular_file
from uplift3d.files.text import MAX_TEXT_BYTES
from uplift3d.types import Motion3D

LENGTHS = (*XYZ, *ROOT_XYZ, SIGMA, *IN_WORLD.values())
DECIMALS = 6  # of a metre


def write(path: Path, motion: Motion3D) -> None:
    """Write the header and one row per person, time and joint."""
    columns = to_columns(motion)
    texts = [_texts(name, values.tolist()) for name, values in columns.items()]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))


def read(path: Path) -> Motion3D:
    """Read what `write` wrote, also after a spreadsheet saved it again (byte-order mark, other row order)."""
    regular_file(path, "3D motions as .csv", MAX_TEXT_BYTES)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a table of 3D motion ({error})") from error
    header, in_world = plain_names(header)
    if missing := [name for name in REQUIRED if name not in header]:
        raise InputError(f"{path}: not a table of 3D motion, columns {', '.join(missing)} missing")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise InputError(f"{path}, line {number}: {len(row)} cells, the header has {len(header)}")
    cells = zip(*rows, strict=True) if rows else [()] * len(header)
    by_name = dict(zip(header, cells, strict=True))
    columns = {name: _parse(name, by_name[name], path) for name in COLUMNS if name in by_name}
    try:
        return from_columns(columns, meta=OF_UNKNOWN_CAMERA if in_world else {})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _texts(name: str, values: list[Any]) -> Iterable[str]:
    if name in LENGTHS:
        return (f"{value:.{DECIMALS}f}" if math.isfinite(value) else "" for value in values)
    return (str(int(value)) if name == "observed" else str(value) for value in values)


def _parse(name: str, cells: Iterable[str], path: Path) -> AnyArray:
    if name == "joint":
        return np.array(list(cells), dtype=object)
    values = []
    for number, cell in enumerate(cells, start=2):
        try:
            values.append(float(cell) if cell else math.nan)
        except ValueError:
            raise InputError(f"{path}, line {number}: {cell!r} in column {name} is not a number") from None
    array = np.array(values, dtype=np.float64)
    if name in ("person", "observed") and not np.isfinite(array).all():
        raise InputError(f"{path}: column {name} has empty cells, expected whole numbers")
    return array.astype(np.int64) if name == "person" else array
