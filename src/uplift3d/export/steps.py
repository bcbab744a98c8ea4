"""Steps of walking people as a table, `.csv`: a row per step, in seconds and metres."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from pathlib import Path

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable
from uplift3d.files.text import read_cells
from uplift3d.post.gait import Step

COLUMNS = (
    *("person", "side", "start_s", "toe_off_s", "heel_strike_s"),
    *("step_time_s", "step_length_m", "step_speed_m_per_s"),
)


def check_steps_output(path: str | os.PathLike[str]) -> Path:
    """The path, which must end in .csv and be a place to write; InputError otherwise."""
    return check_writable(path, (".csv",))


def save_steps(path: str | os.PathLike[str], steps: Sequence[Step]) -> Path:
    """Write `post.find_steps` to a table; of no steps it is the header alone.

    Raises:
        InputError: a place that cannot be written, or another suffix than .csv.
    """
    target = check_steps_output(path)
    with atomic_write(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for step in steps:
            numbers = (step.start_s, step.toe_off_s, step.heel_strike_s)
            measures = (step.time_s, step.length_m, step.speed_m_per_s)
            cells = ("" if math.isnan(value) else f"{value:.4f}" for value in (*numbers, *measures))
            writer.writerow([step.person, step.side, *cells])
    return target


def load_steps(path: str | os.PathLike[str]) -> list[Step]:
    """Read what `save_steps` wrote.

    Raises:
        InputError: no such file, or no table of steps.
    """
    header, *rows = read_cells(path, "steps as .csv") or [[]]
    if tuple(header) != COLUMNS:
        raise InputError(f"{path}: not a table of steps, whose columns are {', '.join(COLUMNS)}")
    try:
        return [
            Step(int(who), side, float(start), float(off or "nan"), float(strike), float(length))
            for who, side, start, off, strike, _, length, _ in rows
        ]
    except ValueError as error:
        raise InputError(f"{path}: not a table of steps ({error})") from error
