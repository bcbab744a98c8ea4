"""The errors a user can cause; the command line turns each into one sentence and an exit code."""


class InputError(ValueError):
    """What was given cannot be used; the message says what was given and what is accepted."""

    exit_code = 2

    def __str__(self) -> str:
        return _one_line(super().__str__())


class NothingFoundError(InputError):
    """The input was readable but holds nothing to work on (nobody in view, an empty folder)."""

    exit_code = 1


class UpliftWarning(UserWarning):
    """The result is usable but less than was asked for; the message says what was kept."""


MAX_MESSAGE = 500
"""Longer messages repeat what stood in a file; their middle is left out."""


def _one_line(text: str) -> str:
    """The text on one line and of bounded length, whatever was quoted in it."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    half = MAX_MESSAGE // 2
    return plain if len(plain) <= MAX_MESSAGE else f"{plain[:half]} … {plain[-half:]}"
