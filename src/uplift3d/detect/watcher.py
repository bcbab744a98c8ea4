"""Looks at a stream: whoever is in the image now, each with a number that they keep."""

import numpy as np

from uplift3d.arrays import Image
from uplift3d.detect.base import Detector
from uplift3d.detect.finder import Finder
from uplift3d.detect.keyframes import Who, check_people
from uplift3d.detect.sighting import Sighting
from uplift3d.detect.tracks import MIN_SIGHTINGS, SIZE_SIGHTINGS, SURE_SCORE, Track, Tracker
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D

LOST_S = 10.0
"""After so long without a look (a camera that was away) nobody is known any more."""
KEPT = max(SIZE_SIGHTINGS, MIN_SIGHTINGS) + 1
"""So many sightings of a person tell where they will be; older ones are forgotten."""


class Watcher:
    """Finds and follows people in images that come one after the other; its memory does not grow.

    Args:
        detector: what finds people in an image.
        people: whom to keep, see `run`.
    """

    def __init__(self, detector: Detector, people: Who = "all") -> None:
        check_people(people)
        self._detector = detector
        self._most = None if people == "all" else 1 if people == "largest" else int(people)
        self._numbers: dict[Track, int] = {}
        self._next, self._looked_s = 0, -np.inf
        self._begin(None)

    def _begin(self, shape: tuple[int, ...] | None) -> None:
        """Nobody is known yet in images of this shape."""
        self._shape = shape
        self._finder, self._tracker = Finder(self._detector, self._most, trace=False), Tracker()

    def look(self, rgb: Image, time_s: float) -> Keypoints2D:
        """Everybody in this image, as a key-frame of `time_s`.

        Somebody is there from their second sighting on, or from the first if that is sure. Who was out of
        view for more than 1.5 s is somebody new, and so is everybody where the image's size changes or nobody
        looked for longer than 10 s; a number is never given to two people.

        Args:
            rgb: (H, W, 3) uint8.
            time_s: seconds, later than all before.
        """
        if rgb.shape != self._shape or time_s - self._looked_s > LOST_S:
            self._begin(rgb.shape)
        self._looked_s = time_s
        tracker = self._tracker
        tracker.add(time_s, self._finder.find(rgb, time_s, tracker.live(time_s)))
        tracker.tracks = tracker.live(time_s)
        seen = []
        for track in tracker.tracks:
            for row in (track.frames, track.times, track.sightings):
                del row[:-KEPT]
            if track.times[-1] == time_s and _is_somebody(track):
                seen.append((self._number(track), track.sightings[-1]))
        self._numbers = {track: self._numbers[track] for track in tracker.tracks if track in self._numbers}
        seen.sort(key=lambda one: -one[1].size)
        return self._keypoints(sorted(seen[: self._most], key=lambda one: one[0]), rgb, time_s)

    def _number(self, track: Track) -> int:
        if track not in self._numbers:
            self._numbers[track] = self._next
            self._next += 1
        return self._numbers[track]

    def _keypoints(self, seen: list[tuple[int, Sighting]], rgb: Image, time_s: float) -> Keypoints2D:
        joints = len(joint_set(self._detector.joints))
        positions = np.full((len(seen), 1, joints, 2), np.nan, dtype=np.float32)
        confidence = np.zeros((len(seen), 1, joints), dtype=np.float32)
        hint = np.full((len(seen), 1, joints, 3), np.nan, dtype=np.float32)
        for row, (_, one) in enumerate(seen):
            positions[row, 0], confidence[row, 0] = one.positions, one.confidence
            if one.hint is not None:
                hint[row, 0] = one.hint
        return Keypoints2D(
            positions,
            confidence,
            np.array([time_s]),
            (rgb.shape[1], rgb.shape[0]),
            self._detector.joints,
            people=np.array([number for number, _ in seen], dtype=np.int64),
            depth_hint=hint if np.isfinite(hint).any() else None,
        )


def _is_somebody(track: Track) -> bool:
    return len(track.frames) > 1 or track.sightings[-1].score >= SURE_SCORE
