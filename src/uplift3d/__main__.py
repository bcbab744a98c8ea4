"""The `uplift3d` program, and `python -m uplift3d`."""

import io
import os
import sys
from contextlib import suppress

from uplift3d.interrupts import one_sentence


def program() -> int:
    """Run the command line in a process of its own; the exit code."""
    try:
        with one_sentence():
            if isinstance(sys.stdout, io.TextIOWrapper):  # a name or sign that it cannot show is no fault
                sys.stdout.reconfigure(errors="backslashreplace")
            from uplift3d.cli import main

            code = main()
    except SystemExit as leaving:
        if "ray" not in sys.modules or not isinstance(leaving.code, int):
            raise
        code = leaving.code
    if "ray" in sys.modules:
        _leave(code)
    return code


def _leave(code: int) -> None:
    """End the process as it is: Ray (2.60) aborts one in four while Python takes them down, all work done."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(program())
