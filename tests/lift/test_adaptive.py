"""Looks where they pay: budgets are kept, gains are spent best first, even motion asks for nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d import Adaptive, InputError
from uplift3d.lift.adaptive import (
    CALM_S,
    GAINS_MM,
    WORTH_MM_S,
    Movement,
    as_adaptive,
    bend_at,
    cell_gains,
    more_looks,
    movement,
    recorded_interval,
    spend,
    velocity,
)
from uplift3d.tokens import TokenTrack


def track(times, poses, every=4):
    """Looks at every so many tokens; x and y are of the poses (n, J, 3), confidence is 1."""
    tokens = np.concatenate([poses[..., :2], np.ones_like(poses[..., :1])], axis=-1).astype(np.float32)
    return TokenTrack(times, tokens, np.arange(len(times)) % every == 0)


def moving(seconds=8.0, bends_at=(4.0, 6.0)):
    """Joints that go straight ahead at 0.5 m/s, and to and fro for a while."""
    times = np.arange(0, seconds + 1e-6, 0.1)
    inside = (times >= bends_at[0]) & (times <= bends_at[1])
    x = 0.5 * times + np.where(inside, 0.3 * np.sin(2 * np.pi * 1.1 * (times - bends_at[0])), 0)
    poses = np.zeros((len(times), 17, 3))
    poses[..., 0] = x[:, None]
    return times, poses


def test_even_motion_does_not_bend_however_fast():
    times = np.array([0.0, 0.4, 0.9, 1.1])
    poses = np.einsum("k,c->kc", times, [3.0, -2.0])[:, None] * np.ones((1, 17, 1))
    np.testing.assert_allclose(bend_at(times, poses), 0, atol=1e-12)
    assert bend_at(times[:2], poses[:2]).tolist() == [0, 0]


def test_the_bend_of_a_throw_is_its_acceleration():
    times = np.arange(6) * 0.4
    poses = np.zeros((6, 17, 2))
    poses[..., 1] = 0.5 * 3.0 * times[:, None] ** 2
    np.testing.assert_allclose(bend_at(times, poses), 3.0 * 0.4**2)


def test_unsure_joints_bend_less():
    times = np.arange(3) * 0.4
    poses = np.ones((3, 17, 3))
    poses[1, 0, 0] = 5.0
    sure = bend_at(times, poses)
    poses[1, 0, 2] = 0.1
    assert bend_at(times, poses)[0] < 0.2 * sure[0]


def test_looks_go_where_the_motion_bends():
    times, poses = moving()
    first = times[::4]
    how = movement(first, track(times, poses), poses)
    more = more_looks(first, [how], Adaptive(4))
    assert ((more > 3.2) & (more < 6.8)).mean() > 0.9
    assert not np.isclose(more[:, None], first).any()
    fewer = more_looks(first, [how], Adaptive())
    assert len(fewer) > 0
    assert ((fewer > 3.2) & (fewer < 6.8)).mean() > 0.9


@given(
    rate=st.floats(1.25, 10.0),
    bends=st.lists(st.floats(0, 0.5), min_size=3, max_size=40),
    people=st.integers(1, 3),
)
def test_a_budget_is_kept_and_used_up(rate, bends, people):
    adaptive = Adaptive(rate)
    times = adaptive.first_s * np.arange(len(bends) + 1)
    how = Movement(np.array(bends), np.zeros(len(bends)))
    more = more_looks(times, [how] * people, adaptive)
    allowed = max(0, round(rate * times[-1]) + 1 - len(times))
    assert len(more) <= allowed
    most = len(bends) * (2 ** len(GAINS_MM[adaptive.first_s]) - 1)
    # Halvings come in ones, twos and fours: the last look or three may not fit.
    assert len(more) >= min(allowed, most) - 3
    assert (np.diff(more) > 0).all()
    assert np.isin(np.round(more / 0.1), np.arange(1, 1000)).all()  # on the network's own tokens


def test_a_short_cell_is_not_cut_finer_than_the_network_sees():
    times = np.array([0, 0.4, 0.8, 0.97])
    gains = cell_gains(times, [Movement(np.full(3, 0.5), np.zeros(3))], 0.4)
    assert np.isfinite(gains).tolist() == [[True, True], [True, True], [True, False]]
    more = more_looks(times, [Movement(np.full(3, 0.5), np.zeros(3))], Adaptive(10))
    np.testing.assert_allclose(more, [0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.885])


def test_gains_are_spent_best_first():
    gains = np.array([[4.0, 1.0], [3.0, 2.8], [0.1, 9.0]])
    assert spend(gains, 1).tolist() == [1, 0, 0]
    assert spend(gains, 2).tolist() == [1, 1, 0]
    assert spend(gains, 4).tolist() == [1, 2, 0]
    assert spend(gains, 100).tolist() == [2, 2, 2]
    assert spend(gains * WORTH_MM_S, None).tolist() == [1, 2, 0]


def test_more_people_pay_for_a_look_that_one_does_not():
    times = np.arange(5) * 0.4
    how = Movement(np.full(4, 0.03), np.zeros(4))
    assert len(more_looks(times, [how], Adaptive())) == 0
    assert len(more_looks(times, [how] * 4, Adaptive())) > 0


def test_somebody_who_is_not_there_asks_for_nothing():
    times, poses = moving()
    part = track(times[40:], poses[40:])
    how = movement(times[::4], part, poses[40:])
    assert np.isnan(how.bend[:10]).all()
    assert np.isfinite(how.bend[10:]).all()


def test_velocity_is_the_mean_speed_of_the_joints():
    times, poses = moving(2.0, (9, 9))
    np.testing.assert_allclose(velocity(times, poses), 0.5)
    assert velocity(times[:1], poses[:1]).tolist() == [0]


def test_the_published_rule_takes_all_looks_until_it_was_calm_for_a_while():
    times = np.arange(13) * 0.4
    fastest = np.where(np.arange(12) == 3, 0.8, 0.2)
    more = more_looks(times, [Movement(np.zeros(12), fastest)], Adaptive(rule="velocity"))
    np.testing.assert_allclose((more.min(), more.max()), (1.3, times[4] + CALM_S + 0.1))
    assert len(more) == 3 * 4


def test_one_look_leaves_nothing_to_halve():
    assert len(more_looks(np.zeros(1), [], Adaptive())) == 0


def test_what_follows_the_motion_and_how_it_is_recorded():
    assert as_adaptive("adaptive") == Adaptive()
    assert as_adaptive(Adaptive(3)) == Adaptive(3)
    assert as_adaptive(0.4) is as_adaptive(None) is as_adaptive("fast") is None
    assert recorded_interval("adaptive") == "adaptive"
    assert recorded_interval(Adaptive(3)) == {"adaptive": {"looks_per_second": 3, "rule": "gain"}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"looks_per_second": 1}, r"looks_per_second is 1; accepted are 1\.25 … 10, or None"),
        ({"looks_per_second": True}, "looks_per_second is True"),
        ({"rule": "best"}, "rule is 'best'; accepted are gain, velocity"),
        ({"looks_per_second": 3, "rule": "velocity"}, "the velocity rule knows no budget"),
    ],
)
def test_impossible_ways_of_looking_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Adaptive(**arguments)
