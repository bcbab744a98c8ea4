"""What a 2D detector is."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


class Detector(Protocol):
    """Finds people in single images. Key-frames are far apart, so nothing is remembered between images."""

    name: str
    """Recorded in the results."""
    joints: str
    """Joint set of what `detect` returns, see `uplift3d.skeletons`."""
    finds_everyone: bool
    """Whether one look at an image finds all people. A detector that finds one at most is shown parts of the
    image instead (see `uplift3d.detect.finder`)."""

    def detect(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """Find people.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.

        Returns:
            positions (P, J, 2) pixels (NaN where unseen) and confidence (P, J) in [0, 1]; P is 0 when nobody
            is found.
        """
        ...
