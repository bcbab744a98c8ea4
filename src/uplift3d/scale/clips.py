"""Which clips are meant, where they are not named one by one: lists of them, and places in object stores."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from uplift3d.errors import InputError, NothingFoundError
from uplift3d.files.guards import check_unpacked, listed, quoted, reason
from uplift3d.scale.storage import needs

LIST_SUFFIXES = (".txt", ".parquet")
BYTES_OF_A_TEXT = 200
"""About what a clip's name takes in memory."""
COLUMN = "input"


def is_url(word: str) -> bool:
    """Whether it names something that is not on this machine, or is to be reached as if it were not."""
    return "://" in word


def is_manifest(word: str) -> bool:
    """Whether it is a list of clips, by its name."""
    return word.lower().endswith(LIST_SUFFIXES)


def clips_in_manifest(path: Path) -> list[str]:
    """The clips that a list names: a text file with one a line (# begins a comment), or a Parquet column.

    Raises:
        InputError: no such file, or one that is no list.
        NothingFoundError: an empty list.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    clips = _in_parquet(path) if path.suffix.lower() == ".parquet" else _in_text(path)
    if not clips:
        raise NothingFoundError(f"{path} names no clips")
    return clips


def _in_text(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a list of clips ({reason(error)})") from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _in_parquet(path: Path) -> list[str]:
    with needs(path.name):
        import pyarrow as arrow
        import pyarrow.parquet as pq
    try:
        file = pq.ParquetFile(path)
        rows, schema = file.metadata.num_rows, file.schema_arrow
    except Exception as error:  # pyarrow's own classes share no base
        raise InputError(f"{path} cannot be read as Parquet ({reason(error)})") from error
    if COLUMN not in schema.names:
        raise InputError(f"{path} has no column {COLUMN!r}; its columns are {listed(schema.names)}")
    kind = schema.field(COLUMN).type
    if not (arrow.types.is_string(kind) or arrow.types.is_large_string(kind)):
        raise InputError(f"{path}: column {COLUMN!r} holds {quoted(str(kind))}; accepted are texts")
    check_unpacked(rows * BYTES_OF_A_TEXT, path, f"{path}, unpacked,")
    try:
        table = file.read([COLUMN])
        table.validate(full=True)
        return [clip for clip in table[COLUMN].to_pylist() if clip]
    except Exception as error:
        raise InputError(f"{path} cannot be read as Parquet ({reason(error)})") from error


def clips_in_store(url: str) -> list[str]:
    """The clips that a URL or a pattern of them stands for (s3://bucket/clips/*.mp4), by fsspec.

    Raises:
        InputError: a protocol that nothing here speaks, or a store that does not answer.
        NothingFoundError: nothing is called like that.
    """
    if not any(letter in url for letter in "*?["):
        return [url]
    with needs(url):
        import fsspec
    try:
        store, pattern = fsspec.core.url_to_fs(url)
        found = sorted(store.glob(pattern))
    except Exception as error:  # each store has its own
        raise InputError(f"{url} cannot be listed ({reason(error)})") from error
    if not found:
        raise NothingFoundError(f"{url}: nothing is called like that")
    return [str(store.unstrip_protocol(name)) for name in found]


def result_name(clip: str) -> str:
    """What the result of a clip is called, without its suffix: the same in every run, whatever else is in it.

    The end is made of the whole name of the clip, so that clips of one name in two folders stay apart.

    Raises:
        InputError: a name that is no text, which no manifest can hold.
    """
    try:
        code = clip.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{clip!r} is a name in another code than UTF-8; give the file another one"
        ) from None
    stem = PurePosixPath(clip.replace("\\", "/").rstrip("/")).stem or "clip"
    return f"{stem[:80]}-{hashlib.sha256(code).hexdigest()[:10]}"
