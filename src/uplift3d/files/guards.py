"""What all readers ask of a file before they open it, and how messages quote what was in it."""

from __future__ import annotations

import os
import reprlib
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uplift3d.errors import InputError

MAX_BYTES = 4 * 2**30
"""Larger files, and parts of files that unpack to more, are refused before anything is allocated."""

FREE_BYTES = 256 * 2**20
MAX_RATIO = 100
"""Of what is packed in a file: more than `FREE_BYTES` may be unpacked only up to so many times its size."""

_quote = reprlib.Repr()
_quote.maxstring = _quote.maxother = 60
_quote.maxlist = _quote.maxtuple = _quote.maxdict = 4
_quote.maxlevel = 2


def as_path(path: object, what: str) -> Path:
    """`path` as a Path.

    Args:
        path: what the caller gave.
        what: what it should be the path of, with its article ("a video").

    Raises:
        InputError: an array, a number, None or anything else that names no file.
    """
    if isinstance(path, str | os.PathLike) and isinstance(text := os.fspath(path), str):
        if "\0" in text:
            raise InputError(f"{quoted(text)} holds a zero byte, which no name of a file can")
        return Path(path)
    raise InputError(f"{quoted(path)} is of type {type(path).__name__}; accepted is the path of {what}")


def regular_file(path: str | os.PathLike[str], accepted: str, max_bytes: int = MAX_BYTES) -> Path:
    """Make sure that `path` is a file that can be read to its end.

    Args:
        path: the file.
        accepted: what it should hold, for the messages ("2D key-frames as .npz").
        max_bytes: largest size.

    Raises:
        InputError: nothing there, a folder, a pipe or device (which may never end), or too large a file.
    """
    source = as_path(path, "a file")
    try:
        status = source.stat()
    except FileNotFoundError:
        raise InputError(f"{source}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero in it
        raise InputError(f"{quoted(str(source))} cannot be read ({error})") from error
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
        raise InputError(f"{source} is {found}, not a file; accepted are {accepted}")
    check_size(status.st_size, str(source), max_bytes)
    return source


def check_size(count: int, where: str, max_bytes: int = MAX_BYTES) -> None:
    """InputError if so many bytes are more than a reader takes; `where` names the file or the part of it."""
    if count > max_bytes:
        raise InputError(f"{where} holds {count:,} bytes; accepted are up to {max_bytes:,}")


def most_unpacked(packed_bytes: int) -> int:
    """How many bytes so many packed ones may become."""
    return max(FREE_BYTES, MAX_RATIO * packed_bytes)


def check_unpacked(count: int, source: Path, where: str, max_bytes: int = MAX_BYTES) -> None:
    """As `check_size`, for what is packed in `source`: InputError also for a file too small for that."""
    check_size(count, where, max_bytes)
    allowed = most_unpacked(source.stat().st_size)
    if count > allowed:
        raise InputError(
            f"{where} holds {count:,} bytes; accepted are up to {allowed:,} from a file of its size"
        )


@contextmanager
def readable(source: object, what: str) -> Iterator[None]:
    """Whatever a library raises in the block over a damaged file is an InputError.

    Args:
        source: the file.
        what: what it should be, with its article ("a MATLAB 5 file").
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # libraries have dozens of kinds for damage, many with no common base
        raise InputError(f"{source} is not {what} that can be read ({reason(error)})") from error


def quoted(value: Any) -> str:
    """A value of a file as messages show it: on one line, and short however large it is."""
    return _quote.repr(value)


def listed(names: Iterable[Any], limit: int = 12) -> str:
    """Names as messages list them: at most `limit` of them and each short; "nothing" for none."""
    shown = [_short(str(name)) for name in names]
    if len(shown) > limit:
        return f"{', '.join(shown[:limit])} and {len(shown) - limit} more"
    return ", ".join(shown) or "nothing"


def reason(error: BaseException) -> str:
    """Why something failed, in a few words and on one line."""
    words = _short(str(error), 160)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _short(text: str, limit: int = 40) -> str:
    plain = " ".join(text.split())
    plain = "".join(letter if letter.isprintable() else "?" for letter in plain[: limit + 1])
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
