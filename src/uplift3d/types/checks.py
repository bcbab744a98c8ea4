"""What both containers ask of their fields, and what they do with them.

Axes: P people, K key-frames, T output times, J joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.files.guards import listed, quoted
from uplift3d.skeletons import JointSet

Number = TypeVar("Number", bound=np.floating[Any])

MAX_PX = 1e9
"""Farther out nothing is a place in an image."""
MAX_HINT_M = 10.0
"""Farther from the pelvis no joint is; millimetres are."""
MAX_M = 1e7
"""Farther from the pelvis, or with the pelvis farther away, nothing is a pose."""
MAX_TIME_S, MIN_STEP_S = 1e11, 1e-7
"""Times are seconds from anywhere, since 1970 too; milliseconds since then are not. What is closer together
than this is no video."""
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1e-4, 1e4
"""A picture every three hours, and what the fastest cameras of laboratories take."""
MAX_POSES = 3_000_000
"""Of all people together in one motion: 28 hours of one at 30 Hz, a gigabyte or more."""


def numbers(what: str, name: str, values: Any, dtype: type[Number]) -> npt.NDArray[Number]:
    """A copy as an array; InputError for what holds anything but numbers, or rows of different lengths."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":  # times with units of their own would become bare numbers
            raise TypeError(f"{given.dtype} given")
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is reported
            return np.array(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what}: {name} must be numbers in rows of equal length ({error})") from error


def array_problems(positions: FloatArray, times: TimeArray, joints: JointSet, dims: int) -> list[str]:
    """What is wrong with shapes and times: positions (P, K or T, J, dims), times (K or T,)."""
    problems = []
    letters = "K" if dims == 2 else "T"
    if positions.ndim != 4 or positions.shape[2:] != (len(joints), dims):
        problems.append(
            f"positions have shape {positions.shape}, expected (people, {letters}, {len(joints)} joints of "
            f"{joints.name!r}, {dims})"
        )
    if np.isinf(positions).any():
        problems.append("positions hold infinite values; mark an unseen joint as NaN")
    elif dims == 2 and (np.abs(positions) > MAX_PX).any():
        problems.append(
            f"positions reach {np.nanmax(np.abs(positions)):.2g} pixels; mark an unseen joint as NaN"
        )
    elif dims == 3 and (np.abs(positions) > MAX_M).any():
        problems.append(f"positions reach {np.nanmax(np.abs(positions)):.2g} m; mark an unseen joint as NaN")
    if times.ndim != 1:
        problems.append(f"times have shape {times.shape}, expected ({letters},)")
    elif positions.ndim == 4 and len(times) != positions.shape[1]:
        problems.append(f"{len(times)} times for {positions.shape[1]} frames of positions")
    if times.ndim == 1 and not np.isfinite(times).all():
        problems.append(f"times hold {int((~np.isfinite(times)).sum())} NaN or infinite values")
    elif times.ndim == 1 and (np.diff(times) <= 0).any():
        place = int(np.argmax(np.diff(times) <= 0))
        problems.append(
            f"times must increase strictly, but times[{place + 1}] = {times[place + 1]:g} s follows "
            f"{times[place]:g} s"
        )
    elif times.ndim == 1 and len(times) and np.abs(times).max() > MAX_TIME_S:
        problems.append(f"times reach {np.abs(times).max():.2g} s; are they in milliseconds?")
    elif times.ndim == 1 and len(times) > 1 and np.diff(times).min() < MIN_STEP_S:
        problems.append(f"times are {np.diff(times).min():.2g} s apart; are they in seconds?")
    return problems


def check_rate(what: str, rate_hz: object) -> None:
    """InputError for what is no rate of pictures or poses; `what` names it."""
    number = isinstance(rate_hz, int | float | np.number) and not isinstance(rate_hz, bool)
    if not (number and LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ):  # type: ignore[operator]
        raise InputError(
            f"{what} is {quoted(rate_hz)}; accepted are {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz"
        )


def checked_hint(given: Any, shape: tuple[int, ...], problems: list[str]) -> FloatArray | None:
    """A depth hint for joints of `shape` (P, K, J), whole joints NaN where a part is."""
    if given is None:
        return None
    hint = numbers("Keypoints2D", "depth_hint", given, np.float32)
    if hint.shape != (*shape, 3):
        problems.append(f"depth_hint has shape {hint.shape}, expected {(*shape, 3)} as positions, in 3D")
        return hint
    hint[np.isnan(hint).any(axis=-1)] = np.nan
    if (np.abs(hint) > MAX_HINT_M).any():
        problems.append(
            f"depth_hint reaches {np.nanmax(np.abs(hint)):.2g} m from the pelvis, accepted are "
            f"{MAX_HINT_M:g}; is it in millimetres? Where there is none it is NaN"
        )
    return hint


def checked_video_times(given: Any, problems: list[str]) -> TimeArray | None:
    """Times of all frames of the video; what is wrong with them goes to `problems`."""
    if given is None:
        return None
    times = numbers("Keypoints2D", "video_times", given, np.float64)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        problems.append("video_times must be one row of finite seconds that increase strictly")
    return times


def checked_image_size(size: Any, problems: list[str]) -> tuple[int, ...]:
    """(width, height); what is wrong with it goes to `problems`."""
    try:
        sides = () if isinstance(size, str) else tuple(int(side) for side in size)
        sides = sides if all(side == given for side, given in zip(sides, size, strict=True)) else ()
    except (TypeError, ValueError, OverflowError):
        sides = ()
    if len(sides) != 2 or min(sides) <= 0:
        problems.append(f"image_size is {size}, expected (width, height) in pixels, both above 0")
    return sides


def checked_people(people: npt.ArrayLike | None, count: int, problems: list[str]) -> IntArray:
    """(P,) track ids, 0 … P-1 where none are given; what is wrong goes to `problems`."""
    try:
        ids = np.arange(count) if people is None else np.array(people, dtype=np.int64)
        if people is not None and not (ids == np.asarray(people)).all():
            raise ValueError("parts of a number")
    except (TypeError, ValueError, OverflowError):
        problems.append(f"people is {people!r}, expected {count} different whole numbers")
        return np.arange(count)
    if ids.shape != (count,) or len(np.unique(ids)) != count:
        problems.append(f"people is {ids.tolist()}, expected {count} different track ids")
    return ids


def rows_of(known: IntArray, people: Sequence[int]) -> list[int]:
    """Where these track ids stand; InputError names those that there are not."""
    ids = known.tolist()
    missing = [person for person in people if person not in ids]
    if missing:
        raise InputError(f"there is no person {listed(missing)}; the people are {listed(ids)}")
    return [ids.index(person) for person in people]


def between(times: TimeArray, start_s: float | None, end_s: float | None) -> BoolArray:
    """(T,) True for the times from start to end."""
    inside: BoolArray = np.full(len(times), True)
    if start_s is not None:
        inside &= times >= start_s
    if end_s is not None:
        inside &= times <= end_s
    if not inside.any():
        last = "" if end_s is None else f" to {end_s:g} s"
        raise InputError(f"nothing from {start_s or 0:g} s{last or ' on'}; there is {span(times)}")
    return inside


def refuse(what: str, problems: list[str]) -> None:
    """InputError with all problems in one sentence, if there are any."""
    if problems:
        raise InputError(f"{what}: {'; '.join(problems)}")


def freeze(container: object, **arrays: AnyArray | None) -> None:
    """Store validated arrays on a frozen container, read-only so that no stage changes another's input."""
    for name, array in arrays.items():
        if array is not None:
            array.setflags(write=False)
        object.__setattr__(container, name, array)


def span(times: TimeArray) -> str:
    """First and last time in words."""
    return f"{times[0]:.2f}–{times[-1]:.2f} s" if len(times) else "no times"
