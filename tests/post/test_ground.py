"""Which way is up and where the ground is, for people who walk before a camera that looks down."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footsteps import steps
from uplift3d.errors import UpliftWarning
from uplift3d.export import load_motion, save_motion
from uplift3d.post import ANGLES, Up, find_up, joint_angles, level, on_the_ground, z_up_world
from uplift3d.post.ground import with_up
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


def test_where_feet_stand_tells_more_than_a_leaning_person():
    leaning = steps(lean_deg=12)
    alone = find_up(replace(leaning, root=None)).direction
    assert np.degrees(np.arccos(-alone[1])) > 4
    both = find_up(leaning).direction
    assert np.degrees(np.arccos(-both[1])) < 0.5 * np.degrees(np.arccos(-alone[1]))


def test_somebody_on_a_wall_does_not_tilt_the_ground():
    one = steps()
    together = replace(
        one,
        positions=np.concatenate([one.positions, one.positions]),
        root=np.concatenate([one.root, one.root + np.array([2.0, -2.0, 1.0])]),
        observed=np.concatenate([one.observed, one.observed]),
        people=np.array([0, 1]),
    )
    assert find_up(together).direction == pytest.approx(find_up(one).direction, abs=0.01)


@pytest.mark.parametrize("drop_m", [0.8, 2.0])
def test_somebody_who_jumps_from_a_wall_does_not_tilt_the_ground(drop_m):
    one = steps(count=10)
    lower = np.array([0, drop_m, 0]) * (np.arange(len(one)) > len(one) // 2)[:, None]
    jumped = find_up(replace(one, root=one.root + lower)).direction
    assert np.degrees(np.arccos(-jumped[1])) < 2  # one level for all of it: 11° and 7°


@pytest.mark.parametrize(("off_deg", "believed"), [(8, True), (20, False)])
def test_ground_far_from_what_posture_says_is_not_believed(monkeypatch, off_deg, believed):
    ahead, angle = np.array([1, 0, 1]) / np.sqrt(2), np.radians(off_deg)  # the way that is walked
    direction = np.sin(angle) * ahead - np.cos(angle) * np.array([0, 1.0, 0])
    monkeypatch.setattr("uplift3d.post.ground.posture_up", lambda motion: Up(direction, 3.0))
    off = np.degrees(np.arccos(-find_up(steps()).direction[1]))
    assert off < 0.5 * off_deg if believed else off == pytest.approx(off_deg)


@pytest.mark.parametrize("degrees", [-25, 10])
def test_a_tilted_camera_is_levelled_once(degrees):
    motion, _ = tilted(steps(), degrees)
    turn = matrix_about_axis("X", np.radians(degrees))
    motion = replace(motion, root=motion.root @ turn.T)
    straight = level(motion)
    assert find_up(straight).direction == pytest.approx([0, -1, 0], abs=1e-3)
    assert level(straight) is straight
    np.testing.assert_allclose(straight.positions, steps().positions, atol=0.03)


def test_everybody_stands_on_the_ground_and_starts_above_the_origin():
    world = z_up_world(tilted(steps(), 15)[0])
    assert world[0, :, :, 2].min() == pytest.approx(0, abs=0.03)
    np.testing.assert_allclose(world[0, 0, 0, :2], 0, atol=1e-6)
    assert world[0, 0, 10, 2] > 1.5
    placed = on_the_ground(replace(steps(), root=None))
    assert placed.root is not None
    np.testing.assert_allclose(placed.root[0, :, [0, 2]], 0)


@pytest.mark.parametrize("degrees", [0, 20, 40])
def test_up_of_a_level_motion_is_known_however_people_lean(degrees):
    leaning = replace(steps(lean_deg=degrees), meta={"level": True})
    assert find_up(leaning).direction.tolist() == [0, -1, 0]
    lean = np.nanmedian(joint_angles(leaning).degrees[0, :, ANGLES.index("trunk_lean")])
    upright = np.nanmedian(joint_angles(steps(), up=(0, -1, 0)).degrees[0, :, ANGLES.index("trunk_lean")])
    assert 0.7 * degrees <= abs(lean - upright) <= degrees  # the trunk's joints do not all lean alike


def test_one_person_has_the_up_of_all(walk):
    leaning = replace(
        walk, positions=np.concatenate([walk.positions[:1], tilted(walk, 25, "Z")[0].positions[1:]])
    )
    noted = with_up(leaning)
    alone = noted.select(noted.people[1:])
    np.testing.assert_allclose(find_up(alone).direction, find_up(leaning).direction, atol=1e-5)
    assert find_up(leaning.select(leaning.people[1:])).direction @ find_up(alone).direction < np.cos(
        np.radians(5)
    )
    assert "up" not in level(noted).meta  # whose axes are others


@pytest.mark.parametrize(
    "noted", ["a", [0, 0, 0], [1, 2], [float("nan")] * 3, None, [10**400, 0, 0], {"x": 1}]
)
def test_an_up_that_is_none_is_found_anew(walk, noted):
    strange = replace(walk, meta={"up": noted})
    np.testing.assert_array_equal(find_up(strange).direction, find_up(walk).direction)


def test_a_place_that_is_unknown_for_a_time_is_between_the_known_ones():
    walk = steps()
    root = np.array(walk.root)
    root[0, 10:20] = root[0, :3] = np.nan
    with pytest.warns(UpliftWarning, match=r"unknown in \d+ % of the poses \(people 0\)"):
        placed = on_the_ground(replace(walk, root=root))
    assert np.isfinite(placed.root).all()
    np.testing.assert_allclose(placed.root[0, 3:10], on_the_ground(walk).root[0, 3:10], atol=0.2)
    step_m = np.linalg.norm(np.diff(placed.root[0, 9:21], axis=0), axis=-1)
    np.testing.assert_allclose(step_m, step_m.mean(), rtol=1e-3)
    np.testing.assert_array_equal(placed.root[0, :3], placed.root[0, [3] * 3])


@pytest.mark.parametrize("suffix", ["c3d", "glb", "bvh", "trc"])
def test_no_pose_is_lost_where_a_place_is_unknown(tmp_path, suffix):
    walk = steps()
    root = np.array(walk.root)
    root[0, ::2] = np.nan
    with pytest.warns(UpliftWarning, match="put between the places that are known"):
        path = save_motion(tmp_path / f"walk.{suffix}", replace(walk, root=root))
    assert load_motion(path).present.sum() == len(walk)
