"""MediaPipe's world landmarks as depth hint."""

import json

import numpy as np
import pytest

from keypoint_files import FRAMES, RATE_HZ, SIZE, landmarks, walk, world_landmarks, world_of, write
from uplift3d.detect import load_keypoints, save_keypoints
from uplift3d.errors import InputError

HIPS = [23, 24]


@pytest.fixture
def clip():
    return walk("blazepose33")


def load(path):
    return load_keypoints(path, frame_rate_hz=RATE_HZ, image_size=SIZE)


def test_world_landmarks_are_metres_from_the_pelvis(tmp_path, clip):
    read = load(world_landmarks(tmp_path, clip))
    order = np.argsort(np.nanmean(read.positions[..., 0], axis=(1, 2)))
    for person, row in enumerate(order):
        for frame in range(FRAMES):
            truth = world_of(person, frame)
            truth = truth - truth[HIPS].mean(axis=0)
            truth[~np.isfinite(clip.positions[person, frame]).all(axis=-1)] = np.nan
            np.testing.assert_allclose(read.depth_hint[row, frame], truth, atol=1e-6)


def test_without_world_landmarks_there_is_no_hint(tmp_path, clip):
    assert load(landmarks(tmp_path, clip)).depth_hint is None


def test_the_hint_stays_in_our_own_file(tmp_path, clip):
    read = load(world_landmarks(tmp_path, clip))
    again = load_keypoints(save_keypoints(tmp_path / "keys.npz", read))
    np.testing.assert_array_equal(again.depth_hint, read.depth_hint)


@pytest.mark.parametrize("key", ["pose_world_landmarks", "poseWorldLandmarks", "world_landmarks"])
def test_one_person_a_frame_under_any_of_the_keys(tmp_path, clip, key):
    """As Python's solution has them: {"landmark": [...]}, and frames without anybody."""
    frames = json.loads(world_landmarks(tmp_path, clip).read_text())
    alone = [
        {"pose_landmarks": {"landmark": frame["landmarks"][0]}, key: {"landmark": frame["worldLandmarks"][0]}}
        if frame["landmarks"]
        else {"pose_landmarks": None, key: None}
        for frame in frames
    ]
    read = load(write(tmp_path / "alone.json", alone))
    assert len(read.people) == 1
    truth = world_of(0, 4) - world_of(0, 4)[HIPS].mean(axis=0)
    np.testing.assert_allclose(read.depth_hint[0, 4], truth, atol=1e-6)
    assert np.isnan(read.depth_hint[0, 8]).all()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda world: world.pop(), "of 2 people and world landmarks of 1"),
        (lambda world: world[1].pop(), "32 landmarks with x, y and z; MediaPipe's pose has 33"),
        (lambda world: world[0][7].pop("z"), "33 landmarks with x, y and z; MediaPipe's pose has 33"),
        (lambda world: world[0][7].update(z="far"), "x, y, z must be numbers"),
        (lambda world: world[0][7].update(z=900.0), "metres|millimetres"),
    ],
)
def test_world_landmarks_that_do_not_fit_are_told(tmp_path, clip, damage, message):
    path = world_landmarks(tmp_path, clip)
    frames = json.loads(path.read_text())
    damage(frames[4]["worldLandmarks"])
    with pytest.raises(InputError, match=message):
        load(write(path, frames))
