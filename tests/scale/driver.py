"""A batch with a detector that sees a person in every image: `driver.py FOLDER CLIP…`, for `test_engine.py`.

A white image kills the process that looks at it. What is defined here travels to the workers by value. With
`ADDRESS` in the environment it works on that cluster, two workers, and leaves a file for each node in FOLDER.
"""

import json
import os
import sys
import time
from pathlib import Path

from uplift3d.scale.engine import run_batch
from uplift3d.scale.stages import BatchSettings


class Slow:
    name, joints = "slow", "coco17"

    def __init__(self, standing, nodes=None):
        self.standing, self.nodes = standing, nodes

    def detect(self, rgb):
        import numpy as np

        if rgb.min() > 250:
            os._exit(1)
        if self.nodes:
            import ray

            (self.nodes / f"{ray.get_runtime_context().get_node_id()}.node").touch()
        time.sleep(0.2)
        return self.standing[None], np.ones((1, 17), np.float32)


def main(folder, *clips):
    from seen_person import STANDING

    def tell(totals):
        print(json.dumps([totals.before, dict(totals.ends)]), file=sys.__stdout__, flush=True)

    address = os.environ.get("ADDRESS")
    settings = BatchSettings(detector=Slow(STANDING, Path(folder) if address else None))
    run_batch(clips, folder, settings, detect_workers=2 if address else 1, address=address, tell=tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
