"""Looks at a stream: numbers that stay, noise that is not shown, memory that does not grow."""

import numpy as np

from seen_person import STANDING
from uplift3d.detect import People
from uplift3d.detect.watcher import KEPT, Watcher

IMAGE = np.zeros((240, 640, 3), np.uint8)


class Seen:
    """Sees what it is told: (x, confidence) of everybody."""

    name, joints = "seen", "coco17"
    people = ()

    def detect(self, rgb):
        positions = np.stack([STANDING + np.float32([x, 0]) for x, _ in self.people] or [STANDING])
        sure = np.stack([np.full(17, c, np.float32) for _, c in self.people] or [np.zeros(17, np.float32)])
        return People(positions[: len(self.people)], sure[: len(self.people)])


def test_people_keep_their_number_and_a_newcomer_gets_another():
    detector = Seen()
    watcher = Watcher(detector)
    seen = []
    for k in range(12):
        detector.people = [(5.0 * k, 1.0), (200.0, 1.0)][: 1 if k < 6 else 2]
        if k >= 9:
            detector.people = detector.people[1:]
        seen.append(watcher.look(IMAGE, 0.3 * k))
    assert [look.people.tolist() for look in seen] == [[0]] * 6 + [[0, 1]] * 3 + [[1]] * 3
    np.testing.assert_allclose(seen[7].positions[0, 0], STANDING + np.float32([35, 0]))
    assert seen[7].times.tolist() == [0.3 * 7]
    assert seen[7].image_size == (640, 240)


def test_who_is_unsure_shows_from_the_second_sighting_on():
    detector = Seen()
    watcher = Watcher(detector)
    detector.people = [(0.0, 0.6)]
    assert watcher.look(IMAGE, 0.0).people.tolist() == []
    assert watcher.look(IMAGE, 0.4).people.tolist() == [0]


def test_the_largest_is_one():
    detector = Seen()
    watcher = Watcher(detector, "largest")
    detector.people = [(0.0, 1.0), (200.0, 1.0)]
    assert len(watcher.look(IMAGE, 0.0).people) == 1


def test_memory_is_that_of_the_last_sightings():
    detector = Seen()
    watcher = Watcher(detector)
    for k in range(100):
        detector.people = [(100.0, 1.0), ((37 * k) % 500, 0.9)]
        watcher.look(IMAGE, 0.4 * k)
    tracks = watcher._tracker.tracks
    assert len(tracks) < 8
    assert max(len(track.sightings) for track in tracks) <= KEPT
    assert len(watcher._numbers) <= len(tracks)


def test_who_comes_back_within_a_second_and_a_half_keeps_their_number_and_later_is_somebody_new():
    detector = Seen()
    watcher = Watcher(detector)
    numbers = {}
    for time_s in np.arange(0, 12, 0.25).tolist():
        away = 1 < time_s < 2.25 or 4 < time_s < 8
        detector.people = [] if away else [(100.0, 1.0)]
        numbers[time_s] = watcher.look(IMAGE, time_s).people.tolist()
    assert [numbers[time_s] for time_s in (1.0, 2.0, 2.25, 4.0, 6.0, 8.0, 11.0)] == [
        [0],
        [],
        [0],
        [0],
        [],
        [1],
        [1],
    ]


def test_in_images_of_another_size_everybody_is_somebody_new():
    detector = Seen()
    watcher = Watcher(detector)
    detector.people = [(0.0, 1.0), (200.0, 1.0)]
    assert watcher.look(IMAGE, 0.0).people.tolist() == [0, 1]
    look = watcher.look(np.zeros((480, 640, 3), np.uint8), 0.3)
    assert look.people.tolist() == [2, 3]
    assert look.image_size == (640, 480)


def test_where_nobody_looked_for_long_nobody_is_known():
    detector = Seen()
    watcher = Watcher(detector)
    detector.people = [(100.0, 1.0)]
    numbers = [watcher.look(IMAGE, time_s).people.tolist() for time_s in (0.0, 0.4, 9.0, 9.4, 20.0)]
    assert numbers == [[0], [0], [0], [0], [1]]
