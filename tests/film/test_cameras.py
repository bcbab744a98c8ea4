import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from made_motion import H36M, standing
from uplift3d.camera import rotation_looking_at as numpy_rotation
from uplift3d.film.cameras import STRONGEST_BARREL, CameraConfig, bend_radially, look, rotation_looking_at

STRAIGHT = CameraConfig(
    elevation_deg=(0, 0),
    roll_deg=0,
    off_centre=0,
    field_of_view_deg=(60, 60),
    aspect=(1, 1),
    person_height=(0.5, 0.5),
)
directions = st.tuples(*[st.floats(-1, 1)] * 2, st.floats(0.1, 1)).map(np.array)


def people(batch: int = 64, tokens: int = 3) -> torch.Tensor:
    """(B, N, J, 3): the same standing person everywhere, turned to all sides and displaced."""
    turn = torch.linspace(0, 2 * math.pi, batch)
    zero, one = torch.zeros(batch), torch.ones(batch)
    rows = [turn.cos(), -turn.sin(), zero, turn.sin(), turn.cos(), zero, zero, zero, one]
    rotation = torch.stack(rows, -1).view(batch, 3, 3)
    pose = torch.from_numpy(standing()).float()
    return (pose @ rotation.transpose(1, 2))[:, None].repeat(1, tokens, 1, 1) + torch.tensor([3.0, -2.0, 0.0])


@given(directions)
def test_the_rotation_is_the_numpy_twin_s(direction):
    ours = rotation_looking_at(torch.from_numpy(direction)).numpy()
    np.testing.assert_allclose(ours, numpy_rotation(direction), atol=1e-12)


@given(directions)
def test_rotations_are_orthonormal_and_bring_z_onto_the_ray(direction):
    rotation = rotation_looking_at(torch.from_numpy(direction)).numpy()
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(rotation @ [0, 0, 1], direction / np.linalg.norm(direction), atol=1e-12)
    assert rotation[1, 0] == 0  # x stays in the image's horizontal


def test_the_draws_are_those_of_earlier_runs(random):
    """Stored once; a run that goes on must see what it would have seen."""
    view = look(torch.from_numpy(standing()).float().repeat(2, 1, 1, 1), CameraConfig(), random)
    head_top = view.keypoints[:, 0, H36M.index("head_top")]
    stored = {
        "head_top": [[-0.285280, -0.215647], [0.260833, -0.030164]],
        "focal": [1.928667, 1.471149],
        "aspect": [0.610830, 0.643201],
    }
    for name, drawn in (("head_top", head_top), ("focal", view.intrinsics[:, 0]), ("aspect", view.aspect)):
        torch.testing.assert_close(drawn, torch.tensor(stored[name]), atol=5e-6, rtol=0)


def test_a_person_at_the_image_centre_is_seen_straight(random):
    view = look(people(), STRAIGHT, random)
    assert view.keypoints[:, :, 0].abs().max() < 1e-5
    camera = look(people(), STRAIGHT, torch.Generator().manual_seed(0), axes="camera")
    torch.testing.assert_close(view.targets, camera.targets, atol=1e-5, rtol=0)
    head_top = view.targets[:, :, H36M.index("head_top")]
    assert (head_top[..., 1] < -0.7).all()  # up is -y
    torch.testing.assert_close(head_top[..., [0, 2]], torch.zeros(64, 3, 2), atol=1e-5, rtol=0)


def test_the_image_is_the_pinhole_projection_of_the_targets(random):
    view = look(people(), STRAIGHT, random)
    focal = 1 / math.tan(math.radians(30))
    distance = focal * 1.7 / (2 * 0.5)  # 1.7 m over half of the image's height, which is 2 units
    points = view.targets + torch.tensor([0, 0, distance])
    torch.testing.assert_close(view.keypoints, points[..., :2] / points[..., 2:] * focal, atol=1e-4, rtol=0)
    torch.testing.assert_close(view.pixels_per_metre, torch.full((64, 3), focal / distance))
    assert view.visible.all()
    assert view.in_front.all()


def test_targets_are_camera_differences_turned_onto_the_ray(random):
    """What stands in viewing-ray axes must be where the camera sees it: on rays through the 2D joints."""
    config = CameraConfig(field_of_view_deg=(60, 60), aspect=(1, 1))
    view = look(people(), config, random)
    focal = 1 / math.tan(math.radians(30))
    rays = torch.cat([view.keypoints / focal, torch.ones(64, 3, 17, 1)], dim=-1)
    to_camera = rotation_looking_at(rays[:, :, 0])
    difference = torch.einsum("bnij,bnkj->bnki", to_camera, view.targets)
    depth = focal / view.pixels_per_metre
    points = rays[:, :, :1] * depth[..., None, None] + difference
    torch.testing.assert_close(points[..., :2] / points[..., 2:] * focal, view.keypoints, atol=2e-4, rtol=0)


def test_targets_keep_lengths_and_handedness(random):
    positions = people()
    view = look(positions, CameraConfig(), random)
    torch.testing.assert_close(
        torch.cdist(view.targets, view.targets), torch.cdist(positions, positions), atol=1e-3, rtol=0
    )
    corners = [H36M.index(name) for name in ("left_hip", "neck", "left_wrist")]
    centred = positions - positions[:, :, :1]
    volume, expected = (torch.linalg.det(pose[:, :, corners]) for pose in (view.targets, centred))
    assert expected.abs().min() > 1e-3
    torch.testing.assert_close(volume, expected, atol=1e-5, rtol=0)


def test_whoever_faces_the_camera_has_the_left_hand_at_the_right_of_the_image(random):
    view = look(people(), STRAIGHT, random)
    left, right = H36M.index("left_shoulder"), H36M.index("right_shoulder")
    wrists = [H36M.index("left_wrist"), H36M.index("right_wrist")]
    towards = view.targets[:, :, wrists, 2].mean(-1) < -0.03  # they hang in front of the body
    assert 0.1 < towards.float().mean() < 0.5
    assert (view.keypoints[:, :, left, 0] > view.keypoints[:, :, right, 0])[towards].all()


@pytest.mark.parametrize("elevation", [-10, 0, 45])
def test_elevation_is_the_angle_from_which_the_person_is_seen(random, elevation):
    config = STRAIGHT.model_copy(update={"elevation_deg": (elevation, elevation)})
    view = look(people(), config, random)
    up = view.targets[:, :, H36M.index("head_top")]
    angle = torch.rad2deg(torch.atan2(-up[..., 2], -up[..., 1]))  # the head leans towards a camera above
    torch.testing.assert_close(angle, torch.full_like(angle, elevation), atol=0.01, rtol=0)


def test_drawn_elevations_fill_their_range(random):
    config = STRAIGHT.model_copy(update={"elevation_deg": (-10, 45)})
    up = look(people(2000, 1), config, random).targets[:, 0, H36M.index("head_top")]
    angle = torch.rad2deg(torch.atan2(-up[..., 2], -up[..., 1]))
    assert -10.01 < angle.min() < -9
    assert 44 < angle.max() < 45.01
    assert angle.mean().item() == pytest.approx(17.5, abs=1.5)


def test_roll_turns_the_image(random):
    config = STRAIGHT.model_copy(update={"roll_deg": 5.0})
    up = look(people(4000, 1), config, random).targets[:, 0, H36M.index("head_top")]
    assert torch.rad2deg(torch.atan2(up[:, 0], -up[:, 1])).std().item() == pytest.approx(5, abs=0.3)


def test_people_stand_off_centre_and_leave_the_image(random):
    config = CameraConfig(off_centre=0.7, aspect=(0.5, 0.5), person_height=(0.9, 1.1))
    view = look(people(2000, 1), config, random)
    x, y = view.keypoints[:, 0, 0].unbind(-1)
    assert x.abs().max().item() == pytest.approx(0.7, abs=0.01)
    assert y.abs().max().item() == pytest.approx(0.35, abs=0.01)
    share = view.visible.float().mean()
    assert 0.5 < share < 0.95


def test_nothing_is_seen_of_who_has_walked_behind_the_camera(random):
    positions = people(8, 2)
    positions[:, 1] += torch.tensor([0.0, 40.0, 0.0])
    view = look(positions, STRAIGHT, random)
    behind = ~view.in_front
    assert behind.any()
    assert view.in_front.any()
    assert not view.visible[~view.in_front].all(-1).any()
    assert view.keypoints.isfinite().all()


def test_the_camera_keeps_its_distance(random):
    config = CameraConfig(nearest_m=5.0, off_centre=0, field_of_view_deg=(30, 30))
    view = look(people(), config, random)
    focal = 1 / math.tan(math.radians(15))
    assert (focal / view.pixels_per_metre).min().item() >= 5 - 1e-4


def test_a_lens_moves_the_edge_by_its_share_and_leaves_the_centre():
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, -0.5]]).view(1, 1, 3, 2)
    bent = bend_radially(points, torch.tensor([-0.1]))
    expected = torch.tensor([[0.0, 0.0], [0.9, 0.0], [0.0, -0.5 * (1 - 0.1 * 0.25)]]).view(1, 1, 3, 2)
    torch.testing.assert_close(bent, expected)


@given(st.floats(STRONGEST_BARREL, 0.3))
def test_no_lens_makes_points_change_places(bend):
    radii = torch.linspace(0, 4, 400)
    points = torch.stack([radii, torch.zeros_like(radii)], -1).view(1, 1, -1, 2)
    bent = bend_radially(points, torch.tensor([bend], dtype=torch.float32))[0, 0, :, 0]
    assert (bent.diff() > 0).all()


def test_a_bent_view_shows_the_same_person_elsewhere(random):
    """The targets are the true ones: the network learns to see through the lens."""
    straight = look(people(), STRAIGHT, torch.Generator().manual_seed(3))
    bent = look(
        people(), STRAIGHT.model_copy(update={"lens_bend": (-0.1, -0.1)}), torch.Generator().manual_seed(3)
    )
    torch.testing.assert_close(bent.targets, straight.targets)
    assert 1e-3 < (bent.keypoints - straight.keypoints).abs().max() < 0.2
    assert (bent.keypoints.norm(dim=-1) <= straight.keypoints.norm(dim=-1) + 1e-6).all()


def test_a_lens_that_folds_the_image_is_refused():
    with pytest.raises(ValueError, match=r"from -0.4 to 0 given, nothing below -0.15 is modelled"):
        CameraConfig(lens_bend=(-0.4, 0))
