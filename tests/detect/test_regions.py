from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.regions import AROUND, Region, paint_out, search_regions
from uplift3d.detect.sighting import Sighting

sides = st.integers(1, 4000)


def covered(regions, width, height):
    seen = np.zeros((height, width), bool)
    for region in regions:
        assert 0 <= region.left < region.right <= width
        assert 0 <= region.top < region.bottom <= height
        seen[region.top : region.bottom, region.left : region.right] = True
    return seen.all()


@given(width=st.integers(1, 400), height=st.integers(1, 400), fine=st.booleans())
def test_a_search_covers_the_image_and_stays_inside(width, height, fine):
    assert covered(search_regions((width, height), fine), width, height)


@given(width=sides, height=sides)
def test_neighbouring_squares_overlap_by_about_half(width, height):
    squares = search_regions((width, height), fine=True)
    side = squares[0].right - squares[0].left
    lefts = sorted({square.left for square in squares})
    assert all(b - a <= side / 2 + 1 for a, b in pairwise(lefts))


@pytest.mark.parametrize(
    ("size", "looks"), [((1920, 1080), 4), ((1080, 1920), 4), ((500, 500), 1), ((550, 500), 1)]
)
def test_how_many_looks_a_search_takes(size, looks):
    assert len(search_regions(size)) == looks


def test_a_square_around_somebody_lies_centred_on_them():
    region = Region.around(np.array([300.0, 200.0]), 100, (1000, 500))
    assert region == Region(200, 100, 400, 300)
    assert region.right - region.left == AROUND * 100


@given(x=st.floats(-300, 1300), y=st.floats(-300, 900), size=st.floats(1, 800))
def test_a_square_at_the_edge_is_cut_off_there(x, y, size):
    region = Region.around(np.array([x, y]), size, (1000, 600))
    if region is not None:
        assert 0 <= region.left < region.right <= 1000
        assert 0 <= region.top < region.bottom <= 600


def test_a_square_outside_the_image_is_none():
    assert Region.around(np.array([-200.0, 100.0]), 100, (1000, 500)) is None


def test_cutting_and_mapping_back_are_inverse():
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    region = Region(10, 5, 50, 30)
    part = region.cut(image)
    assert part.flags.c_contiguous
    x, y = region.to_image(np.array([3, 7], np.float32)).astype(int)
    np.testing.assert_array_equal(part[7, 3], image[y, x])


def test_painting_out_covers_the_person_and_leaves_the_original_alone():
    image = np.zeros((100, 100, 3), np.uint8)
    corners = np.array([[20, 30], [40, 70]], np.float32)
    person = Sighting(corners, np.ones(2, np.float32), "coco17")
    painted = paint_out(image, [person])
    assert (painted[30:70, 20:40] == 127).all()
    assert painted.sum() == painted[27:73, 17:43].sum()
    assert not image.any()
