"""What a 2D detector is.

Axes: P people, J joints.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray, Image


class People(NamedTuple):
    """Everybody seen in one image."""

    positions: FloatArray
    """(P, J, 2) pixels, NaN where unseen; P is 0 when nobody is found."""
    confidence: FloatArray
    """(P, J) in [0, 1]."""
    hint: FloatArray | None = None
    """(P, J, 3) its own guess in 3D, metres from the pelvis, camera axes; NaN where it makes none."""

    def joined(self, others: "People") -> "People":
        """These and the others, of the same detector."""
        hint = None if self.hint is None or others.hint is None else np.concatenate([self.hint, others.hint])
        positions = np.concatenate([self.positions, others.positions])
        return People(positions, np.concatenate([self.confidence, others.confidence]), hint)


class Detector(Protocol):
    """Finds people in single images. Key-frames are far apart, so nothing is remembered between images."""

    name: str
    """Recorded in the results."""
    joints: str
    """Joint set of what `detect` returns, see `uplift3d.skeletons`."""

    def detect(self, rgb: Image) -> People:
        """Find everybody.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.
        """
        ...

    def detect_batch(self, images: Sequence[Image]) -> list[People]:
        """Find everybody in each of several images; a detector may do this faster than one by one."""
        return [self.detect(rgb) for rgb in images]


class Place(NamedTuple):
    """Where a person should be."""

    centre: DoubleArray
    """(2,) middle of shoulders and hips in pixels, see `sighting.Sighting.centre`."""
    size: float
    """Longer side of the box around the joints, in pixels."""
    positions: FloatArray
    """(J, 2) the joints when last seen, moved along, in pixels; NaN where unseen."""
    sure: bool = False
    """Seen so surely and so shortly before that they will be right there."""


@runtime_checkable
class Follower(Detector, Protocol):
    """A detector that looks closer where it is told that people should be."""

    def look_near(self, rgb: Image, places: Sequence[Place]) -> People:
        """Find the people near these places.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.
            places: where people should be.
        """
        ...

    def search(self, rgb: Image, seen: Sequence[Place] = (), *, fine: bool = False) -> People:
        """Find people anywhere in the image.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.
            seen: those found already; they are not looked at again.
            fine: take the time to find people who are small in the image, too.
        """
        ...
