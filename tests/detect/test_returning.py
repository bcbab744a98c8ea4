"""Who comes back is who left, if clothing and size say so, and nobody else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.returning import RETURN_GROWTH, RETURN_SIGHTINGS, joined
from uplift3d.detect.sighting import Sighting
from uplift3d.detect.tracks import Track

SHAPE = np.stack([np.tile([0.0, 0.25, 0.5], 6)[:17], np.linspace(0, 1, 17)], axis=1)


def visit(frames, red, size=100.0, count=None):
    """Somebody seen in these key-frames, so much of whose clothing is red and the rest blue."""
    colours = np.array([red, 1 - red], np.float32)
    seen = [
        Sighting(
            (SHAPE * size).astype(np.float32),
            np.ones(17, np.float32),
            "coco17",
            colours=colours if count is None or number < count else None,
        )
        for number in range(len(frames))
    ]
    return Track(list(frames), [0.4 * frame for frame in frames], seen)


def visits(tracks):
    """The frames of each person."""
    return [track.frames for track in joined(tracks)]


def test_somebody_in_the_same_clothes_comes_back():
    first, away, second = range(5), range(12), range(15, 20)
    assert visits([visit(first, 0.9), visit(away, 0.1), visit(second, 0.88)]) == [
        [*first, *second],
        list(away),
    ]
    (person, _) = joined([visit(first, 0.9), visit(away, 0.1), visit(second, 0.88)])
    assert person.times == [0.4 * frame for frame in person.frames]
    assert len(person.sightings) == len(person.frames)


def test_many_visits_are_one_person_in_any_order():
    parts = [range(20, 25), range(0, 5), range(10, 15)]
    assert visits([visit(part, 0.5) for part in parts]) == [[*range(5), *range(10, 15), *range(20, 25)]]


@pytest.mark.parametrize(
    "second",
    [
        visit(range(10, 15), 0.5),  # other clothes
        visit(range(10, 15), 0.9, size=100 * RETURN_GROWTH * 1.01),
        visit(range(10, 15), 0.9, count=RETURN_SIGHTINGS - 1),  # clothes hardly seen
        visit(range(4, 9), 0.9),  # there at the same time
        visit(range(2, 3), 0.9),
    ],
)
def test_somebody_else_is_another_person(second):
    assert len(joined([visit(range(5), 0.9), second])) == 2


def test_where_two_may_have_come_back_nobody_is_joined():
    twins = [visit(range(5), 0.9), visit(range(1, 5), 0.89)]
    assert len(joined([*twins, visit(range(10, 15), 0.9)])) == 3
    assert len(joined([twins[0], visit(range(10, 15), 0.9), visit(range(11, 15), 0.89)])) == 3


def test_two_who_left_and_came_back_keep_their_names():
    there = [visit(range(5), 0.9), visit(range(2, 6), 0.2)]
    back = [visit(range(10, 15), 0.2), visit(range(11, 16), 0.9)]
    assert visits([*there, *back]) == [[*range(5), *range(11, 16)], [*range(2, 6), *range(10, 15)]]


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(3, 10), st.floats(0, 1), st.floats(50, 200)), max_size=8
    )
)
def test_nobody_is_twice_in_a_key_frame_and_no_sighting_is_lost(given_visits):
    tracks = [visit(range(start, start + n), red, size) for start, n, red, size in given_visits]
    people = joined(tracks)
    for person in people:
        assert (np.diff(person.frames) > 0).all()
    ids = [id(one) for track in tracks for one in track.sightings]
    assert sorted(ids) == sorted(id(one) for person in people for one in person.sightings)
