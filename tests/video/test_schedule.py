from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.video.schedule import TIE_S, nearest_frames, regular_key_frames

RATES = [Fraction(24000, 1001), 25, Fraction(30000, 1001), 30, 50, Fraction(60000, 1001), 60, 120]
gaps = st.lists(st.floats(1e-3, 1.0), min_size=0, max_size=60)
intervals = st.floats(0.02, 2.0)


def frame_times(rate, seconds=10.0):
    return np.arange(int(seconds * rate)) / float(rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("interval", [0.1, 0.2, 0.4])
def test_key_frames_stay_on_the_grid_at_every_common_rate(rate, interval):
    times = frame_times(rate)
    chosen = times[regular_key_frames(times, interval)]
    grid = interval * np.arange(len(chosen))
    assert np.abs(chosen - grid).max() <= 0.5 / float(rate) + TIE_S  # no drift over 10 s
    assert len(chosen) == int(times[-1] / interval + 1e-9) + 1 or times[-1] - grid[-1] < interval


def test_whole_strides_at_50_hz_are_the_published_key_frames():
    times = frame_times(50, seconds=7)
    np.testing.assert_array_equal(regular_key_frames(times, 0.4), np.arange(0, 350, 20))


def test_of_two_equally_near_frames_the_earlier_is_taken():
    times = frame_times(25)  # 0.1, 0.3, 0.5 … lie exactly between two frames
    np.testing.assert_array_equal(regular_key_frames(times, 0.1)[:7], [0, 2, 5, 7, 10, 12, 15])


@given(noise=st.floats(-0.9e-6, 0.9e-6))
def test_rounded_timestamps_do_not_decide_a_tie(noise):
    times = frame_times(25)
    times[3::5] += noise
    np.testing.assert_array_equal(regular_key_frames(times, 0.1), regular_key_frames(frame_times(25), 0.1))


def test_none_chooses_every_frame():
    np.testing.assert_array_equal(regular_key_frames([0, 0.1, 0.5], None), [0, 1, 2])


@pytest.mark.parametrize("interval", [1e-9, 0.001, 0.02])
def test_a_grid_finer_than_the_frames_chooses_every_frame(interval):
    np.testing.assert_array_equal(regular_key_frames(frame_times(25, 1.0), interval), np.arange(25))


def test_a_single_frame():
    np.testing.assert_array_equal(regular_key_frames([3.2], 0.4), [0])


def test_the_grid_begins_at_the_first_frame():
    times = 100.013 + frame_times(50)
    np.testing.assert_array_equal(regular_key_frames(times, 0.2), regular_key_frames(frame_times(50), 0.2))


def test_a_frame_just_before_the_last_grid_time_counts():
    times = np.round(frame_times(Fraction(30000, 1001), 4.1), 3)  # Matroska rounds to milliseconds
    times = times[times < 4.0049]
    assert times[-1] == pytest.approx(4.004)
    shortened = times[:-1] + 0.029  # now ends at 3.9999…: still the frame of 4.0 s
    shortened[0] = 0
    assert regular_key_frames(shortened, 0.4)[-1] == len(shortened) - 1


def test_a_gap_in_the_frames_is_bridged_by_its_two_edges():
    times = np.concatenate([np.arange(0, 1.0, 0.04), np.arange(3.0, 4.0, 0.04)])
    chosen = times[regular_key_frames(times, 0.4)]
    np.testing.assert_allclose(chosen, [0, 0.4, 0.8, 0.96, 3.0, 3.2, 3.6])


@given(gaps=gaps, interval=intervals)
def test_every_grid_time_gets_its_nearest_frame_and_nothing_else_is_chosen(gaps, interval):
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    chosen = regular_key_frames(times, interval)
    grid = interval * np.arange(int(times[-1] / interval) + 1)
    distances = np.abs(times[:, None] - grid)  # (F, grid)
    best = distances.min(axis=0)
    assert (distances[chosen].min(axis=0) <= best + 2 * TIE_S).all()
    last = np.abs(times[chosen[-1]] - interval * (len(grid) - 0.0))  # one grid time may lie just past the end
    useful = (distances[chosen] <= best + 2 * TIE_S).any(axis=1)
    assert useful[:-1].all()
    assert useful[-1] or last <= (gaps[-1] / 2 + TIE_S if gaps else 0)


@given(gaps=gaps, interval=intervals)
def test_indices_increase_strictly_from_the_first_frame(gaps, interval):
    chosen = regular_key_frames(np.concatenate([[0.0], np.cumsum(gaps)]), interval)
    assert chosen[0] == 0
    assert (np.diff(chosen) > 0).all()


@given(gaps=gaps.filter(len), wanted=st.floats(0, 1))
def test_nearest_frame_is_within_half_the_gap_around_it(gaps, wanted):
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    time = wanted * times[-1]
    right = int(np.clip(np.searchsorted(times, time), 1, len(times) - 1))
    distance = abs(times[nearest_frames(times, [time])[0]] - time)
    assert distance <= (times[right] - times[right - 1]) / 2 + 2 * TIE_S


@pytest.mark.parametrize("interval", [0, -0.4, np.nan, np.inf])
def test_an_interval_that_is_no_positive_number(interval):
    with pytest.raises(InputError, match=r"key interval is .* positive number of seconds"):
        regular_key_frames([0, 1], interval)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], "at least one frame"),
        ([[0, 1]], r"shape \(1, 2\)"),
        ([0, np.nan], "1 NaN or infinite"),
        ([0, 2, 1], "1 s follows 2 s"),
        ([0, 1, 1], "must increase strictly"),
    ],
)
def test_bad_frame_times(times, message):
    with pytest.raises(InputError, match=message):
        regular_key_frames(times, 0.4)
