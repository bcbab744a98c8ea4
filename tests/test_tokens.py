"""From key-frames to network input: the grid, who fills which token, and what the normalisation forgets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import (
    MIN_JOINTS,
    TYPICAL_DISTANCE_M,
    InputSpec,
    grid_times,
    inverse_distances,
    nearest_key_frames,
    normalise_person,
    normalise_screen,
    person_size,
    tokenise,
    usable_key_frames,
)
from uplift3d.types import Keypoints2D

RATES_HZ = [12.0, 23.976, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0, 120.0]
SPEC = InputSpec("h36m17", "person", 71, 0.1, "masked", "viewing_ray")
SCREEN = InputSpec("uu17", "screen", 71, 0.1, "repeat", "camera")
LIMB_JOINTS = [name for name in joint_set("h36m17").joints if name in TYPICAL_DISTANCE_M]


def person(rng, frames=1, pixels_per_metre=200.0):
    """(frames, 17, 2) pixels: joints at their typical distance from the pelvis, in random directions."""
    pose = np.zeros((frames, 17, 2))
    for j, name in enumerate(joint_set("h36m17").joints):
        angle = rng.uniform(0, 2 * np.pi, frames)
        distance = TYPICAL_DISTANCE_M.get(name, 0.0)
        pose[:, j] = distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return (pose * pixels_per_metre + [320, 240]).astype(np.float32)


def keypoints(positions, times=None, joints="h36m17", size=(640, 480)):
    times = np.arange(positions.shape[0]) * 0.1 if times is None else times
    return Keypoints2D(positions[None], None, times, size, joints)


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


# normalisation


@given(
    seed=st.integers(0, 1000),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
)
@settings(max_examples=50)
def test_neither_scale_nor_shift_of_the_image_matter(seed, scale, shift):
    rng = np.random.default_rng(seed)
    positions = person(rng, 30).astype(np.float64)
    positions[rng.random((30, 17)) < 0.1] = np.nan
    poses, usable = normalise_person(positions, "h36m17", 0.1)
    moved, still_usable = normalise_person(positions * scale + shift, "h36m17", 0.1)
    np.testing.assert_array_equal(usable, still_usable)
    np.testing.assert_allclose(poses, moved, atol=1e-4)


def test_one_unit_is_a_metre_on_a_person_of_typical_build(rng):
    poses, usable = normalise_person(person(rng, 5, pixels_per_metre=73.0), "h36m17", 0.1)
    assert usable.all()
    for name in LIMB_JOINTS:
        distance = np.linalg.norm(poses[:, joint_set("h36m17").index(name)], axis=-1)
        np.testing.assert_allclose(distance, TYPICAL_DISTANCE_M[name], rtol=1e-4)


def test_mirroring_the_image_mirrors_the_input(rng):
    positions = person(rng, 4)
    flipped = np.stack([639 - positions[..., 0], positions[..., 1]], axis=-1)
    poses, _ = normalise_person(positions, "h36m17", 0.1)
    mirrored, _ = normalise_person(flipped, "h36m17", 0.1)
    np.testing.assert_allclose(mirrored, poses * np.float32([-1, 1]), atol=1e-4)


def test_the_order_of_the_joints_does_not_matter(rng):
    positions = person(rng, 4)
    order = reorder("h36m17", "uu17")
    poses, _ = normalise_person(positions, "h36m17", 0.1)
    other, _ = normalise_person(positions[:, order], "uu17", 0.1)
    np.testing.assert_allclose(other, poses[:, order], atol=1e-6)


def test_the_size_follows_a_person_who_comes_nearer_but_not_a_single_pose(rng):
    positions = np.repeat(person(rng), 101, axis=0) - np.float32([320, 240])
    growing = positions * np.linspace(1, 5, 101, dtype=np.float32)[:, None, None]
    poses, _ = normalise_person(growing, "h36m17", 0.1)
    reach = np.abs(poses).max(axis=(1, 2))
    np.testing.assert_allclose(reach[20:-20], reach[50], rtol=0.02)  # growth by a factor of 3 in between
    crouching = positions.copy()
    crouching[50] *= 0.5
    poses, _ = normalise_person(crouching, "h36m17", 0.1)
    assert np.abs(poses[50]).max() == pytest.approx(0.5 * np.abs(poses[49]).max(), rel=0.05)


def test_a_pose_without_pelvis_or_with_too_few_joints_is_no_observation(rng):
    positions = person(rng, 4)
    positions[1, 0] = np.nan  # no pelvis
    known = [joint_set("h36m17").index(name) for name in LIMB_JOINTS]
    positions[2, known[MIN_JOINTS - 1 :]] = np.nan  # one joint too few
    positions[3, known[MIN_JOINTS:]] = np.nan  # just enough
    poses, usable = normalise_person(positions, "h36m17", 0.1)
    assert usable.tolist() == [True, False, False, True]
    assert not poses[[1, 2]].any()
    assert not poses[3, known[MIN_JOINTS:]].any()
    np.testing.assert_array_equal(usable_key_frames(keypoints(positions), 0, SPEC), usable)


def test_a_person_of_no_size_is_no_observation():
    point = np.full((1, 17, 2), 100.0, np.float32)
    assert not normalise_person(point, "h36m17", 0.1)[1].any()
    assert person_size(np.zeros((1, 17, 2), np.float32), np.ones((1, 17), bool), "h36m17")[0] == 0


def test_hips_and_pelvis_tell_no_size():
    told = inverse_distances("h36m17") > 0
    names = np.array(joint_set("h36m17").joints)
    assert set(names[~told]) == {"pelvis", "left_hip", "right_hip"}


def test_screen_coordinates_keep_the_aspect_and_the_published_ends():
    corners = np.array([[[0.0, 0.0], [640.0, 480.0], [320.0, 240.0], [np.nan, np.nan]]], np.float32)
    poses, usable = normalise_screen(corners, (640, 480))
    np.testing.assert_allclose(poses, [[[-1, -0.75], [1, 0.75], [0, 0], [0, 0]]], atol=1e-6)
    assert usable.tolist() == [True]
    assert normalise_screen(np.full((1, 4, 2), np.nan, np.float32), (640, 480))[1].tolist() == [False]


# everything together


def test_tokenise_puts_each_key_frame_on_its_token_in_the_networks_joints(rng):
    positions = person(rng, 3)
    keys = keypoints(positions, times=np.array([0.0, 0.41, 0.79]))
    track = tokenise(keys, 0, grid_times(0.0, 0.8, 0.1), SCREEN)
    assert np.flatnonzero(track.observed).tolist() == [0, 4, 8]
    expected, _ = normalise_screen(positions[:, reorder("h36m17", "uu17")], (640, 480))
    np.testing.assert_allclose(track.poses[track.observed], expected, atol=1e-6)
    assert not track.poses[~track.observed].any()


def test_a_key_frame_without_the_person_does_not_hide_one_with_it(rng):
    positions = person(rng, 2)
    positions[0] = np.nan
    track = tokenise(keypoints(positions, times=np.array([0.0, 0.03])), 0, np.zeros(1), SPEC)
    assert track.observed.tolist() == [True]


def test_a_pose_that_cannot_be_used_does_not_hide_its_neighbour(rng):
    positions = person(rng, 2)
    positions[0, joint_set("h36m17").index("pelvis")] = np.nan
    track = tokenise(keypoints(positions, times=np.array([0.0, 0.03])), 0, np.zeros(1), SPEC)
    assert track.observed.tolist() == [True]


def test_joints_of_confidence_0_are_unseen(rng):
    positions, ankle = person(rng, 1), joint_set("h36m17").index("left_ankle")
    confidence = np.ones((1, 1, 17), np.float32)
    confidence[..., ankle] = 0
    keys = Keypoints2D(positions[None], confidence, [0.0], (640, 480), "h36m17")
    gone = positions.copy()
    gone[:, ankle] = np.nan
    track, expected = (tokenise(k, 0, np.zeros(1), SPEC) for k in (keys, keypoints(gone)))
    np.testing.assert_array_equal(track.poses, expected.poses)
    assert not track.poses[0, ankle].any()


def test_coco_joints_are_converted_before_anything_else(rng):
    coco = rng.uniform(100, 300, size=(2, 17, 2)).astype(np.float32)
    track = tokenise(keypoints(coco, joints="coco17"), 0, grid_times(0.0, 0.1, 0.1), SPEC)
    assert track.observed.all()
    left, right = joint_set("h36m17").index("left_hip"), joint_set("h36m17").index("right_hip")
    np.testing.assert_allclose(track.poses[:, left], -track.poses[:, right], atol=1e-6)  # pelvis half way


def test_the_spec_comes_from_a_configuration():
    config = {"joints": "uu17", "input": "screen", "tokens": 41, "s_out": 2, "frame_rate_hz": 50.0}
    spec = InputSpec.from_config(config | {"edges": "repeat", "axes": "camera", "heads": 8})
    assert spec == InputSpec("uu17", "screen", 41, 0.04, "repeat", "camera")
