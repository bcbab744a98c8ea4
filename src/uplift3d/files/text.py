"""Plain text in: lines of a known number and length, tables of numbers."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError
from uplift3d.files.guards import reason, regular_file

MAX_TEXT_BYTES = 2 * 2**30


def read_lines(path: str | os.PathLike[str], what: str) -> list[str]:
    """The lines of a UTF-8 file, without their ends; with or without byte-order mark.

    Raises:
        InputError: no such file, larger than `MAX_TEXT_BYTES`, or not text.
    """
    source = regular_file(path, what, MAX_TEXT_BYTES)
    try:
        return source.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not text ({reason(error)})") from error


def read_cells(path: str | os.PathLike[str], what: str) -> list[list[str]]:
    """The cells of every row of a `.csv`; InputError as `read_lines`, and for a cell without end."""
    try:
        return list(csv.reader(read_lines(path, what)))
    except csv.Error as error:
        raise InputError(f"{os.fspath(path)}: not a table of {what} ({error})") from error


def encodable(value: Any) -> Any:
    """The same JSON-able value, "?" for what no file can hold as text: bytes of another code in a name."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {encodable(key): encodable(item) for key, item in value.items()}
    return [encodable(item) for item in value] if isinstance(value, list | tuple) else value


def number_table(rows: Sequence[Sequence[str]], columns: int, where: str, first_line: int) -> DoubleArray:
    """(rows, columns) from cells of text; empty ones are NaN.

    Args:
        rows: cells of every row; empty ones at its end may be left out.
        columns: how many a row has.
        where: the file, for messages.
        first_line: number of the first row's line in it, from 1.

    Raises:
        InputError: a row of more cells, or a cell that is no number; the line is named.
    """
    table = np.full((len(rows), columns), np.nan)
    for number, cells in enumerate(rows):
        if len(cells) > columns and any(cell.strip() for cell in cells[columns:]):
            raise InputError(
                f"{where}, line {first_line + number}: {len(cells)} cells, the header has {columns}"
            )
        try:
            kept = [float(cell) if cell.strip() else np.nan for cell in cells[:columns]]
        except ValueError as error:
            raise InputError(f"{where}, line {first_line + number}: {reason(error)}") from error
        table[number, : len(kept)] = kept
    return table
