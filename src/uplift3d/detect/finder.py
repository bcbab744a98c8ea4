"""Everybody in one key-frame: where to look, and when to look for more people."""

from collections import deque
from typing import NamedTuple

from uplift3d.arrays import Image
from uplift3d.detect.base import Detector, Follower, People
from uplift3d.detect.sighting import Sighting, is_same, sightings, without_doubles
from uplift3d.detect.tracks import MIN_SCORE, Track

SEARCH_INTERVAL_S, SEARCH_KEY_FRAMES = 1.0, 4
"""How often the whole image is searched for more people while all known ones are in sight (the longer of
both). Who came between two searches is traced back."""
MISSING_SEARCH_INTERVAL_S = 0.35
"""The same while somebody is missing (or nobody known)."""
FINE_SEARCH_INTERVAL_S, EMPTY_SEARCH_INTERVAL_S = 8.0, 2.0
"""How often it is searched for people who are small in it, while somebody is in sight and while nobody is."""
FIRST_SEARCHES = 2
"""So many key-frames are searched that closely at the beginning: one look may miss somebody."""
BEYOND = 0.1
"""Whose middle should be farther outside the image than this, in sizes, is not looked for."""
TRACE_FRAMES = 10
"""How many key-frames before somebody's first sighting are looked through for them."""
TRACE_GAP_S = 0.3
"""Not being seen for so long stops that."""
MIN_SIZE_PX = 24.0
"""Smaller people have no joints to speak of."""
_SLACK_S = 1e-3  # key-frames are not quite where the intervals fall


class Moment(NamedTuple):
    """A key-frame that was looked at, and whom it shows so far."""

    frame: int
    time_s: float
    rgb: Image
    people: list[Sighting]


class Finder:
    """Looks for people in key-frames, given in the order of time.

    A detector that can be told where people should be looks there, and in the whole image now and then, or
    as soon as somebody is missing. Any other is shown every image once.

    Args:
        detector: what to show images to.
        max_people: follow so many of the largest, and look for more only while some are missing; None looks
            for everybody.
        trace: keep the last images, for `trace_back`.
    """

    def __init__(self, detector: Detector, max_people: int | None = None, *, trace: bool = True) -> None:
        self.detector = detector
        self.max_people = max_people
        self._key_frames = self._searched = 0
        self._searched_s = self._fine_searched_s = self._seen_s = -float("inf")
        self._past: deque[Moment] = deque(maxlen=TRACE_FRAMES + 1 if trace else 0)

    def find(self, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        """Everybody in this image.

        Args:
            rgb: (H, W, 3).
            time_s: its time in seconds, later than all before.
            known: people seen lately.
        """
        if not isinstance(self.detector, Follower):
            return self._people(self.detector.detect(rgb), rgb)
        sought = [track for track in known if self._is_sought(track, rgb, time_s)]
        found = self._look_near(self.detector, rgb, time_s, sought)
        if not self._enough(found):
            settled = sum(len(track.frames) > 1 for track in sought)
            found = self._search_if_due(self.detector, rgb, time_s, found, max(settled, min(len(sought), 1)))
        self._seen_s = time_s if found else self._seen_s
        self._past.append(Moment(self._key_frames, time_s, rgb, list(found)))
        self._key_frames += 1
        return found

    def trace_back(self, track: Track) -> None:
        """Look for somebody new in the key-frames before their first, in which nobody searched for them."""
        if not isinstance(self.detector, Follower):
            return
        for moment in [past for past in reversed(self._past) if past.frame < track.frames[0]]:
            place = track.expected(moment.time_s)
            seen = self._people(self.detector.look_near(moment.rgb, [place]), moment.rgb)
            new = [one for one in seen if not any(is_same(one, other) for other in moment.people)]
            fitting = [one for one in new if track.misfit(one, moment.time_s) <= 1]
            if fitting:
                best = min(fitting, key=lambda one: track.misfit(one, moment.time_s))
                track.add(moment.frame, moment.time_s, best)
                moment.people.append(best)
            elif track.times[0] - moment.time_s >= TRACE_GAP_S - _SLACK_S:
                return

    def _is_sought(self, track: Track, rgb: Image, time_s: float) -> bool:
        """Whether somebody known should be in view; whom few sightings vouch for is soon given up."""
        place, (height, width) = track.expected(time_s), rgb.shape[:2]
        margin = BEYOND * place.size
        in_view = ((place.centre >= -margin) & (place.centre <= (width + margin, height + margin))).all()
        return bool(in_view) and self._key_frames - track.frames[-1] <= len(track.frames)

    def _look_near(self, detector: Follower, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        steadiest = sorted(known, key=lambda track: -len(track.frames))[: self.max_people]
        places = [track.expected(time_s) for track in steadiest]
        return self._people(detector.look_near(rgb, places), rgb) if places else []

    def _search_if_due(
        self, detector: Follower, rgb: Image, time_s: float, found: list[Sighting], known: int
    ) -> list[Sighting]:
        complete = 0 < known <= len(found)
        beginning = self._key_frames < FIRST_SEARCHES
        if not (beginning or self._search_is_due(time_s, complete)):
            return found
        empty = time_s - self._seen_s >= EMPTY_SEARCH_INTERVAL_S - _SLACK_S and not found
        fine_interval_s = (EMPTY_SEARCH_INTERVAL_S if empty else FINE_SEARCH_INTERVAL_S) - _SLACK_S
        fine = beginning or time_s - self._fine_searched_s >= fine_interval_s
        self._searched_s, self._fine_searched_s = time_s, time_s if fine else self._fine_searched_s
        self._searched = self._key_frames
        more = detector.search(rgb, [one.place for one in found], fine=fine)
        everybody = without_doubles([*found, *self._people(more, rgb)])
        return sorted(everybody, key=lambda one: -one.size)[: self.max_people]

    def _search_is_due(self, time_s: float, complete: bool) -> bool:
        interval_s = (SEARCH_INTERVAL_S if complete else MISSING_SEARCH_INTERVAL_S) - _SLACK_S
        key_frames = SEARCH_KEY_FRAMES if complete else 1
        return time_s - self._searched_s >= interval_s and self._key_frames - self._searched >= key_frames

    def _people(self, seen: People, rgb: Image) -> list[Sighting]:
        people = sightings(seen, self.detector.joints, rgb)
        return without_doubles(
            [person for person in people if person.size >= MIN_SIZE_PX and person.score >= MIN_SCORE]
        )

    def _enough(self, found: list[Sighting]) -> bool:
        return self.max_people is not None and len(found) >= self.max_people
