"""`.jsonl`: a line for every moment, as `uplift3d stream` writes them while it plays (`sinks.JsonLines`).

To a tenth of a millisecond and of a millimetre; how sure joints are, and most of `meta`, are not in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.errors import InputError
from uplift3d.export.meta import described
from uplift3d.export.sinks import FORMAT, JsonLines
from uplift3d.files.guards import check_unpacked, quoted
from uplift3d.files.json_text import parse_object
from uplift3d.files.text import read_lines
from uplift3d.skeletons import JOINT_SETS, joint_set
from uplift3d.types import Motion3D

SAID = ("units", "axes", "latency_s", "model")
"""What the first line says besides joints and bones."""


def write(path: Path, motion: Motion3D) -> None:
    """Write the lines that a stream would have written."""
    lines = JsonLines(path)
    try:
        lines.write(replace(motion, meta=described(motion)))
    finally:
        lines.close()


def read(path: Path) -> Motion3D:
    """Read a recording; what a line that was cut off at the end would have said is left out."""
    lines = read_lines(path, "a recorded stream as .jsonl")
    if lines and not _ends_with_a_line(path):
        lines = lines[:-1]
    if not lines:
        raise InputError(f"{path}: holds no line of a recorded stream")
    head = parse_object(lines[0], f"{path}: line 1")
    if head.get("format") != FORMAT:
        raise InputError(f'{path}: not a recorded stream, whose first line has "format": {FORMAT!r}')
    joints = _joints(head.get("joints"), path)
    moments = [parse_object(line, f"{path}: line {n}") for n, line in enumerate(lines[1:], start=2)]
    try:
        return _motion(moments, joints, {key: head[key] for key in SAID if key in head}, path)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InputError(f"{path}: not a recorded stream ({error})") from error


def _motion(moments: Sequence[Mapping[str, Any]], joints: str, meta: dict[str, Any], path: Path) -> Motion3D:
    people = list(dict.fromkeys(one["id"] for moment in moments for one in moment["people"]))
    rows = {who: row for row, who in enumerate(people)}
    shape = (len(people), len(moments), len(joint_set(joints)), 3)
    check_unpacked(4 * int(np.prod(shape)), path, f"{path} with {len(people)} people")
    positions, root = np.full(shape, np.nan, np.float32), np.full((*shape[:2], 3), np.nan, np.float32)
    observed = np.zeros(shape[:2], dtype=bool)
    for time, moment in enumerate(moments):
        for one in moment["people"]:
            row = rows[one["id"]]
            positions[row, time] = one["positions_m"]
            observed[row, time] = one["observed"] is True
            if one["root_m"] is not None:
                root[row, time] = one["root_m"]
    return Motion3D(
        positions=positions,
        times=[moment["time_s"] for moment in moments],  # type: ignore[arg-type]  # checked by the type
        root=root if np.isfinite(root).any() else None,
        observed=observed,
        people=people,  # type: ignore[arg-type]
        joints=joints,
        meta=meta,
    )


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _joints(names: object, path: Path) -> str:
    """The joint set of these names."""
    for name in JOINT_SETS:
        if names == list(joint_set(name).joints):
            return name
    raise InputError(f"{path}: its joints are those of no known set: {quoted(names)}")
