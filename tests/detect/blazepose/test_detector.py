import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from uplift3d.detect import create_detector, run
from uplift3d.detect.base import Follower, Place
from uplift3d.detect.blazepose import detector as detector_module
from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.detector import _distinct, _plausible, _same, _scales, _square_of
from uplift3d.detect.blazepose.look import see_landmarks
from uplift3d.detect.blazepose.models import load
from uplift3d.video import open_video, regular_key_frames

LEFT_HIP, RIGHT_HIP = 23, 24


@pytest.fixture(scope="module")
def detector():
    return create_detector("blazepose-full")


@pytest.fixture(scope="module")
def heavy():
    return create_detector("blazepose")


@pytest.fixture(scope="module")
def video(shared_dir):
    return open_video(shared_dir / "data" / "videos" / "sports2d-demo.mp4")


@pytest.fixture(scope="module")
def image(video):
    """A man on a roof, and a woman walking below."""
    return np.ascontiguousarray(next(video.frames_at([60])).rgb)


def hips(people):
    return sorted(people.positions[:, [LEFT_HIP, RIGHT_HIP]].mean(axis=1).round().tolist())


def place(x, y, size):
    """Somebody who stands upright there."""
    positions = np.full((33, 2), (x, y), np.float32)
    positions[[11, 12], 1] -= 0.2 * size
    positions[0, 1] -= 0.5 * size
    positions[[27, 28], 1] += 0.5 * size
    return Place(np.array([x, y - 0.1 * size]), size, positions)


def test_the_detectors_are_followers_and_named_as_they_are_asked_for(detector):
    assert isinstance(detector, Follower)
    assert [create_detector(name).name for name in ("blazepose", "blazepose-full")] == [
        "blazepose",
        "blazepose-full",
    ]


def test_everybody_is_seen_in_one_look_with_3d_from_the_pelvis(detector, image):
    people = detector.detect(image)
    np.testing.assert_allclose(hips(people), [(633, 294), (1409, 751)], atol=20)
    assert people.confidence.min() >= 0
    assert people.confidence[:, [LEFT_HIP, RIGHT_HIP]].min() > 0.8
    np.testing.assert_allclose(people.hint[:, [LEFT_HIP, RIGHT_HIP]].mean(axis=1), 0, atol=1e-6)
    assert 1.2 < np.ptp(people.hint[..., 1], axis=1).min() < 2.0  # metres from head to toe


def test_a_batch_is_seen_as_one_by_one(detector, video):
    images = [np.ascontiguousarray(frame.rgb) for frame in video.frames_at([0, 60])]
    together = detector.detect_batch(images)
    for one, rgb in zip(together, images, strict=True):
        np.testing.assert_array_equal(one.positions, detector.detect(rgb).positions)


def test_near_a_place_only_those_around_it_are_seen(detector, image):
    people = detector.look_near(image, [place(1430, 730, 360)])
    np.testing.assert_allclose(hips(people), [(1409, 751)], atol=20)
    both = detector.look_near(image, [place(1430, 730, 360), place(640, 280, 350), place(650, 300, 400)])
    assert len(both.positions) == 2


def test_whom_one_has_seen_is_not_searched_for(detector, image):
    (man, woman) = (place(x, y, 340) for x, y in hips(detector.detect(image)))
    np.testing.assert_allclose(hips(detector.search(image, [man])), [(1409, 751)], atol=20)
    assert len(detector.search(image, [man, woman]).positions) == 0


def test_nobody_is_seen_where_nobody_is(detector, image):
    empty = np.ascontiguousarray(image[:, :400])
    for people in (detector.detect(empty), detector.look_near(empty, [place(200, 500, 300)])):
        assert (people.positions.shape, people.confidence.shape) == ((0, 33, 2), (0, 33))
        assert people.hint.shape == (0, 33, 3)


def test_joints_outside_the_image_keep_their_guess_without_confidence(detector, image):
    cut = np.ascontiguousarray(image[:300, 350:950])  # below the man's hips there is nothing
    people = detector.look_near(cut, [place(283, 290, 350)])
    outside = people.positions[0, :, 1] > cut.shape[0]
    assert outside.sum() >= 4
    assert (people.confidence[0][outside] == 0).all()
    assert people.confidence[0][~outside].max() > 0.9


def test_squares_of_one_person_are_one():
    square = Square(100, 100, 200)
    assert _same(square, Square(110, 90, 250, 0.5))
    assert not _same(square, Square(160, 100, 200))
    assert not _same(square, Square(100, 100, 401))
    assert _same(square, Square(100, 100, 200, 3.0))
    assert not _same(square, Square(100, 100, 200, 3.0), turned=False)
    assert _distinct([square, Square(105, 100, 210), Square(300, 100, 200)]) == [
        square,
        Square(300, 100, 200),
    ]
    assert _distinct([square], known=[Square(104, 100, 190)]) == []


def test_where_somebody_is_expected_the_square_reaches_as_far_as_the_body():
    square = _square_of(place(300, 200, 160).positions)
    assert (square.x, square.y) == (300, 200)
    assert square.side_px == pytest.approx(2.5 * 80)
    assert square.angle_rad == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (500, 500)])
def test_a_search_looks_at_the_whole_image_at_two_scales(size):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for fine in (False, True):
        closer, whole = _scales(image, fine)
        assert whole == max(size) / 224
        assert (size[0] / closer) * (size[1] / closer) == pytest.approx(400e3 if fine else 200e3)


def test_where_nobody_may_be_the_slow_network_does_not_look(heavy, image, monkeypatch):
    looks = []

    def counted(network, rgb, square):
        looks.append(network)
        return see_landmarks(network, rgb, square)

    monkeypatch.setattr(detector_module, "see_landmarks", counted)
    (man, woman) = (place(x, y, 340) for x, y in hips(heavy.detect(image)))
    assert looks.count(load("landmarks-heavy")) == 2
    looks.clear()
    heavy.search(image, [man, woman], fine=True)
    heavy.look_near(image, [place(200, 500, 200)])
    assert load("landmarks-full") in looks
    assert load("landmarks-heavy") not in looks


@pytest.mark.parametrize(
    ("square", "plausible"),
    [
        (Square(320, 180, 300), True),
        (Square(320, 180, 1599), True),  # the whole of somebody of whom the head fills the image
        (Square(320, 180, 1601), False),
        (Square(-1, 180, 300), False),
        (Square(320, 361, 300), False),
    ],
)
def test_whose_hips_are_out_of_view_or_who_is_far_too_large_is_nobody(square, plausible):
    assert _plausible(square, np.zeros((360, 640, 3), np.uint8)) == plausible


@pytest.fixture(scope="module")
def outdoors(detector, video):
    return run(video, regular_key_frames(video.times, 0.4)[4:14], detector)  # 1.6–5.2 s: both are in view


def test_two_people_in_a_real_video_are_two_steady_tracks(outdoors):
    assert outdoors.positions.shape == (2, 10, 33, 2)
    assert outdoors.observed.sum(axis=1).min() >= 9
    middle = outdoors.positions[:, :, [LEFT_HIP, RIGHT_HIP]].mean(axis=2)  # (P, K, 2)
    man, woman = middle if middle[0, 0, 1] < middle[1, 0, 1] else middle[::-1]
    assert np.nanmax(man[:, 1]) < 400  # he stays on the roof
    assert np.nanmin(woman[:, 1]) > 650  # she walks below it, from right to left
    assert (np.diff(woman[np.isfinite(woman[:, 0]), 0]) < 0).all()


def test_the_walkers_nearer_side_is_nearer_in_3d(outdoors):
    middle = np.nanmean(outdoors.positions[..., 1], axis=(1, 2))
    woman = outdoors.depth_hint[int(middle.argmax())]
    nearer = np.nanmean(woman[:, [11, 23], 2] - woman[:, [12, 24], 2])
    assert nearer < -0.1  # she walks to the left of the image, so that her left is towards the camera


def test_people_far_away_are_seen(heavy, shared_dir):
    street = open_video(shared_dir / "data" / "videos" / "mmpose-demo.mp4")
    keys = run(street, np.arange(5), heavy)
    assert keys.observed.all(axis=1).sum() >= 3
    heights = np.sort(np.nanmean(np.ptp(keys.positions[..., 1], axis=-1), axis=1))
    assert heights[0] < 170 < 300 < heights[-1]  # pixels of 540


def test_a_somersault_makes_no_second_person(heavy, video):
    keys = run(video, regular_key_frames(video.times, 0.4), heavy)
    assert keys.observed.sum(axis=1).tolist() == pytest.approx([18, 14], abs=2)


@pytest.mark.slow
def test_memory_does_not_grow_from_video_to_video(shared_dir):
    """In a process of its own, where nothing else allocates."""
    code = """
import resource, sys
from uplift3d import lift_video
used = []
for _ in range(50):
    lift_video(sys.argv[1], "blazepose-full", key_interval=0.4, end_s=0.8, progress=False)
    with open("/proc/self/statm") as file:
        used.append(int(file.read().split()[1]) * resource.getpagesize() / 1e6)
print(sum(used[10:20]) / 10, sum(used[-10:]) / 10)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc")
    clip = str(shared_dir / "data" / "videos" / "sports2d-demo.mp4")
    done = subprocess.run([sys.executable, "-c", code, clip], capture_output=True, text=True, check=True)
    early, late = map(float, done.stdout.split())
    assert late < early + 25  # MB, of some 450; every call that made its own detector left 120 behind
