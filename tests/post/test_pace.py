"""Fast turns that a network has averaged over."""

import numpy as np
import pytest

from uplift3d.post import fix_bones
from uplift3d.post.pace import SHORT, even_pace
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

TIMES = np.arange(61) / 30
TURN_S = (0.9, 1.1)


def averaged(degrees):
    """(T, 3) a bone of length 1 that turns within `TURN_S` about z, but on a straight line."""
    share = np.clip((TIMES - TURN_S[0]) / (TURN_S[1] - TURN_S[0]), 0, 1)[:, None]
    angle = np.radians(degrees)
    return (1 - share) * np.array([1.0, 0, 0]) + share * np.array([np.cos(angle), np.sin(angle), 0])


def split(bone):
    length = np.linalg.norm(bone, axis=-1)
    return bone / length[:, None], length


def turn_speeds(directions):
    """(T - 1,) radians per second."""
    cosine = np.sum(directions[1:] * directions[:-1], axis=-1)
    return np.arccos(np.clip(cosine, -1, 1)) / np.diff(TIMES)


@pytest.mark.parametrize("degrees", [120, 170, -170])
def test_a_turn_that_was_averaged_takes_its_whole_time(degrees):
    directions, shares = split(averaged(degrees))
    even = even_pace(directions, shares, TIMES)
    np.testing.assert_allclose(np.linalg.norm(even, axis=-1), 1, atol=1e-9)
    assert turn_speeds(even).max() < 1.5 * np.radians(abs(degrees)) / (TURN_S[1] - TURN_S[0])
    if abs(degrees) > 150:
        assert turn_speeds(even).max() < 0.6 * turn_speeds(directions).max()
    # The same way round, and only while the bone was short.
    np.testing.assert_allclose(even[:, 2], 0, atol=1e-12)
    assert (even[:, 1] * np.sign(degrees) > -1e-9).all()
    np.testing.assert_array_equal(even[shares >= SHORT], directions[shares >= SHORT])
    turned = np.degrees(np.arctan2(even[:, 1], even[:, 0])) * np.sign(degrees)
    assert (np.diff(turned) > -1e-9).all()


def test_what_has_its_length_or_is_at_an_end_stays(rng):
    steady = np.stack([np.cos(3 * TIMES), np.sin(3 * TIMES), 0 * TIMES], axis=-1)
    np.testing.assert_array_equal(even_pace(steady, np.ones(61), TIMES), steady)
    directions, shares = split(averaged(170))
    for part in (slice(0, 30), slice(30, 61)):  # begins or ends within the turn
        np.testing.assert_array_equal(
            even_pace(directions[part], shares[part], TIMES[part]), directions[part]
        )
    np.testing.assert_array_equal(even_pace(steady, np.full(61, 0.5), TIMES), steady)  # short all the time


def test_an_absence_within_is_no_turn():
    directions, shares = split(averaged(170))
    directions[31], shares[31] = np.nan, np.nan
    np.testing.assert_array_equal(even_pace(directions, shares, TIMES), directions)


def test_a_somersault_between_poses_has_no_spike_of_speed():
    """A figure that turns over between two poses, averaged in between: no instant of turning."""
    joints = joint_set("h36m17")
    rest = np.random.default_rng(3).normal(size=(17, 3)) * 0.3
    rest[joints.root] = 0
    share = np.clip((TIMES - TURN_S[0]) / (TURN_S[1] - TURN_S[0]), 0, 1)[:, None, None]
    over = rest * [np.cos(2.9), np.cos(2.9), 1] + rest[:, [1, 0, 2]] * [-np.sin(2.9), np.sin(2.9), 0]
    motion = Motion3D(((1 - share) * rest + share * over)[None], TIMES, None, np.ones((1, 61)))
    fixed = fix_bones(motion)
    speed = np.linalg.norm(np.diff(fixed.positions[0], axis=0), axis=-1).mean(axis=-1) * 30
    whole = np.linalg.norm(rest[:, :2], axis=-1).mean() * 2.9 / (TURN_S[1] - TURN_S[0])
    assert speed.max() < 3 * whole
    places = fixed.positions[0]
    lengths = [
        np.linalg.norm(places[:, child] - places[:, parent], axis=-1) for parent, child in joints.bones
    ]
    np.testing.assert_allclose(np.std(lengths, axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(fix_bones(fixed).positions, fixed.positions, atol=1e-5)
