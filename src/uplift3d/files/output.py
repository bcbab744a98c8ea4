"""Files out: refused output costs no work, and none is left half written.

Every command that ends in a file calls `check_writable` before its work and writes through `atomic_write`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uplift3d.errors import InputError
from uplift3d.files.guards import as_path


def check_writable(path: str | os.PathLike[str], suffixes: Sequence[str] | None = None) -> Path:
    """Make sure that `path` can be written, without creating or changing it.

    Args:
        path: the file that is going to be written; an existing file may be replaced.
        suffixes: the accepted endings in lower case with their dot (".npz"); None accepts any.

    Returns:
        `path` as a Path.

    Raises:
        InputError: another suffix, a folder that is missing or not writable, or a folder in the file's place.
    """
    target = as_path(path, "a file to write")
    if suffixes is not None and not target.name.lower().endswith(tuple(suffixes)):
        raise InputError(f"{target}: the output's name must end in {_either(suffixes)}")
    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file to write")
    folder = target.parent
    if not folder.exists():
        raise InputError(f"{target} cannot be written: the folder {folder} does not exist")
    if not folder.is_dir():
        raise InputError(f"{target} cannot be written: {folder} is a file, not a folder")
    if not _accepts_new_files(folder):
        raise InputError(f"{target} cannot be written: no permission to write in the folder {folder}")
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"{target} cannot be written: the existing file is read-only")
    return target


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to `path` when the block ends without an error.

    A reader sees the old file or the whole new one, never a part; after an error the old file is untouched
    and the temporary one is gone. Its name keeps the suffix, for writers that choose their format by it.

    Raises:
        InputError: the file could not be written (disk full, folder gone); the message gives the reason.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if error.filename in (str(temporary), None):
            raise InputError(f"{target} cannot be written: {error.strerror or error}") from error
        raise  # a problem with another file that was met inside the block
    finally:
        temporary.unlink(missing_ok=True)


def _accepts_new_files(folder: Path) -> bool:
    """Try it: permission bits do not know about read-only mounts, quotas or access lists."""
    probe = folder / f".uplift3d-{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return False
    probe.unlink()
    return True


def _either(options: Sequence[str]) -> str:
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
