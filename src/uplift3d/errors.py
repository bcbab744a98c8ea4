"""The errors a user can cause; the command line turns each into one sentence and an exit code."""


class InputError(ValueError):
    """What was given cannot be used; the message says what was given and what is accepted."""

    exit_code = 2


class NothingFoundError(InputError):
    """The input was readable but holds nothing to work on (nobody in view, an empty folder)."""

    exit_code = 1


class UpliftWarning(UserWarning):
    """The result is usable but less than was asked for; the message says what was kept."""
