"""Smoothing against sines whose attenuation is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError, UpliftWarning
from uplift3d.post import smooth
from uplift3d.post.smooth import low_pass


def gain(frequency_hz, cutoff_hz, times):
    """What is left of a sine in the middle of the times, and by how much it is late."""
    sine = np.sin(2 * np.pi * frequency_hz * times)
    filtered = low_pass(times, sine, cutoff_hz)
    middle = (times > 3) & (times < 7)
    basis = np.stack([sine, np.cos(2 * np.pi * frequency_hz * times)], axis=-1)[middle]
    return np.linalg.lstsq(basis, filtered[middle], rcond=None)[0]


@pytest.mark.parametrize("rate_hz", [23.976, 50.0, 120.0])
def test_the_cut_off_is_in_hz_whatever_the_rate_and_nothing_is_late(rate_hz):
    times = np.arange(0, 10, 1 / rate_hz)
    for frequency_hz, left, tolerance in ((0.5, 1.0, 0.01), (4.0, 0.5**0.5, 0.03), (9.0, 0.0, 0.1)):
        same, late = gain(frequency_hz, 4.0, times)
        assert same == pytest.approx(left, abs=tolerance)
        assert abs(late) < 0.02


def test_uneven_times_are_filtered_in_seconds():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.01, 0.03, 500))
    assert gain(0.5, 4.0, times)[0] == pytest.approx(1.0, abs=0.02)
    assert gain(4.0, 4.0, times)[0] == pytest.approx(0.5**0.5, abs=0.05)
    assert abs(gain(9.0, 4.0, times)[0]) < 0.1


@given(cutoff_hz=st.floats(0.3, 8), seed=st.integers(0, 20), count=st.integers(1, 60))
def test_uniform_motion_and_rest_stay(cutoff_hz, seed, count):
    times = np.cumsum(np.random.default_rng(seed).uniform(0.02, 0.08, count))
    line = np.stack([2 * times - 1, np.ones(count)], axis=-1)
    np.testing.assert_allclose(low_pass(times, line, cutoff_hz), line, atol=2e-3)


def test_slow_poses_hold_nothing_fast():
    times = np.arange(20) / 10
    values = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_array_equal(low_pass(times, values, 6.0), values)


def test_people_and_stretches_are_filtered_each_for_themselves(walk):
    positions = walk.positions.copy()
    positions[0, 20:25] = np.nan
    root = np.cumsum(np.ones_like(positions[:, :, 0]), axis=1)
    motion = replace(walk, positions=positions, root=root)
    result = smooth(motion, 3.0)
    np.testing.assert_array_equal(result.present, motion.present)
    alone = smooth(motion.select([3])[25:], 3.0)
    np.testing.assert_allclose(result.positions[0, 25:], alone.positions[0], atol=1e-6)
    np.testing.assert_allclose(result.root[0, 25:], root[0, 25:], atol=1e-3)
    assert not result.positions[0, 0, 0].any()  # the pelvis stays the origin


@pytest.mark.parametrize("cutoff_hz", [0.0, -1.0, np.nan, np.inf, 1e-100, 0.0099])
def test_what_is_no_cut_off_is_refused(walk, cutoff_hz):
    with pytest.raises(InputError, match=r"cut-off of smoothing is .*; accepted are 0\.01 Hz and more"):
        smooth(walk, cutoff_hz)


@pytest.mark.parametrize("rate_hz", [23.976, 50.0, 120.0])
@pytest.mark.parametrize("cutoff_hz", [1.0, 4.0])
def test_savitzky_golay_has_its_cut_off_in_hz_too(rate_hz, cutoff_hz):
    times = np.arange(0, 10, 1 / rate_hz)

    def left(frequency_hz):
        sine = np.sin(2 * np.pi * frequency_hz * times)
        middle = (times > 3) & (times < 7)
        fitted = low_pass(times, sine, cutoff_hz, "savitzky-golay")
        return np.linalg.lstsq(sine[middle][:, None], fitted[middle], rcond=None)[0][0]

    assert left(cutoff_hz / 5) == pytest.approx(1.0, abs=0.02)
    assert left(cutoff_hz) == pytest.approx(0.5**0.5, abs=0.12)  # windows are whole numbers of poses
    assert abs(left(3 * cutoff_hz)) < 0.25


@given(seed=st.integers(0, 20), count=st.integers(1, 60), cutoff_hz=st.floats(0.01, 8))
def test_savitzky_golay_leaves_cubics_alone_however_few_poses_there_are(seed, count, cutoff_hz):
    times = np.arange(count) * 0.05
    cubic = np.polynomial.Polynomial(np.random.default_rng(seed).normal(size=4))(times)[:, None]
    np.testing.assert_allclose(low_pass(times, cubic, cutoff_hz, "savitzky-golay"), cubic, atol=1e-6)


def test_savitzky_golay_knows_nothing_of_what_is_far_away(walk):
    times = np.arange(100) / 50
    peak = (np.abs(times - 1) < 0.01).astype(float)
    fitted = low_pass(times, peak, 4.0, "savitzky-golay")
    np.testing.assert_allclose(fitted[np.abs(times - 1) > 0.2], 0, atol=1e-12)
    assert np.abs(low_pass(times, peak, 4.0)[np.abs(times - 1) > 0.2]).max() > 1e-4
    one = smooth(walk, 3.0, "savitzky-golay")
    assert not np.array_equal(one.positions, smooth(walk, 3.0).positions)
    with pytest.raises(InputError, match="smooth_with is 'median'; there are butterworth, savitzky-golay"):
        smooth(walk, 3.0, "median")


def test_a_cut_off_that_takes_nothing_out_is_said(walk):
    with pytest.warns(UpliftWarning, match="12.5 Hz takes nothing out of 25 poses a second"):
        smooth(walk, 12.5)
