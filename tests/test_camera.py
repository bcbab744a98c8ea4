"""Laws of the camera: round trips, orthonormal rotations, mirror symmetry, and a few values known by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from uplift3d.camera import (
    Camera,
    Distortion,
    normalise_intrinsics,
    normalise_screen,
    pixels_from_screen,
    rotation_looking_at,
)
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_from_rotation_vector

# Order of magnitude of a real Human3.6M calibration (1000 × 1002 pixels).
LENS = Distortion(radial=(-0.2, 0.24, -0.003), tangential=(-0.001, -0.0014))
CENTRE = (512.0, 515.0)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def points(depth_m: tuple[float, float] = (1.0, 20.0)) -> st.SearchStrategy[np.ndarray]:
    """Points in camera axes with any leading axes, within 35 degrees of the optical axis."""

    def place(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
        slopes = arrays(np.float64, (*shape, 2), elements=numbers(-0.5, 0.5))
        depths = arrays(np.float64, (*shape, 1), elements=numbers(*depth_m))
        return st.tuples(slopes, depths).map(
            lambda pair: np.concatenate([pair[0] * pair[1], pair[1]], axis=-1)
        )

    return array_shapes(min_dims=0, max_dims=3, max_side=4).flatmap(place)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    vector = draw(arrays(np.float64, 3, elements=numbers(-3, 3)))
    return Camera(
        focal_px=(draw(numbers(300, 3000)), draw(numbers(300, 3000))),
        principal_point_px=(draw(numbers(-100, 2000)), draw(numbers(-100, 2000))),
        distortion=draw(st.sampled_from([None, LENS])),
        R_camera_world=matrix_from_rotation_vector(vector),
        t_camera_world=draw(arrays(np.float64, 3, elements=numbers(-10, 10))),
    )


@given(cameras(), points())
def test_unprojecting_a_projection_at_its_depth_gives_the_point_back(camera, p):
    np.testing.assert_allclose(camera.unproject(camera.project(p), p[..., 2]), p, atol=1e-8)


@given(cameras(), points())
def test_a_ray_points_at_what_the_pixel_shows(camera, p):
    direction = p / np.linalg.norm(p, axis=-1, keepdims=True)
    np.testing.assert_allclose(camera.rays(camera.project(p)), direction, atol=1e-9)


@given(cameras(), points())
def test_world_and_camera_axes_invert_each_other(camera, p):
    np.testing.assert_allclose(camera.to_camera(camera.to_world(p)), p, atol=1e-9)
    np.testing.assert_allclose(camera.project_world(camera.to_world(p)), camera.project(p), atol=1e-6)


@given(points())
def test_mirroring_the_scene_mirrors_the_image(p):
    camera = Camera((1100.0, 1150.0), CENTRE, distortion=Distortion(LENS.radial))
    seen, mirrored = camera.project(p), camera.project(p * [-1, 1, 1])
    np.testing.assert_allclose(mirrored[..., 0], 2 * CENTRE[0] - seen[..., 0], atol=1e-9)
    np.testing.assert_allclose(mirrored[..., 1], seen[..., 1], atol=1e-9)


def test_projection_known_by_hand():
    camera = Camera((1000.0, 500.0), (640.0, 360.0))
    # 1 m right, 2 m down, 4 m away: a quarter of the focal length right, half of it down.
    np.testing.assert_allclose(camera.project([1.0, 2.0, 4.0]), [890.0, 610.0])


def test_distortion_known_by_hand():
    lens = Distortion(radial=(0.1, 0.01, 0.001), tangential=(0.02, -0.03))
    # r² = 0.25: gain 1 + 0.025 + 0.000625 + 0.000015625 + (0.006 - 0.012); tangential offset p · 0.25.
    gain = 1.019640625
    np.testing.assert_allclose(lens.apply(np.array([0.3, 0.4])), [0.3 * gain + 0.005, 0.4 * gain - 0.0075])


def test_points_behind_the_camera_are_not_seen():
    seen = Camera((1000.0, 1000.0), CENTRE).project([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(np.isnan(seen).all(axis=-1), [True, True, False])


def test_unseen_joints_stay_unseen_through_a_lens():
    pixels = np.array([[100.0, 900.0], [np.nan, np.nan]])
    direction = Camera((1100.0, 1100.0), CENTRE, distortion=LENS).rays(pixels)
    assert np.isfinite(direction[0]).all()
    assert np.isnan(direction[1]).all()


def test_a_lens_that_folds_over_is_refused():
    fisheye = Camera((300.0, 300.0), CENTRE, distortion=Distortion(radial=(-0.4, 0.0, 0.0)))
    with pytest.raises(InputError, match="cannot be undone"):
        fisheye.rays([5000.0, 515.0])


@given(numbers(100, 5000))
def test_ray_through_the_principal_point_is_the_optical_axis(focal):
    np.testing.assert_allclose(Camera.pinhole(focal, CENTRE).rays(CENTRE), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(Camera.pinhole((focal, 2 * focal), CENTRE).rays(CENTRE), [0, 0, 1], atol=1e-12)


def test_ray_right_and_below_points_right_and_down():
    camera = Camera.pinhole(100.0, CENTRE)
    np.testing.assert_allclose(camera.rays([612.0, 515.0]), np.array([1, 0, 1]) / np.sqrt(2))
    np.testing.assert_allclose(camera.rays([512.0, 615.0]), np.array([0, 1, 1]) / np.sqrt(2))


@given(points())
def test_looking_at_gives_a_rotation_whose_z_is_the_ray(p):
    R = rotation_looking_at(p)
    identity = np.broadcast_to(np.eye(3), R.shape)
    np.testing.assert_allclose(np.swapaxes(R, -1, -2) @ R, identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(R), 1, atol=1e-12)
    np.testing.assert_allclose(R[..., 2], p / np.linalg.norm(p, axis=-1, keepdims=True), atol=1e-12)


@given(points())
def test_looking_at_is_never_rolled(p):
    R = rotation_looking_at(p)
    np.testing.assert_allclose(R[..., 1, 0], 0, atol=1e-12)  # x stays level in the image
    assert (R[..., 1, 1] > 0).all()  # y still points down
    assert (R[..., 0, 0] > 0).all()  # x still points right


def test_looking_at_the_centre_changes_nothing():
    np.testing.assert_allclose(rotation_looking_at([0, 0, 5.0]), np.eye(3), atol=1e-15)


def test_looking_at_the_right_edge_turns_about_the_vertical():
    half = np.sqrt(0.5)
    np.testing.assert_allclose(
        rotation_looking_at([1.0, 0.0, 1.0]), [[half, 0, half], [0, 1, 0], [-half, 0, half]], atol=1e-15
    )


@given(points())
def test_looking_at_the_mirrored_ray_is_the_mirrored_rotation(p):
    mirror = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        rotation_looking_at(p @ mirror), mirror @ rotation_looking_at(p) @ mirror, atol=1e-12
    )


def test_looking_at_keeps_absent_people_absent():
    R = rotation_looking_at([[np.nan, np.nan, np.nan], [0, 0, 1]])
    assert np.isnan(R[0]).all()
    np.testing.assert_allclose(R[1], np.eye(3))


@pytest.mark.parametrize("direction", [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, -0.1, 0.0]])
def test_looking_at_refuses_directions_without_a_level_x(direction):
    with pytest.raises(InputError, match="along the camera's y axis"):
        rotation_looking_at(direction)


@given(numbers(1, 4000), numbers(1, 4000), arrays(np.float64, (3, 2), elements=numbers(-5000, 5000)))
def test_screen_coordinates_round_trip_and_keep_the_aspect(width, height, pixels):
    size = (int(width), int(height))
    screen = normalise_screen(pixels, size)
    np.testing.assert_allclose(pixels_from_screen(screen, size), pixels, atol=1e-6)
    np.testing.assert_allclose(np.diff(screen, axis=0) * size[0] / 2, np.diff(pixels, axis=0), atol=1e-6)


def test_screen_coordinates_of_the_corners():
    corners = normalise_screen([[0, 0], [1920, 1080], [960, 540]], (1920, 1080))
    np.testing.assert_allclose(corners, [[-1, -0.5625], [1, 0.5625], [0, 0]], atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Camera((0.0, 1000.0), CENTRE), r"focal_px is \(0.0, 1000.0\), expected \(fx, fy\)"),
        (lambda: Camera((np.nan, 1000.0), CENTRE), "focal_px is"),
        (lambda: Camera((1e3, 1e3), CENTRE, R_camera_world=np.ones((3, 3))), "not a rotation matrix"),
        (lambda: Camera((1e3, 1e3), CENTRE, R_camera_world=np.diag([1, 1, -1])), "not a rotation matrix"),
        (lambda: Camera((1e3, 1e3), CENTRE, t_camera_world=np.zeros(2)), r"shape \(2,\), expected \(3,\)"),
        (
            lambda: Camera.pinhole(1e3, CENTRE).rays(np.zeros((4, 3))),
            r"pixels have shape \(4, 3\), expected \(..., 2\)",
        ),
        (lambda: rotation_looking_at(np.zeros(2)), "directions have shape"),
    ],
)
def test_wrong_input_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


@given(cameras())
def test_the_extrinsics_cannot_be_changed_from_outside(camera):
    with pytest.raises(ValueError, match="read-only"):
        camera.R_camera_world[0, 0] = 0


@given(points())
def test_a_pinhole_sees_the_same_as_a_camera_with_a_perfect_lens(p):
    assume(p.size)
    plain, perfect = Camera((900.0, 910.0), CENTRE), Camera((900.0, 910.0), CENTRE, distortion=Distortion())
    np.testing.assert_array_equal(plain.project(p), perfect.project(p))


def test_normalised_intrinsics_project_to_normalised_screen_coordinates():
    camera = Camera((1100.0, 1080.0), (510.0, 520.0))
    point, size = np.array([0.4, -0.7, 3.0]), (1000, 1002)
    fx, fy, cx, cy = normalise_intrinsics(camera, size)
    screen = normalise_screen(camera.project(point), size)
    np.testing.assert_allclose(point[:2] / point[2] * [fx, fy] + [cx, cy], screen, atol=1e-12)
