"""The words of a BVH file's hierarchy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from uplift3d.errors import InputError
from uplift3d.files.guards import quoted

_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)


class Tokens:
    """Words and braces of the hierarchy, knowing the line they stand on."""

    def __init__(self, text: str, path: Path) -> None:
        self._path = path
        self._line = 1
        self._ahead: list[str] = []
        self._words = self._split(text)

    def _split(self, text: str) -> Iterator[str]:
        for number, line in enumerate(text.split("\n"), start=1):
            self._line = number
            for word in line.replace("{", " { ").replace("}", " } ").split():
                yield word
                while self._ahead:
                    yield self._ahead.pop()

    def __iter__(self) -> Iterator[str]:
        return self._words

    def fail(self, reason: str) -> None:
        """Refuse the file: what is wrong, and in which line."""
        raise InputError(f"{self._path}: line {self._line}: {reason}")

    def next(self, wanted: str) -> str:
        """The next word; InputError names what was wanted where the text ends."""
        word = next(self._words, None)
        if word is None:
            self.fail(f"the hierarchy ends where {wanted} was expected")
        return str(word)

    def until(self, end: str) -> list[str]:
        """The words up to one that ends them."""
        words = []
        while (word := self.next(repr(end))) != end:
            words.append(word)
        return words

    def number(self) -> float:
        """The next word as a finite number."""
        word = self.next("a number")
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            self.fail(f"{quoted(word)} given where a finite number was expected")
        return value

    def count(self) -> int:
        """The next word as a number of channels."""
        word = self.next("a number of channels")
        if not re.fullmatch("[0-9]{1,4}", word):
            self.fail(f"{quoted(word)} given where a number of channels was expected")
        return int(word)

    def channels(self) -> list[str]:
        """The channels that follow, however many were announced."""
        found: list[str] = []
        for word in self._words:
            match = _CHANNEL.fullmatch(word)
            if match is None:
                if word.lower().endswith(("rotation", "position")):
                    self._refuse_channel(word)
                self._ahead.append(word)
                break
            found.append(match[1].upper() + match[2].lower())
        return found

    def _refuse_channel(self, word: str) -> None:
        self.fail(f"channel {quoted(word)} given, Xposition … Zrotation are accepted")
