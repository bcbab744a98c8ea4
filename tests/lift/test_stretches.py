from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.lift import presence

REGULAR = np.arange(20) * 0.4
WINDOW_S = 7.1


def spans(segments):
    return [(round(s.start_s, 6), round(s.end_s, 6)) for s in segments]


def seen(*absent):
    usable = np.ones(20, bool)
    usable[list(absent)] = False
    return usable


def test_a_person_who_is_always_there_is_one_stretch_that_reaches_over_both_ends():
    (segment,) = presence(REGULAR, seen(), 0.4, 1.0, WINDOW_S)
    assert spans([segment]) == [(-0.4, 8.0)]
    assert (segment.first_s, segment.last_s) == (0.0, pytest.approx(7.6))


def test_one_missed_key_frame_is_filled_in_and_two_are_an_absence():
    assert len(presence(REGULAR, seen(5), 0.4, 1.0, WINDOW_S)) == 1
    segments = presence(REGULAR, seen(5, 6), 0.4, 1.0, WINDOW_S)
    # Half way towards the key-frames without the person.
    assert spans(segments) == [(-0.4, 1.8), (2.6, 8.0)]
    np.testing.assert_array_equal(segments[1].keys, np.arange(7, 20))


def test_dense_key_frames_may_be_missing_for_max_gap():
    times = np.arange(300) / 30
    usable = np.ones(300, bool)
    usable[100:128] = False
    assert len(presence(times, usable, 0.1, 1.0, WINDOW_S)) == 1
    assert len(presence(times, usable, 0.1, 0.5, WINDOW_S)) == 2


def test_a_hole_in_the_key_frames_is_no_proof_of_absence_but_reaches_one_interval_only():
    times = np.concatenate([np.arange(5) * 0.4, 20 + np.arange(5) * 0.4])
    segments = presence(times, np.ones(10, bool), 0.4, 1.0, WINDOW_S)
    assert spans(segments) == [(-0.4, 2.0), (19.6, 22.0)]


def test_key_frames_farther_apart_than_a_window_stand_alone():
    times = np.arange(4) * 30.0
    segments = presence(times, np.ones(4, bool), 30.0, 1.0, WINDOW_S)
    assert len(segments) == 4
    assert segments[0].end_s == pytest.approx(WINDOW_S / 2)


def test_nobody_gives_no_stretch():
    assert presence(REGULAR, np.zeros(20, bool), 0.4, 1.0, WINDOW_S) == []
    assert presence(np.zeros(0), np.zeros(0, bool), 0.4, 1.0, WINDOW_S) == []


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0.05, 1.0), st.floats(0, 3))
def test_stretches_are_disjoint_and_hold_every_usable_key_frame_once(usable, interval, max_gap):
    times = np.arange(len(usable)) * interval
    segments = presence(times, np.array(usable), interval, max_gap, WINDOW_S)
    keys = [key for segment in segments for key in segment.keys]
    assert keys == np.flatnonzero(usable).tolist()
    for before, after in pairwise(segments):
        assert before.end_s < after.start_s
    absent = times[~np.array(usable)]
    for segment in segments:
        inside = (absent > segment.last_s) | (absent < segment.first_s)
        assert not ((absent[inside] > segment.start_s) & (absent[inside] < segment.end_s)).any()


def test_rows_and_grid_cover_the_wanted_times():
    (segment,) = presence(np.array([1.0, 1.4]), np.ones(2, bool), 0.4, 1.0, WINDOW_S)
    wanted = np.arange(0, 30) / 10
    rows = segment.rows(wanted)
    np.testing.assert_allclose(wanted[rows], np.arange(6, 19) / 10)
    np.testing.assert_allclose(segment.grid(wanted[rows], 0.1), np.arange(6, 19) / 10)
    # The grid stands on the first key-frame wherever the wanted times are.
    np.testing.assert_allclose(segment.grid(np.array([1.03, 1.13]), 0.1), [1.0, 1.1, 1.2, 1.3, 1.4])
    np.testing.assert_allclose(segment.grid(np.array([0.76]), 0.1)[0], 0.8)
