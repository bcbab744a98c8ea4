"""Interpolation against motions whose value between the poses is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from uplift3d.errors import InputError
from uplift3d.post import interpolate, nearest_flags, resample
from uplift3d.post.resample import stretches
from uplift3d.types import Motion3D

METHODS = ["linear", "smooth"]


def uneven(count, seed=0):
    return np.cumsum(np.random.default_rng(seed).uniform(0.05, 0.2, count))


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 100), count=st.integers(1, 30))
def test_given_times_get_their_own_values_back(method, seed, count):
    times = uneven(count, seed)
    values = np.random.default_rng(seed).normal(size=(count, 2, 3))
    np.testing.assert_allclose(interpolate(times, values, times, method), values, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_uniform_motion_is_exact_and_ends_are_held(method):
    times = uneven(9)
    wanted = np.linspace(times[0] - 1, times[-1] + 1, 300)
    result = interpolate(times, np.stack([times * 2, 1 - times], axis=1), wanted, method)
    held = np.clip(wanted, times[0], times[-1])
    np.testing.assert_allclose(result, np.stack([held * 2, 1 - held], axis=1), atol=1e-12)


def test_smooth_is_a_thrown_ball_away_from_the_ends():
    times = uneven(30)
    wanted = np.linspace(times[10], times[-11], 200)
    height = interpolate(times, 3 * times - 4.9 * times**2, wanted, "smooth")
    np.testing.assert_allclose(height, 3 * wanted - 4.9 * wanted**2, atol=1e-6)


@given(seed=st.integers(0, 50), count=st.integers(2, 20))
def test_smooth_is_the_natural_spline(seed, count):
    times, rng = uneven(count, seed), np.random.default_rng(seed)
    values, wanted = rng.normal(size=(count, 2)), rng.uniform(times[0], times[-1], 40)
    spline = CubicSpline(times, values, bc_type="natural")
    np.testing.assert_allclose(interpolate(times, values, wanted, "smooth"), spline(wanted), atol=1e-9)


def test_smooth_accelerates_without_steps():
    times = uneven(12)
    values = np.random.default_rng(3).normal(size=12)
    dense = np.linspace(times[0], times[-1], 20001)
    acceleration = np.diff(interpolate(times, values, dense, "smooth"), 2) / (dense[1] - dense[0]) ** 2
    assert np.abs(np.diff(acceleration)).max() < 0.01 * np.abs(acceleration).max()


def test_smooth_is_closer_to_a_pendulum_than_linear_and_has_no_kinks():
    times = np.arange(40) / 10
    wanted = np.arange(0, 3.9, 0.002)
    truth = np.sin(2 * np.pi * wanted)
    results = {method: interpolate(times, np.sin(2 * np.pi * times), wanted, method) for method in METHODS}
    errors = {method: np.abs(result - truth)[100:-100].max() for method, result in results.items()}
    assert errors["smooth"] < errors["linear"] / 5
    kinks = {method: np.abs(np.diff(result, 2)).max() for method, result in results.items()}
    assert kinks["smooth"] < kinks["linear"] / 20


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.integers(0, 50))
def test_smooth_overshoots_by_a_bounded_part_of_the_steps_around(values, seed):
    times = np.arange(len(values)) / 10
    dense = interpolate(times, np.array(values), np.linspace(0, times[-1], 500), "smooth")
    largest_step = np.abs(np.diff(values)).max()
    assert dense.max() <= max(values) + 0.75 * largest_step + 1e-9
    assert dense.min() >= min(values) - 0.75 * largest_step - 1e-9


@given(seed=st.integers(0, 50), count=st.integers(1, 12))
def test_linear_is_numpys(seed, count):
    times, rng = uneven(count, seed), np.random.default_rng(seed)
    values, wanted = rng.normal(size=count), rng.uniform(-1, 3, 40)
    np.testing.assert_allclose(
        interpolate(times, values, wanted), np.interp(wanted, times, values), atol=1e-12
    )


def test_long_results_made_in_chunks_are_seamless():
    times = np.arange(10.0)
    wanted = np.linspace(0, 9, 40000)
    values = np.random.default_rng(0).normal(size=(10, 3))
    for method in METHODS:
        whole = interpolate(times, values, wanted, method)
        parts = [interpolate(times, values, part, method) for part in np.array_split(wanted, 7)]
        np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("method", METHODS)
def test_an_absence_stays_an_absence(walk, method):
    gone = walk.positions.copy()
    gone[0, 20:30] = np.nan
    motion = replace(walk, positions=gone)
    times = np.linspace(walk.times[0], walk.times[-1], 333)
    result = resample(motion, times, method)
    absent = (times > walk.times[19]) & (times < walk.times[30])
    np.testing.assert_array_equal(result.present[0], ~absent)
    # What is beyond the absence has no influence.
    for part, inside in ((walk[:20], times <= walk.times[19]), (walk[30:], times >= walk.times[30])):
        alone = resample(part, times[inside], method)
        np.testing.assert_allclose(result.positions[0, inside], alone.positions[0], atol=1e-6)
    assert result.people.tolist() == walk.people.tolist()
    assert result.meta == walk.meta


def test_resampling_to_the_same_times_changes_nothing(walk):
    same = resample(walk, walk.times)
    np.testing.assert_allclose(same.positions, walk.positions, atol=1e-6)
    np.testing.assert_array_equal(same.observed, walk.observed)


def test_the_root_is_resampled_too(walk):
    root = np.zeros((*walk.observed.shape, 3), np.float32)
    root[..., 0] = walk.times
    times = walk.times[:-1] + 0.01
    result = resample(replace(walk, root=root), times)
    np.testing.assert_allclose(result.root[0, :, 0], times, atol=1e-6)


def test_flags_mark_the_nearest_time_within_half_a_step():
    times = np.array([0.0, 0.1, 0.2, 0.3])
    flags = nearest_flags(times, np.array([-0.04, 0.11, 0.26, 0.36]))
    assert flags.tolist() == [True, True, False, True]
    assert nearest_flags(times, np.array([])).tolist() == [False] * 4
    assert nearest_flags(np.array([1.0]), np.array([9.0])).tolist() == [True]
    assert nearest_flags(np.array([1.0]), np.array([9.0]), 0.1).tolist() == [False]


def test_unknown_methods_and_unordered_times_are_refused(walk):
    with pytest.raises(InputError, match="interpolation is 'cubic'; accepted are linear, smooth"):
        interpolate(np.arange(3.0), np.zeros(3), np.arange(3.0), "cubic")
    with pytest.raises(InputError, match="times must increase strictly"):
        resample(walk, [1.0, 0.9])


def test_a_single_pose_is_held():
    motion = Motion3D(np.ones((1, 1, 17, 3)), [2.0], None, [[True]])
    assert resample(motion, [2.0]).present.all()
    np.testing.assert_array_equal(interpolate(np.array([2.0]), np.array([[5.0]]), [1.0, 3.0]), [[5.0], [5.0]])


@pytest.mark.parametrize("rate_hz", [24, 29.97, 30, 50, 60])
def test_the_last_pose_of_a_stretch_is_not_lost_to_rounding(walk, rate_hz):
    for count in range(5, 60):
        times = 0.7 + np.arange(count) / rate_hz
        motion = Motion3D(
            np.repeat(walk.positions[:1, :1], count, axis=1),
            times,
            None,
            np.ones((1, count)),
            joints=walk.joints,
        )
        again = resample(motion, times[0] + np.arange(count) * float(np.median(np.diff(times))))
        assert again.present.all(), count


def test_stretches_are_cut_where_times_leap():
    present = np.array([1, 1, 1, 0, 1, 1, 1, 1], dtype=bool)
    times = np.array([0, 0.1, 0.2, 0.3, 0.4, 5.0, 5.1, 5.2])
    assert stretches(present) == [slice(0, 3), slice(4, 8)]
    assert stretches(present, times) == [slice(0, 3), slice(4, 5), slice(5, 8)]
    assert stretches(present, times * 100) == [slice(0, 3), slice(4, 5), slice(5, 8)]
    assert stretches(present, np.arange(8) * 30.0) == [slice(0, 3), slice(4, 8)]  # slow, but even
    assert stretches(present[:1], times[:1]) == [slice(0, 1)]


def test_nothing_is_observed_where_nobody_is(walk):
    times = np.append(walk.times, walk.times[-1] + 0.015)
    found = resample(walk, times)
    assert not (found.observed & ~found.present).any()
