"""What the C library is told: that a process gets smaller by it is measured in docs/adaptive.md."""

import ctypes
import subprocess
import sys

import pytest

from uplift3d.memory import give_back, keep_little

MEGABYTES = """
import sys
from uplift3d.memory import give_back
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
rows = [bytes([1]) * 4000 for _ in range(20_000)]
last = bytes([1]) * 4000  # above all others, so that the heap cannot shrink by itself
full = resident()
del rows
give_back()
print(full - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and glibc")
def test_what_was_freed_below_something_in_use_is_given_back():
    run = subprocess.run([sys.executable, "-c", MEGABYTES], capture_output=True, text=True, check=True)
    assert float(run.stdout) > 60


@pytest.mark.parametrize("library", [object(), None])
def test_another_c_library_is_left_alone(monkeypatch, library):
    def load(_):
        if library is None:
            raise OSError("no such library")
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    give_back()
    keep_little()
