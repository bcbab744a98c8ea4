"""`.mp4`: the video with its people drawn in, from the side and from above beside it, a strip of time below.

What is drawn into the picture is the 3D pose, projected by the camera that it was lifted with. Frames keep
their own times; the sound is left out.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from uplift3d.arrays import TimeArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.post.resample import resample, usual_step_s
from uplift3d.progress import progress_bar
from uplift3d.types import Motion3D
from uplift3d.video import FrameSource, open_video
from uplift3d.view.encoder import Encoder
from uplift3d.view.sheet import Layout, Sheet, camera_of

NO_VIDEOS = (".npz", ".npy", ".json", ".csv", ".h5", ".trc", ".bvh", ".glb")
SAME_SHAPE = 1.02
"""How much wider for its height a video may be than the one that the motion was made from."""
SAME_S = 0.5
"""How much longer than the video a motion may be, and still count as made from it."""


def write(
    path: Path, motion: Motion3D, video: str | os.PathLike[str] | None = None, progress: bool = False
) -> None:
    """Write the video that a motion was made from, with the motion drawn in.

    Args:
        path: the `.mp4`.
        motion: at any times; it is shown at those of the video's frames.
        video: the video, or folder of images; by default the one that `motion.meta["source"]` names.
        progress: show a progress bar on stderr.

    Raises:
        InputError: no such video, one that is shorter than the motion, or a motion without a pose.
    """
    source = find_video(motion, video)
    if not motion.present.any():
        raise InputError(f"{motion!r} has no pose to draw over {source}")
    if motion.root is None or camera_of(motion) is None:
        warnings.warn(
            f"{path.name}: nobody knows where in the picture people are (--raw, or a motion that was not "
            "lifted), so they are shown beside it only",
            UpliftWarning,
            stacklevel=2,
        )
    with opened_for(motion, source) as frames:
        shown, numbers = at_frames(motion, frames)
        layout = Layout.of(frames.size)
        sheet = Sheet(shown, layout)
        with (
            Encoder(path, layout.size, frames.rate_hz) as encoder,
            progress_bar(progress, path.suffix.lstrip(".") + " video", len(numbers)) as advance,
        ):
            start = float(shown.times[0])
            for frame in frames.frames_at(numbers):
                row = int(np.searchsorted(numbers, frame.number))
                encoder.add(sheet.picture(frame.rgb, row), frame.time_s - start)
                advance(1)


def find_video(motion: Motion3D, video: str | os.PathLike[str] | None = None) -> Path:
    """The video that a motion was made from.

    Raises:
        InputError: it is not where it was, and none is given.
    """
    if video is not None:
        if not Path(video).exists():
            raise InputError(f"{os.fspath(video)}: no such video or folder of images")
        return Path(video)
    source = motion.meta.get("source")
    if not isinstance(source, str) or Path(source).suffix in NO_VIDEOS or not Path(source).exists():
        named = f"and it was made from {source}" if isinstance(source, str) else "which it does not name"
        raise InputError(
            f"an .mp4 needs the video that the motion was made from, {named}: give it (view --video)"
        )
    return Path(source)


def at_frames(motion: Motion3D, frames: FrameSource) -> tuple[Motion3D, list[int]]:
    """The motion at the times of the video's frames, and the numbers of those that it covers.

    Raises:
        InputError: the motion goes on after the video ends, or was filmed in pictures of another shape, so
            that it cannot be of this video.
    """
    if (camera := camera_of(motion)) is not None and camera.image_size is not None:
        width, height = camera.image_size
        wider = frames.size[0] * height / (frames.size[1] * width)
        if not 1 / SAME_SHAPE < wider < SAME_SHAPE:
            raise InputError(
                f"{frames.path} has pictures of {frames.size[0]} × {frames.size[1]}, but the motion was made "
                f"from such of {width} × {height}: it was made from another video"
            )
    step = float(np.median(np.diff(frames.times))) if len(frames.times) > 1 else 0.0
    if motion.times[-1] > frames.times[-1] + max(SAME_S, 2 * step):
        raise InputError(
            f"{frames.path} lasts {frames.times[-1]:.2f} s, but the motion goes on until "
            f"{motion.times[-1]:.2f} s: it was made from another video"
        )
    inside = (frames.times >= motion.times[0] - step / 2) & (frames.times <= motion.times[-1] + step / 2)
    numbers = np.flatnonzero(inside)
    if not len(numbers):
        raise InputError(
            f"{frames.path} has no frame between {motion.times[0]:.2f} and {motion.times[-1]:.2f} s"
        )
    return _resampled(motion, frames.times[numbers]), numbers.tolist()


def _resampled(motion: Motion3D, times: TimeArray) -> Motion3D:
    if len(times) == len(motion) and np.allclose(times, motion.times, rtol=0, atol=1e-6):
        return motion
    return resample(motion, times, "smooth")


def opened_for(motion: Motion3D, source: Path) -> FrameSource:
    """The video of a motion; the images of a folder, which have no times, get those that they were lifted at,
    or one for each pose where that is unknown."""
    if not source.is_dir() or len(motion) < 2:
        return open_video(source)
    noted = motion.meta.get("keypoints")
    rate_hz = noted.get("image_rate_hz") if isinstance(noted, Mapping) else None
    if not isinstance(rate_hz, int | float):
        rate_hz = 1 / usual_step_s(motion.times)
    return open_video(source, rate_hz)
