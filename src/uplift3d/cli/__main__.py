"""`python -m uplift3d.cli`."""

import sys

from uplift3d.__main__ import program

if __name__ == "__main__":
    sys.exit(program())
