"""From key-frames to network input: one person's key-frames, the grid, and who fills which token."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from typical_person import person
from uplift3d.normalise import channel_names, normalise_screen
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import InputSpec, PersonKeyFrames, grid_times, nearest_key_frames, tokenise
from uplift3d.types import Keypoints2D

RATES_HZ = [12.0, 23.976, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0]
SPEC = InputSpec("h36m17", "person", 71, 0.1, "masked", "viewing_ray")
SCREEN = InputSpec("uu17", "screen", 71, 0.1, "repeat", "camera")


def keypoints(positions, times=None, joints="h36m17", size=(640, 480)):
    times = np.arange(positions.shape[0]) * 0.1 if times is None else times
    return Keypoints2D(positions[None], None, times, size, joints)


def of_person(keypoints, spec):
    return PersonKeyFrames.from_keypoints(keypoints, 0, spec.joints, spec.input)


# the grid


@given(st.floats(-100, 1e4), st.floats(0, 50), st.sampled_from([0.1, 0.04, 1 / 30]))
def test_the_grid_starts_at_the_start_and_ends_within_half_a_step_of_the_end(start, duration, spacing):
    grid = grid_times(start, start + duration, spacing)
    assert grid[0] == start
    assert abs(grid[-1] - start - duration) <= spacing / 2 + 1e-6
    np.testing.assert_allclose(np.diff(grid), spacing, atol=1e-9)


def test_an_hour_of_tokens_does_not_drift():
    assert grid_times(0.0, 3600.0, 0.1)[-1] == pytest.approx(3600.0, abs=1e-9)


def test_a_clip_of_one_moment_is_one_token():
    np.testing.assert_array_equal(grid_times(2.5, 2.5, 0.1), [2.5])


def nearest_by_looking_at_all(grid, times, spacing):
    """The rule, word for word."""
    own = [int(np.argmin(np.abs(grid - time))) for time in times]
    nearest = []
    for place, token in enumerate(grid):
        near = [k for k, time in enumerate(times) if own[k] == place and abs(time - token) <= spacing / 2]
        nearest.append(min(near, key=lambda k, token=token: abs(times[k] - token)) if near else -1)
    return nearest


@given(st.lists(st.integers(-5, 300), max_size=60, unique=True), st.integers(1, 40))
@settings(max_examples=200)
def test_nearest_key_frames_equal_the_rule_word_for_word(hundredths, count):
    times = np.sort(np.array(hundredths, dtype=float)) / 100 + 1 / 300  # no ties
    grid = 0.5 + 0.1 * np.arange(count)
    found = nearest_key_frames(grid, times, 0.1)
    np.testing.assert_array_equal(found, nearest_by_looking_at_all(grid, times, 0.1))


@pytest.mark.parametrize("rate", RATES_HZ)
def test_every_token_of_an_ordinary_video_finds_its_nearest_frame(rate):
    times = np.arange(int(20 * rate)) / rate
    grid = grid_times(0.0, float(times[-1]), 0.1)
    found = nearest_key_frames(grid, times, 0.1)
    assert (found >= 0).all()
    assert np.abs(times[found] - grid)[grid <= times[-1]].max() <= 0.5 / rate + 1e-9


@pytest.mark.parametrize("rate", RATES_HZ[1:])
@pytest.mark.parametrize("interval", [0.1, 0.2, 0.4])
def test_sparse_key_frames_fill_every_mth_token(rate, interval):
    frames = np.arange(int(20 * rate)) / rate
    times = frames[np.unique(np.rint(np.arange(0, 19.9, interval) * rate).astype(int))]
    found = nearest_key_frames(grid_times(0.0, 19.9, 0.1), times, 0.1)
    np.testing.assert_array_equal(np.flatnonzero(found >= 0) % round(interval / 0.1), 0)
    np.testing.assert_array_equal(found[found >= 0], np.arange(len(times)))


# one person's key-frames


def test_a_person_is_converted_and_masked_once(rng):
    positions = person(rng, 4)
    confidence = np.ones((1, 4, 17), np.float32)
    pelvis, ankle = joint_set("h36m17").index("pelvis"), joint_set("h36m17").index("left_ankle")
    confidence[0, 1, pelvis] = confidence[0, :, ankle] = 0
    keys = PersonKeyFrames.from_keypoints(
        Keypoints2D(positions[None], confidence, np.arange(4) * 0.4, (640, 480), "h36m17"),
        0,
        "uu17",
        "person",
    )
    order = reorder("h36m17", "uu17")
    assert keys.usable.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(keys.confidence, confidence[0][:, order])
    np.testing.assert_array_equal(
        keys.positions, np.where(keys.confidence[..., None] > 0, positions[:, order], np.nan)
    )
    np.testing.assert_array_equal(keys.pelvis_px[[0, 2, 3]], positions[[0, 2, 3], pelvis])
    assert np.isnan(keys.pelvis_px[1]).all()
    assert keys.image_size == (640, 480)


def test_some_of_the_key_frames(rng):
    keys = of_person(keypoints(person(rng, 5)), SPEC)
    for part in (slice(1, 4), np.array([1, 2, 3]), np.array([False, True, True, True, False])):
        some = keys[part]
        assert len(some) == 3
        np.testing.assert_array_equal(some.times, keys.times[1:4])
        np.testing.assert_array_equal(some.positions, keys.positions[1:4])
        np.testing.assert_array_equal(some.confidence, keys.confidence[1:4])
        np.testing.assert_array_equal(some.usable, keys.usable[1:4])


def test_with_screen_input_one_joint_is_enough(rng):
    positions = person(rng, 2)
    positions[0, 1:] = np.nan
    positions[1] = np.nan
    assert of_person(keypoints(positions), SCREEN).usable.tolist() == [True, False]
    assert of_person(keypoints(positions), SPEC).usable.tolist() == [False, False]


# everything together


def test_tokenise_puts_each_key_frame_on_its_token_in_the_networks_joints(rng):
    positions = person(rng, 3)
    keys = keypoints(positions, times=np.array([0.0, 0.41, 0.79]))
    track = tokenise(of_person(keys, SCREEN), grid_times(0.0, 0.8, 0.1), SCREEN)
    assert np.flatnonzero(track.observed).tolist() == [0, 4, 8]
    expected, _ = normalise_screen(positions[:, reorder("h36m17", "uu17")], (640, 480))
    np.testing.assert_allclose(track.poses[track.observed], expected, atol=1e-6)
    assert not track.poses[~track.observed].any()


def test_a_key_frame_without_the_person_does_not_hide_one_with_it(rng):
    positions = person(rng, 2)
    positions[0] = np.nan
    track = tokenise(of_person(keypoints(positions, times=np.array([0.0, 0.03])), SPEC), np.zeros(1), SPEC)
    assert track.observed.tolist() == [True]


def test_a_pose_that_cannot_be_used_does_not_hide_its_neighbour(rng):
    positions = person(rng, 2)
    positions[0, joint_set("h36m17").index("pelvis")] = np.nan
    track = tokenise(of_person(keypoints(positions, times=np.array([0.0, 0.03])), SPEC), np.zeros(1), SPEC)
    assert track.observed.tolist() == [True]


def test_joints_of_confidence_0_are_unseen(rng):
    positions, ankle = person(rng, 1), joint_set("h36m17").index("left_ankle")
    confidence = np.ones((1, 1, 17), np.float32)
    confidence[..., ankle] = 0
    keys = Keypoints2D(positions[None], confidence, [0.0], (640, 480), "h36m17")
    gone = positions.copy()
    gone[:, ankle] = np.nan
    track, expected = (tokenise(of_person(k, SPEC), np.zeros(1), SPEC) for k in (keys, keypoints(gone)))
    np.testing.assert_array_equal(track.poses, expected.poses)
    assert not track.poses[0, ankle].any()


def test_coco_joints_are_converted_before_anything_else(rng):
    coco = rng.uniform(100, 300, size=(2, 17, 2)).astype(np.float32)
    track = tokenise(of_person(keypoints(coco, joints="coco17"), SPEC), grid_times(0.0, 0.1, 0.1), SPEC)
    assert track.observed.all()
    left, right = joint_set("h36m17").index("left_hip"), joint_set("h36m17").index("right_hip")
    np.testing.assert_allclose(track.poses[:, left], -track.poses[:, right], atol=1e-6)  # pelvis half way


def test_the_spec_comes_from_a_configuration():
    config = {"joints": "uu17", "input": "screen", "tokens": 41, "s_out": 2, "frame_rate_hz": 50.0}
    spec = InputSpec.from_config(config | {"edges": "repeat", "axes": "camera", "heads": 8})
    assert spec == InputSpec("uu17", "screen", 41, 0.04, "repeat", "camera")


# what a network may take besides x and y


def test_confidence_and_hint_follow_x_and_y_and_are_zero_where_nothing_is_known(rng):
    joints = joint_set("h36m17")
    key_frames = 5
    positions = person(rng, key_frames)
    confidence = rng.uniform(0.2, 1, (1, key_frames, 17)).astype(np.float32)
    confidence[0, 1, joints.index("left_wrist")] = 0
    hint = rng.normal(size=(1, key_frames, 17, 3)).astype(np.float32)
    hint[:, :, joints.index("pelvis")] = 0
    hint[0, 2, joints.index("head")] = np.nan
    keys = Keypoints2D(
        positions[None], confidence, np.arange(key_frames) * 0.2, (640, 480), "h36m17", depth_hint=hint
    )
    spec = InputSpec("h36m17", "person", 71, 0.1, "masked", "viewing_ray", confidence=True, hint=True)
    track = tokenise(of_person(keys, spec), grid_times(0, 0.8, 0.1), spec)
    plain = tokenise(of_person(keys, SPEC), grid_times(0, 0.8, 0.1), SPEC)

    assert track.poses.shape == (9, 17, len(channel_names(True, True)))
    np.testing.assert_array_equal(track.poses[..., :2], plain.poses)
    np.testing.assert_array_equal(track.poses[::2, :, 2], confidence[0])
    assert not track.poses[1::2].any()
    unseen = track.poses[2, joints.index("left_wrist")]
    np.testing.assert_array_equal(unseen, 0)
    untold = track.poses[4, joints.index("head"), 3:]
    np.testing.assert_array_equal(untold, 0)
    np.testing.assert_array_equal(track.poses[0, :, 3:6], hint[0, 0])
    assert (track.poses[0, :, 6] == 1).all()


def test_a_file_without_hints_gives_none(rng):
    spec = InputSpec("h36m17", "person", 71, 0.1, "masked", "viewing_ray", confidence=True, hint=True)
    keys = keypoints(person(rng, 2))
    track = tokenise(of_person(keys, spec), grid_times(0, 0.1, 0.1), spec)
    assert (track.poses[..., 2] == 1).all()
    assert not track.poses[..., 3:].any()
