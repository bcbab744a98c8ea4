"""What a file holds, checked where it is read: pickled files of the field may hold anything anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError

__all__ = ["as_entries", "as_number", "as_numbers", "as_table", "check_finite"]


def as_table(value: Any, where: str) -> Mapping[Any, Any]:
    """A dictionary; InputError says `where` there is something else."""
    if not isinstance(value, Mapping):
        raise InputError(f"{where} is of type {type(value).__name__}, expected a dictionary")
    return value


def as_entries(value: Any, where: str) -> Sequence[Any]:
    """A list, tuple or array with entries; InputError says `where` there is something else."""
    if not isinstance(value, (list, tuple)) and not (isinstance(value, np.ndarray) and value.ndim):
        raise InputError(f"{where} is of type {type(value).__name__}, expected a list")
    return value  # type: ignore[return-value]  # an array has what is needed of a sequence


def as_numbers(value: Any, where: str) -> AnyArray:
    """An array of real numbers (or of truth values); InputError says `where` there is something else."""
    try:
        array = np.asarray(value)
        array = array.astype(np.float64) if array.dtype == object else array
    except (TypeError, ValueError, OverflowError):
        array = np.asarray("")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{where}: numbers expected, something else found")
    return array


def as_number(value: Any, where: str) -> float:
    """One real number; InputError says `where` there is something else."""
    array = as_numbers(value, where)
    if array.size != 1:
        raise InputError(f"{where}: one number expected, {array.size} found")
    return float(array.item())


def check_finite(frames: AnyArray, where: str) -> None:
    """Refuse (T, …) numbers that are not all finite; InputError says `where`, and in which frame first."""
    bad = ~np.isfinite(frames).all(axis=tuple(range(1, frames.ndim)))
    if bad.any():
        raise InputError(
            f"{where} that are not all finite numbers, first in frame {int(np.argmax(bad))} (counted from 0)"
        )
