"""Networks as evaluation sees them: a video goes in, a pose for every frame on the network's grid comes out.

Axes: T frames of a video, n frames that are lifted, J joints.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.data.videos import LabelledVideo
from uplift3d.errors import InputError
from uplift3d.model.network import LiftingNetwork
from uplift3d.normalise import mirror

__all__ = ["VideoLifter", "flip_averaged", "on_frames"]

NetworkT_co = TypeVar("NetworkT_co", bound=LiftingNetwork[Any], covariant=True)


@dataclass(frozen=True, eq=False)
class VideoLifter(ABC, Generic[NetworkT_co]):
    """What an evaluation needs to know of a network."""

    model: NetworkT_co
    """On the device to use."""
    flip: bool = True
    """Average with the result for the mirror image."""
    batch: int = 256
    """Windows at a time."""

    @property
    def joints(self) -> str:
        """Joint set of the answers."""
        return str(self.model.config.joints)

    @property
    def rate_hz(self) -> float:
        """The time base that strides count in."""
        return float(self.model.config.frame_rate_hz)

    def grid(self, s_in: int) -> int:
        """Frames of the time base between two answers to key-frames `s_in` apart."""
        return int(self.model.config.s_out)

    def check(self, s_in: int) -> None:
        """Raise InputError for key-frames that the network cannot use."""
        spacing = self.model.config.s_out
        if s_in < 1 or s_in % spacing:
            raise InputError(
                f"key-frames every {s_in} frames: accepted are multiples of {spacing}, the model's s_out"
            )

    def facts(self, learned_upsampling: bool) -> dict[str, str]:
        """What a report says about how 3D poses come about."""
        return {
            "upsampling": self.upsampling(learned_upsampling),
            "flip": "average with the mirror image" if self.flip else "none",
        }

    @abstractmethod
    def upsampling(self, learned: bool) -> str:
        """What a report says about the frames between key-frames."""

    @abstractmethod
    def lift(self, video: LabelledVideo, s_in: int) -> FloatArray:
        """Answers to a video whose frame rate is a whole multiple of the time base.

        Args:
            video: 2D joints of every frame; only every `s_in`-th of the time base is looked at.
            s_in: frames of the time base between key-frames.

        Returns:
            (T, J, 3) metres from the pelvis in camera axes; NaN off the network's grid.
        """


def flip_averaged(lift: Callable[[FloatArray], FloatArray], poses: FloatArray, joints: str) -> FloatArray:
    """What `lift` makes of 2D poses (n, J, 2 or 3), averaged with its answer to their mirror image."""
    return np.asarray((lift(poses) + mirror(lift(mirror(poses, joints)), joints)) / 2, dtype=np.float32)


def on_frames(poses: FloatArray, rows: IntArray, frames: int) -> FloatArray:
    """Poses (n, J, 3) of the frames `rows`, NaN at all others: (T, J, 3)."""
    out = np.full((frames, *poses.shape[1:]), np.nan, dtype=np.float32)
    out[rows] = poses
    return out
