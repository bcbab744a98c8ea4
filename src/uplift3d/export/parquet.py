"""`.parquet`: the tidy table of `.csv`, exact and compact, with `meta` in the file's own metadata.

Needs pyarrow (`pip install 'uplift3d[export]'`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as arrow
from pyarrow import parquet

from uplift3d.errors import InputError
from uplift3d.export.meta import meta_from_json, meta_to_json
from uplift3d.export.table import COLUMNS, IN_WORLD, from_columns, plain_names, to_columns
from uplift3d.export.world import OF_UNKNOWN_CAMERA
from uplift3d.files.guards import check_unpacked, quoted, reason, regular_file
from uplift3d.types import Motion3D


def write(path: Path, motion: Motion3D) -> None:
    """Write the table; null where there is no value."""
    columns = {name: arrow.array(values, from_pandas=True) for name, values in to_columns(motion).items()}
    columns["joint"] = columns["joint"].dictionary_encode()
    metadata = {"joints": motion.joints, "meta": meta_to_json(motion)}
    parquet.write_table(arrow.table(columns).replace_schema_metadata(metadata), path)


def read(path: Path) -> Motion3D:
    """Read what `write` wrote; a table without our metadata gets its joint set by the joints' names."""
    regular_file(path, "3D motions as .parquet")
    try:
        file = parquet.ParquetFile(path)
        check_unpacked(file.metadata.num_rows * len(COLUMNS) * 8, path, f"{path}, unpacked,")
        names, in_world = plain_names(file.schema_arrow.names)
        own = {name: IN_WORLD[name] if in_world and name in IN_WORLD else name for name in names}
        for name in COLUMNS:
            if name in names:
                _check_kind(file.schema_arrow.field(own[name]), text=name == "joint")
        table = file.read([own[name] for name in COLUMNS if name in names])
        columns = {name: table[own[name]].to_numpy() for name in COLUMNS if name in names}
        extra = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    except InputError as error:
        raise InputError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from error
    except Exception as error:  # pyarrow raises a dozen kinds on damage
        raise InputError(f"{path}: not a parquet file ({reason(error)})") from error
    meta = meta_from_json(extra.get("meta", json.dumps({})), path)
    if in_world:
        meta = {**OF_UNKNOWN_CAMERA, **meta}
    try:
        return from_columns(columns, meta, extra.get("joints"))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _check_kind(field: Any, *, text: bool) -> None:
    """InputError for a column whose values would become objects of Python, a hundred bytes for each."""
    kind = field.type.value_type if arrow.types.is_dictionary(field.type) else field.type
    texts = (arrow.types.is_string, arrow.types.is_large_string)
    numbers = (arrow.types.is_integer, arrow.types.is_floating, arrow.types.is_boolean)
    if not (arrow.types.is_null(kind) or any(fits(kind) for fits in (texts if text else numbers))):
        needed = "texts" if text else "numbers"
        raise InputError(f"column {field.name} holds {quoted(str(field.type))}, {needed} needed")
