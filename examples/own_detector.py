"""A 2D detector of your own: `python examples/own_detector.py crowd.mp4 crowd.npz`.

As an example, it shows images to BlazePose at twice their size. That finds fewer people than BlazePose does
by itself, which is told where they were at the last look: a detector that can use that has `look_near` and
`search` too (`uplift3d.detect.Follower`).
"""

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from uplift3d import lift_video, save_motion
from uplift3d.detect import Detector, People, create_detector, register_detector

Image = npt.NDArray[np.uint8]


class Enlarged:
    """Shows images to another detector at a multiple of their size. Has the members of `Detector`."""

    def __init__(self, inner: Detector, factor: int = 2) -> None:
        self.inner = inner
        self.factor = factor
        self.name = f"{inner.name} at {factor} times the size"  # recorded in the results
        self.joints = inner.joints  # the joint set of its answers

    def detect(self, rgb: Image) -> People:
        """Everybody in an image (H, W, 3): positions in its pixels, and confidence."""
        large = np.ascontiguousarray(rgb.repeat(self.factor, axis=0).repeat(self.factor, axis=1))
        people = self.inner.detect(large)
        return people._replace(positions=people.positions / np.float32(self.factor))

    def detect_batch(self, images: Sequence[Image]) -> list[People]:
        """The same for several images."""
        return [self.detect(rgb) for rgb in images]


def main(video: str, output: str) -> None:
    """`lift_video` takes a detector as it is; registered, it also goes by a name."""
    register_detector("enlarged", lambda: Enlarged(create_detector("blazepose")))
    motion = lift_video(video, detector="enlarged")
    save_motion(output, motion)
    print(f"{motion} by {motion.meta['keypoints']['detector']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
