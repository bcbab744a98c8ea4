"""Start reading here: video → key-frames → 2D → tokens → windows → network → 3D at the video's own times.

`lift_video` is the whole path, `lift_frames` the same for images that are no file, `lift_keypoints` the part
behind the 2D detector; `lifter.Lifter` keeps the network loaded between calls. Torch is needed by the torch
runtime only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

import numpy as np
import numpy.typing as npt

from uplift3d import detect
from uplift3d.arrays import Image
from uplift3d.errors import InputError
from uplift3d.key_frames import first_interval, first_looks
from uplift3d.lift import Runtime
from uplift3d.lift.adaptive import (
    KeyInterval,
    as_adaptive,
)
from uplift3d.lift.axes import pinhole
from uplift3d.lift.models import ModelPath
from uplift3d.lift.output_times import checked_times, choose_output_times
from uplift3d.lifter import Lifter
from uplift3d.options import LifterOptions
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.video import FrameStream, nearest_frames, open_video
from uplift3d.video.schedule import check_key_interval


def lift_video(
    path: str | os.PathLike[str],
    detector: str | detect.Detector = "blazepose",
    model: ModelPath | Runtime = "base",
    key_interval: KeyInterval = 0.4,
    runtime: str = "onnx",
    progress: bool = True,
    *,
    output_times: npt.ArrayLike | None = None,
    people: detect.Who = "all",
    image_rate_hz: float | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    focal_px: float | None = None,
    principal_point_px: tuple[float, float] | None = None,
    **options: Unpack[LifterOptions],
) -> Motion3D:
    """Lift the people in a video to 3D, with a pose for every frame of the video.

    Args:
        path: video file, or folder of images.
        detector: name of a 2D detector, or a detector.
        model, runtime: see `Lifter`.
        key_interval: seconds between the frames that the 2D detector looks at; None takes every frame,
            "adaptive" or `Adaptive(…)` looks a second time where that pays.
        progress: show a progress bar on stderr.
        output_times: (T,) seconds, increasing; default: the timestamps of all the video's frames.
        people: whom to lift, see `detect.run`.
        image_rate_hz: images per second of a folder of images.
        start_s, end_s: lift only this part of the video, see `video.open_video`.
        focal_px, principal_point_px: see `Lifter.lift`.
        **options: see `Lifter`.

    Returns:
        Motion3D at the output times.

    Raises:
        InputError: something is wrong with the video, the model or an argument.
        NothingFoundError: nobody is in view.
    """
    first_interval(key_interval)
    detect.check_people(people)
    lifter = Lifter(model, runtime, **options)
    started = time.perf_counter()
    with open_video(path, image_rate_hz, start_s, end_s) as video:
        key_frames = first_looks(video.times, key_interval)
        pinhole(video.size, focal_px, principal_point_px)  # refuses what would only be found out at the end
        wanted = video.times if output_times is None else checked_times(output_times)
        used = detect.create_detector(detector) if isinstance(detector, str) else detector
        keypoints = detect.run(video, key_frames, used, people=people, progress=progress)
        if adaptive := as_adaptive(key_interval):
            more = nearest_frames(video.times, lifter.more_looks(lifter.settled(keypoints), adaptive))
            keypoints = detect.look_again(video, np.setdiff1d(more, key_frames), keypoints, used)
    detect_s = time.perf_counter() - started
    times = choose_output_times(keypoints, wanted, lifter.spec.spacing_s)
    keypoints = lifter.settled(keypoints)
    motion = lifter.lift_keys(keypoints, key_interval, times, focal_px, principal_point_px, progress)
    timings = {"detect": round(detect_s, 3), **motion.meta["timings_s"]}
    return replace(motion, meta={**motion.meta, "source": os.fspath(path), "timings_s": timings})


def lift_frames(
    frames: Iterable[tuple[float, Image]],
    detector: str | detect.Detector = "blazepose",
    model: ModelPath | Runtime = "base",
    key_interval: float | None = 0.4,
    runtime: str = "onnx",
    *,
    output_times: npt.ArrayLike | None = None,
    focal_px: float | None = None,
    principal_point_px: tuple[float, float] | None = None,
    **options: Unpack[LifterOptions],
) -> Motion3D:
    """Lift the people in images that are no file, read once, one after the other.

    Args:
        frames: pairs (seconds, RGB image) as `zip(times, images)` makes them, see `video.FrameStream`.
        output_times: (T,) seconds, increasing; default: the times of all the frames, as they were given.
        detector, model, key_interval, runtime, focal_px, principal_point_px, **options: see `lift_video`, as
            for what is returned and raised. An InputError names the number of a frame that cannot be used.
    """
    if as_adaptive(key_interval):
        raise InputError(
            "images that come once cannot be looked at a second time, so key_interval is a number of seconds "
            "here, or None; StreamLifter says of a stream when to look next"
        )
    check_key_interval(key_interval)
    lifter = Lifter(model, runtime, **options)
    keypoints = detect.run(FrameStream(frames, key_interval), None, detector)
    return lifter.lift(
        keypoints, key_interval, output_times, focal_px=focal_px, principal_point_px=principal_point_px
    )


def lift_keypoints(
    keypoints: Keypoints2D,
    model: ModelPath | Runtime = "base",
    key_interval: KeyInterval = None,
    output_times: npt.ArrayLike | None = None,
    runtime: str = "onnx",
    *,
    focal_px: float | None = None,
    principal_point_px: tuple[float, float] | None = None,
    **options: Unpack[LifterOptions],
) -> Motion3D:
    """Lift 2D joints to 3D: `Lifter(model, runtime, …).lift(keypoints, …)` explains the arguments."""
    lifter = Lifter(model, runtime, **options)
    return lifter.lift(
        keypoints, key_interval, output_times, focal_px=focal_px, principal_point_px=principal_point_px
    )
