"""The clock of a stream: which moments are due, when to look next, what may be forgotten."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Literal, Unpack

import numpy as np

from uplift3d.errors import InputError, NothingFoundError
from uplift3d.lift import Runtime
from uplift3d.lift.adaptive import Adaptive, as_adaptive
from uplift3d.lift.curve import Curve
from uplift3d.lift.looks import Looks
from uplift3d.lift.models import ModelPath
from uplift3d.lift.pace import Pace
from uplift3d.lift.stretches import TOLERANCE_S
from uplift3d.lifter import Lifter
from uplift3d.options import DECLARED, LifterOptions
from uplift3d.post import bone_lengths_m, fix_bones
from uplift3d.post.smooth import check_smoothing
from uplift3d.streaming.estimator import PELVIS_S, Estimator
from uplift3d.streaming.one_euro import OneEuro
from uplift3d.types import Keypoints2D, Motion3D
from uplift3d.types.checks import check_rate
from uplift3d.video.schedule import check_key_interval


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
        **options: see `LifterOptions`; `hop` and `smooth_with` need a whole motion, so an infinite latency.
            With a finite one `smooth_hz` is the lowest cut-off of a `OneEuro` filter, and neither `reproject`
            nor `lock_feet` is done, whatever the options say.

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
        if output_rate_hz is not None:
            check_rate("output_rate_hz", output_rate_hz)
        adaptive = as_adaptive(key_interval)
        if adaptive is None:
            check_key_interval(key_interval)
        self._smooth_hz = None
        if np.isfinite(self.latency_s):
            self._smooth_hz = options.get("smooth_hz")
            check_smoothing(self._smooth_hz, raw=options.get("raw", False))
            # Where a foot stands is told by all of its contact, which is not over yet, and how far joints are
            # pulled changes with the next key-frame.
            options |= {"smooth_hz": None, "reproject": False, "lock_feet": False}
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
        self._estimator = Estimator(self._lifter, *self._camera_arguments, self._interval_s, self._rate_hz)
        self._pace = None if self._adaptive is None else Pace(self._adaptive)
        self._calm = None if self._smooth_hz is None else OneEuro(self._smooth_hz)

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
        if keypoints is not None and np.isfinite(self.latency_s):
            self._newest()  # at once: what is learned of bodies must not depend on who asks when
        return self._give(self.latency_s)

    def flush(self) -> Motion3D:
        """The poses that were still waiting; what is pushed afterwards is another stream.

        Raises:
            NothingFoundError: with an infinite latency, nobody was seen.
        """
        try:
            return self._whole() if np.isinf(self.latency_s) else self._give(0.0)
        finally:
            self._begin()

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
        """Everybody's motion up to the latest look, from the moment on that is given next: whoever asks when
        to look changes no pose."""
        if self._curves is None:
            first_s = self._pending[0] if self._pending else self._latest_s
            if np.isinf(self.latency_s):  # nothing is given before the end
                first_s = max(first_s, self._latest_s - self._window_s / 2)
            self._curves = self._estimator.curves(self._looks.keypoints(), float(first_s))
        return self._curves

    def _checked_time(self, time_s: float) -> float:
        try:
            time_s = float(time_s)
        except (TypeError, ValueError, OverflowError):
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
        return self._lifter.spec.window_s

    def _give(self, latency_s: float) -> Motion3D:
        """All poses that have waited so long."""
        due = []
        while self._pending and self._pending[0] <= self._latest_s - latency_s + TOLERANCE_S:
            due.append(self._pending.popleft())
        times = np.array(due)
        curves: list[Curve] = []
        if len(times) and len(self._looks):
            if self._curves is None:
                self._curves = self._estimator.curves(self._looks.keypoints(), float(times[0]))
            curves = self._curves
            self._forget(curves)
        motion = self._estimator.sample(curves, times)
        if self._calm is not None:
            motion = self._smoothed(motion, self._calm)
        return replace(motion, meta={**motion.meta, "latency_s": self.latency_s})

    def _smoothed(self, motion: Motion3D, calm: OneEuro) -> Motion3D:
        smoothed = calm(motion)
        if self._lifter.refinement.constant_bones and len(motion):  # averages of directions are too short
            smoothed = fix_bones(smoothed, bone_lengths_m(motion))
        how = {"smooth_hz": self._smooth_hz, "smooth_with": "one-euro"}
        arguments = motion.meta.get("arguments", {}) | how
        return replace(smoothed, meta={**motion.meta, "arguments": arguments})

    def _forget(self, curves: list[Curve]) -> None:
        oldest_s = self._pending[0] if self._pending else self._latest_s
        self._looks.forget(oldest_s - self._window_s - PELVIS_S)
        self._estimator.forget({curve.person for curve in curves})

    def _whole(self) -> Motion3D:
        times = np.array(self._pending)
        if len(self._looks) == 0:
            raise NothingFoundError("the stream ends without a look, so there is nothing to lift")
        focal_px, centre_px = self._camera_arguments
        return self._lifter.lift(
            self._looks.keypoints(), None, times, focal_px=focal_px, principal_point_px=centre_px
        )


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
        for name, value in options.items():
            known = DECLARED.get(name)  # what is not known is refused where the lifter is made
            if known and not known.streams and value not in (known.default, False):
                raise InputError(
                    f"{name} needs a whole motion, but latency_s is {latency_s:g}; leave it out, or take an "
                    "infinite one"
                )
    return float(latency_s)
