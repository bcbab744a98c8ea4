"""What every source of frames offers, and the rules they share."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import numpy as np

from uplift3d.arrays import Image, IntArray, TimeArray


class Frame(NamedTuple):
    """One image of a video."""

    number: int
    """Which frame of its source, from 0; `source.times[number]` is its time."""
    time_s: float
    """Seconds after the first frame of the source."""
    rgb: Image
    """(H, W, 3), upright."""


class FrameSource(Protocol):
    """A video or a folder of images; used in a `with` block."""

    path: Path
    times: TimeArray
    """(F,) seconds of every frame, strictly increasing; the first frame is at 0."""
    size: tuple[int, int]
    """(width, height) in pixels of the frames handed out: upright, with square pixels."""
    rate_hz: float
    """Mean frame rate, to be shown to people; computations use `times`."""
    focal_px_from_metadata: float | None
    """Focal length in pixels of `size` that the camera noted in the file, None where it did not. A cropped or
    stabilised video really has a somewhat longer one."""

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[Frame]:
        """The frames with these indices (increasing), or every frame; only these are converted to RGB.

        Frames that cannot be read are left out, and an `UpliftWarning` at the end says which.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def checked_indices(indices: Iterable[int] | None, frames: int) -> IntArray:
    """(n,) strictly increasing frame indices; every frame for None.

    Raises:
        ValueError: indices that decrease, repeat or lie outside the source (a mistake of the calling code).
    """
    if indices is None:
        return np.arange(frames)
    wanted = np.array(list(indices), dtype=np.int64)
    if (np.diff(wanted) <= 0).any():
        raise ValueError("frame indices must increase strictly")
    if len(wanted) and (wanted[0] < 0 or wanted[-1] >= frames):
        raise ValueError(f"frame indices must lie in 0 … {frames - 1}, got {wanted[0]} … {wanted[-1]}")
    return wanted


def mean_rate_hz(times: TimeArray, otherwise: float) -> float:
    """Mean frame rate of these times; `otherwise` for a single frame."""
    return (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 else otherwise
