"""What the C library keeps of freed memory: told to keep less, where it is glibc."""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 1 << 20
_ANOTHER_LIBRARY = (AttributeError, OSError, TypeError)


def give_back() -> None:
    """To the system, what was freed and kept."""
    with suppress(*_ANOTHER_LIBRARY):
        ctypes.CDLL(None).malloc_trim(0)


def keep_little() -> None:
    """From now on, in a process of our own that runs for hours.

    Freed blocks above 1 MB (images) go back at once, and threads share one heap in place of one each.
    """
    with suppress(*_ANOTHER_LIBRARY):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_ARENA_MAX, 1)
