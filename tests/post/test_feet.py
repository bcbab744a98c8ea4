"""Feet that rest are found and put on their place; nothing else is moved."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footsteps import STEP_S, steps
from uplift3d.errors import InputError
from uplift3d.post import bone_lengths_m, feet, find_contacts, lock_feet, resample
from uplift3d.post.contacts import feet_in_the_room
from uplift3d.post.feet import MOST_M
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

resampling = sys.modules["uplift3d.post.resample"]  # the package exports a function of its name
POINTS = ("left_heel", "left_toe", "right_heel", "right_toe")


def slides(motion, resting):
    """Speeds (n,) in m/s of points that rest."""
    places = feet_in_the_room(motion, POINTS)[0]
    return np.linalg.norm(np.gradient(places, motion.times, axis=0), axis=-1)[resting]


def drifting(motion, size=0.05, seed=0):
    """The motion with a pelvis and legs that wander slowly."""
    random = np.random.default_rng(seed)
    waves = np.sin(motion.times[:, None] * random.uniform(2, 5, (1, 3)) + random.uniform(0, 6, (1, 3)))
    root = motion.root + size * waves * [0.3, 0.3, 1.0]
    positions = motion.positions.copy()
    legs = [
        n
        for n, name in enumerate(joint_set("h36m21").joints)
        if name in (*POINTS, "left_ankle", "right_ankle")
    ]
    turn = 0.01 * np.sin(motion.times * 4)[:, None] * random.normal(size=3)
    positions[:, :, legs] += turn[:, None]
    return replace(motion, root=root, positions=positions)


def test_feet_rest_where_they_were_made_to_rest():
    motion = steps()
    found = find_contacts(motion)
    assert found.joints == POINTS
    places = feet_in_the_room(motion, POINTS)[0]
    speed = np.linalg.norm(np.gradient(places, motion.times, axis=0), axis=-1)
    assert (speed[found.resting[0]] < 1.0).all()
    assert found.resting[0][speed < 0.01].mean() > 0.8  # most of what rests
    assert not found.resting[0][speed > 1.5].any()


def test_a_foot_held_still_in_the_air_does_not_rest():
    motion = steps(count=6)
    still = replace(
        motion,
        positions=np.repeat(motion.positions[:, :1], len(motion), axis=1),
        root=np.repeat(motion.root[:, :1], len(motion), axis=1),
    )
    assert find_contacts(still).resting.all()
    raised = still.positions.copy()
    raised[
        :, :, [joint_set("h36m21").index(name) for name in ("right_ankle", "right_heel", "right_toe")], 1
    ] -= 0.3
    found = find_contacts(replace(still, positions=raised)).resting[0]
    assert found[:, :2].all()
    assert not found[:, 2:].any()


def test_sliding_is_taken_out():
    motion = drifting(steps())
    found = find_contacts(motion)
    locked = lock_feet(motion, found)
    before, after = slides(motion, found.resting[0]), slides(locked, found.resting[0])
    assert np.median(before) > 0.05
    assert np.median(after) < 0.01
    assert after.mean() < before.mean() / 3


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), size=st.floats(0, 0.3))
def test_bones_keep_their_lengths_and_no_pose_changes_much(seed, size):
    motion = drifting(steps(count=3), size, seed)
    locked = lock_feet(motion)
    for parent, child in joint_set("h36m21").bones:
        lengths = [
            np.linalg.norm(m.positions[0, :, child] - m.positions[0, :, parent], axis=-1)
            for m in (motion, locked)
        ]
        np.testing.assert_allclose(*lengths, atol=2e-6)
    moved = np.linalg.norm(locked.positions - motion.positions, axis=-1).mean(axis=-1)
    assert moved.max() <= MOST_M
    np.testing.assert_allclose(bone_lengths_m(locked), bone_lengths_m(motion), atol=1e-5)


def test_feet_in_the_air_and_everything_else_stay_with_the_pelvis():
    motion = drifting(steps())
    found = find_contacts(motion)
    locked = lock_feet(motion, found)
    change = np.linalg.norm(locked.positions - motion.positions, axis=-1)[0]
    names = joint_set("h36m21").joints
    for side, points in (("left", found.resting[0, :, :2]), ("right", found.resting[0, :, 2:])):
        leg = [names.index(f"{side}_{joint}") for joint in ("knee", "ankle", "heel", "toe")]
        assert change[np.ix_(~points.any(axis=1), leg)].max() == 0
    other = [n for n, name in enumerate(names) if not name.endswith(("knee", "ankle", "heel", "toe"))]
    assert change[:, other].max() == 0


@pytest.mark.parametrize("piece_s", [6.0, 9.5, 13.0])
def test_long_stretches_are_settled_in_pieces_with_the_same_result(piece_s, monkeypatch):
    motion = drifting(steps(count=40))  # 24 s
    found = find_contacts(motion)
    whole = lock_feet(motion, found)
    monkeypatch.setattr(feet, "PIECE_S", piece_s)
    monkeypatch.setattr(resampling, "BLOCK", 100)
    pieces = lock_feet(motion, found)
    off = np.linalg.norm(pieces.root - whole.root, axis=-1)
    assert 0 < off.max() < 0.015
    assert np.median(off) < 2e-3
    steps_of = [np.linalg.norm(np.diff(m.root[0], axis=0), axis=-1).max() for m in (whole, pieces)]
    assert steps_of[1] < steps_of[0] + 1e-3  # no jump at a seam
    assert np.median(slides(pieces, found.resting[0])) < 0.01


def test_blocks_change_nothing_in_one_piece(monkeypatch):
    motion = drifting(steps())
    whole = lock_feet(motion)
    monkeypatch.setattr(resampling, "BLOCK", 37)
    np.testing.assert_array_equal(lock_feet(motion).positions, whole.positions)


def test_without_feet_ankles_are_taken(walk):
    locked = lock_feet(steps(joints="h36m17"))
    assert find_contacts(locked).joints == ("left_ankle", "right_ankle")
    assert lock_feet(walk) is walk  # nobody knows where the pelvis is
    nowhere = replace(walk, root=np.full((2, 50, 3), np.nan))
    np.testing.assert_array_equal(lock_feet(nowhere).positions, walk.positions)


def test_absences_stay_and_one_pose_is_no_contact():
    motion = steps()
    gap = motion.positions.copy()
    gap[:, 60:90] = np.nan
    root = motion.root.copy()
    root[:, 60:90] = np.nan
    locked = lock_feet(replace(motion, positions=gap, root=root))
    np.testing.assert_array_equal(locked.present, replace(motion, positions=gap).present)
    assert not find_contacts(motion[:1]).resting.any()
    assert find_contacts(motion[: round(STEP_S * 50)]).resting.any()


def test_other_contacts_and_other_joints(walk):
    with pytest.raises(InputError, match="are not those of"):
        lock_feet(steps(), find_contacts(steps(count=3)))
    coco = Motion3D(np.ones((1, 3, 17, 3)), [0.0, 1, 2], np.ones((1, 3, 3)), np.ones((1, 3)), joints="coco17")
    assert find_contacts(coco).joints == ("left_ankle", "right_ankle")


def test_a_point_is_dragged_only_by_what_goes_on_in_one_direction():
    """Trembling within reach moves nothing; what drifts away is followed, both ways in time."""
    rows = np.arange(200)
    drift = np.maximum(0, np.abs(rows - 100) - 40) * 0.001
    pose = np.zeros((200, 3))
    pose[:, 0] = drift + 0.02 * np.sin(rows * 2.0)
    pose[100] = 0
    out = feet._dragged(np.zeros(3), pose, np.full(200, 0.03))
    assert not out[60:141].any()
    assert (np.linalg.norm(out - pose, axis=-1) <= 0.03 + 1e-12).all()
    assert (np.diff(out[100:, 0]) >= 0).all()  # never back and forth
    assert (np.diff(out[:101, 0]) <= 0).all()
    np.testing.assert_allclose(out[-1, 0], pose[150:, 0].max() - 0.03, atol=1e-9)


def test_feet_that_cannot_stay_still_rest_most_of_the_time():
    """A pose that trembles and drifts beyond what legs may take."""
    motion = steps()
    resting = find_contacts(motion).resting[0]
    rows = [joint_set("h36m21").index(name) for name in (*POINTS, "left_ankle", "right_ankle")]
    positions = motion.positions.copy()
    positions[:, :, rows, 0] += (
        0.06 * np.sin(motion.times * 2)[:, None] + 0.01 * np.sin(motion.times * 25)[:, None]
    )
    worse = replace(motion, positions=positions)
    speed = slides(lock_feet(worse, find_contacts(motion)), resting)
    assert np.median(slides(worse, resting)) > 0.1
    assert np.median(speed) < 0.02


@pytest.mark.parametrize("rate_hz", [10, 20, 30, 50, 60])
def test_contacts_do_not_depend_on_when_the_clip_begins(rate_hz):
    walk = steps()
    times = np.arange(int(walk.times[-1] * rate_hz)) / rate_hz
    found = [
        find_contacts(resample(replace(walk, times=walk.times + start), times + start)).resting
        for start in (0.0, -5.0, 3.1, 1.7e9)
    ]
    assert found[0].any()
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
