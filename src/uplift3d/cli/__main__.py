"""`python -m uplift3d.cli`."""

import sys

from uplift3d.cli import main

if __name__ == "__main__":
    sys.exit(main())
