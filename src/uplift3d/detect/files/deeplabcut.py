"""DeepLabCut's analysis of a video, `.csv` or `.h5`: a row per frame, columns by individual and body part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.detect.files.base import HDF5_MAGIC, Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person, frame_number
from uplift3d.errors import InputError
from uplift3d.files.guards import listed, quoted
from uplift3d.files.hdf5 import child, dataset, opened_hdf5, text_attribute, texts
from uplift3d.files.pickles import parse_pickle
from uplift3d.files.text import number_table, read_cells
from uplift3d.types import Keypoints2D

GROUP = "df_with_missing"
HEADER = ("scorer", "individuals", "bodyparts", "coords")
Column = tuple[str, str, str]
"""(individual, body part, coordinate); the individual is empty where there is one only."""


class DeepLabCutCsv:
    """Implements `KeypointFormat`."""

    name = "DeepLabCut .csv"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        return source.head.removeprefix(b"\xef\xbb\xbf").startswith(b"scorer,")

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        rows = read_cells(source.path, self.name)
        header = {row[0]: row[1:] for row in rows[:4] if row and row[0] in HEADER}
        if not {"bodyparts", "coords"} <= set(header):
            raise InputError(f"{where}: no rows bodyparts and coords above the numbers")
        parts, coords = header["bodyparts"], header["coords"]
        individuals = header.get("individuals", [""] * len(parts))
        if not len(parts) == len(coords) == len(individuals):
            raise InputError(f"{where}: its header's rows have different numbers of cells")
        columns = list(zip(individuals, parts, coords, strict=True))
        body = [row for row in rows[len(header) :] if row]
        numbers = [frame_number(row[0] if not row[0].isdigit() else int(row[0][:18]), where) for row in body]
        table = number_table([row[1:] for row in body], len(columns), where, len(header) + 1)
        return _keypoints(where, source, given, columns, numbers, table)


class DeepLabCutHdf5:
    """What pandas writes, read without pandas. Implements `KeypointFormat`."""

    name = "DeepLabCut .h5"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        if not source.head.startswith(HDF5_MAGIC):
            return False
        with opened_hdf5(source.path, "2D key-frames") as file:
            return child(file, GROUP) is not None

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = f"{source.path} ({self.name})"
        with opened_hdf5(source.path, self.name) as file:
            group = child(file, GROUP)
            is_table = child(group, "table") is not None
            columns, table = _table(group, where) if is_table else _fixed(group, where)
        return _keypoints(where, source, given, columns, range(len(np.atleast_1d(table))), table)


def _table(group: Any, where: str) -> tuple[list[Column], DoubleArray]:
    """pandas' "table": one dataset of records, its columns' names pickled in an attribute."""
    records = dataset(group, "table", where, "V")
    names = parse_pickle(
        text_attribute(child(group, "table"), "values_block_0_kind"), f"{where}: its columns"
    )
    if "values_block_0" not in (records.dtype.names or ()):
        raise InputError(f"{where}: its table has no block of values")
    return _columns(names, where), np.asarray(records["values_block_0"], dtype=np.float64)


def _fixed(group: Any, where: str) -> tuple[list[Column], DoubleArray]:
    """pandas' "fixed": the values, and for every level of the columns its names and the number of each."""
    values = dataset(group, "block0_values", where)
    levels = []
    for level in range(4):
        if child(group, f"block0_items_level{level}") is not None:
            names = texts(group, f"block0_items_level{level}", where)
            labels = dataset(group, f"block0_items_label{level}", where, "iu").ravel().tolist()
            if not all(0 <= label < len(names) for label in labels):
                raise InputError(f"{where}: its columns have no names")
            levels.append([names[label] for label in labels])
    return _columns(list(zip(*levels, strict=True)), where), np.asarray(values, dtype=np.float64)


def _columns(names: Any, where: str) -> list[Column]:
    """Columns from tuples (scorer, [individual,] body part, coordinate)."""
    columns = []
    for name in names if isinstance(names, list) else [None]:
        if not (
            isinstance(name, tuple) and len(name) in (3, 4) and all(isinstance(one, str) for one in name)
        ):
            raise InputError(
                f"{where}: a column called {quoted(name)}, expected scorer, bodypart and coordinate"
            )
        columns.append((name[1] if len(name) == 4 else "", name[-2], name[-1]))
    return columns


def _keypoints(
    where: str,
    source: Source,
    given: Given,
    columns: Sequence[Column],
    numbers: Sequence[int],
    table: DoubleArray,
) -> Keypoints2D:
    """Clip of a table (frames, columns), a track per individual."""
    if table.ndim != 2 or table.shape[1] != len(columns):
        raise InputError(f"{where}: {len(columns)} columns with names, values of shape {table.shape}")
    place = {column: index for index, column in enumerate(columns)}
    individuals = list(dict.fromkeys(column[0] for column in columns))
    # A body part that belongs to no individual ("single") is of the room, not of a person.
    individuals = [one for one in individuals if one != "single" or len(individuals) == 1]
    parts = list(dict.fromkeys(part for one, part, _ in columns if one in individuals))
    if missing := [
        part for part in parts for xy in "xy" if not any((i, part, xy) in place for i in individuals)
    ]:
        raise InputError(f"{where}: no x and y of {listed(missing)}")
    rate_hz, size = rate_and_size(where, given, None, None)
    layout = layout_of(where, len(parts), given.joints, parts)
    padded = np.concatenate([table, np.full((len(table), 1), np.nan), np.ones((len(table), 1))], axis=1)
    frames: dict[int, list[Person]] = {number: [] for number in numbers}
    for track, one in enumerate(individuals):
        pick = [[place.get((one, part, xy), len(columns)) for xy in "xy"] for part in parts]
        sure = [place.get((one, part, "likelihood"), len(columns) + 1) for part in parts]
        for number, row in zip(numbers, padded, strict=True):
            if np.isfinite(row[pick]).all(axis=-1).any():
                frames[number].append(Person(row[pick], row[sure], track))
    meta = {"source": source.path.name, "detector": "DeepLabCut", "individuals": individuals}
    return Clip(where, frames, layout, rate_hz, size, meta).keypoints()
