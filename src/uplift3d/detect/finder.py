"""Everybody in one key-frame, whichever kind of detector there is."""

from collections import deque
from typing import NamedTuple

from uplift3d.detect.base import Detector, Image
from uplift3d.detect.regions import Region, paint_out, search_regions
from uplift3d.detect.sighting import Sighting, share_inside, sightings, without_doubles
from uplift3d.detect.tracks import MIN_SCORE, Expectation, Track, assign

SEARCH_INTERVAL_S = 1.0
"""How often the whole image is searched for more people while all known ones are in sight."""
MISSING_SEARCH_INTERVAL_S = 0.35
"""The same while somebody is missing (or nobody known)."""
FINE_SEARCH_INTERVAL_S = 2.0
"""How often small parts are searched while nobody is in sight, which takes about twenty looks."""
TRACE_FRAMES = 10
"""How many key-frames before somebody's first sighting are looked through for them."""
TRACE_MISSES = 2
"""Not being seen in so many of them on end stops that."""
MIN_SIZE_PX = 24.0
"""Smaller people have no joints to speak of."""
PART = 0.8
"""Share of a box inside a larger one above which the two may be one person; a second look then decides."""
_SLACK_S = 1e-3  # key-frames are not quite where the intervals fall


class Moment(NamedTuple):
    """A key-frame that was looked at, and whom it shows so far."""

    frame: int
    time_s: float
    rgb: Image
    people: list[Sighting]


class Finder:
    """Looks for people in key-frames, given in the order of time.

    A detector that finds everyone is shown each image once. Another one is shown a square around every person
    it has seen lately; and now and then, or as soon as somebody is missing, the whole image and parts of it,
    with the people already found painted out. Static mode stays static: it finds the person afresh each time.

    Args:
        detector: what to show images to.
        max_people: stop looking for more; None looks for everybody.
    """

    def __init__(self, detector: Detector, max_people: int | None = None) -> None:
        self.detector = detector
        self.max_people = max_people
        self._key_frames = 0
        self._searched_s = self._fine_searched_s = -float("inf")
        self._past: deque[Moment] = deque(maxlen=TRACE_FRAMES + 1)

    def find(self, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        """Everybody in this image.

        Args:
            rgb: (H, W, 3).
            time_s: its time in seconds, later than all before.
            known: people seen lately.
        """
        if self.detector.finds_everyone:
            whole = Region(0, 0, rgb.shape[1], rgb.shape[0])
            return without_doubles(self._look(rgb, whole))[: self.max_people]
        found = self._revisit(rgb, time_s, known)
        if not self._enough(found):
            found = self._search_if_due(rgb, time_s, found, len(known))
        self._past.append(Moment(self._key_frames, time_s, rgb, list(found)))
        self._key_frames += 1
        return found

    def trace_back(self, track: Track) -> None:
        """Look for somebody new in the key-frames just before, of which only parts were searched."""
        misses = 0
        for moment in list(self._past)[-2::-1]:  # the latest is where the person was found
            seen = self._look_behind(moment.rgb, track.expected(moment.time_s), moment.people)
            if seen and track.misfit(seen[0], moment.time_s) <= 1:
                track.add(moment.frame, moment.time_s, seen[0])
                moment.people.append(seen[0])
                misses = 0
            elif (misses := misses + 1) == TRACE_MISSES:
                return

    def _revisit(self, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        """Look where the known people should be, and behind those found there for the ones still missing."""
        found: list[Sighting] = []
        known = sorted(known, key=lambda track: -len(track.frames))
        for track in known:
            if not self._enough(found):
                expected = track.expected(time_s)
                region = Region.around(expected.centre, expected.size, _size(rgb))
                found = without_doubles([*found, *(self._look(rgb, region) if region else [])])
        found = [one for one in found if not _is_part(one, found)]
        matched = assign(known, found, time_s)
        for t, track in enumerate(known):
            if t not in matched and found and not self._enough(found):
                found = without_doubles([*found, *self._look_behind(rgb, track.expected(time_s), found)])
        return found

    def _look_behind(self, rgb: Image, expected: Expectation, others: list[Sighting]) -> list[Sighting]:
        """Look for somebody where they should be with these other people painted out."""
        region = Region.around(expected.centre, expected.size, _size(rgb))
        own = Region.within(*expected.corners, _size(rgb))
        return self._look(paint_out(rgb, others, own), region) if region else []

    def _search_if_due(self, rgb: Image, time_s: float, found: list[Sighting], known: int) -> list[Sighting]:
        complete = 0 < known <= len(found)
        interval_s = (SEARCH_INTERVAL_S if complete else MISSING_SEARCH_INTERVAL_S) - _SLACK_S
        if time_s - self._searched_s >= interval_s:
            self._searched_s = time_s
            found = self._search(rgb, search_regions(_size(rgb)), found)
        fine_due = time_s - self._fine_searched_s >= FINE_SEARCH_INTERVAL_S - _SLACK_S
        if fine_due and not found and not known:
            self._fine_searched_s = time_s
            found = self._search(rgb, search_regions(_size(rgb), fine=True), found)
        return found

    def _search(self, rgb: Image, regions: list[Region], found: list[Sighting]) -> list[Sighting]:
        """Look for more people; each one is looked at again from close by, where joints come out better."""
        for region in regions:
            if found and region == regions[0] and len(regions) > 1:
                continue  # the squares are a closer look at what the whole image shows
            while not self._enough(found):
                new = self._look(paint_out(rgb, found), region)
                if not new:
                    break
                first = Expectation(new[0].centre, new[0].size, new[0].box)
                closer = without_doubles([*found, *self._look_behind(rgb, first, found)])
                more = closer if len(closer) > len(found) else without_doubles([*found, *new])
                if len(more) == len(found):
                    break
                found = more
        return found

    def _look(self, rgb: Image, region: Region) -> list[Sighting]:
        positions, confidence = self.detector.detect(region.cut(rgb))
        people = sightings(region.to_image(positions), confidence, self.detector.joints)
        return [person for person in people if person.size >= MIN_SIZE_PX and person.score >= MIN_SCORE]

    def _enough(self, found: list[Sighting]) -> bool:
        return self.max_people is not None and len(found) >= self.max_people


def _is_part(one: Sighting, found: list[Sighting]) -> bool:
    """Whether this may be a part of a larger person, whom a look at their neighbour showed cut off."""
    others = [other for other in found if other is not one]
    return any(share_inside(one, other) > max(PART, share_inside(other, one)) for other in others)


def _size(rgb: Image) -> tuple[int, int]:
    return rgb.shape[1], rgb.shape[0]
