"""What all networks that need a 2D pose at every token have in common in an evaluation.

At key-frames farther apart than they were trained with there are two baselines: let them lift the key-frames
alone and interpolate their 3D poses, or interpolate the 2D poses first.

Axes: T frames of a video, K key-frames, n frames that are lifted, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.data.videos import LabelledVideo
from uplift3d.evaluate import windows
from uplift3d.evaluate.video_lifter import NetworkT_co, VideoLifter

__all__ = ["Baseline", "Interpolated", "straight_lines"]

Interpolated = Literal["3d", "2d"]


@dataclass(frozen=True, eq=False)
class Baseline(VideoLifter[NetworkT_co]):
    """A `VideoLifter` but for `lift`."""

    interpolated: Interpolated = "3d"
    """What lies between key-frames is interpolated after lifting ("3d") or before ("2d")."""

    def grid(self, s_in: int) -> int:
        """See `VideoLifter`."""
        return s_in if self.interpolated == "3d" else super().grid(s_in)

    def upsampling(self, learned: bool) -> str:
        """See `VideoLifter`; a rival has no learned upsampling."""
        if self.interpolated == "3d":
            return "none: key-frames are lifted alone, straight lines between their 3D poses"
        s_out = self.model.config.s_out
        every = "frame" if s_out == 1 else f"{s_out} frames"
        return (
            "none: straight lines between the 2D poses of key-frames, which are lifted every "
            f"{every} of {self.rate_hz:g} Hz"
        )

    def frames(self, video: LabelledVideo, s_in: int) -> tuple[IntArray, IntArray]:
        """Frames of a video that are key-frames (K,), and those that are lifted (n,)."""
        factor = windows.rate_factor(video.rate_hz, self.rate_hz)
        keys, rows = (np.arange(0, len(video), step * factor) for step in (s_in, self.grid(s_in)))
        return keys, rows


def straight_lines(values: FloatArray, known: IntArray, wanted: IntArray) -> FloatArray:
    """Values (K, J, C) at frames `known` → at frames `wanted`, the last one held."""
    flat = values.reshape(len(values), -1)
    columns = [np.interp(wanted, known, column) for column in flat.T]
    return np.stack(columns, axis=-1).reshape(len(wanted), *values.shape[1:]).astype(np.float32)
