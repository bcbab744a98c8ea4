import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.blazepose.crops import MARGIN, Square, resample

ANGLES = st.floats(-3.1, 3.1)
PLACES = st.floats(-500, 2000)


@given(PLACES, PLACES, st.floats(10, 900), ANGLES)
def test_a_persons_square_is_around_the_hips_and_its_up_points_at_the_extent(x, y, reach, angle):
    extent = (x + reach * np.sin(angle), y - reach * np.cos(angle))
    square = Square.of_person((x, y), extent)
    np.testing.assert_allclose(square.side_px, 2 * MARGIN * reach)
    np.testing.assert_allclose(square.to_image((0.5, 0.5)), (x, y), atol=1e-6)
    above = (0.5, 0.5 - 1 / (2 * MARGIN))  # where somebody upright has the extent
    np.testing.assert_allclose(square.to_image(above), extent, atol=1e-6 * reach + 1e-6)


@given(PLACES, PLACES, st.floats(10, 900), ANGLES)
def test_a_square_has_four_equal_sides_at_right_angles(x, y, side, angle):
    corners = Square(x, y, side, angle).to_image([(0, 0), (1, 0), (1, 1), (0, 1)])
    sides = np.roll(corners, -1, axis=0) - corners
    np.testing.assert_allclose(np.linalg.norm(sides, axis=1), side)
    np.testing.assert_allclose(sides[0] @ sides[1], 0, atol=1e-6 * side**2)


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
def test_the_crop_shows_at_each_pixel_the_colour_of_the_place_it_stands_for(angle):
    rows, columns = np.mgrid[:200, :240]
    image = np.stack([columns, rows, (rows + columns) // 2], axis=-1).astype(np.uint8)
    square = Square(120, 100, 90, angle)
    crop = square.cut(image, 32)
    grid = np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1) / 32
    np.testing.assert_allclose(crop[..., :2] + 0.5, square.to_image(grid), atol=0.55)  # cut to whole levels


def test_beyond_the_image_its_edge_goes_on():
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, -1] = 200
    crop = Square(30, 10, 20).cut(image, 10)  # columns 20 … 40
    assert (crop == 200).all()


@pytest.mark.parametrize("angle", [0.0, 0.8])
@pytest.mark.parametrize("middle", [(-40, 30), (300, 90), (60, -50), (-90, 200)])
def test_however_far_outside_the_image_the_nearest_pixel_is_seen(middle, angle):
    rows, columns = np.mgrid[:100, :120]
    image = np.stack([2 * columns, 2 * rows, 0 * rows], axis=-1).astype(np.uint8)
    square = Square(*middle, 100, angle)
    grid = np.stack(np.meshgrid(np.arange(16), np.arange(16)), axis=-1) / 16
    expected = 2 * np.clip(square.to_image(grid), 0, (119, 99))
    np.testing.assert_allclose(square.cut(image, 16)[..., :2] + 0.5, expected, atol=0.55)


def test_a_huge_square_is_read_at_fewer_pixels_and_shows_the_same():
    rows, columns = np.mgrid[:2000, :2600]
    image = np.stack([columns // 16, rows // 16, 0 * rows], axis=-1).astype(np.uint8)
    square = Square(1300, 1000, 4000, 0.2)
    grid = np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1) / 32
    expected = np.clip(square.to_image(grid), 0, (2599, 1999)) / 16
    np.testing.assert_allclose(square.cut(image, 32)[..., :2], expected, atol=2.1)


def test_between_pixels_colours_are_mixed_in_proportion_and_cut_off():
    image = np.array([[[0, 0, 0], [163, 160, 160]], [[80, 80, 80], [240, 240, 240]]], np.uint8)
    seen = resample(image, np.array([0.25, 0.0]), np.diag([0.25, 0.5]), (2, 2))
    assert seen[..., 0].tolist() == [[40, 81], [80, 120]]  # 40.75, 81.5, 80.375, 120.75


def test_beyond_the_image_it_is_black_where_its_edge_does_not_go_on():
    image = np.full((10, 10, 3), 200, np.uint8)
    seen = resample(image, np.array([-5.0, 0.0]), np.eye(2), (20, 10))
    assert (seen[:, 5:15] == 200).all()
    assert not seen[:, :5].any()
    assert not seen[:, 15:].any()
