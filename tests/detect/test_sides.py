"""Left and right over time: what is exchanged is put back, what is right stays, whatever the joint set."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d.detect import settle_sides
from uplift3d.detect.side_evidence import STATES, PairModel, left_minus_right, person_size
from uplift3d.detect.sides import _limb, exchange, exchanges, side_states
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D
from walker import put_in, walker


@pytest.mark.parametrize("joints", ["coco17", "h36m17", "blazepose33", "halpe26", "body25", "uu17"])
@pytest.mark.parametrize("interval_s", [0.1, 0.2, 0.4])
def test_what_is_right_stays(joints, interval_s):
    keypoints = walker(interval_s, joints=joints)
    settled = settle_sides(keypoints)
    np.testing.assert_array_equal(settled.positions, keypoints.positions)
    np.testing.assert_array_equal(settled.confidence, keypoints.confidence)
    assert settled.meta["sides"] == {"exchanged_poses": 0, "people": {}}


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("length_s", [0.1, 1.5])
@pytest.mark.parametrize("joints", ["coco17", "h36m17", "blazepose33"])
def test_what_is_exchanged_is_put_back(state, length_s, joints):
    keypoints = walker(0.1, joints=joints, facing_deg=15.0)
    wrong, states = put_in(keypoints, state, 2.0, 2.0 + length_s - 1e-6)
    np.testing.assert_array_equal(side_states(wrong, 0), states)
    settled = settle_sides(wrong)
    np.testing.assert_array_equal(settled.positions, keypoints.positions)
    count = int((states > 0).sum())
    found = {"part": state, "from_s": 2.0, "to_s": round(2.0 + 0.1 * (count - 1), 3), "poses": count}
    assert settled.meta["sides"] == {"exchanged_poses": count, "people": {"0": [found]}}


@pytest.mark.parametrize("facing_deg", [0.0, 40.0, 140.0, 180.0])
def test_a_whole_body_is_put_back_at_sparse_key_frames(facing_deg):
    keypoints = walker(0.4, seconds=10, facing_deg=facing_deg)
    wrong, states = put_in(keypoints, "whole body", 3.0, 5.0)
    np.testing.assert_array_equal(side_states(wrong, 0), states)


def test_the_majority_is_right():
    keypoints = walker(0.1)
    wrong, states = put_in(keypoints, "whole body", 0.0, 2.0)
    np.testing.assert_array_equal(side_states(wrong, 0), states)
    always, _ = put_in(keypoints, "whole body", 0.0, 100.0)
    assert not side_states(always, 0).any()


def test_hint_and_confidence_go_with_their_joints():
    keypoints = walker(0.1, hint=True)
    sure = np.random.default_rng(1).uniform(0.3, 1, size=keypoints.confidence.shape)
    keypoints = replace(keypoints, confidence=sure)
    wrong, _ = put_in(keypoints, "legs", 2.0, 2.5)
    settled = settle_sides(wrong)
    for name in ("positions", "confidence", "depth_hint"):
        assert not np.array_equal(getattr(wrong, name), getattr(keypoints, name), equal_nan=True)
        np.testing.assert_array_equal(getattr(settled, name), getattr(keypoints, name))


def test_depth_tells_sides_in_a_side_view():
    keypoints = walker(0.4, seconds=12, facing_deg=90.0, noise_px=6.0, hint=True)
    wrong, states = put_in(keypoints, "whole body", 4.0, 7.0)
    np.testing.assert_array_equal(side_states(wrong, 0), states)


def test_every_person_by_themselves():
    one, other = walker(0.1), walker(0.1, facing_deg=200.0, seed=3)
    wrong, states = put_in(other, "whole body", 1.0, 2.0)
    both = Keypoints2D(
        np.concatenate([one.positions, wrong.positions]), None, one.times, (800, 600), "coco17", people=[4, 9]
    )
    settled = settle_sides(both)
    assert list(settled.meta["sides"]["people"]) == ["9"]
    np.testing.assert_array_equal(settled.positions[1], other.positions[0])
    assert settled.meta["sides"]["exchanged_poses"] == (states > 0).sum()


def test_looks_without_a_person_say_nothing():
    keypoints = walker(0.1)
    wrong, states = put_in(keypoints, "whole body", 2.0, 3.0)
    positions = wrong.positions.copy()
    positions[0, [5, 22, 23, 40]] = np.nan
    states[[22, 23]] = 0
    np.testing.assert_array_equal(side_states(replace(wrong, positions=positions), 0), states)


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_few_looks_and_nobody(looks):
    few = walker(0.1)[:looks]
    np.testing.assert_array_equal(settle_sides(few).positions, few.positions)
    nobody = few.select([])
    assert settle_sides(nobody).meta["sides"] == {"exchanged_poses": 0, "people": {}}
    unseen = replace(few, positions=np.full_like(few.positions, np.nan))
    assert not side_states(unseen, 0).any()


@given(st.integers(0, 10_000), st.sampled_from(["coco17", "blazepose33", "body25", "mpi_inf_3dhp28"]))
@settings(max_examples=20, deadline=None)
def test_exchanging_twice_changes_nothing_and_settling_only_exchanges(seed, joints):
    random = np.random.default_rng(seed)
    count = len(joint_set(joints))
    positions = random.uniform(0, 500, size=(2, 6, count, 2))
    positions[random.uniform(size=(2, 6, count)) < 0.2] = np.nan
    keypoints = Keypoints2D(positions, None, np.cumsum(random.uniform(0.05, 3, size=6)), (500, 500), joints)
    states = random.integers(len(STATES), size=(2, 6))
    back = exchange(exchange(keypoints, states), states)
    np.testing.assert_array_equal(back.positions, keypoints.positions)
    settled = settle_sides(keypoints)
    np.testing.assert_array_equal(np.sort(settled.positions, axis=2), np.sort(keypoints.positions, axis=2))


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.2, 0.4]), st.floats(0, 360))
@settings(max_examples=25, deadline=None)
def test_a_clean_walk_is_never_touched(seed, interval_s, facing_deg):
    keypoints = walker(interval_s, facing_deg=facing_deg, noise_px=5.0, seed=seed)
    assert not side_states(keypoints, 0).any()


@given(st.floats(0.2, 5.0), st.floats(-500, 500), st.booleans())
@settings(max_examples=15, deadline=None)
def test_neither_size_place_nor_a_mirror_matter(scale, shift, mirrored):
    wrong, states = put_in(walker(0.2), "legs", 2.0, 3.0)
    positions = wrong.positions * scale + shift
    if mirrored:
        positions = positions[:, :, list(joint_set("coco17").mirror)] * (-1, 1)
    np.testing.assert_array_equal(side_states(replace(wrong, positions=positions), 0), states)


def test_stretches_in_words():
    times = np.arange(6) * 0.4
    assert exchanges(np.array([0, 0, 0, 0, 0, 0]), times) == []
    assert exchanges(np.array([1, 1, 0, 3, 2, 2]), times) == [
        {"part": "whole body", "from_s": 0.0, "to_s": 0.4, "poses": 2},
        {"part": "arms", "from_s": 1.2, "to_s": 1.2, "poses": 1},
        {"part": "legs", "from_s": 1.6, "to_s": 2.0, "poses": 2},
    ]


def test_vectors_are_metres_on_the_person():
    keypoints = walker(0.1, facing_deg=0.0, noise_px=0.0, hint=True)
    vectors = left_minus_right(keypoints, 0).reshape(-1, 6, 3)
    np.testing.assert_allclose(vectors[:, 3, 0], 0.38, rtol=0.25)  # shoulders
    np.testing.assert_allclose(vectors[:, 3, 2], 0, atol=1e-6)
    limbs = keypoints.positions[0, :, 5:]
    np.testing.assert_allclose(person_size(limbs.astype(float), keypoints.times), 170, rtol=0.25)


def test_the_shipped_mixture_is_one():
    model = PairModel.shipped()
    assert (np.diff(model.lags_s) > 0).all()
    np.testing.assert_allclose(model.shares.sum(axis=1), 1, atol=1e-5)
    assert np.linalg.eigvalsh(model.covariances).min() > 0
    assert model.nearest(np.array([0.01, 0.11, 0.37, 9.0])).tolist() == [0, 1, 3, 5]


def test_missing_numbers_are_left_out_of_the_density_exactly():
    """Integrating over a missing number is what leaving it out must give."""
    model = PairModel(
        np.array([0.1]), np.array([[1.0]]), np.eye(36)[None, None] + 0.5 * np.ones((36, 36))[None, None]
    )
    rng = np.random.default_rng(0)
    earlier, later = rng.normal(size=(1, 18)), rng.normal(size=(1, 18))
    grid = np.linspace(-9, 9, 2001)
    whole = np.repeat(later, len(grid), axis=0)
    whole[:, 4] = grid
    logs = model.two_looks(np.repeat(earlier, len(grid), axis=0), whole, np.full(len(grid), 0.1))[:, 0, 2]
    later[0, 4] = np.nan
    wanted = model.two_looks(earlier, later, np.array([0.1]))[0, 0, 2]
    unit = 0.5 * np.log(2 * np.pi)  # the constant that densities here leave out, once per number
    assert np.log(np.exp(logs).sum() * (grid[1] - grid[0])) - unit == pytest.approx(wanted, abs=1e-6)


def test_a_hand_goes_with_its_arm_fingers_and_all():
    joints = joint_set("coco_wholebody133").joints
    for name in joints:
        if "finger" in name or "thumb" in name or "hand" in name:
            assert _limb(name) == "arms", name


@pytest.mark.parametrize("rate_hz", [25, 30, 60])
def test_what_is_decided_does_not_depend_on_the_rate_of_looks(rate_hz):
    often = walker(1 / rate_hz)
    assert not side_states(often, 0).any()
    wrong, states = put_in(often, "whole body", 2.0, 3.5)
    np.testing.assert_array_equal(side_states(wrong, 0), states)
    anchors = np.unique(np.searchsorted(wrong.times, np.arange(0, wrong.times[-1], 0.1) - 1e-9))
    scatter_px = np.random.default_rng(3).normal(0, 4, wrong.positions.shape)
    noisy = replace(wrong, positions=wrong.positions + scatter_px)
    far_apart = side_states(noisy[anchors], 0)
    assert (side_states(noisy, 0)[anchors] == far_apart).mean() > 0.97
