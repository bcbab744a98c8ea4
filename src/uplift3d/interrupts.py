"""Ctrl-C reaches the program, and not the processes that it started for its work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_from_new_processes() -> Iterator[None]:
    """Processes that are started inside know nothing of interrupts, from their first moment on.

    A terminal sends them to all processes of a program, and each would show a traceback. They inherit the
    signals that their parent's thread blocks; one that came meanwhile is delivered at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where children are asked otherwise
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
