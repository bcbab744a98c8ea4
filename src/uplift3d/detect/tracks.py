"""Sightings linked over time: one track per person.

Key-frames lie up to half a second apart, so a person is expected where a constant velocity leads, and is
recognised by being near that place in units of their own size and about as large as before.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from uplift3d.detect.sighting import Point, Sighting

MAX_ABSENCE_S = 1.5
"""Somebody seen again after longer than this is a new person."""
STEP_SIZES, STEP_SIZES_PER_S, MAX_STEP_SIZES = 0.3, 2.0, 1.0
"""How far from the expected place a person may be, in sizes: always, per second unseen, and at most."""
MAX_GROWTH = 1.8
"""Largest ratio of a person's size from one sighting to the next (standing up from a squat is about 1.6)."""
VELOCITY_HORIZON_S = 0.5
"""An expectation is carried forward no longer than this."""

MIN_SIGHTINGS = 3
MIN_SCORE = 0.5
MIN_SEEN_SHARE = 0.4


class Expectation(NamedTuple):
    """Where a person should be."""

    centre: Point
    """(2,) pixels."""
    size: float
    """Pixels."""


@dataclass(eq=False)
class Track:
    """The sightings of one person, with the number of the key-frame and the time of each."""

    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    def add(self, frame: int, time_s: float, sighting: Sighting) -> None:
        """Append a sighting later than all before."""
        self.frames.append(frame)
        self.times.append(time_s)
        self.sightings.append(sighting)

    def expected(self, time_s: float) -> Expectation:
        """Where the person should be at a later time."""
        last = self.sightings[-1]
        if len(self.times) < 2 or self.times[-1] - self.times[-2] > MAX_ABSENCE_S:
            return Expectation(last.centre, last.size)
        velocity = (last.centre - self.sightings[-2].centre) / (self.times[-1] - self.times[-2])
        ahead = min(time_s - self.times[-1], VELOCITY_HORIZON_S)
        return Expectation(last.centre + ahead * velocity, last.size)

    def misfit(self, sighting: Sighting, time_s: float) -> float:
        """How badly a sighting continues this track: 0 as expected, above 1 not at all."""
        expected = self.expected(time_s)
        size = max(expected.size, sighting.size)
        growth = size / min(expected.size, sighting.size)
        gone_s = time_s - self.times[-1]
        reach = min(STEP_SIZES + STEP_SIZES_PER_S * gone_s, MAX_STEP_SIZES) * size
        far = min(
            np.linalg.norm(sighting.centre - expected.centre),
            np.linalg.norm(sighting.centre - self.sightings[-1].centre),  # somebody who stopped
        )
        return float(far / reach) if growth <= MAX_GROWTH else np.inf

    def is_person(self, key_frames: int) -> bool:
        """Whether this is more than the detector's noise: seen often, steadily and surely enough.

        Args:
            key_frames: how many there were at all; a short clip cannot ask for many sightings.
        """
        count, span = len(self.frames), self.frames[-1] - self.frames[0] + 1
        score = float(np.median([sighting.score for sighting in self.sightings]))
        return (
            count >= min(MIN_SIGHTINGS, max(1, key_frames // 2))
            and count >= MIN_SEEN_SHARE * span
            and score >= MIN_SCORE
        )


class Tracker:
    """Links the sightings of one key-frame after the other."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.key_frames = 0

    def live(self, time_s: float) -> list[Track]:
        """Tracks of people seen not long ago."""
        return [track for track in self.tracks if time_s - track.times[-1] <= MAX_ABSENCE_S]

    def add(self, time_s: float, people: list[Sighting]) -> None:
        """Add everybody seen in the next key-frame: the best fitting pairs first, the rest are new people."""
        live = self.live(time_s)
        pairs = sorted(
            (track.misfit(person, time_s), t, p)
            for t, track in enumerate(live)
            for p, person in enumerate(people)
        )
        tracks_left, people_left = set(range(len(live))), set(range(len(people)))
        for misfit, t, p in pairs:
            if misfit <= 1 and t in tracks_left and p in people_left:
                live[t].add(self.key_frames, time_s, people[p])
                tracks_left.remove(t)
                people_left.remove(p)
        for p in sorted(people_left):
            self.tracks.append(Track())
            self.tracks[-1].add(self.key_frames, time_s, people[p])
        self.key_frames += 1

    def people(self) -> list[Track]:
        """The tracks that are people, in the order of their appearance."""
        return [track for track in self.tracks if track.is_person(self.key_frames)]
