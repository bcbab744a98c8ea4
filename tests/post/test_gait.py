"""Steps of a walk that is known."""

from dataclasses import replace

import numpy as np
import pytest

from footsteps import STEP_M, STEP_S, steps
from uplift3d.errors import InputError
from uplift3d.export import load_steps, save_steps
from uplift3d.post import find_steps
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

UP = (0, -1, 0)


@pytest.mark.parametrize("known_root", [True, False])
def test_steps_have_the_time_and_length_that_were_walked(known_root):
    walk = steps(count=10)
    found = find_steps(walk if known_root else replace(walk, root=None), UP)
    assert len(found) >= 7
    assert [step.side for step in found[:4]] in (["left", "right"] * 2, ["right", "left"] * 2)
    for step in found[1:-1]:
        assert step.person == 0
        assert step.time_s == pytest.approx(STEP_S, abs=0.03)
        assert step.length_m == pytest.approx(STEP_M, abs=0.08)
        assert step.speed_m_per_s == pytest.approx(STEP_M / STEP_S, abs=0.15)
        # The foot swings in the second half of a step, and lands at its end.
        assert step.toe_off_s - step.start_s == pytest.approx(STEP_S / 2, abs=0.1)
        assert step.heel_strike_s % STEP_S == pytest.approx(STEP_S, abs=0.08)


def test_whoever_stands_makes_no_step_and_a_tilted_camera_makes_no_difference():
    walk = steps(count=6)
    still = replace(walk, positions=np.repeat(walk.positions[:, :1], len(walk), axis=1))
    assert find_steps(still, UP) == []
    assert find_steps(walk[:1], UP) == []
    turn = matrix_about_axis("X", np.radians(20))
    tilted = replace(walk, positions=walk.positions @ turn.T, root=walk.root @ turn.T)
    straight, turned = find_steps(walk, UP), find_steps(tilted, turn @ UP)
    np.testing.assert_allclose(
        [step.length_m for step in turned], [step.length_m for step in straight], atol=1e-3
    )


def test_absences_cut_and_walking_backwards_is_walking():
    walk = steps(count=8)
    back = replace(walk, positions=walk.positions[:, ::-1], root=walk.root[:, ::-1])
    assert all(step.length_m == pytest.approx(STEP_M, abs=0.1) for step in find_steps(back, UP)[1:-1])
    gap = walk.positions.copy()
    gap[:, 100:130] = np.nan
    found = find_steps(replace(walk, positions=gap), UP)
    assert not any(step.start_s < 2.0 < step.heel_strike_s for step in found)


def test_feet_are_needed(walk):
    with pytest.raises(InputError, match="steps need heels and toes; joint set 'h36m17' has no left_heel"):
        find_steps(walk)


def test_a_table_of_steps_is_read_again(tmp_path):
    found = find_steps(steps(count=8), UP)
    found[0] = found[0]._replace(toe_off_s=float("nan"))
    again = load_steps(save_steps(tmp_path / "steps.csv", found))
    assert [(step.person, step.side) for step in again] == [(step.person, step.side) for step in found]
    np.testing.assert_allclose([step[2:] for step in again], [step[2:] for step in found], atol=1e-4)
    save_steps(tmp_path / "none.csv", [])
    assert load_steps(tmp_path / "none.csv") == []
    with pytest.raises(InputError, match=r"must end in \.csv"):
        save_steps(tmp_path / "steps.txt", found)
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="not a table of steps, whose columns are person, side"):
        load_steps(tmp_path / "other.csv")
    (tmp_path / "bad.csv").write_text((tmp_path / "none.csv").read_text() + "x,left,1,2,3,4,5,6\n")
    with pytest.raises(InputError, match="not a table of steps"):
        load_steps(tmp_path / "bad.csv")


def at(walk, times):
    """The walk at other times, by straight lines, and present at all of them."""
    every = walk.times

    def taken(values):
        flat = values.reshape(len(every), -1)
        rows = np.stack([np.interp(times, every, column) for column in flat.T], axis=1)
        return rows.reshape(1, len(times), *values.shape[1:])

    observed = np.ones((1, len(times)), dtype=bool)
    return replace(
        walk,
        positions=taken(walk.positions[0]),
        root=taken(walk.root[0]),
        times=times,
        observed=observed,
    )


@pytest.mark.parametrize(
    "times",
    [
        np.concatenate([np.arange(0, 3, 1 / 60), np.arange(3, 6, 1 / 15)]),
        np.sort(np.concatenate([np.arange(0, 6, 0.04), np.arange(0, 6, 0.04) + 0.002])),
    ],
    ids=["another rate", "pairs"],
)
def test_uneven_times_make_no_other_steps(times):
    walk = steps(count=10)
    even, uneven = find_steps(walk, UP), find_steps(at(walk, times[times <= walk.times[-1]]), UP)
    assert [step.side for step in uneven] == [step.side for step in even]
    for one, other in zip(even[:-1], uneven[:-1], strict=True):
        assert other.heel_strike_s == pytest.approx(one.heel_strike_s, abs=0.02)
        assert other.length_m == pytest.approx(one.length_m, abs=0.03)


def test_no_step_leads_over_a_leap_of_the_times():
    walk = steps(count=16)
    kept = (walk.times < 4.0) | (walk.times > 5.3)
    found = find_steps(at(walk, walk.times[kept]), UP)
    assert len(found) >= 8
    assert not [step for step in found if step.start_s < 4.0 < step.heel_strike_s]
    for step in found:
        assert step.length_m == pytest.approx(STEP_M, abs=0.08)


def test_steps_add_up_to_the_way():
    walk = steps(count=12)
    found = find_steps(walk, UP)[1:-1]
    seconds = found[-1].heel_strike_s - found[0].start_s
    assert sum(step.length_m for step in found) / seconds == pytest.approx(STEP_M / STEP_S, rel=0.01)


def test_a_foot_that_trembles_after_its_strike_makes_no_step_of_its_own():
    walk = steps(count=10)
    plain = find_steps(walk, UP)
    strike_s = next(step.heel_strike_s for step in plain[2:] if step.side == "left")
    bump_m = 0.38 * np.exp(-(((walk.times - strike_s - 0.38) / 0.05) ** 2))
    positions = np.array(walk.positions)
    heel = joint_set(walk.joints).index("left_heel")
    positions[0, :, heel] += bump_m[:, None] * np.array([1, 0, 1]) / np.sqrt(2)
    found = find_steps(replace(walk, positions=positions), UP)
    assert [step.side for step in found] == [step.side for step in plain]
    for one, other in zip(plain, found, strict=True):
        assert other.heel_strike_s == pytest.approx(one.heel_strike_s, abs=0.02)
