"""A part of a video, read as if it were all there is; its times stay those of the whole video."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import numpy as np

from uplift3d.errors import InputError
from uplift3d.video.source import Frame, FrameSource, checked_indices


class Excerpt:
    """The frames of a source from one time to another, both included. Implements `FrameSource`.

    Args:
        source: an opened video or image folder.
        start_s: seconds; None: from the first frame.
        end_s: seconds; None: to the last frame.

    Raises:
        InputError: no frame lies between the two.
    """

    def __init__(self, source: FrameSource, start_s: float | None, end_s: float | None) -> None:
        self._source = source
        first = 0 if start_s is None else int(np.searchsorted(source.times, start_s, side="left"))
        after = len(source.times)
        if end_s is not None:
            after = int(np.searchsorted(source.times, end_s, side="right"))
        if first >= after:
            raise InputError(
                f"{source.path}: no frame from {start_s or 0:g} s "
                f"{'on' if end_s is None else f'to {end_s:g} s'}; the video is "
                f"{source.times[-1]:.2f} s long"
            )
        self._first = first
        self.path, self.size, self.rate_hz = source.path, source.size, source.rate_hz
        self.focal_px_from_metadata = source.focal_px_from_metadata
        self.times = source.times[first:after]

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[Frame]:
        """See `FrameSource.frames_at`; indices count from the first frame of the excerpt."""
        wanted = checked_indices(indices, len(self.times)) + self._first
        for frame in self._source.frames_at(wanted):
            yield frame._replace(number=frame.number - self._first)

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.__exit__(kind, error, trace)
