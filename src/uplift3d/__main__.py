"""`python -m uplift3d`, the same program as `uplift3d`."""

import sys

from uplift3d.cli import main

if __name__ == "__main__":
    sys.exit(main())
