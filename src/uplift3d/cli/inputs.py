"""Which inputs are meant, and which files are made of each.

An input is a file, a folder, or a pattern such as 'clips/*.mp4' that the shell left as it is. A folder of
videos stands for the videos in it. An output is a file, a folder, or a pattern such as 'out/{name}.bvh'.
"""

from __future__ import annotations

import os
import re
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from string import Formatter

from uplift3d.cli.values import suffixes
from uplift3d.errors import InputError, NothingFoundError

VIDEO_SUFFIXES = tuple(
    [
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    ]
)
"""Of the files that are taken out of a folder; a file that is named may be called anything."""
_HOW = re.compile(r"0?\d{1,2}d?")
"""How a number may be written: {number:03}."""
FIELDS = "{name} (the input's), {folder} (that it lies in) and {number} (of the input, from 1)"


@dataclass(frozen=True)
class Job:
    """One input and the files to make of it."""

    source: Path
    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Naming:
    """How a command calls its results where it is not told."""

    beside: str
    """Without -o: name of the file beside the input."""
    in_folder: str
    """In an output folder: name of the file, without its suffix."""
    suffixes: Sequence[str]
    """Of the files in an output folder."""


def local(text: str) -> str:
    """A path on this machine, for argparse; a URL is refused by its name."""
    if "://" in text:
        raise ArgumentTypeError(f"{text} is a URL; accepted are files on this machine, so download it first")
    return text


def local_path(text: str) -> Path:
    """The same as a Path."""
    return Path(local(text))


def expand(words: Sequence[str]) -> list[Path]:
    """The files and folders that are meant, each once, in the order given.

    Raises:
        NothingFoundError: a pattern that nothing matches.
    """
    found = [path for word in words for path in _meant_by(word)]
    return list(dict.fromkeys(found))


def _meant_by(word: str) -> list[Path]:
    if has_magic(word) and not os.path.exists(word):  # noqa: PTH110  # a name with brackets may be there
        matches = sorted(glob(word, recursive=True))  # noqa: PTH207  # of a Path, ** would not be relative
        if not matches:
            raise NothingFoundError(f"{word}: nothing is called like that")
        return [Path(match) for match in matches]
    return videos_in(Path(word))


def videos_in(path: Path) -> list[Path]:
    """The videos in a folder of videos; anything else, a folder of images or 2D files too, as it is."""
    if not path.is_dir():
        return [path]
    from uplift3d.video.images import IMAGE_SUFFIXES

    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    suffixes = {file.suffix.lower() for file in files}
    if suffixes & {*IMAGE_SUFFIXES, ".json"}:
        return [path]
    return [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES] or [path]


def plan(inputs: Sequence[Path], outputs: Sequence[str], naming: Naming) -> list[Job]:
    """What becomes of every input; nothing is written or made.

    Raises:
        InputError: several inputs for one file, two inputs that would write the same file, a pattern that is
            none, or an input that would be replaced.
    """
    jobs = []
    for number, source in enumerate(inputs, start=1):
        made = [path for text in outputs for path in _files(text, source, number, len(inputs), naming)]
        jobs.append(Job(source, tuple(made or [_beside(source, naming)])))
    _check_distinct(jobs)
    return jobs


def _files(text: str, source: Path, number: int, count: int, naming: Naming) -> list[Path]:
    """The files that one -o stands for."""
    if "{" in text:
        return [_filled(text, source, number)]
    if _is_folder(text, count):
        name = naming.in_folder.format(name=_name(source))
        return [Path(text) / f"{name}.{suffix.lstrip('.')}" for suffix in naming.suffixes]
    if count > 1:
        raise InputError(
            f"{count} inputs cannot all be written to {text}; give a folder (-o results/) or a pattern "
            f"(-o '{{name}}{Path(text).suffix}')"
        )
    return [Path(text)]


def _is_folder(text: str, count: int) -> bool:
    """Whether one -o stands for a folder, where so many inputs are written."""
    return text.endswith(("/", os.sep)) or Path(text).is_dir() or (count > 1 and not Path(text).suffix)


def chosen_suffixes(given: str | None, outputs: Sequence[str], inputs: int) -> list[str]:
    """What --format says of the files in an output folder; InputError where there is no such folder."""
    if given is not None and not any("{" not in text and _is_folder(text, inputs) for text in outputs):
        raise InputError("--format is for the files in an output folder (-o results/), and none is given")
    return suffixes(given or "npz")


def _filled(pattern: str, source: Path, number: int) -> Path:
    fields = {"name": _name(source), "folder": real(source).parent.name, "number": number}
    try:
        parts = list(Formatter().parse(pattern))
        unknown = [field for _, field, _, _ in parts if field is not None and field not in fields]
        wide = [how for _, _, how, _ in parts if how and not _HOW.fullmatch(how)]
        if unknown or wide:
            raise KeyError(*unknown, *wide)
        return Path(pattern.format(**fields))
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        raise InputError(f"{pattern} is no pattern; what may stand in it is {FIELDS}") from None


def _name(source: Path) -> str:
    """What the results of an input are called after."""
    return real(source).name if source.is_dir() else source.stem


def real(path: Path) -> Path:
    """The path without links; that of a link that leads to itself as far as it goes."""
    return Path(os.path.realpath(path))  # `Path.resolve` raises RuntimeError for such links


def _beside(source: Path, naming: Naming) -> Path:
    return source.with_name(naming.beside.format(name=_name(source)))


def _check_distinct(jobs: Sequence[Job]) -> None:
    sources = {real(job.source) for job in jobs}
    for path, count in Counter(path for job in jobs for path in job.outputs).items():
        if count > 1:
            raise InputError(
                f"{count} inputs would be written to {path}; a pattern tells them apart, such as "
                f"-o '{path.parent}/{{folder}}-{{name}}{path.suffix}'"
            )
        if real(path) in sources:
            raise InputError(f"{path} is the input; give the result another name")


def make_folders(jobs: Sequence[Job], named: Sequence[str]) -> list[Path]:
    """Make the output folders that are missing; returns them, outermost last.

    The folder of a file that was `named` itself has to be there: a slip in its name would hide the result.
    """
    given = {Path(text) for text in named}
    made: list[Path] = []
    for folder in {path.parent for job in jobs for path in job.outputs if path not in given}:
        missing = [part for part in (folder, *folder.parents) if not part.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the output folder {folder} cannot be made: {error.strerror}") from error
        made += missing
    return made
