from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.sighting import Sighting
from uplift3d.detect.tracks import MAX_ABSENCE_S, Track, Tracker

SHAPE = np.stack([np.tile([0.0, 0.25, 0.5], 6)[:17], np.linspace(0, 1, 17)], axis=1)


def person(x, y=0.0, size=100.0, confidence=0.9):
    positions = (SHAPE * size + (x, y)).astype(np.float32)
    return Sighting(positions, np.full(17, confidence, np.float32), "coco17")


def follow(people, interval_s=0.4, frames=10):
    """Tracks of people given as functions time → sighting or None."""
    tracker = Tracker()
    for frame in range(frames):
        time_s = frame * interval_s
        seen = [sighting for one in people if (sighting := one(time_s)) is not None]
        tracker.add(time_s, seen[:: 1 if frame % 2 else -1])  # the order of detections means nothing
    return tracker


def test_two_people_keep_their_tracks_while_they_pass_each_other():
    right, left = (lambda t: person(100 + 80 * t)), (lambda t: person(500 - 80 * t, y=20, size=90))
    tracks = follow([right, left], frames=13).people()  # they meet at 2.5 s
    assert [len(track.frames) for track in tracks] == [13, 13]
    sizes = [{round(sighting.size) for sighting in track.sightings} for track in tracks]
    assert sorted(sizes, key=min) == [{90}, {100}]


@given(speed=st.floats(-150, 150))
def test_a_steady_walker_is_expected_where_they_come(speed):
    track = Track()
    for frame in range(3):
        track.add(frame, 0.4 * frame, person(speed * 0.4 * frame))
    np.testing.assert_allclose(track.expected(1.2).centre, person(speed * 1.2).centre, atol=1e-2)
    assert track.misfit(person(speed * 1.2), 1.2) < 1e-3


def test_a_track_grows_towards_the_past_as_well():
    track = Track()
    track.add(5, 2.0, person(200))
    track.add(6, 2.4, person(240))
    np.testing.assert_allclose(track.expected(1.6).centre, person(160).centre, atol=1e-3)
    assert track.misfit(person(160), 1.6) < 1e-3
    track.add(4, 1.6, person(160))
    assert (track.frames, track.times) == ([4, 5, 6], [1.6, 2.0, 2.4])


def test_somebody_who_stops_at_once_is_no_surprise():
    track = Track()
    for frame in range(3):
        track.add(frame, 0.4 * frame, person(60.0 * frame))
    assert track.misfit(person(120), 1.2) == 0


def test_somebody_far_away_or_of_another_size_is_another_person():
    track = Track()
    track.add(0, 0.0, person(0))
    assert track.misfit(person(105), 0.4) > 0.9
    assert track.misfit(person(125), 0.4) > 1
    assert track.misfit(person(0, size=30), 0.4) == np.inf


def test_rolling_up_once_does_not_change_who_somebody_is():
    sizes = {3: 45.0}
    roller = lambda t: person(100 + 10 * t, size=sizes.get(round(t / 0.2), 100.0))  # noqa: E731
    assert [len(track.frames) for track in follow([roller], 0.2).people()] == [10]


def test_a_short_absence_is_bridged_and_a_long_one_makes_a_new_person():
    away = lambda start, end: lambda t: None if start < t < end else person(100)  # noqa: E731
    short = follow([away(1.0, 1.0 + MAX_ABSENCE_S - 0.3)], 0.1, 60).people()
    long = follow([away(1.0, 1.0 + MAX_ABSENCE_S + 0.3)], 0.1, 60).people()
    assert (len(short), len(long)) == (1, 2)
    assert long[0].frames[-1] < long[1].frames[0]


def test_flickering_sightings_are_noise():
    flicker = lambda t: person(300) if round(t / 0.4) % 4 == 0 else None  # noqa: E731
    tracker = follow([lambda t: person(100), flicker], frames=12)
    assert len(tracker.tracks) > 1
    assert [len(track.frames) for track in tracker.people()] == [12]


def test_unsure_sightings_are_noise():
    assert follow([lambda t: person(100, confidence=0.4)]).people() == []


def test_two_sightings_are_too_few_unless_the_clip_is_that_short():
    brief = lambda t: person(100) if t < 0.5 else None  # noqa: E731
    assert follow([brief], frames=10).people() == []
    assert len(follow([brief], frames=4).people()) == 1
    assert len(follow([brief], frames=1).people()) == 1


def test_somebody_seen_for_a_third_of_a_second_in_many_key_frames_is_noise():
    flicker = lambda t: person(500) if 0.49 < t < 0.81 else None  # noqa: E731
    assert [len(one.frames) for one in follow([lambda t: person(100), flicker], 0.04, 50).people()] == [50]
    longer = lambda t: person(500) if 0.49 < t < 1.01 else None  # noqa: E731
    assert len(follow([lambda t: person(100), longer], 0.04, 50).people()) == 2


@given(
    places=st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 1000)), min_size=0, max_size=6),
    frames=st.integers(1, 5),
)
def test_every_sighting_ends_up_in_exactly_one_track(places, frames):
    tracker = Tracker()
    for frame in range(frames):
        tracker.add(0.2 * frame, [person(x, y) for x, y in places])
    assert sum(len(track.frames) for track in tracker.tracks) == frames * len(places)
    assert all(track.frames == sorted(set(track.frames)) for track in tracker.tracks)


def test_whoever_is_seen_for_the_second_time_is_reported():
    tracker = Tracker()
    assert tracker.add(0.0, [person(0), person(500)]) == []
    assert len(tracker.seen_once()) == 2
    assert [track.frames for track in tracker.add(0.4, [person(0), person(1000)])] == [[0, 1]]
    assert [track.frames for track in tracker.seen_once()] == [[1]]
    assert [track.frames for track in tracker.add(0.8, [person(0), person(500)])] == [[0, 2]]
    assert tracker.live(0.8) == tracker.tracks


@pytest.mark.parametrize("gap_s", [0.1, 0.4])
def test_reach_grows_with_the_time_between_key_frames(gap_s):
    track = Track()
    track.add(0, 0.0, person(0))
    reach = (0.3 + 2 * gap_s) * 100
    assert track.misfit(person(0.99 * reach), gap_s) < 1 < track.misfit(person(1.01 * reach), gap_s)


def test_however_far_apart_key_frames_are_neighbouring_ones_show_the_same_people():
    assert [len(track.frames) for track in follow([lambda t: person(100)], 2.4, 4).people()] == [4]


def test_a_sighting_near_both_belongs_to_the_steady_track_and_not_to_noise():
    tracker = Tracker()
    for frame in range(5):
        tracker.add(0.1 * frame, [person(100)] + [person(180)] * (frame == 4))
    tracker.add(0.5, [person(145)])  # nearer to the one seen once
    assert [len(track.frames) for track in tracker.tracks] == [6, 1]


def in_colours(sighting, first):
    """The same person in clothes of the first of two colours, or of the second."""
    return replace(sighting, colours=np.array([1, 0] if first else [0, 1], np.float32))


def test_two_people_who_meet_and_turn_back_are_told_by_their_clothes():
    """By place alone each goes on where the other one came from."""
    away = lambda t: abs(t - 2.4)  # noqa: E731
    one = lambda t: in_colours(person(300 - 100 * away(t)), True)  # noqa: E731
    two = lambda t: in_colours(person(310 + 100 * away(t)), False)  # noqa: E731
    people = follow([one, two], frames=13).people()
    assert len(people) == 2
    for track in people:
        assert len({float(sighting.colours[0]) for sighting in track.sightings}) == 1


def test_somebody_who_looks_as_before_is_preferred_at_the_same_place():
    tracker = Tracker()
    for frame in range(4):
        tracker.add(0.4 * frame, [person(100), person(160, size=70)])
    tracker.add(1.6, [person(128, size=72), person(131)])
    assert [[round(one.size) for one in track.sightings] for track in tracker.tracks] == [
        [100] * 5,
        [70] * 4 + [72],
    ]


def test_the_least_total_cost_decides_and_not_the_best_single_pair():
    tracker = Tracker()
    for frame in range(4):
        tracker.add(0.1 * frame, [person(100), person(140)])
    tracker.add(0.4, [person(138), person(176)])  # the nearest pair is the second one's and 138
    assert [
        round(float(track.sightings[-1].centre[0] - person(0).centre[0])) for track in tracker.tracks
    ] == [
        138,
        176,
    ]
