"""Key-frames on which a detector fails: skipped, counted, said."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from uplift3d.errors import InputError, UpliftWarning

GIVE_UP_AFTER = 5
"""A detector that has failed on so many key-frames before it managed one never will."""


class Failures:
    """What went wrong with a detector in a run."""

    def __init__(self, has_worked: bool = False) -> None:
        self.count = 0
        """Key-frames that were left out."""
        self._first_s = 0.0
        self._first: Exception | None = None
        self._successes = int(has_worked)

    @contextmanager
    def noted(self, time_s: float | None) -> Iterator[None]:
        """Go on after an exception inside, unless it says what the user gave wrongly, or nothing ever worked.

        Args:
            time_s: of the key-frame that is looked at; None for another look at earlier ones, not counted.

        Raises:
            InputError, MemoryError: as raised inside.
            Exception: the detector's own, after `GIVE_UP_AFTER` key-frames without one success.
        """
        try:
            yield
        except (InputError, MemoryError):
            raise
        except Exception as error:
            if time_s is None:
                return
            self.count += 1
            if self._first is None:
                self._first_s, self._first = time_s, error
            if not self._successes and self.count >= GIVE_UP_AFTER:
                raise
        else:
            self._successes += 1

    def say(self, source: str) -> None:
        """Warn of the failures, if there were any; raise the first one if nothing else came.

        Args:
            source: name of what was looked at.
        """
        if self._first is None:
            return
        if not self._successes:
            raise self._first
        warnings.warn(
            f"{source}: the detector failed on {self.count} key-frame{'s' * (self.count > 1)}, which "
            f"{'were' if self.count > 1 else 'was'} left out (first at {self._first_s:.3g} s: "
            f"{type(self._first).__name__}: {self._first})",
            UpliftWarning,
            stacklevel=4,
        )
