"""Files in world axes: what numbers they hold, and that every reader gets the motion back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from footsteps import HIP_M, STEP_M, STEP_S, steps
from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion
from uplift3d.export.world import WORLD_FORMATS, from_world, to_world
from uplift3d.post import find_up, joint_angles, z_up_world
from uplift3d.post.ground import with_up
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

LEFT, RIGHT = (joint_set("h36m21").index(f"{side}_hip") for side in ("left", "right"))


def seen_by_a_tilted_camera(degrees=20.0, roll=7.0):
    """A walk on level ground before a camera that looks down and is rolled."""
    motion = steps()
    turn = matrix_about_axis("Z", np.radians(roll)) @ matrix_about_axis("X", np.radians(degrees))
    sigma = np.full(motion.positions.shape[:3], 0.05, np.float32)
    return replace(
        motion,
        positions=motion.positions @ turn.T,
        root=motion.root @ turn.T,
        sigma_m=sigma,
        people=np.array([4]),
    )


def test_a_walker_goes_straight_on_level_ground_with_z_up(tmp_path):
    """The numbers themselves, as a program without uplift3d reads them."""
    motion = seen_by_a_tilted_camera()
    with np.load(save_motion(tmp_path / "walk.npz", motion, axes="world")) as file:
        positions, root, meta = file["positions"], file["root"], json.loads(str(file["meta"]))
    assert meta["axes"].startswith("world axes: x right and y away as the camera sees it, z up")
    np.testing.assert_allclose(root[0, 0, :2], 0, atol=1e-6)
    np.testing.assert_allclose(root[0, :, 2], HIP_M, atol=0.06)  # up is found to a degree, over 5 m of way
    way = root[0, -1] - root[0, 0]
    np.testing.assert_allclose(way[:2] / np.linalg.norm(way), [np.sqrt(0.5)] * 2, atol=0.02)  # right and away
    assert np.linalg.norm(way) / motion.times[-1] == pytest.approx(STEP_M / STEP_S, rel=0.01)
    places = positions[0] + root[0, :, None]
    assert places[..., 2].min() == pytest.approx(0, abs=0.03)
    assert places[:, joint_set("h36m21").index("head_top"), 2].min() > 1.4
    # Left is to the left of somebody who goes along the way, and toes are ahead of heels.
    left = np.cross([0, 0, 1], way / np.linalg.norm(way))
    np.testing.assert_allclose((positions[0, :, LEFT] - positions[0, :, RIGHT]) @ left, 0.2, atol=0.01)
    toe, heel = (joint_set("h36m21").index(f"left_{part}") for part in ("toe", "heel"))
    assert ((positions[0, :, toe] - positions[0, :, heel]) @ way > 0).all()


def test_the_world_is_that_of_z_up_world():
    motion = seen_by_a_tilted_camera()
    world = to_world(motion)
    np.testing.assert_allclose(world.positions + world.root[:, :, None], z_up_world(motion), atol=1e-5)


@pytest.mark.parametrize("suffix", [".npz", ".json", ".parquet"])
@pytest.mark.parametrize("with_root", [True, False])
def test_reading_gives_the_cameras_axes_again(tmp_path, suffix, with_root):
    motion = replace(seen_by_a_tilted_camera(), meta={"axes": "camera axes: mine", "made_by": "me"})
    motion = motion if with_root else replace(motion, root=None)
    again = load_motion(save_motion(tmp_path / f"walk{suffix}", motion, axes="world"))
    np.testing.assert_allclose(again.positions, motion.positions, atol=1e-6)
    if with_root:
        np.testing.assert_allclose(again.root, motion.root, atol=2e-6)
    else:
        assert again.root is None
    np.testing.assert_array_equal(again.sigma_m, motion.sigma_m)
    np.testing.assert_array_equal(again.people, [4])
    assert again.meta["axes"] == "camera axes: mine"
    assert "world" not in again.meta
    assert "level" not in again.meta
    second = load_motion(save_motion(tmp_path / f"again{suffix}", again, axes="world"))
    np.testing.assert_allclose(second.positions, motion.positions, atol=2e-6)


def test_a_csv_says_its_axes_in_its_columns_and_comes_back_level(tmp_path):
    motion = seen_by_a_tilted_camera()
    path = save_motion(tmp_path / "walk.csv", motion, axes="world")
    assert path.read_text().splitlines()[0] == (
        "person,time_s,joint,x_world_m,y_world_m,z_world_m,observed,root_x_world_m,root_y_world_m,root_z_world_m,"
        "sigma_m"
    )
    again = load_motion(path)
    assert again.meta["level"] is True
    np.testing.assert_allclose(find_up(again).direction, [0, -1, 0], atol=0.02)
    np.testing.assert_allclose(z_up_world(again), z_up_world(motion), atol=1e-4)
    for name in ("left_knee_flexion", "trunk_lean", "right_hip_flexion"):
        np.testing.assert_allclose(
            joint_angles(again).of(name), joint_angles(motion).of(name), atol=0.01, err_msg=name
        )


@pytest.mark.parametrize("suffix", WORLD_FORMATS)
def test_what_is_made_of_either_file_is_the_same(tmp_path, suffix):
    motion = seen_by_a_tilted_camera()
    made = []
    for axes in ("camera", "world"):
        read = load_motion(save_motion(tmp_path / f"{axes}{suffix}", motion, axes=axes))
        made.append(load_motion(save_motion(tmp_path / f"{axes}.c3d", read)))
    np.testing.assert_allclose(made[1].positions, made[0].positions, atol=2e-5)
    np.testing.assert_allclose(made[1].root, made[0].root, atol=2e-5)


def test_absences_stay_absences(tmp_path, walk):
    again = load_motion(save_motion(tmp_path / "walk.npz", walk, axes="world"))
    np.testing.assert_array_equal(again.present, walk.present)
    nobody = replace(walk, positions=np.full_like(walk.positions, np.nan), observed=walk.observed & False)
    assert not load_motion(save_motion(tmp_path / "nobody.npz", nobody, axes="world")).present.any()
    assert len(load_motion(save_motion(tmp_path / "empty.npz", walk[:0], axes="world"))) == 0


def test_other_formats_and_axes_are_refused(tmp_path, walk):
    with pytest.raises(InputError, match=r"walk\.bvh has axes of its own; they can be chosen for \.npz"):
        save_motion(tmp_path / "walk.bvh", walk, axes="world")
    with pytest.raises(InputError, match="axes 'room' given; accepted are camera, world"):
        save_motion(tmp_path / "walk.npz", walk, axes="room")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "noted",
    [
        7,
        {"R_camera_world": np.eye(3).tolist()},
        {"R_camera_world": np.diag([1, 1, -1]).tolist(), "t_camera_world": [0, 0, 0]},
        {"R_camera_world": np.ones((3, 3)).tolist(), "t_camera_world": [0, 0, 0]},
        {"R_camera_world": np.eye(3).tolist(), "t_camera_world": [0, 0, "far"]},
        {"R_camera_world": np.eye(3).tolist(), "t_camera_world": [0, 0]},
    ],
)
def test_a_damaged_pose_of_the_camera_is_named(tmp_path, walk, noted):
    path = save_motion(tmp_path / "walk.json", replace(walk, meta={"world": noted}))
    with pytest.raises(InputError, match=r"walk\.json: meta 'world' does not say how the camera stood"):
        load_motion(path)


def test_a_motion_that_is_in_no_world_stays_as_it_is(walk):
    assert from_world(walk) is walk


def test_the_up_that_a_file_notes_is_in_the_axes_of_the_file():
    walk = with_up(steps(lean_deg=10))
    world = to_world(walk)
    assert world.meta["up"] == [0, 0, 1]
    np.testing.assert_allclose(from_world(world).meta["up"], walk.meta["up"], atol=2e-6)
    assert "up" not in from_world(to_world(steps())).meta
