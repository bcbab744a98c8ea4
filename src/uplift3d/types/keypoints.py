"""2D key-frames: what goes in.

Axes: P people, K key-frames, T output times, J joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.skeletons import joint_set
from uplift3d.types.checks import (
    array_problems,
    between,
    checked_hint,
    checked_image_size,
    checked_people,
    checked_video_times,
    freeze,
    numbers,
    refuse,
    rows_of,
    span,
)


@dataclass(frozen=True, eq=False, repr=False)
class Keypoints2D:
    """2D joints of one or several people at a few moments (the key-frames) of a video.

    Attributes:
        positions: (P, K, J, 2) float32 pixels, x right and y down from the image's top left corner,
            NaN where a joint was not seen (a person absent from a key-frame is NaN throughout).
        confidence: (P, K, J) float32 in [0, 1], 0 where unseen; None means 1 wherever a joint was seen.
        times: (K,) float64 seconds, strictly increasing.
        image_size: (width, height) in pixels.
        joints: name of the joint set, see `uplift3d.skeletons`.
        people: (P,) int track ids; 0 … P-1 when not given.
        meta: how it was made (JSON-able).
        depth_hint: (P, K, J, 3) float32 metres from the pelvis, camera axes (x right, y down, z away), NaN
            where there is none: the detector's own guess in 3D. None when it makes none.

        video_times: (T,) float64 seconds of all frames of the video that the key-frames are of, strictly
            increasing: when poses are wanted. None when unknown.

    Raises:
        InputError: one message naming everything that does not fit.
    """

    positions: FloatArray
    confidence: FloatArray
    times: TimeArray
    image_size: tuple[int, int]
    joints: str
    people: IntArray = None  # type: ignore[assignment]  # filled in below
    meta: Mapping[str, Any] = field(default_factory=dict)
    depth_hint: FloatArray | None = None
    video_times: TimeArray | None = None

    def __post_init__(self) -> None:
        positions = numbers("Keypoints2D", "positions", self.positions, np.float32)
        times = numbers("Keypoints2D", "times", self.times, np.float64)
        problems = array_problems(positions, times, joint_set(self.joints), dims=2)
        size = checked_image_size(self.image_size, problems)
        refuse("Keypoints2D", problems)
        seen = np.isfinite(positions).all(axis=-1)
        positions[~seen] = np.nan
        given = np.ones(seen.shape) if self.confidence is None else self.confidence  # None: untyped callers
        confidence = numbers("Keypoints2D", "confidence", given, np.float32)
        people = checked_people(self.people, len(positions), problems)
        if confidence.shape != seen.shape:
            problems.append(f"confidence has shape {confidence.shape}, expected {seen.shape} as positions")
        elif not ((confidence >= 0) & (confidence <= 1))[seen].all():
            problems.append("confidence must be finite and within [0, 1] wherever a joint was seen")
        hint = checked_hint(self.depth_hint, seen.shape, problems)
        video_times = checked_video_times(self.video_times, problems)
        refuse("Keypoints2D", problems)
        confidence[~seen] = 0
        freeze(self, positions=positions, confidence=confidence, times=times, people=people)
        freeze(self, depth_hint=hint, video_times=video_times)
        object.__setattr__(self, "image_size", size)

    def __len__(self) -> int:
        """Number of key-frames."""
        return len(self.times)

    def __getitem__(self, item: slice | AnyArray) -> Keypoints2D:
        """The same people at some of the key-frames (a slice, boolean mask or index array over time)."""
        return replace(
            self,
            positions=self.positions[:, item],
            confidence=self.confidence[:, item],
            times=self.times[item],
            depth_hint=None if self.depth_hint is None else self.depth_hint[:, item],
        )

    def between(self, start_s: float | None, end_s: float | None) -> Keypoints2D:
        """The key-frames from one time to another, both included, and the video's frames; None: no limit.

        Raises:
            InputError: there is none.
        """
        part = self[between(self.times, start_s, end_s)]
        if self.video_times is None:
            return part
        return replace(part, video_times=self.video_times[between(self.video_times, start_s, end_s)])

    def select(self, people: Sequence[int]) -> Keypoints2D:
        """Only the people with these track ids, in the order asked for."""
        rows = rows_of(self.people, people)
        return replace(
            self,
            positions=self.positions[rows],
            confidence=self.confidence[rows],
            people=self.people[rows],
            depth_hint=None if self.depth_hint is None else self.depth_hint[rows],
        )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the J joints, in the order of `positions`."""
        return joint_set(self.joints).joints

    @property
    def observed(self) -> BoolArray:
        """(P, K) True where at least one joint of the person was seen."""
        observed: BoolArray = np.asarray(np.isfinite(self.positions).all(axis=-1).any(axis=-1))
        return observed

    def __repr__(self) -> str:
        people, frames = self.positions.shape[:2]
        shape = f"{people} people × {frames} key-frames × {self.joints}"
        hint = "" if self.depth_hint is None else ", depth hint"
        return f"Keypoints2D({shape}, {span(self.times)}, image {self.image_size}{hint})"
