"""Frames that a program hands in one after the other, from a camera or a reader of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from uplift3d.arrays import Image, TimeArray
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.video.schedule import TIE_S, check_key_interval
from uplift3d.video.source import Frame, mean_rate_hz


class FrameStream:
    """Key-frames out of a row of frames that is read once, holding no more than one of them.

    A `FrameSource` for one pass and without a choice by number: `frames_at()` hands out the frames that
    `regular_key_frames` would choose, and `times` grows as they are read.

    Args:
        frames: pairs of a time in seconds, finite and increasing, and an RGB image (H, W, 3) uint8, all of
            one size. Every image needs memory of its own: it is looked at while the next ones are read.
        key_interval_s: seconds between key-frames; None hands out every frame.

    Raises:
        InputError: an interval that is not a positive number, or a first frame that is no such pair.
        NothingFoundError: no frames at all.
    """

    path = Path("given frames")  # what messages call them
    focal_px_from_metadata: float | None = None

    def __init__(self, frames: Iterable[tuple[float, Image]], key_interval_s: float | None = None) -> None:
        check_key_interval(key_interval_s)
        self.key_interval_s = key_interval_s
        self._times: list[float] = []
        self._last: Image | None = None
        self._rest: Iterator[Any] | None = iter(_iterable(frames))
        self._first = next(self._read(), None)
        if self._first is None:
            raise NothingFoundError("no frames were given, so there is nothing to look at")
        height, width = self._first.rgb.shape[:2]
        self.size = (width, height)

    @property
    def times(self) -> TimeArray:
        """(F,) seconds of the frames read so far, as they were given."""
        return np.array(self._times)

    @property
    def rate_hz(self) -> float:
        """Mean frame rate so far, NaN for a single frame."""
        return mean_rate_hz(self.times, otherwise=float("nan"))

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[Frame]:
        """The key-frames, once.

        Raises:
            InputError: a frame that is no pair of a later time and an image like the first (its number is
                named), or frames that were read before.
            ValueError: indices, for they ask for frames that may be gone (a mistake of the calling code).
        """
        if indices is not None:
            raise ValueError("frames that come one after the other cannot be chosen by number")
        if self._rest is None or self._first is None:
            raise InputError("these frames were read already; hand them in again")
        held, self._first = self._first, None
        grid = 0  # the next key-frame is the one nearest to this many intervals after the first frame
        for frame in self._read():
            after = self._grid_after((held.time_s + frame.time_s) / 2, grid)
            if after > grid or self._takes_all:
                yield held
            held, grid = frame, after
        self._rest = None
        if self._takes_all or self._counts_at_end(grid):
            yield held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release: the frames are the caller's."""

    @property
    def _takes_all(self) -> bool:
        return self.key_interval_s is None or self.key_interval_s <= TIE_S

    def _grid_after(self, middle_s: float, grid: int) -> int:
        """The first grid time that is nearer to the frame behind `middle_s` than to the one before it."""
        if self.key_interval_s is None or self._takes_all:
            return grid
        start_s = self._times[0]
        grid = max(grid, int((middle_s - start_s) / self.key_interval_s) - 1)
        while start_s + self.key_interval_s * grid - TIE_S <= middle_s:
            grid += 1
        return grid

    def _counts_at_end(self, grid: int) -> bool:
        """Does a grid time from this one on belong to the last frame? See `regular_key_frames`."""
        times = self._times
        tail_s = (times[-1] - times[-2]) / 2 if len(times) > 1 else 0.0
        assert self.key_interval_s is not None
        return grid <= int((times[-1] - times[0] + tail_s) / self.key_interval_s)

    def _read(self) -> Iterator[Frame]:
        assert self._rest is not None
        for given in self._rest:
            number = len(self._times)
            time_s, rgb = _checked(given, number)
            self._check_follows(number, time_s, rgb)
            self._times.append(time_s)
            self._last = rgb
            yield Frame(number, time_s, np.ascontiguousarray(rgb))

    def _check_follows(self, number: int, time_s: float, rgb: Image) -> None:
        if self._last is None:
            return
        if time_s <= self._times[-1]:
            raise InputError(
                f"frame {number} is at {time_s:g} s, after one at {self._times[-1]:g} s; times must increase"
            )
        if rgb.shape != self._last.shape:
            raise InputError(f"frame {number} has shape {rgb.shape}, the ones before {self._last.shape}")
        if np.may_share_memory(rgb, self._last):
            raise InputError(
                f"frame {number} lies in the memory of the one before, which is still needed; give each "
                "frame an array of its own (image.copy())"
            )


def _iterable(frames: Any) -> Iterable[Any]:
    if not isinstance(frames, Iterable) or isinstance(frames, str | bytes | dict | np.ndarray):
        raise InputError(
            f"frames are of type {type(frames).__name__}; accepted are pairs (time in seconds, RGB image), "
            "for instance zip(times, images)"
        )
    return frames


def _checked(given: Any, number: int) -> tuple[float, Image]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InputError(
            f"frame {number} is of type {type(given).__name__}; accepted are pairs "
            "(time in seconds, RGB image)"
        )
    time_s, rgb = given
    is_number = isinstance(time_s, int | float | np.number) and not isinstance(time_s, bool)
    if not is_number or not np.isfinite(time_s):
        raise InputError(f"frame {number}: the time is {str(time_s)[:40]}; accepted are finite seconds")
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        found = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else type(rgb).__name__
        raise InputError(
            f"frame {number}: the image is {found}; accepted is a uint8 array (height, width, 3)"
        )
    if 0 in rgb.shape:
        raise InputError(f"frame {number}: the image is empty, {rgb.shape}")
    return float(time_s), rgb
