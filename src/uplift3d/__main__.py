"""The `uplift3d` program, and `python -m uplift3d`."""

import io
import sys

from uplift3d.interrupts import one_sentence


def program() -> int:
    """Run the command line in a process of its own; the exit code."""
    with one_sentence():
        if isinstance(sys.stdout, io.TextIOWrapper):  # a name or sign that it cannot show is no fault
            sys.stdout.reconfigure(errors="backslashreplace")
        from uplift3d.cli import main

        return main()


if __name__ == "__main__":
    sys.exit(program())
