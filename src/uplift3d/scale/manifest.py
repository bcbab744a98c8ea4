"""The record of a batch: a row for every clip that was worked on, in Parquet.

While a batch runs, rows are written in parts (`manifest/000001-*.parquet`), so a killed one goes on where
it was; at its end they become `manifest.parquet`. Of several rows of a clip the last one counts.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from uplift3d.errors import InputError
from uplift3d.files.guards import reason
from uplift3d.files.json_text import parse_object
from uplift3d.scale.storage import Storage

NAME, PARTS, SETTINGS = "manifest.parquet", "manifest", "settings.json"
_PART = re.compile(r"(\d{1,9})(-[0-9a-f]+)?\.parquet")
SCHEMA = pa.schema(
    [
        ("input", pa.string()),
        ("status", pa.string()),  # done, nothing (nobody in view) or failed
        ("outputs", pa.list_(pa.string())),
        ("error", pa.string()),
        ("warnings", pa.string()),
        ("people", pa.int32()),
        ("poses", pa.int64()),
        ("looks", pa.int64()),
        ("duration_s", pa.float64()),
        ("detect_s", pa.float64()),
        ("lift_s", pa.float64()),
        ("model", pa.string()),
        ("model_hash", pa.string()),
        ("finished", pa.string()),
    ]
)


class Manifest:
    """The rows of a batch in a storage.

    Args:
        storage: where the results are.
        every_s: seconds after which new rows are written.

    Raises:
        InputError: a manifest that is damaged.
    """

    def __init__(self, storage: Storage, every_s: float = 5.0) -> None:
        self._storage, self._every_s = storage, every_s
        self._new: list[Mapping[str, Any]] = []
        self._written_at = time.monotonic()
        parts = sorted(storage.names(PARTS))
        self._parts = [f"{PARTS}/{part}" for part in parts if _PART.fullmatch(part)]
        numbers = [int(found[1]) for part in parts if (found := _PART.fullmatch(part))]
        self._next = 1 + max(numbers, default=0)
        self._own = secrets.token_hex(3)
        """Told apart from the parts of another batch on the same folder, none of which is written over."""

    def table(self) -> pa.Table:
        """All rows that are written, the last one of each clip."""
        tables = [self._read(name) for name in (NAME, *self._parts)]
        rows = pa.concat_tables([table for table in tables if table is not None] or [SCHEMA.empty_table()])
        last = {clip: row for row, clip in enumerate(rows["input"].to_pylist())}
        return rows.take(pa.array(sorted(last.values()), pa.int64()))

    def add(self, row: Mapping[str, Any]) -> None:
        """Note a row; it is written within a few seconds if more come, and at `close`."""
        self._new.append({name: row.get(name) for name in SCHEMA.names})
        if time.monotonic() - self._written_at >= self._every_s:
            self.flush()

    def flush(self) -> None:
        """Write what is noted."""
        if self._new:
            name = f"{PARTS}/{self._next:06}-{self._own}.parquet"
            self._storage.write(name, _bytes_of(pa.Table.from_pylist(self._new, SCHEMA)))
            self._parts.append(name)
            self._next += 1
            self._new = []
        self._written_at = time.monotonic()

    def close(self) -> None:
        """Make one file of all."""
        self.flush()
        if self._parts:
            self._storage.write(NAME, _bytes_of(self.table()))
            while self._parts:
                self._storage.remove(self._parts.pop())

    def _read(self, name: str) -> pa.Table | None:
        content = self._storage.read(name)
        if content is None:
            return None
        try:
            table = pq.read_table(io.BytesIO(content)).select(SCHEMA.names).cast(SCHEMA)
            table.validate(full=True)  # text that is no UTF-8 would be an error of whoever asks for it
            return table
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise InputError(f"{self._storage.path(name)} is no manifest ({reason(error)})") from error


def check_settings(storage: Storage, settings: Mapping[str, Any]) -> None:
    """Note how the results of a folder are made; InputError where some were made otherwise."""
    noted = storage.read(SETTINGS)
    if noted is None and (NAME in storage.names() or storage.names(PARTS)):
        raise InputError(
            f"{storage.url} holds results, but {SETTINGS}, which says how they were made, is gone; give "
            "another folder"
        )
    if noted is None:
        storage.write(SETTINGS, json.dumps(settings, indent=1).encode())
        return
    before = parse_object(noted, str(storage.path(SETTINGS)))
    differing = sorted(name for name in settings if before.get(name) != settings[name])
    if differing:
        raise InputError(
            f"{storage.url} holds results that were made with other settings ({', '.join(differing)}); give "
            f"another folder, or the settings in {storage.path(SETTINGS)}"
        )


def _bytes_of(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
