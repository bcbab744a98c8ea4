"""Sightings linked over time: one track per person.

Key-frames lie up to half a second apart, so a person is expected where a constant velocity leads, and is
recognised by being near that place in units of their own size and about as large as before; where several may
be meant, also by their pose and the colours of their clothing.
"""

from dataclasses import dataclass, field

import numpy as np

from uplift3d.arrays import DoubleArray, FloatArray
from uplift3d.detect.base import Place
from uplift3d.detect.clothing import unlike
from uplift3d.detect.sighting import Sighting, apart

MAX_ABSENCE_S = 1.5
"""Somebody seen again after longer than this is a new person, unless seen in the key-frame just before."""
_SLACK_S = 1e-3  # key-frames are not quite where the intervals fall
STEP_SIZES, STEP_SIZES_PER_S, MAX_STEP_SIZES = 0.3, 2.0, 1.6
"""How far from the expected place a person may be, in sizes: always, per second unseen, and at most."""
MAX_GROWTH = 2.5
"""Largest ratio of a person's size to what it usually was (rolling up for a somersault is about 2.3)."""
SIZE_SIGHTINGS = 5
"""How many sightings tell the usual size."""
VELOCITY_HORIZON_S = 0.5
"""An expectation is carried forward no longer than this."""
SURE_S, SURE_SCORE = 0.25, 0.8
"""Where somebody will be is sure for so long after a sighting with this score. On the outdoor clip at 0.1 s
joints come out the same from a square that is expected and one that is detected: medians 1.05 and 0.95 % of
the person's height from what the heavy network says, nine tenths within 3.1 and 3.0 %."""

SIZE_COST, POSE_COST, COLOUR_COST = 1.0, 2.0, 1.0
"""What a size e times as large, joints a person's size apart and wholly different colours cost, where being
as far from the expected place as possible costs 1: chosen by `benchmarks/identity.py`."""
MAX_POSE, SAME_COLOURS = 0.5, 0.4
"""Poses farther apart cost no more; colours less unlike are the same in another light."""
COLOUR_SIGHTINGS = 8
NEVER = 1e6
MIN_SIGHTINGS, MIN_SPAN_S = 3, 0.4
MIN_SCORE = 0.5
MIN_SEEN_SHARE = 0.4


@dataclass(eq=False)
class Track:
    """The sightings of one person, with the number of the key-frame and the time of each."""

    frames: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    def add(self, frame: int, time_s: float, sighting: Sighting) -> None:
        """Add a sighting later than all others, or earlier than all."""
        place = 0 if self.times and time_s < self.times[0] else len(self.times)
        self.frames.insert(place, frame)
        self.times.insert(place, time_s)
        self.sightings.insert(place, sighting)

    def expected(self, time_s: float) -> Place:
        """Where the person should be after the last sighting, or before the first."""
        later = time_s > self.times[-1]
        end, before = (-1, -2) if later else (0, 1)
        last = self.sightings[end]
        near = self.sightings[-SIZE_SIGHTINGS:] if later else self.sightings[:SIZE_SIGHTINGS]
        size = float(np.median([sighting.size for sighting in near]))
        if len(self.times) < 2:
            return Place(last.centre, size, last.positions)
        velocity = (last.centre - self.sightings[before].centre) / (self.times[end] - self.times[before])
        ahead_s = np.clip(time_s - self.times[end], -VELOCITY_HORIZON_S, VELOCITY_HORIZON_S)
        step = ahead_s * velocity
        sure = abs(time_s - self.times[end]) <= SURE_S and last.score >= SURE_SCORE
        return Place(last.centre + step, size, (last.positions + step).astype(np.float32), sure)

    def misfit(self, sighting: Sighting, time_s: float) -> float:
        """How badly a sighting continues this track: 0 as expected, above 1 not at all."""
        end = -1 if time_s > self.times[-1] else 0
        expected = self.expected(time_s)
        size = max(expected.size, sighting.size)
        growth = size / min(expected.size, sighting.size)
        gone_s = abs(time_s - self.times[end])
        reach = min(STEP_SIZES + STEP_SIZES_PER_S * gone_s, MAX_STEP_SIZES) * size
        far = min(
            np.linalg.norm(sighting.centre - expected.centre),
            np.linalg.norm(sighting.centre - self.sightings[end].centre),  # somebody who stopped
        )
        return float(far / reach) if growth <= MAX_GROWTH else np.inf

    def cost(self, sighting: Sighting, time_s: float) -> float:
        """How unlikely it is that a sighting continues this track; infinite when it cannot.

        Beside the place that is size, pose (joints from the middle of the trunk, against those last seen) and
        the colours of the clothing.
        """
        misfit = self.misfit(sighting, time_s)
        if misfit > 1:
            return np.inf
        last = self.sightings[-1]
        size = abs(np.log(sighting.size / self.expected(time_s).size)) if sighting.size > 0 else 0.0
        pose = apart(last.positions - last.centre, sighting.positions - sighting.centre)
        mine, theirs = self.colours, sighting.colours
        colours = 0.0 if mine is None or theirs is None else max(0.0, unlike(mine, theirs) - SAME_COLOURS)
        return misfit + SIZE_COST * size + POSE_COST * min(pose, MAX_POSE) + COLOUR_COST * colours

    @property
    def colours(self) -> FloatArray | None:
        """Mean of those last seen; None where none are known."""
        known = [one.colours for one in self.sightings[-COLOUR_SIGHTINGS:] if one.colours is not None]
        return np.mean(known, axis=0) if known else None

    def is_person(self, key_frames: int, duration_s: float) -> bool:
        """Whether this is more than the detector's noise: seen often, steadily and surely enough.

        Args:
            key_frames: how many there were at all; a short clip cannot ask for many sightings.
            duration_s: from the first to the last of them.
        """
        count, span = len(self.frames), self.frames[-1] - self.frames[0] + 1
        score = float(np.median([sighting.score for sighting in self.sightings]))
        return (
            count >= min(MIN_SIGHTINGS, max(1, key_frames // 2))
            and count >= MIN_SEEN_SHARE * span
            and self.times[-1] - self.times[0] >= min(MIN_SPAN_S, duration_s / 2)
            and score >= MIN_SCORE
        )


def assign(tracks: list[Track], people: list[Sighting], time_s: float) -> dict[int, int]:
    """Which track each sighting continues: index of track → of sighting.

    The pairs with the least total cost, as many as there can be. Steady tracks choose before young ones,
    which may be noise.
    """
    steady = [t for t, track in enumerate(tracks) if len(track.frames) >= MIN_SIGHTINGS]
    young = [t for t in range(len(tracks)) if t not in steady]
    chosen: dict[int, int] = {}
    for group in (steady, young):
        left = [p for p in range(len(people)) if p not in chosen.values()]
        cost = np.array([[tracks[t].cost(people[p], time_s) for p in left] for t in group])
        chosen.update((group[t], left[p]) for t, p in _least(cost.reshape(len(group), len(left))))
    return chosen


def _least(cost: DoubleArray) -> list[tuple[int, int]]:
    """(row, column) of the pairs with the least total cost; infinite ones are none."""
    possible = np.isfinite(cost)
    if not (possible.sum(axis=0) > 1).any() and not (possible.sum(axis=1) > 1).any():
        return [(int(t), int(p)) for t, p in zip(*np.nonzero(possible), strict=True)]
    from scipy.optimize import linear_sum_assignment  # loads slowly; people far apart do without

    rows, columns = linear_sum_assignment(np.where(possible, cost, NEVER))
    return [(int(t), int(p)) for t, p in zip(rows, columns, strict=True) if possible[t, p]]


class Tracker:
    """Links the sightings of one key-frame after the other."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.key_frames = 0
        self._first_s, self._latest_s = np.inf, -np.inf

    def live(self, time_s: float) -> list[Track]:
        """Tracks of people seen not long ago."""
        since_s = min(time_s - MAX_ABSENCE_S - _SLACK_S, self._latest_s)
        return [track for track in self.tracks if track.times[-1] >= since_s]

    def add(self, time_s: float, people: list[Sighting]) -> list[Track]:
        """Add everybody seen in the next key-frame: the best fitting pairs first, the rest are new people.

        Returns:
            The tracks of people now seen for the second time.
        """
        live = self.live(time_s)
        chosen = assign(live, people, time_s)
        for t, p in chosen.items():
            live[t].add(self.key_frames, time_s, people[p])
        others = [person for p, person in enumerate(people) if p not in chosen.values()]
        for person in others:
            self.tracks.append(Track())
            self.tracks[-1].add(self.key_frames, time_s, person)
        self.key_frames += 1
        self._first_s, self._latest_s = min(self._first_s, time_s), time_s
        return [live[t] for t in chosen if len(live[t].frames) == 2]

    def seen_once(self) -> list[Track]:
        """The tracks of people seen for the first time in the latest key-frame."""
        return [track for track in self.tracks if track.frames == [self.key_frames - 1]]

    def people(self) -> list[Track]:
        """The tracks that are people, in the order of their appearance."""
        duration_s = self._latest_s - self._first_s
        return [track for track in self.tracks if track.is_person(self.key_frames, duration_s)]
