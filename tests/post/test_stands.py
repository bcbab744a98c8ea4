"""Where people stand, level by level."""

from dataclasses import replace

import numpy as np
import pytest

from footsteps import STEP_S, steps
from uplift3d.post.stands import find_stands

UP = np.array([0, -1.0, 0])


def test_a_walk_is_one_stand_on_the_ground():
    (stand,) = find_stands(steps(count=6), UP)
    assert stand.person == 0
    assert stand.places @ UP == pytest.approx(-1.48, abs=0.03)  # soles are 2 cm above the ground
    assert stand.seconds > 6 * STEP_S  # four points, and both feet half of the time


@pytest.mark.parametrize("drop_m", [0.8, 2.0])
def test_after_a_jump_there_is_another_level(drop_m):
    walk = steps(count=8)
    lower = np.array([0, drop_m, 0]) * (np.arange(len(walk)) > len(walk) // 2)[:, None]
    first, second = find_stands(replace(walk, root=walk.root + lower), UP)
    assert np.median(first.places @ UP) - np.median(second.places @ UP) == pytest.approx(drop_m, abs=0.03)


def test_without_a_place_or_at_one_moment_nobody_stands():
    assert find_stands(replace(steps(), root=None), UP) == []
    assert find_stands(steps()[:1], UP) == []


def test_uneven_times_change_no_seconds():
    walk = steps(count=8)
    half = len(walk) // 2
    thinned = walk[np.concatenate([np.arange(half), np.arange(half, len(walk), 2)])]
    (even,), (uneven,) = find_stands(walk, UP), find_stands(thinned, UP)
    assert uneven.seconds == pytest.approx(even.seconds, rel=0.06)
    assert len(uneven.places) < 0.8 * len(even.places)
