"""Where a person is present: each stretch is lifted by itself, and nothing is invented in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import BoolArray, IntArray, TimeArray
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.normalise import MIN_JOINTS
from uplift3d.tokens import InputSpec, PersonKeyFrames, grid_times
from uplift3d.types import Keypoints2D

# A few key-frames in a row may fail without the person having left.
MISSED_INTERVALS = 2.5
TOLERANCE_S = 1e-6


class Stretch(NamedTuple):
    """What is lifted in one go: a stretch of time in which one person is present."""

    person: int
    """Row of the person."""
    keys: PersonKeyFrames
    """The key-frames in which the person can be used."""
    rows: slice
    """Which of the output times lie inside."""
    grid: TimeArray
    """(n,) seconds of the tokens."""


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which a person was seen again and again."""

    keys: IntArray
    """Key-frames with a usable pose of the person (indices into the times of all key-frames)."""
    first_s: float
    """Time of the first of them."""
    last_s: float
    """Time of the last of them."""
    start_s: float
    """From here on there is motion: a little before `first_s`."""
    end_s: float
    """Up to here there is motion: a little after `last_s`."""

    def rows(self, times: TimeArray) -> slice:
        """The output times (T,) inside."""
        start = np.searchsorted(times, self.start_s - TOLERANCE_S)
        return slice(int(start), int(np.searchsorted(times, self.end_s + TOLERANCE_S)))

    def grid(self, wanted: TimeArray, spacing_s: float) -> TimeArray:
        """Token times: on the first key-frame, over all key-frames, on to the first and last wanted time."""
        lead = max(0, int(np.floor((self.first_s - wanted[0]) / spacing_s + 0.5)))
        end = max(self.last_s, float(wanted[-1]))
        return grid_times(self.first_s - lead * spacing_s, end, spacing_s)


def people_in(keypoints: Keypoints2D, spec: InputSpec) -> list[PersonKeyFrames]:
    """Everybody's key-frames in the network's joints; NothingFoundError when none of them can be used."""
    rows = range(len(keypoints.people))
    people = [PersonKeyFrames.from_keypoints(keypoints, row, spec.joints, spec.input) for row in rows]
    if not any(person.usable.any() for person in people):
        raise NothingFoundError(_nobody(keypoints))
    return people


def plan_stretches(
    people: Sequence[PersonKeyFrames],
    wanted: TimeArray,
    interval_s: float,
    max_gap_s: float,
    spec: InputSpec,
) -> list[Stretch]:
    """Everything there is to lift.

    Args:
        people: everybody at the same K key-frames.
        wanted: (T,) output times in seconds.
        interval_s, max_gap_s: see `presence`.
        spec: the network's window and token distance.
    """
    stretches = []
    for person, keys in enumerate(people):
        for segment in presence(keys.times, keys.usable, interval_s, max_gap_s, spec.window * spec.spacing_s):
            rows = segment.rows(wanted)
            if rows.start < rows.stop:
                grid = segment.grid(wanted[rows], spec.spacing_s)
                stretches.append(Stretch(person, keys[segment.keys], rows, grid))
    return stretches


def presence(
    times: TimeArray, usable: BoolArray, interval_s: float, max_gap_s: float, window_s: float
) -> list[Segment]:
    """The stretches in which a person is present.

    Two key-frames with the person farther apart than `max_gap_s`, and more than two intervals, end a stretch,
    and so does a gap as long as a window, in which the network would see nothing. A stretch reaches beyond
    its first and last key-frame by one interval, but only half way to a key-frame in which the person was
    looked for and not found.

    Args:
        times: (K,) seconds of all key-frames, increasing.
        usable: (K,) True where the person's pose can be used.
        interval_s: usual distance of key-frames.
        max_gap_s: longest time without a pose that is filled in.
        window_s: length of a window of the network.
    """
    where = np.flatnonzero(usable).astype(np.int64)
    gap_s = min(max(max_gap_s, MISSED_INTERVALS * interval_s), window_s) + TOLERANCE_S
    groups = np.split(where, np.flatnonzero(np.diff(times[where]) > gap_s) + 1)
    reach_s = min(interval_s, window_s / 2)
    return [_segment(times, keys, reach_s) for keys in groups if len(keys)]


def check_gap(max_gap_s: float) -> None:
    """InputError for a longest time to fill in that is negative."""
    if not max_gap_s >= 0:
        raise InputError(f"max_gap_s is {max_gap_s}; it must be a number of seconds from 0")


def usual_interval(times: TimeArray, asked_s: float | None, spacing_s: float) -> float:
    """Usual seconds between key-frames; never below the distance of tokens, which cannot tell more."""
    between = np.diff(times)
    usual = float(np.median(between)) if len(between) else 0.0
    return max(usual, asked_s or 0.0, spacing_s)


def _segment(times: TimeArray, keys: IntArray, reach_s: float) -> Segment:
    first, last = int(keys[0]), int(keys[-1])
    before = (times[first] - times[first - 1]) / 2 if first > 0 else np.inf
    after = (times[last + 1] - times[last]) / 2 if last + 1 < len(times) else np.inf
    start = times[first] - min(reach_s, before)
    end = times[last] + min(reach_s, after)
    return Segment(keys, float(times[first]), float(times[last]), float(start), float(end))


def _nobody(keys: Keypoints2D) -> str:
    people, frames = keys.positions.shape[:2]
    if people == 0:
        return f"nobody is in view in any of the {frames} key-frames"
    return (
        f"none of the {frames} key-frames shows enough of a person: needed are the hips and {MIN_JOINTS} "
        "more joints of the body"
    )
