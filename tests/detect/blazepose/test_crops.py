import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.blazepose.crops import MARGIN, Square, bilinear

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
    np.testing.assert_allclose(crop[..., :2], square.to_image(grid), atol=0.52)  # rounded to whole levels


def test_beyond_the_image_its_edge_goes_on():
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, -1] = 200
    crop = Square(30, 10, 20).cut(image, 10)  # columns 20 … 40
    assert (crop == 200).all()


def test_between_pixels_colours_are_mixed_in_proportion():
    image = np.array([[[0, 0, 0], [160, 160, 160]], [[80, 80, 80], [240, 240, 240]]], np.uint8)
    seen = bilinear(image, np.array([0.25, 0.5, 0.5]), np.array([0.0, 0.0, 0.5]))[:, 0]
    assert seen.tolist() == [40, 80, 120]
