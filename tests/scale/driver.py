"""A batch with a detector that sees a person in every image: `driver.py FOLDER CLIP…`, for `test_engine.py`.

A white image kills the process that looks at it. What is defined here travels to the workers by value.
"""

import json
import os
import sys
import time

from uplift3d.scale.engine import run_batch
from uplift3d.scale.stages import How


class Slow:
    name, joints = "slow", "coco17"

    def __init__(self, standing):
        self.standing = standing

    def detect(self, rgb):
        import numpy as np

        if rgb.min() > 250:
            os._exit(1)
        time.sleep(0.2)
        return self.standing[None], np.ones((1, 17), np.float32)


def main(folder, *clips):
    from seen_person import STANDING

    def tell(totals):
        print(json.dumps([totals.before, dict(totals.ends)]), file=sys.__stdout__, flush=True)

    run_batch(clips, folder, How(detector=Slow(STANDING)), detect_workers=1, tell=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
