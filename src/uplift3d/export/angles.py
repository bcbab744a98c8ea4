"""Joint angles as a table, `.csv`: a row per person and time, a column per angle, degrees.

Empty cells where there is no angle. Columns: person, time_s, then every name of `post.ANGLES` with `_deg`.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable
from uplift3d.files.guards import check_unpacked
from uplift3d.files.text import number_table, read_cells
from uplift3d.post.angles import Angles

DECIMALS = 3
UNIT = "_deg"


def check_angles_output(path: str | os.PathLike[str]) -> Path:
    """The path, which must end in .csv and be a place to write; InputError otherwise."""
    return check_writable(path, (".csv",))


def save_angles(path: str | os.PathLike[str], angles: Angles) -> Path:
    """Write `post.joint_angles` to a table.

    Raises:
        InputError: a place that cannot be written, or another suffix than .csv.
    """
    target = check_angles_output(path)
    with atomic_write(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["person", "time_s", *(f"{name}{UNIT}" for name in angles.names)])
        for person, rows in zip(angles.people.tolist(), angles.degrees, strict=True):
            for time, row in zip(angles.times.tolist(), rows.tolist(), strict=True):
                cells = ["" if np.isnan(value) else f"{value:.{DECIMALS}f}" for value in row]
                writer.writerow([person, time, *cells])
    return target


def load_angles(path: str | os.PathLike[str]) -> Angles:
    """Read what `save_angles` wrote; people and times without a row are NaN.

    Raises:
        InputError: no such file, or no table of angles.
    """
    header, *rows = read_cells(path, "joint angles as .csv") or [[]]
    if header[:2] != ["person", "time_s"] or not all(name.endswith(UNIT) for name in header[2:]):
        raise InputError(
            f"{path}: not a table of joint angles: person, time_s and angles in …{UNIT} expected"
        )
    table = number_table(rows, len(header), str(path), 2)
    if not np.isfinite(table[:, :2]).all():
        raise InputError(f"{path}: person and time_s have empty cells, expected numbers")
    people, p = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    times, t = np.unique(table[:, 1], return_inverse=True)
    check_unpacked(8 * len(people) * len(times) * len(header), Path(path), str(path))
    degrees = np.full((len(people), len(times), len(header) - 2), np.nan)
    degrees[p, t] = table[:, 2:]
    return Angles(tuple(name.removesuffix(UNIT) for name in header[2:]), degrees, times, people)
