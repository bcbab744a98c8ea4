"""Which way is up, for people who walk before a camera that looks down."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.post import find_up
from uplift3d.rotations import matrix_about_axis
from uplift3d.types import Motion3D


def tilted(motion, degrees, axis="X"):
    turn = matrix_about_axis(axis, np.radians(degrees))
    return replace(motion, positions=motion.positions @ turn.T), turn @ [0, -1, 0]


@pytest.mark.parametrize("axis", ["X", "Z"])
@pytest.mark.parametrize("degrees", [-40, -10, 0, 25])
def test_standing_people_tell_up(walk, degrees, axis):
    motion, up = tilted(walk, degrees, axis)
    found = find_up(motion)
    np.testing.assert_allclose(found.direction, up, atol=0.02)
    assert found.spread_deg < 5


def test_bending_down_for_a_while_does_not_matter(walk):
    bent = walk.positions.copy()
    bent[:, :20, 7:] = bent[:, :20, 7:] @ matrix_about_axis("X", 1.2).T
    found = find_up(replace(walk, positions=bent))
    assert np.degrees(np.arccos(-found.direction[1])) < 4


def test_people_who_lie_say_nothing(walk):
    lying, _ = tilted(walk, 90, "Z")
    found = find_up(lying)
    assert found.direction.tolist() == [0, -1, 0]
    assert np.isnan(found.spread_deg)
    coco = Motion3D(np.ones((1, 2, 17, 3)), [0.0, 1.0], None, np.ones((1, 2)), joints="coco17")
    assert find_up(coco).direction.tolist() == [0, -1, 0]  # without a neck


@given(seed=st.integers(0, 50))
def test_up_is_a_unit_vector_whatever_the_poses(seed):
    positions = np.random.default_rng(seed).normal(size=(1, 5, 17, 3))
    motion = Motion3D(positions, np.arange(5.0), None, np.ones((1, 5)))
    assert np.linalg.norm(find_up(motion).direction) == pytest.approx(1)
