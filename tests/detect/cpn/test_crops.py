import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.cpn.crops import Crop, boxes_of

ASPECT = 0.75
corner, side = st.floats(-500, 2000), st.floats(4, 1500)


@given(corner, corner, side, side)
def test_a_crop_has_the_aspect_and_holds_the_box_with_its_margin(left, top, width, height):
    crop = Crop.around([left, top, left + width, top + height], ASPECT)
    got_width, got_height = crop.right - crop.left, crop.bottom - crop.top
    assert abs(got_width - ASPECT * got_height) <= 2  # whole pixels
    assert crop.left <= left - 0.1 * width <= crop.left + got_width - 1.2 * width + 2
    assert crop.top <= top - 0.15 * height <= crop.top + got_height - 1.3 * height + 2
    assert got_width == pytest.approx(max(1.2 * width, ASPECT * 1.3 * height), abs=1.01)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((100, 200, 200, 500), Crop(3, 155, 296, 545)),  # tall: 300 × 1.3 high, 3/4 of that wide
        ((0, 0, 400, 100), Crop(-40, -270, 440, 370)),  # broad: 400 × 1.2 wide
    ],
)
def test_known_crops(box, expected):
    assert Crop.around(box, ASPECT) == expected


def test_a_point_is_still_a_pixel():
    crop = Crop.around([5, 5, 5, 5], ASPECT)
    assert (crop.right - crop.left, crop.bottom - crop.top) == (1, 1)


def test_shares_are_measured_from_the_crops_corner():
    crop = Crop(-10, 20, 90, 220)
    shares = np.array([[0, 0], [1, 1], [0.5, 0.25]], np.float32)
    np.testing.assert_allclose(crop.to_image(shares), [[-10, 20], [90, 220], [40, 70]])


def test_cut_shows_the_image_less_the_colour_and_only_that_beyond(rng):
    rgb = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    colour = (10, 20, 30)
    out = Crop(-5, 20, 45, 50).cut(rgb, colour)
    assert out.shape == (30, 50, 3)
    np.testing.assert_allclose(out[:10, 5:45], (rgb[20:] - np.array(colour)) / 255, atol=1e-6)
    out[:10, 5:45] = 0
    assert not out.any()
    assert not Crop(50, 0, 60, 10).cut(rgb, colour).any()


def test_boxes_reach_beyond_the_joints_but_not_out_of_the_image():
    people = np.full((4, 5, 2), np.nan, np.float32)
    people[0, :3] = [[100, 100], [140, 300], [120, 200]]  # 200 px tall: 10 px more
    people[1, :2] = [[-50, 10], [30, 110]]
    people[2, :2] = [[700, 10], [800, 110]]  # out of view; the last one was not seen at all
    boxes = boxes_of(people, (640, 480))
    np.testing.assert_allclose(boxes, [[90, 90, 150, 310], [0, 5, 35, 115]])


def test_nobody_has_no_box():
    assert boxes_of(np.zeros((0, 17, 2), np.float32), (640, 480)).shape == (0, 4)
