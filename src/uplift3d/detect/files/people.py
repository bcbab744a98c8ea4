"""From the people in single frames, as most files hold them, to `Keypoints2D` with a track per person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray, IntArray
from uplift3d.detect.base import People as Seen
from uplift3d.detect.files.layout import Layout
from uplift3d.detect.sighting import sightings
from uplift3d.detect.tracks import Tracker
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.files.guards import MAX_BYTES, quoted
from uplift3d.types import MAX_PX, Keypoints2D

MAX_FRAME = 10**9
"""Larger numbers of frames are not numbers of frames."""


class Person(NamedTuple):
    """One person in one frame, as a file has them."""

    positions: DoubleArray
    """(n, 2) pixels."""
    confidence: DoubleArray
    """(n,) any scale that begins at 0."""
    track: int | None = None
    """Who it is, where the file says so."""
    hint: DoubleArray | None = None
    """(n, 3) metres from the pelvis, camera axes, where the file has them."""


@dataclass(frozen=True)
class Clip:
    """What a reader has found."""

    where: str
    """The file, for messages."""
    frames: Mapping[int, list[Person]]
    """Number of the frame → people in it; frames that show nobody included."""
    layout: Layout
    frame_rate_hz: float
    image_size: tuple[int, int]
    meta: Mapping[str, Any]
    times: DoubleArray | None = None
    """(K,) seconds of the frames in the order of their numbers; by default number / rate."""

    def keypoints(self) -> Keypoints2D:
        """One track per person: the file's own where every person has one, linked over time where not.

        Raises:
            InputError: people of another number of points than the others, or too much for the memory.
            NothingFoundError: nobody in any frame, or nobody often enough to tell them from noise.
        """
        numbers = sorted(self.frames)
        everybody = [(k, person) for k, number in enumerate(numbers) for person in self.frames[number]]
        if not everybody:
            raise NothingFoundError(f"{self.where}: nobody is in any of its {len(numbers)} frames")
        by_rate = np.array(numbers, dtype=np.float64) / self.frame_rate_hz
        times = by_rate if self.times is None else self.times
        positions, confidence = self._joints([person for _, person in everybody])
        hints = self._hints([person for _, person in everybody], confidence)
        rows = np.array([k for k, _ in everybody])
        tracks = [person.track for _, person in everybody]
        if all(track is not None for track in tracks):
            people, owners = np.unique(np.array(tracks, dtype=np.int64), return_inverse=True)
        else:
            people, owners = self._linked(times, rows, positions, confidence)
        return self._stacked(times, rows, owners, people, positions, confidence, hints)

    def _joints(self, people: list[Person]) -> tuple[FloatArray, FloatArray]:
        """(S, J, 2) and (S, J) of all S people in all frames; NaN and 0 where unseen."""
        counts = {len(person.positions) for person in people}
        if counts != {len(self.layout.rows)}:
            raise InputError(
                f"{self.where}: people have {sorted(counts)} points; all must have the same number"
            )
        positions = np.stack([person.positions for person in people])
        confidence = np.stack([person.confidence for person in people])
        seen = np.isfinite(positions).all(axis=-1) & (np.abs(positions) <= MAX_PX).all(axis=-1)
        seen &= np.isfinite(confidence) & (confidence > 0)
        positions = np.where(seen[..., None], positions, np.nan)
        placed, sure = self.layout.place(positions, np.where(seen, np.clip(confidence, 0, 1), 0))
        return placed.astype(np.float32), sure.astype(np.float32)

    def _hints(self, people: list[Person], confidence: FloatArray) -> FloatArray | None:
        """(S, J, 3) of all S people in all frames, NaN where unseen; None where no person has any."""
        if all(person.hint is None for person in people):
            return None
        none = np.full((len(self.layout.rows), 3), np.nan)
        hints = np.stack([none if person.hint is None else person.hint for person in people])
        placed, _ = self.layout.place(hints, np.ones(hints.shape[:-1]))
        return np.where(confidence[..., None] > 0, placed, np.nan).astype(np.float32)

    def _linked(
        self, times: DoubleArray, rows: IntArray, positions: FloatArray, confidence: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Ids 0 … P-1 and the person of every sighting, -1 for noise."""
        tracker = Tracker()
        index: dict[int, int] = {}
        starts = np.searchsorted(rows, np.arange(len(times) + 1))
        for k, time_s in enumerate(times):
            here = range(starts[k], starts[k + 1])
            found = []
            for place in here:
                one = sightings(Seen(positions[place][None], confidence[place][None]), self.layout.joints)
                found += one
                index.update((id(sighting), place) for sighting in one)
            tracker.add(float(time_s), found)
        people = tracker.people()
        if not people:
            raise NothingFoundError(
                f"{self.where}: people were seen {len(rows)} times, too seldom, too scattered or too "
                "unsurely to tell them from noise"
            )
        owners = np.full(len(rows), -1)
        for person, track in enumerate(people):
            owners[[index[id(sighting)] for sighting in track.sightings]] = person
        return np.arange(len(people)), owners

    def _stacked(
        self,
        times: DoubleArray,
        rows: IntArray,
        owners: IntArray,
        people: IntArray,
        positions: FloatArray,
        confidence: FloatArray,
        hints: FloatArray | None,
    ) -> Keypoints2D:
        shape = (len(people), len(times), positions.shape[1])
        if np.prod(shape, dtype=np.float64) * (12 if hints is None else 24) > MAX_BYTES:
            raise InputError(
                f"{self.where}: {shape[0]} people in {shape[1]} frames are more than fit in memory"
            )
        joints = np.full((*shape, 2), np.nan, dtype=np.float32)
        sure = np.zeros(shape, dtype=np.float32)
        order = np.argsort(confidence.sum(axis=1), kind="stable")  # of two with one id, the surer stays
        kept = order[owners[order] >= 0]
        joints[owners[kept], rows[kept]] = positions[kept]
        sure[owners[kept], rows[kept]] = confidence[kept]
        hint = None
        if hints is not None:
            hint = np.full((*shape, 3), np.nan, dtype=np.float32)
            hint[owners[kept], rows[kept]] = hints[kept]
        size, name, meta = self.image_size, self.layout.joints, dict(self.meta)
        try:
            return Keypoints2D(joints, sure, times, size, name, people, meta=meta, depth_hint=hint)
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from error


def triples(values: Any, where: str) -> tuple[DoubleArray, DoubleArray]:
    """(n, 2) and (n,) from a flat list x, y, confidence, x, y, …; InputError for anything else."""
    array = numbers(values, where)
    if array.ndim != 1 or len(array) % 3:
        raise InputError(f"{where} is no list of x, y, confidence for every joint: {quoted(values)}")
    table = array.reshape(-1, 3)
    return table[:, :2], table[:, 2]


def numbers(values: Any, where: str) -> DoubleArray:
    """Nested lists of numbers as an array, null as NaN; InputError for anything else."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where} must be numbers in rows of equal length, not {quoted(values)}") from None


def frame_number(value: Any, where: str) -> int:
    """The number of a frame, given as one or as a file name whose last digits it is ("img_012.jpg")."""
    if isinstance(value, str):
        digits = re.findall(r"\d{1,18}", value.rpartition(".")[0] or value)
        value = int(digits[-1]) if digits else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_FRAME:
        raise InputError(f"{where}: {quoted(value)} is no number of a frame")
    return int(value)


def track_id(value: Any) -> int | None:
    """Who somebody is; None for anything but a whole number from 0."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_FRAME:
        return None
    return int(value)


def by_frame(pairs: Iterable[tuple[int, Person]], empty: Iterable[int] = ()) -> dict[int, list[Person]]:
    """People gathered by the number of their frame; `empty` are frames that were looked at."""
    frames: dict[int, list[Person]] = {number: [] for number in empty}
    for number, person in pairs:
        frames.setdefault(number, []).append(person)
    return frames
