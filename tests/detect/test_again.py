"""A second look: the same people at more moments, each where they are expected, nobody new."""

from pathlib import Path

import numpy as np
import pytest

from seen_person import STANDING, Standing, film
from uplift3d.detect import People, look_again, run
from uplift3d.errors import UpliftWarning
from uplift3d.types import Keypoints2D
from uplift3d.video import open_video


class Scene:
    """Frames whose first pixel is their number, and a detector that sees people move evenly."""

    name, joints, path, size = "scene", "coco17", Path("scene"), (640, 240)

    def __init__(self, speeds, absent=()):
        self.speeds, self.absent, self.asked = speeds, absent, []
        self.times = np.arange(41) / 10

    def at(self, time_s, person):
        return STANDING + np.float32([80 * person + self.speeds[person] * time_s, 0])

    def frames_at(self, indices=None):
        for number in indices:
            self.asked.append(int(number))
            yield int(number), float(self.times[number]), np.full((240, 640, 3), number, np.uint8)

    def detect(self, rgb):
        time_s = self.times[rgb[0, 0, 0]]
        here = [p for p in reversed(range(len(self.speeds))) if (p, rgb[0, 0, 0]) not in self.absent]
        positions = np.stack([self.at(time_s, p) for p in here])
        return People(positions, np.ones(positions.shape[:2], np.float32))

    def detect_batch(self, images):
        return [self.detect(rgb) for rgb in images]

    def keys(self, rows, people):
        positions = np.stack([[self.at(self.times[k], p) for k in rows] for p in people])
        return Keypoints2D(
            positions, None, self.times[rows], self.size, "coco17", people=[7 + p for p in people]
        )


class Follower(Scene):
    """One that is told where to look."""

    def look_near(self, rgb, places):
        self.places = places
        return self.detect(rgb)

    def search(self, rgb, seen=(), *, fine=False):
        raise AssertionError("nobody new is looked for")


def test_everybody_is_seen_where_they_are_and_keeps_their_number():
    scene = Scene((30.0, -40.0))
    keys = scene.keys([0, 8, 16], [0, 1])
    more = look_again(scene, [2, 4, 12], keys, scene)
    assert scene.asked == [2, 4, 12]
    np.testing.assert_array_equal(more.times, scene.times[[0, 2, 4, 8, 12, 16]])
    assert more.people.tolist() == [7, 8]
    for row in (0, 1):
        expected = np.stack([scene.at(time, row) for time in more.times])
        np.testing.assert_allclose(more.positions[row], expected, atol=1e-4)


def test_nobody_new_and_nobody_elsewhere_is_taken():
    scene = Scene((30.0, 0.0), absent={(0, 4)})
    more = look_again(scene, [2, 4], scene.keys([0, 8], [0]), scene)
    assert more.positions.shape[0] == 1
    assert more.observed.tolist() == [[True, True, False, True]]


def test_a_follower_is_told_the_way_between_the_sightings():
    scene = Follower((40.0,))
    look_again(scene, [4], scene.keys([0, 8], [0]), scene)
    (place,) = scene.places
    np.testing.assert_allclose(place.positions, scene.at(0.4, 0), atol=1e-4)


def test_no_frames_no_people_no_work():
    scene = Scene((0.0,))
    keys = scene.keys([0, 8], [0])
    assert look_again(scene, [], keys, scene) is keys
    nobody = keys.select([])
    assert look_again(scene, [3], nobody, scene) is nobody
    assert scene.asked == []


def test_a_look_on_which_the_detector_fails_is_left_out(tmp_path):
    film(tmp_path / "a.mp4", 30, 30)

    class Failing(Standing):
        def detect(self, rgb):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == 5:
                raise RuntimeError("cannot handle this image")
            return super().detect(rgb)

    detector = Failing()
    with open_video(tmp_path / "a.mp4") as video:
        keys = run(video, [0, 12, 24], detector)
        with pytest.warns(UpliftWarning, match="the detector failed on 1 key-frame, which was left out"):
            more = look_again(video, [4, 8, 16], keys, detector)
    assert len(more) == 5
    assert more.meta["key_frames_failed"] == 1
