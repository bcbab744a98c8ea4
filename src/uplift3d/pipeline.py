"""Start reading here: video → key-frames → 2D → tokens → windows → network → 3D at the video's own times.

`lift_video` is the whole path, `lift_frames` the same for images that are no file, `lift_keypoints` the part
behind the 2D detector, and `Lifter` keeps the network loaded between calls. Torch is needed by the torch
runtime only.

Axes: P people, K key-frames, T output times, n tokens, J joints.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Unpack

import numpy as np
import numpy.typing as npt

from uplift3d import detect
from uplift3d.arrays import FloatArray, Image, TimeArray
from uplift3d.camera import Camera
from uplift3d.errors import InputError
from uplift3d.key_frames import first_interval, first_looks
from uplift3d.lift import Runtime, Stretch, blend_hint, lift_track, open_runtime, plan_stretches
from uplift3d.lift.adaptive import (
    Adaptive,
    KeyInterval,
    as_adaptive,
    more_looks,
    movement,
    recorded_interval,
)
from uplift3d.lift.axes import AXES_IN_WORDS, find_camera, in_camera_axes
from uplift3d.lift.models import ModelPath
from uplift3d.lift.offline import choose_hop
from uplift3d.lift.output_times import choose_output_times
from uplift3d.lift.runtime import describe
from uplift3d.lift.stretches import check_gap, people_in, usual_interval
from uplift3d.options import LifterOptions, recorded, with_defaults
from uplift3d.post import PoseRefinement, check_method, interpolate, observed_at
from uplift3d.progress import progress_bar
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import InputSpec, tokenise
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.version import __version__
from uplift3d.video import FrameStream, nearest_frames, open_video
from uplift3d.video.schedule import check_key_interval

OUTPUT_JOINTS = "h36m17"


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
        used = detect.create_detector(detector) if isinstance(detector, str) else detector
        keypoints = detect.run(video, key_frames, used, people=people, progress=progress)
        if adaptive := as_adaptive(key_interval):
            more = nearest_frames(video.times, lifter._more_looks(lifter.settled(keypoints), adaptive))
            keypoints = detect.look_again(video, np.setdiff1d(more, key_frames), keypoints, used)
        wanted = video.times if output_times is None else output_times
    detect_s = time.perf_counter() - started
    times = choose_output_times(keypoints, wanted, lifter.spec.spacing_s)
    keypoints = lifter.settled(keypoints)
    motion = lifter._lift_keys(keypoints, key_interval, times, focal_px, principal_point_px, progress)
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


class Lifter:
    """A loaded network and how to use it, for any number of clips.

    Args:
        model: "base", "base-free", or the path of a model (see `lift.open_runtime`), or a loaded runtime.
        runtime: "onnx" or "torch".
        **options: see `LifterOptions`.

    Raises:
        InputError: an argument that cannot be used, or a model that is not there.
    """

    def __init__(
        self,
        model: ModelPath | Runtime = "base",
        runtime: str = "onnx",
        **options: Unpack[LifterOptions],
    ) -> None:
        if not (isinstance(model, str | os.PathLike) or hasattr(model, "uplift")):
            raise InputError(
                f"model is {model!r}; accepted are 'base', 'base-free', the path of a model, or a loaded "
                "runtime"
            )
        self.options = with_defaults(options)
        if isinstance(model, str | os.PathLike):
            self.name = os.fspath(model)
            self.runtime = open_runtime(model, runtime, self.options["threads"])
        else:
            self.name, self.runtime = "given", model
        self.spec = InputSpec.from_config(self.runtime.config)
        # A network that takes the hint as input has used it, and a published one never sees it.
        self.blends = self.spec.input == "person" and not self.spec.hint
        self._hop = self.options["hop"] = choose_hop(self.options["hop"], self.spec)
        self.refines = not self.options["raw"] and not self.spec.published
        method = self.options["interpolation"] or ("smooth" if self.refines else "linear")
        self.method = self.options["interpolation"] = check_method(method)
        bones = self.options["constant_bones"] and self.refines
        self.refinement = PoseRefinement(
            bones,
            self.options["smooth_hz"],
            self.options["height_m"],
            self.options["reproject"] and self.refines,
            self.options["lock_feet"] and self.refines,
            self.options["raw"],
        )
        check_gap(self.options["max_gap_s"])
        alike = set(joint_set(self.spec.joints).joints) == set(joint_set(OUTPUT_JOINTS).joints)
        self.joints = OUTPUT_JOINTS if alike else self.spec.joints
        self.order = reorder(self.spec.joints, self.joints)

    def lift(
        self,
        keypoints: Keypoints2D,
        key_interval: KeyInterval = None,
        output_times: npt.ArrayLike | None = None,
        *,
        focal_px: float | None = None,
        principal_point_px: tuple[float, float] | None = None,
        progress: bool = False,
    ) -> Motion3D:
        """Lift 2D joints to 3D.

        Args:
            keypoints: 2D joints at a few or many moments, any joint set.
            key_interval: use only the moments nearest to every so many seconds; None uses all, "adaptive" or
                `Adaptive(…)` those that pay.
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
        first_interval(key_interval)
        if not isinstance(keypoints, Keypoints2D):
            raise InputError(
                f"keypoints is of type {type(keypoints).__name__}; accepted is Keypoints2D, which "
                "detect.load_keypoints reads from a file"
            )
        wanted = choose_output_times(keypoints, output_times, self.spec.spacing_s)
        keypoints = self.settled(keypoints)
        chosen = first_looks(keypoints.times, key_interval)
        if adaptive := as_adaptive(key_interval):
            more = self._more_looks(keypoints[chosen], adaptive)
            chosen = np.union1d(chosen, nearest_frames(keypoints.times, more))
        keys = keypoints[chosen]
        return self._lift_keys(keys, key_interval, wanted, focal_px, principal_point_px, progress)

    def settled(self, keypoints: Keypoints2D) -> Keypoints2D:
        """The key-frames with left and right settled over time, unless the options leave them alone."""
        return detect.settle_sides(keypoints) if self.options["settle_sides"] else keypoints

    def _more_looks(self, keys: Keypoints2D, adaptive: Adaptive) -> TimeArray:
        """When to look a second time, after first looks that were chosen for that."""
        interval_s = usual_interval(keys.times, adaptive.first_s, self.spec.spacing_s)
        people = people_in(keys, self.spec)
        how = []
        for stretch in plan_stretches(people, keys.times, interval_s, self.options["max_gap_s"], self.spec):
            track = tokenise(stretch.keys, stretch.grid, self.spec)
            how.append(movement(keys.times, track, lift_track(self.runtime, track, hop=self._hop)))
        return more_looks(keys.times, how, adaptive)

    def _lift_keys(
        self,
        keys: Keypoints2D,
        key_interval: KeyInterval,
        wanted: TimeArray,
        focal_px: float | None,
        principal_point_px: tuple[float, float] | None,
        progress: bool,
    ) -> Motion3D:
        """Lift key-frames that were chosen as `key_interval` says, all of them."""
        started = time.perf_counter()
        camera, focal_from = find_camera(keys, focal_px, principal_point_px, guess=self.refines)
        interval_s = usual_interval(keys.times, first_interval(key_interval), self.spec.spacing_s)
        people = people_in(keys if self.options["use_hint"] else replace(keys, depth_hint=None), self.spec)
        positions = np.full((len(people), len(wanted), len(self.order), 3), np.nan, dtype=np.float32)
        stretches = plan_stretches(people, wanted, interval_s, self.options["max_gap_s"], self.spec)
        with progress_bar(progress, "3D poses", sum(len(one.grid) for one in stretches)) as advance:
            for stretch in stretches:
                times = wanted[stretch.rows]
                positions[stretch.person, stretch.rows] = self._lift_stretch(stretch, times, camera, advance)
        present = np.asarray(np.isfinite(positions).all(axis=(-1, -2)))
        measured = [person.times[person.usable] for person in people]
        motion = Motion3D(
            positions=positions,
            times=wanted,
            root=None,
            observed=observed_at(wanted, measured, present, self.spec.spacing_s),
            people=keys.people,
            joints=self.joints,
            meta={
                "uplift3d": __version__,
                **describe(self.runtime, self.name),
                "units": {"positions": "m", "times": "s"},
                "joints": self.joints,
                "axes": AXES_IN_WORDS[self.spec.axes if camera is None else "camera"],
                "arguments": {
                    "key_interval": recorded_interval(key_interval),
                    "focal_px": focal_px,
                    **recorded(self.options),
                },
                "camera": {
                    "focal_px": camera and camera.focal_px[0],
                    "focal_from": focal_from,
                    "principal_point_px": camera and list(camera.principal_point_px),
                    "image_size": list(keys.image_size),
                },
                "key_frames": len(keys),
                "key_interval_s": round(interval_s, 6),
                "keypoints": dict(keys.meta),
            },
        )
        motion = self.refinement.apply(motion, keys, camera)
        timings = {"lift": round(time.perf_counter() - started, 3)}
        return replace(motion, meta={**motion.meta, "timings_s": timings})

    def _lift_stretch(
        self, stretch: Stretch, times: TimeArray, camera: Camera | None, advance: Callable[[int], None]
    ) -> FloatArray:
        """(T, J, 3) poses at the wanted times of one uninterrupted stretch of one person."""
        track = tokenise(stretch.keys, stretch.grid, self.spec)
        flip = self.options["flip"]
        poses = lift_track(self.runtime, track, hop=self._hop, flip=flip, advance=advance)  # (n, J, 3)
        if self.blends and stretch.keys.hint is not None:
            poses = blend_hint(poses, stretch.grid, stretch.keys.hint, stretch.keys.times)
        poses = interpolate(stretch.grid, poses[:, self.order], times, self.method)  # (T, J, 3)
        if camera is None or self.spec.axes == "camera":
            return poses
        return in_camera_axes(poses, times, stretch.keys, camera)
