"""What is known of everybody now, out of the looks of a stream: curves of poses around the moments due.

Axes: P people, T times, n tokens, J joints.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Set
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from uplift3d.arrays import RealArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.lift import blend_hint, lift_newest, presence
from uplift3d.lift.axes import find_camera, in_camera_axes
from uplift3d.lift.curve import Curve
from uplift3d.lift.record import record
from uplift3d.lift.stretches import TOLERANCE_S, Segment, usual_interval
from uplift3d.lifter import Lifter
from uplift3d.options import recorded
from uplift3d.post import bone_lengths_m, interpolate
from uplift3d.skeletons import joint_set
from uplift3d.tokens import PersonKeyFrames, tokenise
from uplift3d.types import Keypoints2D, Motion3D

_LIMITING = threading.Lock()
MARGIN_TOKENS = 3
"""So many tokens around a pose decide how the curve through it runs."""
PELVIS_S = 3.0
"""Looks so long before a pose still tell where the pelvis is."""
BODY_ESTIMATES = 100
"""Bone lengths are the median over so many estimates."""


@lru_cache(maxsize=1)
def _libraries(with_scipy: bool) -> ThreadpoolController:
    """Those that are loaded: looked for, which takes 3 ms, at first and once SciPy has brought its own."""
    return ThreadpoolController()


class Estimator:
    """Lifts what was seen lately, at the price of one window for each person.

    Args:
        lifter: the network and what is done with its poses.
        focal_px, principal_point_px: see `Lifter.lift`.
        interval_s: between looks, where few of them tell.
        rate_hz: of the poses; None where they are at moments of any distance.
    """

    def __init__(
        self,
        lifter: Lifter,
        focal_px: float | None,
        principal_point_px: tuple[float, float] | None,
        interval_s: float,
        rate_hz: float | None,
    ) -> None:
        self._lifter, self._camera_arguments = lifter, (focal_px, principal_point_px)
        self._interval_s, self._rate_hz = interval_s, rate_hz
        self._bodies: dict[int, deque[RealArray]] = {}
        self._meta: dict[str, Any] = {}

    @property
    def people_remembered(self) -> int:
        """Whose bodies are known."""
        return len(self._bodies)

    def forget(self, here: Set[int]) -> None:
        """Forget the bodies of everybody but these people."""
        self._bodies = {person: body for person, body in self._bodies.items() if person in here}

    def curves(self, looks: Keypoints2D, first_s: float) -> list[Curve]:
        """Everybody's motion around the times from `first_s` on, from all that is known now."""
        # OpenBLAS wakes its threads even for an inverse of 3 × 3, and waits for them in vain beside one that
        # decodes: 25 ms a look on two CPUs. The limit is the process's, so that one stream sets it at a time.
        with _LIMITING, _libraries("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"):
            return self._curves(looks, first_s)

    def _curves(self, looks: Keypoints2D, first_s: float) -> list[Curve]:
        lifter, spec = self._lifter, self._lifter.spec
        keypoints = lifter.settled(looks)
        camera, focal_from, _ = find_camera(keypoints, *self._camera_arguments, guess=lifter.refines)
        self._meta = self._record(camera, focal_from, keypoints.image_size)
        interval_s = usual_interval(keypoints.times, self._interval_s, spec.spacing_s)
        curves = []
        for row, person in enumerate(keypoints.people.tolist()):
            keys = PersonKeyFrames.from_keypoints(keypoints, row, spec.joints, spec.input)
            gap_s = lifter.options["max_gap_s"]
            for segment in presence(keys.times, keys.usable, interval_s, gap_s, spec.window_s):
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
        if lifter.blends and keys.hint is not None:
            poses = blend_hint(poses, times, keys.hint, keys.times)
        poses = poses[:, lifter.order]
        if camera is not None and spec.axes != "camera":
            poses = in_camera_axes(poses, times, keys, camera)
        return Curve(person, segment.start_s, segment.end_s, times, poses, None, keys.times, track)

    def _refined(self, curve: Curve, keypoints: Keypoints2D, camera: Camera | None) -> Curve:
        if not self._lifter.refines:
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
        motion = self._lifter.refinement.apply(motion, keypoints, camera, lengths_m)
        root = None if motion.root is None else motion.root[0]
        return replace(curve, positions=motion.positions[0], root=root)

    def sample(self, curves: list[Curve], times: TimeArray) -> Motion3D:
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
                curve.times, curve.positions, times[rows], self._lifter.method
            )
            if curve.root is not None and np.isfinite(curve.root).all():
                root[person, rows] = interpolate(curve.times, curve.root, times[rows], self._lifter.method)
            observed[person] |= rows & curve.measured(times, self._rate_hz)
        known = np.isfinite(root).any()
        who = np.array(people, int)
        return Motion3D(positions, times, root if known else None, observed, who, joints, self._meta)

    def _record(self, camera: Camera | None, focal_from: str, image_size: tuple[int, int]) -> dict[str, Any]:
        lifter, focal_px = self._lifter, self._camera_arguments[0]
        arguments = {"focal_px": focal_px, **recorded(lifter.options)}
        return record(
            lifter.runtime,
            lifter.name,
            lifter.joints,
            lifter.spec.axes,
            camera,
            focal_from,
            image_size,
            arguments,
        )
