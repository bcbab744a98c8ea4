"""Files out: refused output costs no work, and none is left half written.

Every command that ends in a file calls `check_writable` before its work and writes through `atomic_write`.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from uplift3d.errors import InputError
from uplift3d.files.guards import as_path, quoted

HIDDEN = ".uplift3d-"
"""How names of what is there for a moment only begin."""


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
    name = target.name.lower()
    if suffixes is not None and (not name.endswith(tuple(suffixes)) or name in suffixes):
        raise InputError(f"{target}: the output's name must end in {_either(suffixes)}, after a name")
    if _is_too_long(target):
        raise InputError(f"{quoted(str(target))} cannot be written: file name too long")
    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file to write")
    folder = _behind_links(target).parent
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
    """Yield a temporary path that is renamed to `path` when the block ends without an error.

    A reader sees the old file or the whole new one, never a part; after an error the old file is untouched
    and the temporary one is gone. It has the file's own name, which writers may tell, in a hidden folder
    beside it.

    Raises:
        InputError: the file could not be written (disk full, folder gone); the message gives the reason.
    """
    target = _behind_links(Path(path))
    folder = target.parent / f"{HIDDEN}{secrets.token_hex(4)}"
    temporary = folder / target.name
    try:
        folder.mkdir()
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if error.filename in (str(temporary), str(folder), None):
            raise InputError(f"{target} cannot be written: {error.strerror or error}") from error
        raise  # a problem with another file that was met inside the block
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _behind_links(target: Path) -> Path:
    """The file that a link leads to, which is written while the link stays; any other path as it is."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _accepts_new_files(folder: Path) -> bool:
    """Try it: permission bits do not know about read-only mounts, quotas or access lists."""
    probe = folder / f"{HIDDEN}{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return False
    probe.unlink()
    return True


def _is_too_long(path: Path) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _either(options: Sequence[str]) -> str:
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
