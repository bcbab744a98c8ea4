"""How the values of options are read: each reader says what it accepts."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from uplift3d.detect import Who

MAX_WHOLE_NUMBER = 10**9


def interval(text: str) -> float | Literal["adaptive"] | None:
    """Seconds above 0, 'adaptive', or None for 'all'."""
    if text == "adaptive":
        return "adaptive"
    return None if text == "all" else _number(text, "seconds above 0, 'adaptive', or 'all'")


def seconds_or_all(text: str) -> float | None:
    """Seconds above 0, or None for 'all'."""
    return None if text == "all" else _number(text, "seconds above 0, or 'all'")


def positive(text: str) -> float:
    """A finite number above 0."""
    return _number(text, "a number above 0")


def rate(text: str) -> float:
    """Pictures or poses per second."""
    from uplift3d.types.checks import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

    accepted = f"{LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} a second"
    value = _number(text, accepted)
    if not LOWEST_RATE_HZ <= value <= HIGHEST_RATE_HZ:
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: {accepted}")
    return value


def whole_number(text: str) -> int:
    """A whole number from 1 to a thousand million."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: a whole number above 0")
    if value > MAX_WHOLE_NUMBER:
        raise argparse.ArgumentTypeError(
            f"{text!r} given, accepted: a whole number up to {MAX_WHOLE_NUMBER:,}"
        )
    return value


def width_and_height(text: str) -> tuple[int, int]:
    """(width, height) from "1920x1080"."""
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) != 2 or not all(side.isdecimal() and 0 < int(side) < 100_000 for side in sides):
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: width and height in pixels, 1920x1080")
    return int(sides[0]), int(sides[1])


def people(text: str) -> Who:
    """'all', 'largest', or a whole number above 0."""
    if text == "all":
        return "all"
    if text == "largest":
        return "largest"
    try:
        return whole_number(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} given, accepted: all, largest, or a whole number above 0"
        ) from None


def _number(text: str, accepted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: {accepted}")
    return value


def moment(text: str) -> float:
    """Seconds from "12.5", "1:05" (minutes) or "1:02:03.5" (hours)."""
    parts = text.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = [math.nan]
    if len(numbers) > 3 or not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: seconds, or minutes:seconds (1:05)")
    return math.fsum(number * 60.0**power for power, number in enumerate(reversed(numbers)))


def track_ids(text: str) -> list[int]:
    """Whole numbers from 0, separated by commas."""
    parts = text.split(",")
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: numbers of people (2 or 0,3)")
    if len({int(part) for part in parts}) < len(parts):
        raise argparse.ArgumentTypeError(f"{text!r} names somebody twice")
    return [int(part) for part in parts]


def suffixes(text: str) -> list[str]:
    """Suffixes without their dots, separated by commas."""
    return [part.strip().lstrip(".") for part in text.split(",")]
