"""A folder for results, and clips to read: on this machine or in an object store, through fsspec."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from uplift3d.errors import InputError
from uplift3d.files import atomic_write
from uplift3d.files.guards import reason


@contextmanager
def needs(what: str) -> Iterator[None]:
    """Turn a missing package into a sentence that says how to get it."""
    try:
        yield
    except ImportError as error:
        raise InputError(f"{what} needs the ray extra (pip install 'uplift3d[ray]'); {error}") from error


class Storage:
    """A folder. A file in it is there whole or not at all, and one with the same name is replaced.

    Args:
        url: path of a folder, or URL that fsspec knows (s3://bucket/results).

    Raises:
        InputError: a protocol that nothing here speaks, or a place that cannot be reached.
    """

    def __init__(self, url: str) -> None:
        if not url:
            raise InputError("the output folder has an empty name; give one with -o")
        self.url = url.rstrip("/") or "/"
        with needs(url):
            import fsspec
        try:
            self._store, self._root = fsspec.core.url_to_fs(self.url)
            self.is_local = "file" in _protocols(self._store)
            self._store.makedirs(self._root, exist_ok=True)
        except Exception as error:  # each store has its own
            raise InputError(f"the output folder {url} cannot be used ({reason(error)})") from error

    def path(self, name: str) -> str:
        """Where a file of the folder is, as `read` and other programs find it."""
        return f"{self.url}/{name}"

    def write(self, name: str, content: bytes) -> None:
        """Write a file; InputError where that fails."""
        if self.is_local:
            target = Path(self._root) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target) as temporary:
                temporary.write_bytes(content)
            return
        try:  # an object appears when all of it is there
            self._store.pipe_file(f"{self._root}/{name}", content)
        except Exception as error:
            raise InputError(f"{self.path(name)} cannot be written ({reason(error)})") from error

    def read(self, name: str) -> bytes | None:
        """The content of a file, None if there is none."""
        try:
            content: bytes = self._store.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None
        return content

    def remove(self, name: str) -> None:
        """Take a file away."""
        self._store.rm_file(f"{self._root}/{name}")

    def names(self, folder: str = "") -> set[str]:
        """Names of the files in the folder, or in one inside it."""
        place = f"{self._root}/{folder}".rstrip("/")
        self._store.invalidate_cache(place)
        try:
            return {PurePosixPath(found).name for found in self._store.ls(place, detail=False)}
        except FileNotFoundError:
            return set()

    @contextmanager
    def folder_to_fill(self) -> Iterator[Path]:
        """A folder on this machine; what is put into it is in the storage afterwards, each file whole."""
        if self.is_local:
            yield Path(self._root)
            return
        with tempfile.TemporaryDirectory(prefix="uplift3d-") as folder:
            yield Path(folder)
            for file in Path(folder).iterdir():
                self.write(file.name, file.read_bytes())


@contextmanager
def on_this_machine(clip: str) -> Iterator[Path]:
    """A clip as a path: itself, or a copy that is taken away afterwards.

    Raises:
        InputError: it cannot be fetched.
    """
    if "://" not in clip:
        yield Path(clip)
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="uplift3d-") as folder:
        copy = Path(folder) / (PurePosixPath(clip).name or "clip")
        try:
            store, name = fsspec.core.url_to_fs(clip)
            store.get_file(name, str(copy))
        except FileNotFoundError as error:
            raise InputError(f"{clip}: no such file") from error
        except Exception as error:  # each store has its own
            raise InputError(f"{clip} cannot be fetched ({reason(error)})") from error
        yield copy


def _protocols(store: Any) -> tuple[str, ...]:
    names = store.protocol
    return (names,) if isinstance(names, str) else tuple(names)
