"""Everybody in one key-frame, whichever kind of detector there is."""

from uplift3d.detect.base import Detector, Image
from uplift3d.detect.regions import Region, paint_out, search_regions
from uplift3d.detect.sighting import Sighting, sightings, without_doubles
from uplift3d.detect.tracks import MIN_SCORE, Track

SEARCH_INTERVAL_S = 1.2
"""How often the whole image is searched for more people while all known ones are in sight."""
FINE_SEARCH_INTERVAL_S = 2.0
"""How often small parts are searched while nobody is in sight, which takes about twenty looks."""
MIN_SIZE_PX = 24.0
"""Smaller people have no joints to speak of."""


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
        self._searched_s = -float("inf")
        self._fine_searched_s = -float("inf")

    def find(self, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        """Everybody in this image.

        Args:
            rgb: (H, W, 3).
            time_s: its time in seconds, later than all before.
            known: people seen lately.
        """
        image_size = (rgb.shape[1], rgb.shape[0])
        if self.detector.finds_everyone:
            found = without_doubles(self._look(rgb, Region(0, 0, *image_size)))
            return found[: self.max_people]
        found = self._revisit(rgb, time_s, known)
        if self._enough(found):
            return found
        missing = len(found) < len(known)
        if missing or time_s - self._searched_s >= SEARCH_INTERVAL_S - 1e-6:
            self._searched_s = time_s
            found = self._search(rgb, search_regions(image_size), found)
        if not found and not known and time_s - self._fine_searched_s >= FINE_SEARCH_INTERVAL_S:
            self._fine_searched_s = time_s
            found = self._search(rgb, search_regions(image_size, fine=True), found)
        return found

    def _revisit(self, rgb: Image, time_s: float, known: list[Track]) -> list[Sighting]:
        """Look where the known people should be."""
        found: list[Sighting] = []
        for track in known:
            expected = track.expected(time_s)
            region = Region.around(expected.centre, expected.size, (rgb.shape[1], rgb.shape[0]))
            if region is not None:
                found += self._look(rgb, region)
        return without_doubles(found)

    def _search(self, rgb: Image, regions: list[Region], found: list[Sighting]) -> list[Sighting]:
        """Look for more people; each one is looked at again from close by, where joints come out better."""
        found = list(found)
        for region in regions:
            while not self._enough(found):
                new = self._look(paint_out(rgb, found), region)
                if not new:
                    break
                close = Region.around(new[0].centre, new[0].size, (rgb.shape[1], rgb.shape[0]))
                closer = self._look(paint_out(rgb, found), close) if close else []
                more = without_doubles([*found, *(closer or new)])
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
