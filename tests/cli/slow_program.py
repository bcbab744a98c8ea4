"""The program with a network of numpy and a detector that takes its time: `slow_program.py WORD…`.

It says "looking" on stdout at every look.
"""

import sys
import time

from fake_runtime import FakeRuntime
from seen_person import Standing
from uplift3d import lifter
from uplift3d.cli import main
from uplift3d.detect import register_detector


class Slow(Standing):
    def detect(self, rgb):
        print("looking", flush=True)
        time.sleep(0.2)
        return super().detect(rgb)


if __name__ == "__main__":
    lifter.open_runtime = lambda *_: FakeRuntime()
    register_detector("slow", Slow)
    sys.exit(main(sys.argv[1:]))
