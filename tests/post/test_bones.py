"""Constant bones: people whose lengths are known, and laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.post import bone_lengths_m, fix_bones, scale_to_height, statures_m
from uplift3d.post.bones import _weighted_median, outwards
from uplift3d.post.pace import SHORT
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

SETS = ["h36m17", "h36m21"]


def noisy(joints, seed=0, frames=9):
    positions = np.random.default_rng(seed).normal(size=(2, frames, len(joint_set(joints)), 3))
    positions[:, :, 0] = 0
    return Motion3D(positions, np.arange(frames) / 10, None, np.ones((2, frames)), joints=joints)


def lengths_of(motion):
    """(P, T, bones) metres."""
    ends = np.array(joint_set(motion.joints).bones).T
    return np.linalg.norm(motion.positions[:, :, ends[1]] - motion.positions[:, :, ends[0]], axis=-1)


def directions_of(motion):
    ends = np.array(joint_set(motion.joints).bones).T
    bones = motion.positions[:, :, ends[1]] - motion.positions[:, :, ends[0]]
    return bones / np.linalg.norm(bones, axis=-1, keepdims=True)


@pytest.mark.parametrize("joints", SETS)
@given(seed=st.integers(0, 30))
def test_lengths_become_constant_and_symmetric_and_directions_stay(joints, seed):
    motion = noisy(joints, seed)
    fixed = fix_bones(motion)
    lengths = lengths_of(fixed)
    assert np.ptp(lengths, axis=1).max() < 1e-5
    ends = [child for _, child in joint_set(joints).bones]
    mirrored = [ends.index(joint_set(joints).mirror[child]) for child in ends]
    np.testing.assert_allclose(lengths, lengths[:, :, mirrored], atol=1e-5)
    long = lengths_of(motion) >= SHORT * lengths  # the others may be in a turn, see test_pace.py
    np.testing.assert_allclose(directions_of(fixed)[long], directions_of(motion)[long], atol=1e-4)
    assert not fixed.positions[:, :, 0].any()


@given(seed=st.integers(0, 30))
def test_doing_it_twice_is_doing_it_once(seed):
    once = fix_bones(noisy("h36m17", seed))
    np.testing.assert_allclose(fix_bones(once).positions, once.positions, atol=1e-5)


def test_a_person_whose_bones_are_constant_stays_as_they_are(walk):
    np.testing.assert_allclose(fix_bones(walk).positions, walk.positions, atol=1e-6)
    shin = bone_lengths_m(walk)[:, joint_set("h36m17").index("left_ankle")]
    np.testing.assert_allclose(shin, 0.44, atol=1e-6)


def test_the_length_is_the_one_that_lasts_longest():
    motion = noisy("h36m17", frames=5)
    times = np.array([0.0, 0.01, 0.02, 1.0, 2.0])  # the last two stand for nearly all of the time
    stretched = motion.positions.copy()
    stretched[:, 3:] = 1.5 * motion.positions[:, 3:4]
    lengths = bone_lengths_m(replace(motion, positions=stretched, times=times))
    bone = np.linalg.norm(stretched[:, 3, 7], axis=-1)
    np.testing.assert_allclose(lengths[:, 7], bone, rtol=1e-5)


def test_absences_and_points_stay(walk):
    assert not fix_bones(walk).present[1, 37:].any()
    nobody = replace(walk, positions=np.full_like(walk.positions, np.nan), observed=walk.observed & False)
    assert not fix_bones(nobody).present.any()
    folded = walk.positions.copy()
    folded[0, 5, 13] = folded[0, 5, 12]  # a forearm without length
    fixed = fix_bones(replace(walk, positions=folded)).positions
    np.testing.assert_array_equal(fixed[0, 5, 13], fixed[0, 5, 12])


def test_parents_come_before_their_children():
    joints = joint_set("blazepose33")
    order = outwards(joints)
    assert sorted(order) == sorted(child for _, child in joints.bones)
    places = {joint: place for place, joint in enumerate(order)}
    assert all(places.get(parent, -1) < places[child] for parent, child in joints.bones)


def test_how_sure_places_are_is_scaled_with_them(walk):
    motion = replace(walk, meta={"root_sigma_m": [0.5, None]})
    scaled = scale_to_height(motion, 1.5 * float(statures_m(motion)[0]))
    assert scaled.meta["root_sigma_m"] == [pytest.approx(0.75, abs=1e-3), None]


@given(shift_s=st.floats(-1e9, 2e9))
def test_a_shift_of_the_times_does_not_choose_other_lengths(shift_s):
    values, times = np.array([0.40, 0.41, 0.43, 0.46]), np.array([0, 0.1, 0.2, 0.3, 0.4])
    weights = np.diff(times + shift_s)
    assert _weighted_median(values, weights) == pytest.approx(0.42, abs=1e-9)
    assert _weighted_median(values[:3], weights[:3]) == pytest.approx(0.41, abs=1e-9)
    assert np.isnan(_weighted_median(np.full(4, np.nan), weights))
