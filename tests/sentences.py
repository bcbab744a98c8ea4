"""Checks of what a user is told."""

from collections.abc import Callable
from typing import Any

from uplift3d.errors import InputError


def assert_value_or_sentence(call: Callable[[], Any], words: str) -> None:
    """A reader given anything at all answers, or refuses with `InputError` on one line holding `words`."""
    message = words
    try:
        call()
    except InputError as error:
        message = str(error)
    assert words in message
    assert "\n" not in message
