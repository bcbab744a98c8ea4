"""Ctrl-C reaches the program, and not the processes that it started for its work; these end with it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 130  # 128 + SIGINT, as shells report it
PAUSE_S = 0.01
_CAN_WAIT = hasattr(signal, "setitimer")  # not on Windows


def say_so() -> int:
    """Say that the program was interrupted; its exit code."""
    print("uplift3d: interrupted", file=sys.stderr)
    return EXIT_CODE


@contextmanager
def one_sentence() -> Iterator[None]:
    """Around all of a program, whose process this is: an interrupt is said, and ends it.

    It waits until no module is being imported: in the middle of that, packages print it, or make errors of
    their own of it. What comes after the end of the block ends the process without a word.
    """
    signal.signal(signal.SIGINT, _interrupt)
    if _CAN_WAIT:
        signal.signal(signal.SIGALRM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(say_so())
    finally:
        if _CAN_WAIT:
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python would show where it was taking itself down


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _CAN_WAIT and _is_importing(frame):
        signal.setitimer(signal.ITIMER_REAL, PAUSE_S)  # and try again
    else:
        signal.default_int_handler(number, frame)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


@contextmanager
def told(listener: Callable[[], None]) -> Iterator[None]:
    """Inside, an interrupt or a wish to end (SIGTERM) calls a function, and raises nothing."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if _CAN_WAIT and signal.getsignal(signal.SIGALRM) is _interrupt:  # one may be waiting
        numbers.append(signal.SIGALRM)
    before = [signal.signal(number, lambda *_: listener()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


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


def end_with_parent() -> None:
    """Let this process end when the one that started it is gone, killed for instance; its first act."""
    import multiprocessing
    import os

    parent = multiprocessing.parent_process()

    def wait_and_end() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait_and_end, daemon=True).start()
