"""The parser of the program and of its commands: a mistake shows the usage of the command it was made in."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that says what may have been meant, and keeps line breaks of its texts.

    Sub-parsers made by `add_subparsers` are of this class too.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **kwargs)
        self.set_defaults(used_parser=self)  # of nested ones the innermost stays
        self._positionals.title = "what to work on"
        self._words: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Remember the words, for `error`."""
        self._words = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def parse_args(  # type: ignore[override]  # not the overloads of argparse
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """Parse all of the arguments; the parser of the command that was used complains about the rest."""
        found, rest = self.parse_known_args(args, namespace)
        used: Parser = found.used_parser
        del found.used_parser
        if rest:
            used.error(unknown_words(rest, used._option_string_actions))
        return found

    def error(self, message: str) -> NoReturn:
        """Print the usage, the message and where to read more; exit code 2."""
        # What is missing may be there with a slip in its name.
        slips = [word for word in self._words if word.startswith("--") and not self._knows(word)]
        if message.startswith("the following arguments are required") and slips:
            message = unknown_words(slips, self._option_string_actions)
        said = f"uplift3d: {_did_you_mean(message)} (`{self.prog} --help` explains more)"
        self.exit(2, f"{self.format_usage()}{said}\n")

    def _knows(self, word: str) -> bool:
        """Whether a word is an option, or the beginning of one."""
        return any(known.startswith(word.partition("=")[0]) for known in self._option_string_actions)


def unknown_words(words: Sequence[str], options: Iterable[str]) -> str:
    """What is wrong with arguments that are no option and no input, and what may have been meant."""
    known = sorted(options)
    parts = []
    for word in words:
        name = word.partition("=")[0]
        if not name.startswith("-"):
            parts.append(f"{word!r} is one word too many")
            continue
        parts.append(f"there is no option {name}{suggestion(name, known)}")
    return "; ".join(parts)


def suggestion(word: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" for a word that is near to known ones, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _did_you_mean(message: str) -> str:
    """argparse's words on a choice that does not exist, with the nearest that does."""
    found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message)
    if found is None:
        return message
    choices = re.split(r",\s*", found[2].replace("'", ""))
    return f"{message}{suggestion(found[1], choices)}"
