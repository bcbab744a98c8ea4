"""Start reading here: video → key-frames → 2D → tokens → windows → network → 3D at the video's own times.

`lift_video` is the whole path, `lift_keypoints` the part behind the 2D detector, and `Lifter` keeps the
network loaded between calls. Torch is needed by the torch runtime only.

Axes: P people, K key-frames, T output times, n tokens, J joints.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress

from uplift3d import detect
from uplift3d.camera import Camera
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.lift import Runtime, Stretch, lift_track, open_runtime, plan_stretches
from uplift3d.lift.axes import AXES_IN_WORDS, in_camera_axes, pinhole
from uplift3d.lift.models import ModelPath
from uplift3d.lift.offline import check_hop
from uplift3d.lift.stretches import usual_interval
from uplift3d.normalise import MIN_JOINTS
from uplift3d.post import Interpolation, check_method, interpolate, nearest_flags
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import InputSpec, PersonKeyFrames, grid_times, tokenise
from uplift3d.types import BoolArray, FloatArray, Keypoints2D, Motion3D, TimeArray
from uplift3d.version import __version__
from uplift3d.video import open_video, regular_key_frames

OUTPUT_JOINTS = "h36m17"
# Measured on held-out motion: 1–2.5 mm less MPJPE and P-MPJPE than hop 1 at every trained key interval, for
# an eighth of the windows (docs/decisions.md).
DEFAULT_HOP = 8
MAX_GAP_S = 1.0
# Default output times are never more: 11 days at the default model's rate.
MAX_POSES = 10_000_000


class LifterOptions(TypedDict, total=False):
    """The optional arguments of `Lifter`, which explains them."""

    flip: bool
    hop: int | None
    interpolation: Interpolation
    max_gap_s: float
    threads: int | None


def lift_video(
    path: str | os.PathLike[str],
    detector: str | detect.Detector = "mediapipe",
    model: ModelPath | Runtime = "base",
    key_interval: float | None = 0.4,
    runtime: str = "onnx",
    progress: bool = True,
    *,
    output_times: npt.ArrayLike | None = None,
    max_people: int | None = None,
    image_rate_hz: float | None = None,
    focal_px: float | None = None,
    principal_point_px: tuple[float, float] | None = None,
    **options: Unpack[LifterOptions],
) -> Motion3D:
    """Lift the people in a video to 3D, with a pose for every frame of the video.

    Args:
        path: video file, or folder of images.
        detector: name of a 2D detector, or a detector.
        model, runtime: see `Lifter`.
        key_interval: seconds between the frames that the 2D detector looks at; None takes every frame.
        progress: show a progress bar on stderr.
        output_times: (T,) seconds, increasing; default: the timestamps of all the video's frames.
        max_people: see `detect.run`.
        image_rate_hz: images per second of a folder of images.
        focal_px, principal_point_px: see `Lifter.lift`.
        **options: see `Lifter`.

    Returns:
        Motion3D at the output times.

    Raises:
        InputError: something is wrong with the video, the model or an argument.
        NothingFoundError: nobody is in view.
    """
    _check_key_interval(key_interval)
    lifter = Lifter(model, runtime, **options)
    started = time.perf_counter()
    with open_video(path, image_rate_hz) as video:
        key_frames = regular_key_frames(video.times, key_interval)
        keypoints = detect.run(video, key_frames, detector, max_people=max_people, progress=progress)
        times = video.times if output_times is None else output_times
    detect_s = time.perf_counter() - started
    motion = lifter.lift(
        keypoints,
        key_interval,
        times,
        focal_px=focal_px,
        principal_point_px=principal_point_px,
        progress=progress,
    )
    timings = {"detect": round(detect_s, 3), **motion.meta["timings_s"]}
    return replace(motion, meta={**motion.meta, "source": os.fspath(path), "timings_s": timings})


def lift_keypoints(
    keypoints: Keypoints2D,
    model: ModelPath | Runtime = "base",
    key_interval: float | None = None,
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


class Lifter:
    """A loaded network and how to use it, for any number of clips.

    Args:
        model: "base", or the path of a model (see `lift.open_runtime`), or a loaded runtime.
        runtime: "onnx" or "torch".
        flip: average with the result for the mirror image, for twice the time.
        hop: 1 gives every token the refined centre pose of its own window, as the published evaluation does;
            k > 1 takes k times fewer windows and mixes their sequences, see `lift.lift_track`. None takes 1
            for networks with the published input and 8 for ours.
        interpolation: between the network's poses, "linear" (published) or "smooth" (continuous velocity).
        max_gap_s: longest time without a pose of a person that is filled in; never less than 2.5 key
            intervals. Longer absences are NaN, and what comes after them knows nothing of what was before.
        threads: CPU threads; None takes all.

    Raises:
        InputError: an argument that cannot be used, or a model that is not there.
    """

    def __init__(
        self,
        model: ModelPath | Runtime = "base",
        runtime: str = "onnx",
        *,
        flip: bool = False,
        hop: int | None = None,
        interpolation: Interpolation = "linear",
        max_gap_s: float = MAX_GAP_S,
        threads: int | None = None,
    ) -> None:
        if not (isinstance(model, str | os.PathLike) or hasattr(model, "uplift")):
            raise InputError(
                f"model is {model!r}; accepted are 'base', the path of a model, or a loaded runtime"
            )
        self.name = os.fspath(model) if isinstance(model, str | os.PathLike) else "given"
        self.runtime = (
            open_runtime(model, runtime, threads) if isinstance(model, str | os.PathLike) else model
        )
        self.spec = InputSpec.from_config(self.runtime.config)
        if not max_gap_s >= 0:
            raise InputError(f"max_gap_s is {max_gap_s}; it must be a number of seconds from 0")
        if hop is None:
            hop = 1 if self.spec.edges == "repeat" else min(DEFAULT_HOP, self.spec.window // 2)
        self.flip, self.hop, self.max_gap_s = flip, check_hop(hop, self.spec), max_gap_s
        self.interpolation = check_method(interpolation)
        alike = set(joint_set(self.spec.joints).joints) == set(joint_set(OUTPUT_JOINTS).joints)
        self.joints = OUTPUT_JOINTS if alike else self.spec.joints
        self._order = reorder(self.spec.joints, self.joints)

    def lift(
        self,
        keypoints: Keypoints2D,
        key_interval: float | None = None,
        output_times: npt.ArrayLike | None = None,
        *,
        focal_px: float | None = None,
        principal_point_px: tuple[float, float] | None = None,
        progress: bool = False,
    ) -> Motion3D:
        """Lift 2D joints to 3D.

        Args:
            keypoints: 2D joints at a few or many moments, any joint set.
            key_interval: use only the moments nearest to every so many seconds; None uses all.
            output_times: (T,) seconds, increasing. Default: those of all frames of the video, where
                `keypoints` know them, else the times of `keypoints`; where these are farther apart than the
                network's own poses (0.1 s for the default model), the times of those.
            focal_px: focal length, for a network that answers in the axes of a camera looking straight at the
                person: turns its poses into the axes of the real camera.
            principal_point_px: pixel on the optical axis; the image centre when not given.
            progress: show a progress bar on stderr where that is a terminal.

        Returns:
            Motion3D at the output times, NaN where a person is absent.

        Raises:
            InputError: an argument that cannot be used.
            NothingFoundError: no usable pose of anybody.
        """
        started = time.perf_counter()
        _check_key_interval(key_interval)
        if not isinstance(keypoints, Keypoints2D):
            raise InputError(
                f"keypoints is of type {type(keypoints).__name__}; accepted is Keypoints2D, which "
                "detect.load_keypoints reads from a file"
            )
        if len(keypoints) == 0:
            raise NothingFoundError("the 2D joints hold no key-frame, so there is nothing to lift")
        wanted = self._output_times(keypoints, output_times)
        camera = pinhole(keypoints.image_size, focal_px, principal_point_px)
        keys = keypoints[regular_key_frames(keypoints.times, key_interval)]
        interval_s = usual_interval(keys.times, key_interval, self.spec.spacing_s)
        people = [
            PersonKeyFrames.from_keypoints(keys, person, self.spec.joints, self.spec.input)
            for person in range(len(keys.people))
        ]
        if not any(person.usable.any() for person in people):
            raise NothingFoundError(_nobody(keys))

        positions = np.full((len(people), len(wanted), len(self._order), 3), np.nan, dtype=np.float32)
        stretches = plan_stretches(people, wanted, interval_s, self.max_gap_s, self.spec)
        with _bar(progress, sum(len(stretch.grid) for stretch in stretches)) as advance:
            for stretch in stretches:
                times = wanted[stretch.rows]
                positions[stretch.person, stretch.rows] = self._lift_stretch(stretch, times, camera, advance)
        return Motion3D(
            positions=positions,
            times=wanted,
            root=None,
            observed=_observed(wanted, people, positions, self.spec.spacing_s),
            people=keys.people,
            joints=self.joints,
            meta={
                **self._meta(),
                "axes": AXES_IN_WORDS[self.spec.axes if camera is None else "camera"],
                "arguments": {"key_interval": key_interval, "focal_px": focal_px, **self._arguments()},
                "key_frames": len(keys),
                "key_interval_s": round(interval_s, 6),
                "keypoints": dict(keypoints.meta),
                "timings_s": {"lift": round(time.perf_counter() - started, 3)},
            },
        )

    def _lift_stretch(
        self, stretch: Stretch, times: TimeArray, camera: Camera | None, advance: Callable[[int], None]
    ) -> FloatArray:
        """(T, J, 3) poses at the wanted times of one uninterrupted stretch of one person."""
        track = tokenise(stretch.keys, stretch.grid, self.spec)
        poses = lift_track(self.runtime, track, hop=self.hop, flip=self.flip, advance=advance)  # (n, J, 3)
        poses = interpolate(stretch.grid, poses[:, self._order], times, self.interpolation)  # (T, J, 3)
        if camera is None or self.spec.axes == "camera":
            return poses
        return in_camera_axes(poses, times, stretch.keys, camera)

    def _output_times(self, keypoints: Keypoints2D, given: npt.ArrayLike | None) -> TimeArray:
        spacing_s, times = self.spec.spacing_s, keypoints.times
        if given is None:
            if keypoints.video_times is not None:
                return keypoints.video_times
            dense = len(times) == 1 or float(np.median(np.diff(times))) <= spacing_s * 1.001
            if not dense and (times[-1] - times[0]) / spacing_s > MAX_POSES:
                raise InputError(
                    f"the key-frames span {times[-1] - times[0]:g} s, which is more than {MAX_POSES} poses; "
                    "are their times in seconds? If so, say with output_times when poses are wanted"
                )
            return times if dense else grid_times(float(times[0]), float(times[-1]), spacing_s)
        try:
            wanted = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):  # texts, rows of different lengths
            wanted = np.full(1, np.nan)
        if wanted.ndim != 1 or not np.isfinite(wanted).all() or (np.diff(wanted) <= 0).any():
            raise InputError("output_times must be one row of finite seconds that increase strictly")
        return wanted

    def _meta(self) -> dict[str, Any]:
        runtime = self.runtime
        return {
            "uplift3d": __version__,
            "versions": {"numpy": np.__version__, runtime.name: runtime.version},
            "model": {
                "name": self.name,
                "hash": runtime.model_hash,
                "runtime": runtime.name,
                "licence": runtime.licence,
            },
            "units": {"positions": "m", "times": "s"},
            "joints": self.joints,
        }

    def _arguments(self) -> dict[str, Any]:
        names = ("flip", "hop", "interpolation", "max_gap_s")
        return {name: getattr(self, name) for name in names}


def _check_key_interval(key_interval: object) -> None:
    if key_interval is None:
        return
    number = isinstance(key_interval, int | float | np.number) and not isinstance(key_interval, bool)
    if not number:
        raise InputError(
            f"key_interval is {key_interval!r}; accepted are seconds between key-frames (0.1, 0.2 and 0.4 "
            "were trained), or None for every time there is"
        )


def _observed(
    wanted: TimeArray, people: list[PersonKeyFrames], positions: FloatArray, spacing_s: float
) -> BoolArray:
    """(P, T) True at the output time nearest to each usable key-frame, within half an output step."""
    step_s = spacing_s if len(wanted) < 2 else float(np.median(np.diff(wanted)))
    flags = np.stack([nearest_flags(wanted, person.times[person.usable], step_s) for person in people])
    present: BoolArray = np.isfinite(positions).all(axis=(-1, -2))
    return flags & present


@contextmanager
def _bar(shown: bool, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr where that is a terminal; yields what moves it on."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("3D poses", total=total)
        yield lambda count: progress.advance(task, count)


def _nobody(keys: Keypoints2D) -> str:
    people, frames = keys.positions.shape[:2]
    if people == 0:
        return f"nobody is in view in any of the {frames} key-frames"
    return (
        f"none of the {frames} key-frames shows enough of a person: needed are the hips and {MIN_JOINTS} "
        "more joints of the body"
    )
