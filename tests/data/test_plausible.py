import re
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data.plausible import (
    check_places,
    doubts,
    leg_length,
    measured_gravity,
    unit_by_size,
)
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

SET = joint_set("h36m21")


def standing(frames=100):
    """Somebody 0.86 m from hip to ankle who stands still."""
    heights = {"hip": 0.94, "knee": 0.5, "ankle": 0.08, "heel": 0.02, "toe": 0.02}
    pose = np.zeros((len(SET), 3))
    pose[:, 2] = [heights.get(joint.split("_")[-1], 1.2) for joint in SET.joints]
    return np.repeat(pose[None], frames, axis=0)


def jump(gravity, rate=50.0):
    """Up at 3 m/s from 1 s on, down again to the floor."""
    time = np.arange(150) / rate - 1
    lift = np.where((time > 0) & (time < 6 / gravity), 3 * time - gravity / 2 * time**2, 0)
    motion = standing(150)
    motion[..., 2] += lift[:, None]
    return motion


def test_people_as_they_are_raise_no_doubt():
    assert doubts(standing(), 50.0) == []
    assert doubts(jump(9.81), 50.0) == []
    assert measured_gravity(standing(), 50.0) is None


def on_a_step(rate=50.0):
    """Up a step of 0.3 m, a second there, and down again."""
    time = np.arange(150) / rate
    motion = standing(150)
    motion[..., 2] += 0.3 * np.clip(np.minimum((time - 0.6) / 0.2, (2.0 - time) / 0.2), 0, 1)[:, None]
    return motion


def test_a_step_is_no_jump():
    assert measured_gravity(on_a_step(), 50.0) is None
    assert doubts(on_a_step(), 50.0) == []


def test_heads_that_are_not_always_known_raise_no_doubt():
    motion = standing()
    motion[3:50, SET.index("head")] = np.nan
    assert doubts(motion, 50.0) == []


@pytest.mark.parametrize("gravity", [6.0, 9.81, 14.0])
def test_gravity_is_measured_in_flight(gravity):
    assert measured_gravity(jump(gravity), 50.0) == pytest.approx(gravity, rel=0.02)


@pytest.mark.parametrize(
    ("motion", "rate", "message"),
    [
        (
            jump(9.81),
            100.0,
            r"jumps fall at 39\.\d m/s² instead of 9\.8; is the frame rate right \(--rate\)\?",
        ),
        (10 * standing(), 50.0, r"the legs are 8\.60 m long; is the unit"),
        (standing()[..., [0, 2, 1]], 50.0, r"nobody is ever upright; is the vertical axis right\?"),
        (standing() * [1, 1, -1], 50.0, r"nobody is ever upright"),
        (standing() + np.arange(100)[:, None, None] * [0.3, 0, 0], 50.0, r"the pelvis moves at 15\.0 m/s"),
    ],
)
def test_what_looks_wrong_is_said(motion, rate, message):
    said = "; ".join(doubts(motion, rate))
    assert re.search(message, said), said


def test_the_unit_that_makes_a_person():
    assert leg_length(standing()) == pytest.approx(0.86)
    for unit, scale in (("metres", 1), ("centimetres", 100), ("inches", 1 / 0.0254), ("millimetres", 1000)):
        assert unit_by_size(standing() * scale)[0] == unit
    assert unit_by_size(standing() * 10) is None


@pytest.mark.parametrize(("scale", "legs"), [(1000, "860"), (100, "86"), (1 / 0.0254, "33.9")])
def test_nobody_has_such_legs(scale, legs):
    with pytest.raises(
        InputError, match=rf"a\.bvh: the legs are {legs} m long; is the unit of length right\?"
    ):
        check_places(scale * standing(), Path("a.bvh"))


@pytest.mark.parametrize(("value", "message"), [(np.nan, "pelvis is not known"), (1e6, "unit of length")])
def test_nobody_is_nowhere(value, message):
    motion = standing()
    motion[3, 0, 0] = value
    with pytest.raises(InputError, match=message):
        check_places(motion, Path("a.bvh"))
