"""What the normalisations of 2D poses keep, and what they forget."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from typical_person import person
from uplift3d.normalise import (
    MIN_JOINTS,
    TYPICAL_DISTANCE_M,
    channel_names,
    inverse_distances,
    mirror,
    normalise_person,
    normalise_screen,
    person_size,
)
from uplift3d.skeletons import joint_set, reorder
from uplift3d.tokens import PersonKeyFrames
from uplift3d.types import Keypoints2D

LIMB_JOINTS = [name for name in joint_set("h36m17").joints if name in TYPICAL_DISTANCE_M]


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
    keys = Keypoints2D(positions[None], None, np.arange(4) * 0.1, (640, 480), "h36m17")
    found = PersonKeyFrames.from_keypoints(keys, 0, "h36m17", "person").usable
    np.testing.assert_array_equal(found, usable)


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


@pytest.mark.parametrize("name", ["h36m17", "h36m21", "uu17"])
@pytest.mark.parametrize(
    ("channels", "sideways"),
    [
        (("x", "y"), ("x",)),
        (("x", "y", "z"), ("x",)),
        (channel_names(True, False), ("x",)),
        (channel_names(False, True), ("x", "hint_x")),
        (channel_names(True, True), ("x", "hint_x")),
    ],
)
def test_in_a_mirror_sides_change_places_and_what_points_sideways_its_sign(name, channels, sideways, rng):
    joints = joint_set(name)
    poses = rng.normal(size=(4, len(joints), len(channels))).astype(np.float32)
    image = mirror(poses, name)
    np.testing.assert_array_equal(mirror(image, name), poses)
    signs = [-1 if channel in sideways else 1 for channel in channels]
    left, right = joints.index("left_wrist"), joints.index("right_wrist")
    np.testing.assert_array_equal(image[:, left], poses[:, right] * signs)
    np.testing.assert_array_equal(image[:, joints.root], poses[:, joints.root] * signs)
