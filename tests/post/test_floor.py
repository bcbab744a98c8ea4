"""One floor for several people: who is larger and nearer than they seem, and what must stay as it is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footsteps import steps
from uplift3d import Lifter
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.post import find_up, level, one_floor
from uplift3d.post.floor import MOST_SIGMAS, SIZE_SIGMA
from uplift3d.post.stands import find_stands
from uplift3d.types import Motion3D

MOVED_M = np.array([[0, 0, 0], [1.5, 0, 2], [-1, 0, 3]])


def seen(factors, raised_m=(0, 0, 0)):
    """Walkers on one floor 1.5 m below the camera, each taken for so much larger and farther away."""
    walk = steps(count=6)
    people = len(factors)
    there = [walk.root[0] + MOVED_M[n] - [0, raised_m[n], 0] for n in range(people)]
    return Motion3D(
        np.stack([factor * walk.positions[0] for factor in factors]),
        walk.times,
        np.stack([factor * root for factor, root in zip(factors, there, strict=True)]),
        np.ones((people, len(walk)), dtype=bool),
        people=np.arange(people) + 3,
        joints=walk.joints,
        sigma_m=np.full((people, len(walk), 21), 0.05),
        meta={"root_sigma_m": [0.1] * people},
    )


def floors_m(motion):
    """(P,) metres below the camera."""
    up = find_up(motion).direction
    return np.array([-np.median(stand.places @ up) for stand in find_stands(motion, up)])


def picture(motion):
    points = motion.positions + motion.root[:, :, None]
    return points[..., :2] / points[..., 2:]


@given(st.lists(st.floats(0.94, 1.06), min_size=2, max_size=3))
def test_everybody_comes_to_the_same_floor_and_no_picture_changes(factors):
    motion = seen(factors)
    found = one_floor(motion)
    assert np.ptp(floors_m(found)) <= max(0.35 * np.ptp(floors_m(motion)), 1e-4)
    np.testing.assert_allclose(picture(found), picture(motion), atol=1e-5)
    change = np.linalg.norm(found.root[:, 0], axis=-1) / np.linalg.norm(motion.root[:, 0], axis=-1)
    assert np.log(change).mean() == pytest.approx(0, abs=0.004)
    np.testing.assert_allclose(found.sigma_m, motion.sigma_m * change[:, None, None], rtol=1e-4)
    np.testing.assert_allclose(found.meta["root_sigma_m"], 0.1 * change, atol=1e-4)


def test_sizes_come_nearer_to_the_true_ones():
    motion = seen([1.06, 0.95, 1.0])
    found = one_floor(motion)
    true = np.array([1.06, 0.95, 1.0])
    change = np.linalg.norm(found.root[:, 0], axis=-1) / np.linalg.norm(motion.root[:, 0], axis=-1)
    assert np.std(np.log(change * true)) < 0.3 * np.std(np.log(true))


def test_a_second_time_hardly_anything_happens():
    once = one_floor(seen([1.05, 1.0, 0.96]))
    again = one_floor(once)
    assert np.ptp(floors_m(again)) < np.ptp(floors_m(once))
    np.testing.assert_allclose(again.root, once.root, rtol=0.03)


def test_somebody_on_a_wall_stays_there_and_is_named():
    motion = seen([1.0, 1.03, 1.0], raised_m=(0, 0, 1.2))
    with pytest.warns(
        UpliftWarning, match="not on the floor of the others, and left where they are: people 5"
    ):
        found = one_floor(motion)
    np.testing.assert_array_equal(found.root[2], motion.root[2])
    assert abs(np.diff(floors_m(found)[:2])[0]) < 0.3 * abs(np.diff(floors_m(motion)[:2])[0])


def test_whoever_comes_down_from_a_wall_is_on_the_floor_then():
    motion = seen([1.05, 0.97])
    above = np.array([0, -1.2, 0]) * (np.arange(len(motion)) < 0.7 * len(motion))[:, None]
    root = motion.root + np.stack([np.zeros_like(above), above])
    found = one_floor(replace(motion, root=root))
    change = np.linalg.norm(found.root[:, 0], axis=-1) / np.linalg.norm(root[:, 0], axis=-1)
    assert abs(np.log(change[0] * 1.05 / (change[1] * 0.97))) < 0.6 * np.log(1.05 / 0.97)


def test_two_on_different_levels_stay_both():
    motion = seen([1.0, 1.0], raised_m=(0, 1.2))
    with pytest.warns(UpliftWarning, match="people 3, 4"):
        np.testing.assert_array_equal(one_floor(motion).root, motion.root)


@pytest.mark.parametrize(
    "change",
    [
        lambda motion: motion.select([3]),
        lambda motion: replace(motion, root=None, meta={}),
        lambda motion: replace(motion, root=motion.root + np.linspace(0, 40, len(motion))[:, None]),
    ],
    ids=["one person", "no root", "nobody stands"],
)
def test_where_the_floor_is_unknown_nothing_happens(change):
    motion = change(seen([1.0, 1.05]))
    assert one_floor(motion) is motion or np.array_equal(one_floor(motion).root, motion.root)


def test_nobody_changes_by_more_than_is_likely():
    with pytest.warns(UpliftWarning):
        one_floor(seen([1.0, 1.0, 1.5]))
    motion = seen([1.0, 1.0, 1.15])
    change = np.linalg.norm(one_floor(motion).root[:, 0], axis=-1) / np.linalg.norm(
        motion.root[:, 0], axis=-1
    )
    assert np.abs(np.log(change)).max() < MOST_SIGMAS * SIZE_SIGMA


def test_the_level_room_has_one_floor():
    motion = seen([1.04, 0.97, 1.0])

    def apart_m(room):
        lowest = (room.positions[..., 1] + room.root[..., 1:2]).max(axis=-1)
        return np.ptp(np.percentile(lowest, 90, axis=1))

    assert apart_m(level(one_floor(motion))) < 0.35 * apart_m(level(motion))


def test_it_is_an_option_of_lifters_but_not_for_raw_poses():
    assert Lifter("base", one_floor=True).options["one_floor"] is True
    with pytest.raises(InputError, match="raw poses are not put on one floor"):
        Lifter("base", raw=True, one_floor=True)
