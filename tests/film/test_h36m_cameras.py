"""Human3.6M's calibrated cameras before motion, against the numpy camera model."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from made_motion import H36M, standing
from uplift3d.camera import normalise_screen
from uplift3d.camera import rotation_looking_at as numpy_rotation
from uplift3d.data import h36m
from uplift3d.errors import InputError
from uplift3d.film.cameras import CameraConfig
from uplift3d.film.h36m_cameras import H36MCameras, calibrated, distort, look_h36m
from uplift3d.train.config import load_config

SUBJECTS = h36m.TRAIN_SUBJECTS + h36m.TEST_SUBJECTS
EVERYBODY = H36MCameras(cameras="h36m", subjects=SUBJECTS)
CAMERAS = [camera for subject in SUBJECTS for camera in h36m.cameras(subject)]
ONE = H36MCameras(cameras="h36m", subjects=("S1",))
slopes = st.floats(-1, 1, allow_subnormal=False)


def people(windows=64, tokens=3, at=(0.4, -0.7), step=(0.0, 0.0)) -> torch.Tensor:
    """(B, N, J, 3) float64: somebody who stands at `at` on the floor and moves on by `step` per token."""
    place = np.zeros((tokens, 1, 3))
    place[:, 0, :2] = np.array(at) + (np.arange(tokens)[:, None] - tokens // 2) * np.array(step)
    return torch.from_numpy(np.repeat((standing() + place)[None], windows, 0))


def lenses():
    return calibrated(SUBJECTS, torch.device("cpu"), torch.float64)


def numpy_view(camera, world):
    """Image coordinates and positions in camera axes by the numpy camera."""
    seen = camera.to_camera(world)
    return normalise_screen(camera.project(seen), camera.image_size), seen


def camera_of(view, world, cameras):
    """Numbers (B,) of the cameras that give the views of `world` (N, J, 3), by the numpy camera."""
    images = np.stack([numpy_view(camera, world)[0] for camera in cameras])  # (C, N, J, 2)
    apart = np.abs(view.keypoints.numpy()[:, None] - images).max((2, 3, 4))  # (B, C)
    assert apart.min(1).max() < 1e-9
    assert (np.sort(apart, axis=1)[:, 1] > 1e-3).all()  # no other camera gives it
    return apart.argmin(1)


@given(st.integers(0, 27), slopes, slopes)
def test_distortion_is_the_numpy_twin_s(number, x, y):
    one = lenses().of(torch.tensor([number]))
    ours = distort(torch.tensor([x, y], dtype=torch.float64).view(1, 1, 1, 2), one.radial, one.tangential)
    want = CAMERAS[number].distortion.apply(np.array([x, y]))
    np.testing.assert_allclose(ours.view(2).numpy(), want, atol=1e-13)


def test_projection_is_the_numpy_twin_s_for_every_camera():
    world = np.random.default_rng(0).uniform([-1.5, -1.5, 0], [1.5, 1.5, 2], size=(5, 17, 3))
    ours = lenses()
    seen = ours.to_camera(torch.from_numpy(world)[None].repeat(28, 1, 1, 1))
    for number, camera in enumerate(CAMERAS):
        image, points = numpy_view(camera, world)
        np.testing.assert_allclose(seen[number].numpy(), points, atol=1e-12)
        np.testing.assert_allclose(ours.project(seen)[number].numpy(), image, atol=1e-12)


def test_every_window_has_one_of_the_cameras_and_the_motion_stays_where_it_was(random):
    world = people(2000)
    drawn = camera_of(look_h36m(world, EVERYBODY, random), world[0].numpy(), CAMERAS)
    count = np.bincount(drawn, minlength=28)
    assert count.min() > 35  # of about 71
    assert count.max() < 115


def test_only_the_named_subjects_cameras_are_drawn(random):
    world = people(200)
    drawn = camera_of(look_h36m(world, ONE, random), world[0].numpy(), h36m.cameras("S1"))
    assert sorted(set(drawn)) == [0, 1, 2, 3]


def test_the_default_are_the_training_subjects():
    assert H36MCameras(cameras="h36m").subjects == h36m.TRAIN_SUBJECTS


@pytest.mark.parametrize("axes", ["camera", "viewing_ray"])
def test_targets_are_in_the_camera_s_axes(random, axes):
    world = people(step=(0.2, 0.1))
    view = look_h36m(world, ONE, random, axes)
    cameras = h36m.cameras("S1")
    for window, number in enumerate(camera_of(view, world[0].numpy(), cameras)):
        seen = cameras[number].to_camera(world[0].numpy())
        want = seen - seen[:, :1]
        if axes == "viewing_ray":
            want = np.einsum("nij,nki->nkj", numpy_rotation(seen[:, 0]), want)
        np.testing.assert_allclose(view.targets[window].numpy(), want, atol=1e-12)


def test_people_stand_upright_in_the_picture(random):
    view = look_h36m(people(at=(0, 0)), EVERYBODY, random, "camera")
    assert view.visible.all()
    assert view.in_front.all()
    up = view.targets[:, :, H36M.index("head_top")]
    assert (up[..., 1] < -0.6).all()  # y is down
    assert (view.keypoints[:, :, H36M.index("head_top"), 1] < view.keypoints[:, :, 0, 1] - 0.2).all()


def test_visible_is_what_lies_on_the_sensor(random):
    world = people(500, tokens=9, at=(0.3, 1.0), step=(0.35, 0.2))
    view = look_h36m(world, ONE, random)
    cameras = h36m.cameras("S1")
    assert not view.visible.all()
    heights = set()
    for window, number in enumerate(camera_of(view, world[0].numpy(), cameras)):
        camera = cameras[number]
        x, y = np.moveaxis(camera.project_world(world[0].numpy()), -1, 0)
        width, height = camera.image_size
        heights.add(height)
        inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
        np.testing.assert_array_equal(view.visible[window].numpy(), inside)
    assert heights == {1000, 1002}


def test_pixels_per_metre_is_the_size_of_a_metre_at_the_pelvis(random):
    view = look_h36m(people(at=(0, 0)), ONE, random, "camera")
    hips = [H36M.index("left_hip"), H36M.index("right_hip")]
    seen = (view.keypoints[:, :, hips[0]] - view.keypoints[:, :, hips[1]]).norm(dim=-1)
    across = (view.targets[:, :, hips[0]] - view.targets[:, :, hips[1]])[..., :2].norm(dim=-1)
    torch.testing.assert_close(seen / across, view.pixels_per_metre, rtol=0.03, atol=0)


def test_the_view_knows_its_camera_and_how_far_the_pelvis_is(random):
    world = people(100, step=(0.2, 0.1))
    view = look_h36m(world, ONE, random)
    cameras = h36m.cameras("S1")
    for window, number in enumerate(camera_of(view, world[0].numpy(), cameras)):
        camera = cameras[number]
        width, height = camera.image_size
        assert view.aspect[window] == height / width
        np.testing.assert_allclose(view.intrinsics[window, :2], np.array(camera.focal_px) * 2 / width)
        centre = normalise_screen(camera.principal_point_px, camera.image_size)
        np.testing.assert_allclose(view.intrinsics[window, 2:], centre)
        depth = camera.to_camera(world[0, :, 0].numpy())[:, 2]
        np.testing.assert_allclose(view.root_depth_m[window], depth, atol=1e-12)


@pytest.mark.parametrize("at", [(12.0, 30.0), (-3.0, 15.0), (0.0, -30.0)])
def test_who_was_recorded_elsewhere_comes_into_the_room(at):
    """Unless the camera sees them where they are; nobody is lifted or turned."""
    far, here = (
        look_h36m(people(400, at=place), ONE, torch.Generator().manual_seed(0)) for place in (at, (0, 0))
    )
    moved = (far.keypoints - here.keypoints).flatten(1).abs().amax(1) < 1e-9
    assert far.in_front.all()
    assert moved.any()
    assert not moved.all()  # some camera looks that way
    torch.testing.assert_close(far.targets[moved], here.targets[moved], atol=1e-9, rtol=0)
    left = far.keypoints[~moved]
    assert left.abs().max() <= 2.5  # within 45° of the axis
    assert (far.pixels_per_metre[~moved] < 0.5 * here.pixels_per_metre[~moved]).all()


def test_a_window_is_moved_as_a_whole_so_that_its_mean_pelvis_is_over_the_middle():
    away = people(50, tokens=5, at=(100.0, -100.0), step=(0.3, 0.1))
    away[..., 2] += 0.5
    middle = people(50, tokens=5, at=(0.0, 0.0), step=(0.3, 0.1))
    middle[..., 2] += 0.5
    far, here = (look_h36m(each, ONE, torch.Generator().manual_seed(0)) for each in (away, middle))
    moved = (far.pixels_per_metre > 0.1).all(1)
    assert moved.any()
    torch.testing.assert_close(far.keypoints[moved], here.keypoints[moved], atol=1e-9, rtol=0)


def test_what_is_behind_the_camera_in_a_long_run_is_not_seen(random):
    view = look_h36m(people(100, tokens=9, at=(0, 0), step=(0, 2.0)), ONE, random)
    assert not view.in_front.all()
    assert view.in_front[:, 4].all()  # in the middle of the room
    assert not view.visible[~view.in_front].all(-1).any()
    assert view.keypoints.isfinite().all()
    assert view.keypoints.abs().max() < 5
    assert view.targets.isfinite().all()


def test_single_precision_is_precise_enough():
    double, single = (
        look_h36m(people().to(dtype), ONE, torch.Generator().manual_seed(0)).keypoints
        for dtype in (torch.float64, torch.float32)
    )
    torch.testing.assert_close(single.double(), double, atol=2e-6, rtol=0)


def read(tmp_path, camera):
    path = tmp_path / "run.yaml"
    path.write_text(f"store: a\noutput: b\nsteps: 1\nviews: {{camera: {camera}}}\n")
    return load_config(path)


def test_a_configuration_asks_for_them_by_name(tmp_path):
    assert read(tmp_path, "{cameras: h36m}").views.camera == H36MCameras(cameras="h36m")
    assert read(tmp_path, "{cameras: h36m, subjects: [S9]}").views.camera.subjects == ("S9",)
    assert read(tmp_path, "{roll_deg: 0}").views.camera == CameraConfig(roll_deg=0)
    config = read(tmp_path, "{cameras: h36m, subjects: [S1]}")
    assert type(config).model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("{cameras: kinect}", r"views\.camera\.cameras: Input should be 'h36m'"),
        ("{cameras: h36m, aspect: [1, 1]}", r"views\.camera\.aspect: unknown field"),
        ("{cameras: h36m, subjects: [S2]}", r"views\.camera\.subjects\.0: Input should be 'S1', 'S5', "),
        ("{cameras: h36m, subjects: []}", r"views\.camera\.subjects: Tuple should have at least 1 item"),
        ("{subjects: [S1]}", r"views\.camera\.subjects: unknown field"),
        ("h36m", r"views\.camera: Input should be a valid dictionary"),
    ],
)
def test_fields_of_both_kinds_do_not_mix(tmp_path, camera, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, camera)
