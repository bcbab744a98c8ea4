"""Whether a reader did right with one input: it answers, or refuses with one of the project's own sentences.

Wrong are another exception, a message of several lines or more than `MAX_MESSAGE` characters, more than
`MAX_SECONDS`, and memory beyond `allowed_bytes` of what was given.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from uplift3d.errors import MAX_MESSAGE, InputError, UpliftWarning

MAX_SECONDS = 10.0
"""Of the process, not of the clock: others may be busy."""
BASE_BYTES = 384 * 2**20
PER_BYTE = 200
_ROOT = Path(__file__).resolve().parent.parent.parent


class Verdict(NamedTuple):
    """What became of an input."""

    kind: str
    """"read", "refused", or what is wrong: "exception", "message", "slow", "memory", "died"."""
    place: str = ""
    """The exception and where it came from: findings of one kind and place are one fault."""
    details: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether there is something to mend."""
        return self.kind not in ("read", "refused")


def allowed_bytes(given: int) -> int:
    """How much more memory may be in use while files of so many bytes are read."""
    return BASE_BYTES + PER_BYTE * given


def judged(read: Callable[[Path], Any], folder: Path) -> Verdict:
    """Let a reader loose on a folder."""
    given = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    before = _start_of_memory()
    started = time.process_time()
    try:
        with _limited(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", UserWarning)
            warnings.simplefilter("ignore", UpliftWarning)
            read(folder)
        verdict = Verdict("read")
    except InputError as error:
        verdict = _of_message(error, folder)
    except _TooSlowError as error:
        verdict = Verdict("slow", _place(error), traceback.format_exc())
    except Exception as error:
        verdict = Verdict("exception", _place(error), _shortened(traceback.format_exc()))
    spent = time.process_time() - started
    grown = _memory("VmHWM") - before
    if not verdict.is_wrong and spent > MAX_SECONDS:
        return Verdict("slow", f"{spent:.0f} s")
    if not verdict.is_wrong and grown > allowed_bytes(given):
        return Verdict("memory", "", f"{grown:,} bytes for a file of {given:,}")
    return verdict


def _of_message(error: InputError, folder: Path) -> Verdict:
    text = str(error).replace(str(folder), "")
    if "\n" in text or len(text) > MAX_MESSAGE + 3:
        return Verdict("message", _place(error), f"{len(text)} characters: {text[:3000]}")
    return Verdict("refused", "", text)


class _TooSlowError(BaseException):
    """Nothing catches it on its way."""


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlowError

    old = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/uplift3d/" in frame.filename] or frames
    inner = ours[-1]
    return f"{type(error).__name__} at {inner.filename.rpartition('/uplift3d/')[2]}:{inner.lineno}"


def _shortened(text: str) -> str:
    return text if len(text) < 8000 else f"{text[:4000]}\n…\n{text[-4000:]}"


def _start_of_memory() -> int:
    """Forget the peak so far, and say what is in use."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
        file.write("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    if not os.path.exists("/proc/self/status"):  # noqa: PTH110
        return 0
    with open("/proc/self/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))
