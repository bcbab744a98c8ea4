"""JSON in: whatever a file holds comes out as plain values of a known size, or is refused by a sentence."""

from __future__ import annotations

import json
import os
from typing import Any

from uplift3d.errors import InputError
from uplift3d.files.guards import MAX_BYTES, reason, regular_file

MAX_DEPTH = 64
"""Objects and lists inside each other: twice what numpy's arrays can have."""
MAX_INTEGER_DIGITS = 18
"""Whole numbers of more digits become floats, as in most languages: none overflows later."""


def read_json(path: str | os.PathLike[str], what: str, max_bytes: int = MAX_BYTES) -> Any:
    """The value in a JSON file (UTF-8, with or without byte-order mark).

    Args:
        path: the file.
        what: what it should hold, for the messages ("a 3D motion as .json").
        max_bytes: largest size.

    Raises:
        InputError: no such file, too large, not JSON, or nested deeper than `MAX_DEPTH`.
    """
    source = regular_file(path, what, max_bytes)
    try:
        content = source.read_bytes()
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from error
    return parse_json(content, str(source))


def parse_json(text: str | bytes, where: str) -> Any:
    """The value that a JSON text stands for; `where` names it in messages, which are those of `read_json`."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        value = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise InputError(f"{where}: not JSON that can be read, nested too deeply") from None
    except (ValueError, MemoryError) as error:  # among them what json and the decoding of text raise
        raise InputError(f"{where}: not JSON ({reason(error)})") from error
    if _deeper_than(value, MAX_DEPTH):
        raise InputError(f"{where}: its JSON is nested too deeply; accepted are {MAX_DEPTH} levels")
    return value


def parse_object(text: str | bytes, where: str) -> dict[str, Any]:
    """As `parse_json`; InputError also for anything but a JSON object."""
    value = parse_json(text, where)
    if not isinstance(value, dict):
        raise InputError(f"{where} is a JSON {type(value).__name__}, expected an object")
    return value


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else float(digits)


def _deeper_than(value: Any, levels: int) -> bool:
    """Whether lists and objects lie inside each other more than so often; level by level, no recursion."""
    layer = [value]
    for _ in range(levels):
        layer = (
            [
                child
                for item in layer
                for child in (item.values() if isinstance(item, dict) else item)
                if isinstance(child, list | dict)
            ]
            if isinstance(value, list | dict)
            else []
        )
        if not layer:
            return False
    return True
