"""From video and images to motion."""

from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from fake_runtime import FakeRuntime
from swinging_person import SIZE, moving_person
from uplift3d import (
    Adaptive,
    InputError,
    lift_frames,
    lift_video,
)


class BlindDetector:
    """Sees the same person in every image, and counts how often it was asked."""

    name, joints = "blind", "h36m17"
    looks = 0

    def detect(self, rgb):
        self.looks += 1
        return moving_person([0.0]).astype(np.float32), np.ones((1, 17), np.float32)


@pytest.mark.filterwarnings("ignore::uplift3d.errors.UpliftWarning")  # images carry no timestamps
def test_lift_video_looks_at_key_frames_and_answers_for_every_frame(tmp_path):
    for number in range(31):
        Image.new("RGB", SIZE).save(tmp_path / f"{number}.png")
    detector = BlindDetector()
    motion = lift_video(tmp_path, detector, FakeRuntime(), key_interval=0.2, progress=False)
    np.testing.assert_allclose(motion.times, np.arange(31) / 30)
    assert detector.looks == 6
    np.testing.assert_array_equal(np.flatnonzero(motion.observed[0]), np.arange(0, 31, 6))
    assert motion.present.all()
    assert motion.meta["source"] == str(tmp_path)
    assert motion.meta["keypoints"]["detector"] == "blind"


def test_lift_video_at_other_times_and_another_rate_of_images(tmp_path):
    for number in range(31):
        Image.new("RGB", SIZE).save(tmp_path / f"{number}.png")
    motion = lift_video(
        tmp_path,
        BlindDetector(),
        FakeRuntime(),
        0.4,
        progress=False,
        image_rate_hz=25,
        output_times=[0.1, 0.7],
    )
    np.testing.assert_array_equal(motion.times, [0.1, 0.7])
    assert motion.meta["key_frames"] == 4  # 0, 0.4, 0.8 and 1.2 s
    assert motion.present.all()


@pytest.mark.filterwarnings("ignore::uplift3d.errors.UpliftWarning")  # images carry no timestamps
def test_frames_without_a_file_give_what_the_file_gives(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (31, 48, 64, 3), dtype=np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    expected = lift_video(tmp_path, BlindDetector(), FakeRuntime(), 0.2, progress=False)
    detector = BlindDetector()
    motion = lift_frames(zip(np.arange(31) / 30, images, strict=True), detector, FakeRuntime(), 0.2)
    assert detector.looks == 6
    np.testing.assert_array_equal(motion.times, expected.times)
    np.testing.assert_array_equal(motion.positions, expected.positions)
    np.testing.assert_array_equal(motion.observed, expected.observed)


class WavingDetector(BlindDetector):
    """Sees somebody who stands, and moves for a second; the image's first pixel is its number."""

    seen: ClassVar[list[int]] = []

    def detect(self, rgb):
        number = int(rgb[0, 0, 0])
        self.seen.append(number)
        pose = moving_person([0.0])
        pose[0, 9:] += 60 * np.sin(2 * np.pi * 1.3 * number / 30) * (60 <= number < 90)
        return pose.astype(np.float32), np.ones((1, 17), np.float32)


class LargeRuntime(FakeRuntime):
    """Lifts people of a size whose movements count as fast."""

    def uplift(self, pose_tokens, slots, part):
        return 6 * super().uplift(pose_tokens, slots, part)


@pytest.mark.parametrize("key_interval", ["adaptive", Adaptive(4), Adaptive(rule="velocity")])
def test_a_second_look_goes_where_the_motion_is_and_no_frame_is_looked_at_twice(tmp_path, key_interval):
    for number in range(151):
        Image.new("RGB", SIZE, (number, 0, 0)).save(tmp_path / f"{number}.png")
    detector = WavingDetector()
    detector.seen = []
    motion = lift_video(tmp_path, detector, LargeRuntime(), key_interval, progress=False, image_rate_hz=30)
    assert len(set(detector.seen)) == len(detector.seen) == motion.meta["key_frames"]
    again = set(detector.seen) - set(range(0, 151, 12))
    assert len(again) > 2
    assert np.mean([48 <= number <= 102 for number in again]) > 0.5
    if key_interval == Adaptive(4):
        assert 18 <= len(detector.seen) <= 21
    assert motion.present.all()
    np.testing.assert_array_equal(np.flatnonzero(motion.observed[0]), sorted(detector.seen))


def test_images_that_come_once_are_not_looked_at_again():
    with pytest.raises(InputError, match="cannot be looked at a second time"):
        lift_frames([(0.0, np.zeros((48, 64, 3), np.uint8))], BlindDetector(), FakeRuntime(), "adaptive")


def test_frames_keep_their_own_times_and_other_ones_can_be_asked_for():
    times = 100 + np.arange(31) / 30
    images = np.zeros((31, 48, 64, 3), dtype=np.uint8)
    motion = lift_frames(zip(times, images, strict=True), BlindDetector(), FakeRuntime())
    np.testing.assert_array_equal(motion.times, times)
    pairs = zip(times, images, strict=True)
    motion = lift_frames(pairs, BlindDetector(), FakeRuntime(), output_times=[100.1, 100.9])
    np.testing.assert_array_equal(motion.times, [100.1, 100.9])


def test_a_frame_that_is_none_is_named():
    frames = [(0.0, np.zeros((48, 64, 3), np.uint8)), (0.5, None)]
    with pytest.raises(InputError, match="frame 1: the image is NoneType; accepted is a uint8 array"):
        lift_frames(frames, BlindDetector(), FakeRuntime())


def test_real_video_is_lifted(shared_dir, tiny_model):
    path = shared_dir / "data" / "videos" / "sports2d-demo.mp4"
    motion = lift_video(path, model=tiny_model, key_interval=2.4, progress=False)
    assert len(motion) == 230
    np.testing.assert_allclose(np.diff(motion.times), 1 / 30, atol=2e-3)
    assert motion.present.any(axis=0).mean() > 0.4
    assert 0 < motion.observed.sum() <= len(motion.people) * motion.meta["key_frames"]
    assert motion.meta["timings_s"]["detect"] > 0


def test_lift_video_refuses_before_it_looks_at_the_video(tmp_path, tiny_model):
    video = tmp_path / "missing.mp4"
    with pytest.raises(InputError, match="key_interval is 'often'"):
        lift_video(video, model=tiny_model, key_interval="often")
    with pytest.raises(InputError, match="no model at nosuch"):
        lift_video(video, model="nosuch")
    with pytest.raises(InputError, match=r"missing\.mp4"):
        lift_video(video, model=tiny_model, progress=False)


@pytest.mark.filterwarnings("ignore::uplift3d.errors.UpliftWarning")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"focal_px": -5}, "focal_px"),
        ({"principal_point_px": (3, 3)}, "principal_point_px needs focal_px"),
        ({"output_times": [1, 0]}, "output_times must be one row"),
    ],
)
def test_lift_video_refuses_before_it_looks_at_a_picture(tmp_path, arguments, message):
    for number in range(3):
        Image.new("RGB", SIZE).save(tmp_path / f"{number}.png")
    detector = BlindDetector()
    with pytest.raises(InputError, match=message):
        lift_video(tmp_path, detector, FakeRuntime(), progress=False, **arguments)
    assert detector.looks == 0
