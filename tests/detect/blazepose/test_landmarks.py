import numpy as np
import pytest

from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.landmarks import EXTENT, HIPS, decode, refine

COLD = -20.0


def heat_at(column, row, sigma=1.0, count=39):
    """(64, 64, 39) logits whose shares of heat are a Gaussian there."""
    rows, columns = np.mgrid[:64, :64]
    share = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * sigma**2)) * 0.98 + 1e-9
    logits = np.log(share / (1 - share)).astype(np.float32)
    return np.repeat(logits[..., None], count, axis=-1)


@pytest.mark.parametrize("near", [(30, 20), (31.5, 21.4), (28.2, 18.9)])
def test_a_landmark_moves_to_the_middle_of_the_heat_around_it(near):
    shares = np.tile(np.array(near, np.float32) / 64, (39, 1))
    refined = refine(shares, heat_at(30.4, 20.3))
    np.testing.assert_allclose(refined * 64, np.tile((30.4, 20.3), (39, 1)), atol=0.1)


def test_without_heat_or_outside_the_crop_it_stays():
    shares = np.tile(np.array([0.3, 0.6], np.float32), (39, 1))
    shares[1] = (-0.2, 0.5)
    shares[2] = (0.5, 1.0)
    np.testing.assert_array_equal(refine(shares, np.full((64, 64, 39), COLD, np.float32)), shares)
    assert (refine(shares, heat_at(0, 32))[1:3] == shares[1:3]).all()


def answers():
    table = np.zeros((39, 5), np.float32)
    table[:, 0], table[:, 1] = np.linspace(20, 220, 39), np.linspace(200, 40, 39)
    table[HIPS, :2], table[EXTENT, :2] = (128, 128), (128, 25.6)
    table[:, 3] = 2.0
    world = np.zeros((39, 3), np.float32)
    world[0] = (0, -0.6, 0.2)  # the nose above the hips, and behind them
    heat = np.full((64, 64, 39), COLD, np.float32)
    return table.ravel(), np.array([0.9], np.float32), heat, world.ravel()


def test_joints_are_pixels_of_the_image_and_sure_as_the_network_says():
    found = decode(*answers(), Square(500, 400, 256))
    np.testing.assert_allclose(found.positions[0], (500 - 128 + 20, 400 - 128 + 200), atol=1e-3)
    assert found.positions.shape == (33, 2)
    np.testing.assert_allclose(found.confidence, 1 / (1 + np.exp(-2)), rtol=1e-6)
    assert found.presence == pytest.approx(0.9)


def test_the_3d_guess_is_turned_from_the_crops_axes_to_the_cameras():
    lying = decode(*answers(), Square(500, 400, 256, np.pi / 2))  # head to the right
    np.testing.assert_allclose(lying.hint[0], (0.6, 0, 0.2), atol=1e-6)
    upright = decode(*answers(), Square(500, 400, 256))
    np.testing.assert_allclose(upright.hint[0], (0, -0.6, 0.2), atol=1e-6)


def test_the_landmarks_say_where_to_look_next():
    for angle in (0.0, 1.0):
        square = Square(500, 400, 256, angle)
        again = decode(*answers(), square).square
        np.testing.assert_allclose((again.x, again.y, again.side_px), (500, 400, 256), rtol=1e-5)
        assert again.angle_rad == pytest.approx(angle, abs=1e-5)
