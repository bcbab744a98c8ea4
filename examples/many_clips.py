"""Many 2D files with one loaded network: `python examples/many_clips.py keypoints/ motions/`.

Files may be of any format that `uplift3d.detect.load_keypoints` reads. A clip without a usable person is
named and left out.
"""

import sys
from pathlib import Path

from uplift3d import Lifter, NothingFoundError, save_motion
from uplift3d.detect import load_keypoints


def main(folder: str, output: str) -> None:
    """Loading the network takes longer than lifting a short clip, so it is done once."""
    lifter = Lifter(threads=1)  # with a process per core, one thread each is fastest
    Path(output).mkdir(exist_ok=True)
    for path in sorted(Path(folder).iterdir()):
        try:
            motion = lifter.lift(load_keypoints(path))
        except NothingFoundError as error:
            print(f"{path.name} left out: {error}")
            continue
        print(save_motion(Path(output) / f"{path.stem}.npz", motion))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
