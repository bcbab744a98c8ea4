"""Inputs one after the other: a good folder, one file of it damaged, judged, and good again."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fuzz.judge import Verdict, judged
from fuzz.mutations import Mutation, flip
from fuzz.readers import Reader, ways_of

MAX_GROWTH_BYTES = 200_000
"""Larger ones are not damaged further: they take their time."""


class Inputs:
    """Of one reader. Which is which follows from seed, name and number alone.

    Args:
        name: of the reader.
        reader: the reader.
        place: empty folder to work in.
        seed: another one gives other inputs.
    """

    def __init__(self, name: str, reader: Reader, place: Path, seed: int = 0) -> None:
        self._name, self._reader, self._seed = name, reader, seed
        self._folders = []
        for number, make in enumerate(reader.makers):
            folder = place / f"{number}-{name.replace(' ', '-').replace('.', '')}"
            folder.mkdir(parents=True)
            make(folder)
            self._folders.append(folder)

    def check_good(self) -> None:
        """The undamaged files are read; anything else would make the damage worthless."""
        for folder in self._folders:
            verdict = judged(self._reader.read, folder)
            assert verdict.kind == "read", (self._name, verdict)

    def verdict(self, number: int) -> Verdict:
        """What becomes of an input."""
        with self._damaged(number) as folder:
            return judged(self._reader.read, folder)

    def copy(self, number: int, to: Path) -> str:
        """Copy the folder of an input; returns the folder's name, which a reader may look at."""
        with self._damaged(number) as folder:
            shutil.copytree(folder, to)
            return folder.name

    @contextmanager
    def _damaged(self, number: int) -> Iterator[Path]:
        draw = random.Random(f"{self._seed}/{self._name}/{number}")
        folder = draw.choice(self._folders)
        target = draw.choice(self._reader.targets(folder))
        whole = content = target.read_bytes()
        way = draw.choice(ways_of(target))
        for _ in range(draw.choice([1, 1, 1, 2, 4])):
            if len(content) < 2 * len(whole) + MAX_GROWTH_BYTES:
                content = _one_change(draw, way, content)
        target.write_bytes(content)
        try:
            yield folder
        finally:
            target.write_bytes(whole)


def _one_change(draw: random.Random, way: list[Mutation], content: bytes) -> bytes:
    """A second one may not find its way about any more; then a byte changes."""
    for _ in range(5):
        try:
            changed = draw.choice(way)(draw, content)
        except Exception:  # of a library that is to write what it refuses, or to read what is damaged already
            continue
        if changed != content:
            return changed
    return flip(draw, content)


@contextmanager
def working_folder() -> Iterator[Path]:
    """In memory where there is such a place: files are written for every input."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)
