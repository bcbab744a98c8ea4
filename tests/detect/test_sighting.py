import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.base import People
from uplift3d.detect.sighting import SAME_PERSON, Sighting, distance, sightings, without_doubles
from uplift3d.skeletons import joint_set

SHAPE = np.random.default_rng(1).uniform(size=(17, 2))  # joints of somebody one unit high


def person(x=0.0, y=0.0, size=100.0, confidence=0.9):
    low, high = SHAPE.min(axis=0), SHAPE.max(axis=0)
    positions = (SHAPE - low) / (high - low).max() * size + (x, y)
    return Sighting(positions.astype(np.float32), np.full(17, confidence, np.float32), "coco17")


def test_size_is_the_longer_side_of_the_box():
    assert person(size=80).size == pytest.approx(80)
    low, high = person(x=30, y=40).box
    np.testing.assert_allclose(low, (30, 40), atol=1e-4)
    assert (high - low).max() == pytest.approx(100, abs=1e-4)


def test_centre_is_the_middle_of_the_trunk():
    joints = joint_set("coco17")
    rows = [joints.index(name) for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
    np.testing.assert_allclose(person().centre, person().positions[rows].mean(axis=0))


def test_centre_without_a_trunk_is_the_middle_of_the_box():
    one = person()
    one.positions[5:13] = np.nan
    low, high = one.box
    np.testing.assert_allclose(one.centre, (low + high) / 2)


def test_score_counts_shoulders_hips_and_knees_only():
    one = person(confidence=1.0)
    one.confidence[:5] = 0  # the face
    assert one.score == 1
    one.confidence[11:15] = 0  # hips and knees
    assert one.score == pytest.approx(1 / 3)


@given(x=st.floats(-500, 500), y=st.floats(-500, 500), scale=st.floats(0.2, 5))
def test_distance_depends_neither_on_place_nor_on_resolution(x, y, scale):
    one, other = person(), person(x=20)
    moved = [Sighting((p.positions + np.array([x, y])) * scale, p.confidence, p.joints) for p in (one, other)]
    assert distance(*moved) == pytest.approx(distance(one, other), rel=1e-3)
    assert distance(one, other) == pytest.approx(0.2, rel=1e-5)


def test_distance_without_common_joints_is_infinite():
    one, other = person(), person()
    one.positions[::2] = np.nan
    other.positions[1::2] = np.nan
    assert distance(one, other) == np.inf


def test_somebody_upside_down_in_the_same_place_is_the_same_person():
    one, turned = person(), person(confidence=0.7)
    turned.positions[:] = turned.positions.min(axis=0) + turned.positions.max(axis=0) - turned.positions
    assert distance(one, turned) > SAME_PERSON
    assert without_doubles([turned, one]) == [one]
    assert len(without_doubles([one, person(x=30)])) == 2  # somebody beside them is not


def test_of_doubles_the_surest_is_kept():
    people = [person(confidence=0.6), person(x=5, confidence=0.8), person(x=200, confidence=0.7)]
    kept = without_doubles(people)
    assert [one.score for one in kept] == pytest.approx([0.8, 0.7])


def test_unseen_joints_have_no_position_and_no_confidence_and_unseen_people_are_left_out():
    positions = np.stack([person().positions, person().positions])
    positions[0, 3, 0] = np.nan
    positions[1] = np.nan
    (one,) = sightings(People(positions, np.ones((2, 17))), "coco17")
    assert np.isnan(one.positions[3]).all()
    assert one.confidence[3] == 0
    assert one.confidence[4] == 1


def test_one_seen_joint_and_joints_at_one_place_are_nobody():
    positions = np.full((3, 17, 2), np.nan, np.float32)
    positions[0, 5], positions[1], positions[2, 3:5] = 10, 20, [[1, 1], [4, 2]]
    found = sightings(People(positions, np.ones((3, 17), np.float32), None), "coco17")
    assert [one.size for one in found] == [3.0]
