"""Lifting while it happens: looks and moments go in one after the other, poses come out a fixed time later.

Axes: P people, T times, n tokens, J joints.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any, Literal, Unpack

import numpy as np

from uplift3d.arrays import RealArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.lift import Runtime, blend_hint, lift_newest, presence
from uplift3d.lift.adaptive import Adaptive, as_adaptive
from uplift3d.lift.axes import AXES_IN_WORDS, find_camera, in_camera_axes
from uplift3d.lift.curve import Curve
from uplift3d.lift.looks import Looks
from uplift3d.lift.models import ModelPath
from uplift3d.lift.pace import Pace
from uplift3d.lift.runtime import describe
from uplift3d.lift.stretches import TOLERANCE_S, Segment, usual_interval
from uplift3d.options import LifterOptions, recorded
from uplift3d.pipeline import Lifter
from uplift3d.post import bone_lengths_m, interpolate
from uplift3d.skeletons import joint_set
from uplift3d.tokens import PersonKeyFrames, tokenise
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.version import __version__
from uplift3d.video.schedule import check_key_interval

MARGIN_TOKENS = 3
"""So many tokens around a pose decide how the curve through it runs."""
PELVIS_S = 3.0
"""Looks so long before a pose still tell where the pelvis is."""
BODY_ESTIMATES = 100
"""Bone lengths are the median over so many estimates."""


class StreamLifter:
    """A loaded network that lifts a stream with bounded latency and bounded memory.

    Every moment of the stream is pushed once, in the order of time, with what was seen then or None where
    nobody looked; the poses of a moment come back with the first push that is `latency_s` later. A pose once
    given is not taken back.

    Args:
        model, runtime: see `Lifter`.
        latency_s: how long a pose waits for what comes after it: 0 answers at once from what is known, 0.3
            and 1 know looks behind a pose, 3.5 (half a window) all that the network can use. Infinite: all
            poses come with `flush`, and are exactly those of `Lifter.lift`; only this needs memory for the
            whole stream.
        output_rate_hz: poses per second; None gives one for every moment that is pushed.
        key_interval: seconds between looks, "adaptive" or `Adaptive(…)`: what `next_key_time` goes by.
        focal_px, principal_point_px: see `Lifter.lift`.
        **options: see `LifterOptions`; `smooth_hz` and `hop` need a whole motion, so an infinite latency.

    Raises:
        InputError: an argument that cannot be used.
    """

    def __init__(
        self,
        model: ModelPath | Runtime = "base",
        latency_s: float = 0.3,
        runtime: str = "onnx",
        *,
        output_rate_hz: float | None = None,
        key_interval: float | Literal["adaptive"] | Adaptive = "adaptive",
        focal_px: float | None = None,
        principal_point_px: tuple[float, float] | None = None,
        **options: Unpack[LifterOptions],
    ) -> None:
        self.latency_s = _checked_latency(latency_s, options)
        if output_rate_hz is not None and not (np.isfinite(output_rate_hz) and output_rate_hz > 0):
            raise InputError(f"output_rate_hz is {output_rate_hz!r}; it must be a positive number")
        adaptive = as_adaptive(key_interval)
        if adaptive is None:
            check_key_interval(key_interval)
        self._lifter = Lifter(model, runtime, **options)
        self._camera_arguments = (focal_px, principal_point_px)
        self._rate_hz = output_rate_hz
        self._adaptive = adaptive
        self._interval_s: float = key_interval if adaptive is None else adaptive.first_s  # type: ignore[assignment]
        self._begin()

    def _begin(self) -> None:
        self._looks = Looks()
        self._first_s = self._latest_s = np.nan
        self._given = 0
        self._pending: deque[float] = deque()
        self._curves: list[Curve] | None = None
        self._bodies: dict[int, deque[RealArray]] = {}
        self._meta: dict[str, Any] = {}
        self._pace = None if self._adaptive is None else Pace(self._adaptive)

    @property
    def joints(self) -> str:
        """Name of the joint set of the poses."""
        return self._lifter.joints

    def push(self, time_s: float, keypoints: Keypoints2D | None) -> Motion3D:
        """Go on to a later moment.

        Args:
            time_s: seconds on any clock, later than all before.
            keypoints: one key-frame with everybody seen at this moment, each with the track id that they
                keep; nobody in it: there was a look, and nobody was seen. None: there was no look.

        Returns:
            The poses that are due now, none or several: of all moments up to `time_s - latency_s` that were
            not given yet, and of everybody who is there in one of them.

        Raises:
            InputError: a time that is not later, or a look that does not belong to this stream.
        """
        time_s = self._checked_time(time_s)
        if keypoints is not None:
            self._looks.add(time_s, keypoints)
            self._curves = None
        self._add_moments(time_s)
        self._latest_s = time_s
        return self._give(self.latency_s)

    def flush(self) -> Motion3D:
        """The poses that were still waiting; what is pushed afterwards is another stream."""
        motion = self._whole() if np.isinf(self.latency_s) else self._give(0.0)
        self._begin()
        return motion

    def next_key_time(self) -> float:
        """When to look next, in seconds on the stream's clock; minus infinity (now) before the first look.

        With "adaptive": the sooner the more the 2D poses of the last looks bend, see `lift.pace`.
        """
        latest_s = self._looks.latest_s
        if self._pace is None or not len(self._looks):
            return latest_s + self._interval_s
        if not self._pace.knows(latest_s):
            self._pace.after(latest_s, self._newest())
        return latest_s + self._pace.interval_s

    def _newest(self) -> list[Curve]:
        """Everybody's motion up to the latest look."""
        first_s = max(self._pending[0] if self._pending else np.inf, self._latest_s - self._window_s / 2)
        if self._curves is None:
            self._curves = self._estimate(min(first_s, self._latest_s))
        return self._curves

    def _checked_time(self, time_s: float) -> float:
        try:
            time_s = float(time_s)
        except (TypeError, ValueError):
            time_s = np.nan
        if not np.isfinite(time_s):
            raise InputError("the time of a moment must be a finite number of seconds")
        if time_s <= self._latest_s:
            raise InputError(
                f"the moment at {time_s:g} s follows one at {self._latest_s:g} s, and times must increase; "
                "where a clock was set back, flush() ends the stream and the next push begins another"
            )
        return time_s

    def _add_moments(self, time_s: float) -> None:
        """The output times up to now."""
        if np.isnan(self._first_s):
            self._first_s = time_s
        if self._rate_hz is None:
            self._pending.append(time_s)
            return
        reach_s = self._window_s
        if np.isfinite(self.latency_s) and time_s - self._latest_s > 2 * reach_s:
            # Nobody knows what was in a gap longer than the network's window: it has no moments.
            self._add_even(self._latest_s + reach_s)
            self._given = int(np.ceil((time_s - reach_s - self._first_s) * self._rate_hz))
        self._add_even(time_s)

    def _add_even(self, until_s: float) -> None:
        assert self._rate_hz is not None
        while (moment := self._first_s + self._given / self._rate_hz) <= until_s + TOLERANCE_S:
            self._pending.append(moment)
            self._given += 1

    @property
    def _window_s(self) -> float:
        return self._lifter.spec.window * self._lifter.spec.spacing_s

    def _give(self, latency_s: float) -> Motion3D:
        """All poses that have waited so long."""
        due = []
        while self._pending and self._pending[0] <= self._latest_s - latency_s + TOLERANCE_S:
            due.append(self._pending.popleft())
        times = np.array(due)
        if len(times) and len(self._looks):
            if self._curves is None:
                self._curves = self._estimate(float(times[0]))
            self._forget()
            return self._sample(self._curves, times)
        return self._sample([], times)

    def _forget(self) -> None:
        oldest_s = self._pending[0] if self._pending else self._latest_s
        self._looks.forget(oldest_s - self._window_s - PELVIS_S)
        here = {curve.person for curve in self._curves or []}
        self._bodies = {person: body for person, body in self._bodies.items() if person in here}

    def _whole(self) -> Motion3D:
        times = np.array(self._pending)
        if len(self._looks) == 0:
            raise NothingFoundError("the stream ends without a look, so there is nothing to lift")
        focal_px, centre_px = self._camera_arguments
        return self._lifter.lift(
            self._looks.keypoints(), None, times, focal_px=focal_px, principal_point_px=centre_px
        )

    def _estimate(self, first_s: float) -> list[Curve]:
        """Everybody's motion around the times from `first_s` on, from all that is known now."""
        lifter, spec = self._lifter, self._lifter.spec
        keypoints = lifter._settled(self._looks.keypoints())
        if not lifter.options["use_hint"]:
            keypoints = replace(keypoints, depth_hint=None)
        camera, focal_from = find_camera(keypoints, *self._camera_arguments, guess=lifter._refines)
        self._meta = self._record(camera, focal_from, keypoints.image_size)
        interval_s = usual_interval(keypoints.times, self._interval_s, spec.spacing_s)
        curves = []
        for row, person in enumerate(keypoints.people.tolist()):
            keys = PersonKeyFrames.from_keypoints(keypoints, row, spec.joints, spec.input)
            gap_s = lifter.options["max_gap_s"]
            for segment in presence(keys.times, keys.usable, interval_s, gap_s, self._window_s):
                if segment.end_s >= first_s - TOLERANCE_S:
                    curve = self._curve(person, keys[segment.keys], segment, first_s, camera)
                    recent = keypoints.select([person])[keypoints.times >= first_s - PELVIS_S]
                    curves.append(self._refined(curve, recent, camera))
        return curves

    def _curve(
        self, person: int, keys: PersonKeyFrames, segment: Segment, first_s: float, camera: Camera | None
    ) -> Curve:
        """One person's poses on the token grid, from a little before `first_s`."""
        lifter, spec = self._lifter, self._lifter.spec
        ends = np.array([max(first_s, segment.start_s), segment.end_s])
        track = tokenise(keys, segment.grid(ends, spec.spacing_s), spec)
        start = int(np.searchsorted(track.times, ends[0])) - MARGIN_TOKENS
        wanted = slice(max(0, min(start, len(track.times) - 1)), len(track.times))
        poses = lift_newest(lifter.runtime, track, wanted, flip=lifter.options["flip"])
        reached = np.isfinite(poses).all(axis=(1, 2))
        times, poses = track.times[reached], poses[reached]
        if lifter._blends and keys.hint is not None:
            poses = blend_hint(poses, times, keys.hint, keys.times)
        poses = poses[:, lifter._order]
        if camera is not None and spec.axes != "camera":
            poses = in_camera_axes(poses, times, keys, camera)
        return Curve(person, segment.start_s, segment.end_s, times, poses, None, keys.times, track)

    def _refined(self, curve: Curve, keypoints: Keypoints2D, camera: Camera | None) -> Curve:
        if not self._lifter._refines:
            return curve
        motion = Motion3D(
            curve.positions[None],
            curve.times,
            None,
            np.zeros((1, len(curve.times)), dtype=bool),
            np.array([curve.person]),
            self._lifter.joints,
        )
        body = self._bodies.setdefault(curve.person, deque(maxlen=BODY_ESTIMATES))
        body.append(bone_lengths_m(motion)[0])
        lengths_m = np.median(np.stack(body), axis=0)[None]
        # Where a foot stands is told by all of its contact, which is not over yet.
        todo = replace(self._lifter._refinement, lock_feet=False)
        motion = todo.apply(motion, keypoints, camera, lengths_m)
        root = None if motion.root is None else motion.root[0]
        return replace(curve, positions=motion.positions[0], root=root)

    def _sample(self, curves: list[Curve], times: TimeArray) -> Motion3D:
        """Everybody who is there at one of these times."""
        joints = self._lifter.joints
        inside = [(curve, rows) for curve in curves if (rows := curve.rows(times)).any()]
        people = list(dict.fromkeys(curve.person for curve, _ in inside))
        shape = (len(people), len(times))
        positions = np.full((*shape, len(joint_set(joints)), 3), np.nan, dtype=np.float32)
        root = np.full((*shape, 3), np.nan, dtype=np.float32)
        observed = np.zeros(shape, dtype=bool)
        for curve, rows in inside:
            person = people.index(curve.person)
            positions[person, rows] = interpolate(
                curve.times, curve.positions, times[rows], self._lifter._method
            )
            if curve.root is not None and np.isfinite(curve.root).all():
                root[person, rows] = interpolate(curve.times, curve.root, times[rows], self._lifter._method)
            observed[person] |= rows & curve.measured(times, self._rate_hz)
        known = np.isfinite(root).any()
        meta = {**self._meta, "latency_s": self.latency_s}
        return Motion3D(
            positions, times, root if known else None, observed, np.array(people, int), joints, meta
        )

    def _record(self, camera: Camera | None, focal_from: str, image_size: tuple[int, int]) -> dict[str, Any]:
        lifter, focal_px = self._lifter, self._camera_arguments[0]
        return {
            "uplift3d": __version__,
            **describe(lifter.runtime, lifter.name),
            "units": {"positions": "m", "times": "s"},
            "joints": lifter.joints,
            "axes": AXES_IN_WORDS[lifter.spec.axes if camera is None else "camera"],
            "arguments": {"focal_px": focal_px, **recorded(lifter.options)},
            "camera": {
                "focal_px": camera and camera.focal_px[0],
                "focal_from": focal_from,
                "principal_point_px": camera and list(camera.principal_point_px),
                "image_size": list(image_size),
            },
        }


def _checked_latency(latency_s: float, options: LifterOptions) -> float:
    if (
        isinstance(latency_s, bool)
        or not isinstance(latency_s, int | float | np.number)
        or not latency_s >= 0
    ):
        raise InputError(
            f"latency_s is {latency_s!r}; accepted are seconds from 0, infinite for poses at the end only"
        )
    if np.isfinite(latency_s):
        for name in ("smooth_hz", "hop"):
            if options.get(name) is not None:
                raise InputError(
                    f"{name} needs a whole motion, but latency_s is {latency_s:g}; leave it out, or take an "
                    "infinite latency"
                )
    return float(latency_s)
