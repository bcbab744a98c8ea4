"""A person who stands, a video, and a 2D detector that sees the person in every image."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from uplift3d.detect import People

HEAD = [(0, -70), (3, -73), (-3, -73), (6, -71), (-6, -71)]
ARMS = [(18, -50), (-18, -50), (24, -25), (-24, -25), (26, 0), (-26, 0)]
LEGS = [(11, 0), (-11, 0), (12, 40), (-12, 40), (12, 80), (-12, 80)]
STANDING = np.array([*HEAD, *ARMS, *LEGS], dtype=np.float32) + np.float32([160, 120])
"""(17, 2) pixels of a 320 × 240 image, in the order of coco17."""


class Standing:
    """Implements `uplift3d.detect.Detector`."""

    name, joints = "standing", "coco17"

    def detect(self, rgb: np.ndarray) -> People:
        scale = np.float32(rgb.shape[1] / 320)
        return People(STANDING[None] * scale, np.ones((1, 17), np.float32))

    def detect_batch(self, images: Sequence[np.ndarray]) -> list[People]:
        return [self.detect(rgb) for rgb in images]


def film(path: str | Path, frames: int = 30, rate_hz: int = 30) -> None:
    """A grey video of 320 × 240."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(frames):
            image = np.full((240, 320, 3), 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
