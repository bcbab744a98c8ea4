"""A loaded network and all that turns 2D key-frames into a motion: tokens → windows → network → 3D.

Axes: P people, K key-frames, T output times, n tokens, J joints.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from uplift3d import detect
from uplift3d.arrays import FloatArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.errors import InputError
from uplift3d.key_frames import first_interval, first_looks
from uplift3d.lift import Runtime, Stretch, blend_hint, lift_track, open_runtime, plan_stretches
from uplift3d.lift.adaptive import Adaptive, KeyInterval, as_adaptive, more_looks, movement, recorded_interval
from uplift3d.lift.axes import find_camera, in_camera_axes
from uplift3d.lift.models import ModelPath
from uplift3d.lift.offline import choose_hop
from uplift3d.lift.output_times import choose_output_times, with_between
from uplift3d.lift.record import record
from uplift3d.lift.stretches import check_gap, people_in, usual_interval
from uplift3d.options import LifterOptions, recorded, with_defaults
from uplift3d.post import PoseRefinement, check_method, interpolate, observed_at
from uplift3d.post.ground import with_up
from uplift3d.progress import progress_bar
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import InputSpec, tokenise
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.video import nearest_frames

OUTPUT_JOINTS = "h36m17"


def _lifter(model: ModelPath | Runtime, runtime: str, options: LifterOptions) -> Lifter:
    return Lifter(model, runtime, **options)


class Lifter:
    """A loaded network and how to use it, for any number of clips.

    One may serve several threads at once, and goes on after a fork; results are the same to the bit with any
    number of CPU threads.

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
        self._arguments = (model, runtime, dict(options))
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
            self.options["smooth_with"],
            self.options["height_m"],
            self.options["reproject"] and self.refines,
            self.options["lock_feet"] and self.refines,
            self.options["one_floor"],
            self.options["raw"],
        )
        check_gap(self.options["max_gap_s"])
        alike = set(joint_set(self.spec.joints).joints) == set(joint_set(OUTPUT_JOINTS).joints)
        self.joints = OUTPUT_JOINTS if alike else self.spec.joints
        self.order = reorder(self.spec.joints, self.joints)

    def __reduce__(self) -> tuple[Callable[..., Lifter], tuple[Any, ...]]:
        """Copies and pickles load the model again, in another process too."""
        return _lifter, self._arguments

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
            more = self.more_looks(keypoints[chosen], adaptive)
            chosen = np.union1d(chosen, nearest_frames(keypoints.times, more))
        keys = keypoints[chosen]
        return self.lift_keys(keys, key_interval, wanted, focal_px, principal_point_px, progress)

    def settled(self, keypoints: Keypoints2D) -> Keypoints2D:
        """The key-frames with left and right settled over time, unless the options leave them alone, and
        without the picture's depth where it is not to be used."""
        if not self.options["use_hint"]:
            keypoints = replace(keypoints, depth_hint=None)
        return detect.settle_sides(keypoints) if self.options["settle_sides"] else keypoints

    def more_looks(self, keys: Keypoints2D, adaptive: Adaptive) -> TimeArray:
        """When to look a second time, after first looks that were chosen for that."""
        interval_s = usual_interval(keys.times, adaptive.first_s, self.spec.spacing_s)
        people = people_in(keys, self.spec)
        how = []
        for stretch in plan_stretches(people, keys.times, interval_s, self.options["max_gap_s"], self.spec):
            track = tokenise(stretch.keys, stretch.grid, self.spec)
            how.append(movement(keys.times, track, lift_track(self.runtime, track, hop=self._hop)))
        return more_looks(keys.times, how, adaptive)

    def lift_keys(
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
        camera, focal_from, focal_sigma = find_camera(keys, focal_px, principal_point_px, guess=self.refines)
        interval_s = usual_interval(keys.times, first_interval(key_interval), self.spec.spacing_s)
        people = people_in(keys, self.spec)
        asked, wanted = wanted, with_between(keys, wanted, self.spec.spacing_s) if self.refines else wanted
        positions = np.full((len(people), len(wanted), len(self.order), 3), np.nan, dtype=np.float32)
        stretches = plan_stretches(people, wanted, interval_s, self.options["max_gap_s"], self.spec)
        with progress_bar(progress, "3D poses", sum(len(one.grid) for one in stretches)) as advance:
            for stretch in stretches:
                times = wanted[stretch.rows]
                positions[stretch.person, stretch.rows] = self._lift_stretch(stretch, times, camera, advance)
        present = np.asarray(np.isfinite(positions).all(axis=(-1, -2)))
        measured = [person.times[person.usable] for person in people]
        interval = recorded_interval(key_interval)
        motion = Motion3D(
            positions=positions,
            times=wanted,
            root=None,
            observed=observed_at(wanted, measured, present, self.spec.spacing_s),
            people=keys.people,
            joints=self.joints,
            meta={
                **record(
                    self.runtime,
                    self.name,
                    self.joints,
                    self.spec.axes,
                    camera,
                    focal_from,
                    keys.image_size,
                    {"key_interval": interval, "focal_px": focal_px, **recorded(self.options)},
                ),
                "key_frames": len(keys),
                "key_interval_s": round(interval_s, 6),
                "keypoints": dict(keys.meta),
            },
        )
        motion = self.refinement.apply(motion, keys, camera, focal_sigma=focal_sigma)
        if motion.root is not None:
            motion = with_up(motion)
        if len(asked) < len(wanted):
            motion = motion[np.searchsorted(wanted, asked)]
            observed = observed_at(asked, measured, motion.present, self.spec.spacing_s)
            motion = replace(motion, observed=observed)
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
