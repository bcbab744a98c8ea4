"""How far something is: bars on stderr, and whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeAlias

from rich.console import Console
from rich.progress import Progress

Listener: TypeAlias = Callable[[str, int, int | None], None]
"""Told what is done, how many steps of it are, and of how many (None: nobody knows)."""
_LISTENER: ContextVar[Listener | None] = ContextVar("progress listener", default=None)


@contextmanager
def progress_bar(shown: bool, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar where stderr is a terminal, nothing elsewhere; yields what moves it on by so many steps."""
    console, listener, done = Console(stderr=True), _LISTENER.get(), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(task, count)
        if listener is not None:
            listener(title, done, total)

    visible = shown and console.is_terminal
    progress = Progress(console=console, transient=True)
    with progress if visible else nullcontext():  # rich before 14.3 ends bars that are off with an empty line
        task = progress.add_task(title, total=total)
        advance(0)
        yield advance


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this, the listener hears of all progress, whether bars are shown or not."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
