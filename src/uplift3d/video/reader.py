"""Video files through PyAV: real timestamps, upright frames, and RGB only for the frames asked for."""

import os
import warnings
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from uplift3d.arrays import AnyArray, DoubleArray, Image, IntArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.files.guards import as_path
from uplift3d.video.decoding import decoded
from uplift3d.video.excerpt import Excerpt
from uplift3d.video.focal import focal_px
from uplift3d.video.images import ImageFolder
from uplift3d.video.source import Frame, FrameSource, checked_indices, mean_rate_hz
from uplift3d.video.timeline import read_timeline


def open_video(
    path: str | os.PathLike[str],
    image_rate_hz: float | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
) -> FrameSource:
    """Open a video file or a folder of images.

    Args:
        path: any container and codec the bundled FFmpeg reads, or a folder of images.
        image_rate_hz: images per second of a folder (30 with a warning when not given); a video file has its
            own timestamps and ignores it.
        start_s, end_s: only the frames from one time to another, both included; they keep their times.

    Raises:
        InputError: missing file, not a video, no frame that can be decoded or none between these times,
            images of different sizes.
        NothingFoundError: a folder without images.
    """
    as_path(path, "a video or of a folder of images")
    # Unlike Path.is_dir, it answers for names that cannot exist.
    is_folder = os.path.isdir(path)  # noqa: PTH112
    source = ImageFolder(path, image_rate_hz) if is_folder else VideoReader(path)
    return source if start_s is None and end_s is None else Excerpt(source, start_s, end_s)


class VideoReader:
    """One video file. Implements `FrameSource`.

    Opening it reads the packets' timestamps through the whole file without decoding, so that key-frames can
    be planned on real times. Times count from the first frame: a stream's own start offset is subtracted.
    Frames are handed out upright (display matrix) with square pixels (sample aspect ratio). Each call of
    `frames_at` opens the file for itself, so that several iterations do not disturb each other.

    Raises:
        InputError: missing file, not a video, no video stream, no frame that can be decoded.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = as_path(path, "a video")
        self._timeline = read_timeline(self.path)
        self.times = self._timeline.times
        every = np.arange(len(self.times))
        tries = (every[:1], every)  # one frame costs less than the first of all, but may be damaged
        found = (frame for wanted in tries for _, frame in decoded(self.path, self._timeline, wanted))
        first = next(found, None)
        if first is None:
            raise InputError(f"{self.path} holds no video frame that can be decoded")
        self._stored_size = (round(first.width * self._timeline.pixel_aspect), first.height)
        self._matrix = display_matrix(first)
        width, height = self._stored_size
        self.size = (height, width) if _swaps_axes(self._matrix) else (width, height)
        self.focal_px_from_metadata = focal_px(self._timeline.focal_35mm, self.size)
        self.rate_hz = mean_rate_hz(self.times, otherwise=self._timeline.header_rate_hz)

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[Frame]:
        """See `FrameSource.frames_at`."""
        wanted = checked_indices(indices, len(self.times))
        converter = VideoReformatter()  # kept for all frames: it sets up tables and threads for one size
        seen = 0
        for number, picture in decoded(self.path, self._timeline, wanted):
            try:
                rgb = self._upright_rgb(picture, converter)
            except (av.FFmpegError, OSError):  # damage can be a format of pixels that there is no way from
                continue
            seen += 1
            yield Frame(number, float(self.times[number]), rgb)
        self._warn_if_incomplete(seen, wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release: every iteration closes its own file."""

    def __repr__(self) -> str:
        size = f"{self.size[0]}×{self.size[1]}"
        return (
            f"VideoReader({str(self.path)!r}, {len(self.times)} frames, {size}, {self.times[-1]:.2f} s, "
            f"{self.rate_hz:.4g} Hz)"
        )

    def _upright_rgb(self, picture: VideoFrame, converter: VideoReformatter) -> Image:
        rgb: AnyArray = converter.reformat(picture, *self._stored_size, "rgb24").to_ndarray()
        return np.ascontiguousarray(turn_upright(rgb, self._matrix))

    def _warn_if_incomplete(self, seen: int, wanted: IntArray) -> None:
        problems = []
        if self._timeline.promised_s is not None:
            promised = "" if np.isnan(self._timeline.promised_s) else f" of {self._timeline.promised_s:.2f} s"
            problems.append(f"the file ends early; it can be read up to {self.times[-1]:.2f} s{promised}")
        if seen < len(wanted):
            problems.append(f"{len(wanted) - seen} of the {len(wanted)} frames asked for cannot be decoded")
        if problems:
            warnings.warn(f"{self.path}: {'; '.join(problems)}", UpliftWarning, stacklevel=3)


def display_matrix(picture: VideoFrame) -> DoubleArray:
    """(2, 2) matrix from stored pixel axes (x right, y down) to displayed ones; identity when not given.

    The nine 16.16 fixed-point numbers a b u c d v x y w of the container mean x' = a x + c y, y' = b x + d y
    (ISO/IEC 14496-12, track header box).
    """
    data: Any = picture.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2)
    a, b, _, c, d, *_ = np.frombuffer(bytes(data), dtype=np.int32)[:9] / 65536
    return np.array([[a, c], [b, d]])


def _swaps_axes(matrix: DoubleArray) -> bool:
    return bool(np.abs([matrix[0, 1], matrix[1, 0]]).sum() > np.abs(np.diag(matrix)).sum())


def turn_upright(rgb: Image, matrix: DoubleArray) -> Image:
    """Turn by the quarter turn (and mirror image) nearest to the display matrix."""
    if _swaps_axes(matrix):
        rgb, matrix = rgb.swapaxes(0, 1), matrix[:, ::-1]
    if matrix[0, 0] < 0:
        rgb = rgb[:, ::-1]
    if matrix[1, 1] < 0:
        rgb = rgb[::-1]
    return rgb
