"""The picture's own depth in lifted poses: weights, alignment, and what happens between and beyond hints."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d.lift.hint import REACH_S, SCALES, align, at_times, belief, blend_hint, spread, weight
from uplift3d.rotations import matrix_from_rotation_vector

TIMES = np.arange(41) * 0.1


def swinging(times=TIMES, seed=0):
    """(n, 17, 3) metres: a body whose joints swing a little; joint 0 stays at the origin."""
    rng = np.random.default_rng(seed)
    rest, reach = rng.uniform(-0.6, 0.6, (17, 3)), rng.uniform(0, 0.1, (17, 3))
    poses = rest + reach * np.sin(3 * times[:, None, None] + rng.uniform(0, 6, (17, 3)))
    poses[:, 0] = 0
    return poses


def test_alike_errors_are_halved():
    truth = swinging()
    error = np.random.default_rng(1).normal(size=truth.shape) * 0.02
    error[:, 0] = 0
    keys = np.arange(0, 41, 4)
    blended = blend_hint(truth + error, TIMES, truth[keys], TIMES[keys])
    assert weight() == 0.5
    np.testing.assert_allclose(blended[keys] - truth[keys], error[keys] / 2, atol=0.004)


def test_no_hint_changes_nothing():
    poses = swinging().astype(np.float32)
    unknown = np.full((5, 17, 3), np.nan, np.float32)
    assert blend_hint(poses, TIMES, unknown, TIMES[:5]) is poses
    few = unknown.copy()
    few[0, :4] = poses[0, :4]
    assert blend_hint(poses, TIMES, few, TIMES[:5]) is poses


@given(
    st.tuples(*[st.floats(-1, 1)] * 3), st.floats(SCALES[0] + 0.05, SCALES[1] - 0.05), st.integers(0, 1000)
)
@settings(max_examples=25, deadline=None)
def test_how_large_and_how_turned_a_hint_is_does_not_matter(turn, scale, seed):
    poses = swinging(seed=seed)
    keys = np.arange(0, 41, 2)
    hint = poses[keys] @ matrix_from_rotation_vector(np.array(turn)).T / scale
    found = align(hint, poses[keys])
    assert found.scale == pytest.approx(scale, rel=1e-6)
    np.testing.assert_allclose(blend_hint(poses, TIMES, hint, TIMES[keys]), poses, atol=1e-6)


def test_a_hint_at_another_persons_size_is_left_out():
    poses = swinging()
    assert align(poses * 3, poses) is None
    assert blend_hint(poses, TIMES, poses * 3, TIMES) is poses


def test_a_mirrored_body_is_hardly_believed():
    poses = swinging()
    hint = poses.copy()
    hint[20] *= (-1, 1, -1)  # one hint the wrong way round
    blended = blend_hint(poses, TIMES[:41], hint, TIMES)
    away = np.sqrt(((hint[20] - poses[20]) ** 2).sum(axis=-1).mean())
    assert away > 0.5
    assert np.sqrt(((blended[20] - poses[20]) ** 2).sum(axis=-1).mean()) < 0.05 * away


def test_belief_falls_with_disagreement():
    small, doubt, large = (np.full((1, 17, 3), size / np.sqrt(3)) for size in (0.05, 0.25, 1.0))
    assert belief(small)[0] > 0.99
    assert belief(doubt)[0] == pytest.approx(0.5)
    assert belief(large)[0] < 0.01
    assert belief(np.full((1, 17, 3), np.nan))[0] == 1


def test_joints_without_hint_stay():
    poses = swinging()
    hint = poses + 0.05
    hint[:, 5] = np.nan
    blended = blend_hint(poses, TIMES, hint, TIMES)
    np.testing.assert_array_equal(blended[:, 5], poses[:, 5])
    assert np.abs(blended - poses)[:, 6].max() > 0.01


def test_what_a_hint_adds_is_interpolated_smoothly_and_fades():
    at = np.array([2.0, 2.4])
    values = np.array([[[0.1, 0, 0]], [[0.3, 0, 0]]])
    times = np.array([0.0, 2.0 - 2 * REACH_S, 2.0 - 1.5 * REACH_S, 1.9, 2.0, 2.1, 2.2, 2.4, 2.8, 9.0])
    added = spread(values, at, times)[:, 0, 0]
    np.testing.assert_allclose(added, [0, 0, 0.05, 0.1, 0.1, 0.13125, 0.2, 0.3, 0.3, 0], atol=1e-9)
    fine = np.linspace(0, 5, 5001)
    line = spread(values, at, fine)[:, 0, 0]
    assert np.abs(np.diff(line)).max() < 1e-3  # no step
    assert np.abs(np.diff(line, 2)).max() < 1e-5  # and no corner


def test_in_a_long_gap_between_hints_the_lifted_pose_is_alone():
    at = np.array([0.0, 4.0])
    added = spread(np.ones((2, 1, 3)), at, np.array([0.0, 2.0, 4.0]))
    np.testing.assert_allclose(added[:, 0, 0], [1, 0, 1], atol=1e-9)


def test_dense_hints_do_not_shake():
    times = np.arange(0, 4, 1 / 60)
    noise = np.random.default_rng(0).normal(size=(len(times), 1, 3))
    added = spread(noise, times, times)
    assert added.std() < 0.5 * noise.std()
    constant = spread(np.ones((len(times), 1, 3)), times, times)
    np.testing.assert_allclose(constant, 1)


def test_poses_at_other_times():
    poses = np.arange(3.0)[:, None, None] * np.ones((3, 2, 3))
    wanted = at_times(poses, np.array([0.0, 0.1, 0.2]), np.array([-1, 0.05, 0.2, 7]))
    np.testing.assert_allclose(wanted[:, 0, 0], [0, 0.5, 2, 2])
    one = at_times(poses[:1], np.array([0.0]), np.array([0.3]))
    np.testing.assert_allclose(one, poses[:1])
