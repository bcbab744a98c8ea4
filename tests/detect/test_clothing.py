import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.clothing import histogram, trunk_colours, unlike

TRUNK = np.array([(60, 20), (20, 20), (55, 80), (25, 80)], np.float32)  # left and right shoulder, hips
RED, BLUE = (200, 30, 30), (30, 30, 200)


def somebody(colour, light=1.0):
    """A person in clothes of one colour before a green wall."""
    image = np.zeros((100, 80, 3), np.uint8)
    image[..., 1] = 180
    image[18:82, 20:60] = np.minimum(np.array(colour) * light, 255)
    return image


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=30))
def test_shares_add_up_to_one(colours):
    shares = histogram(np.array(colours, np.uint8))
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    assert unlike(shares, shares) == pytest.approx(0, abs=1e-3)


def test_other_colours_are_unlike_and_other_light_is_little():
    red, blue = (trunk_colours(somebody(colour), TRUNK) for colour in (RED, BLUE))
    darker = trunk_colours(somebody(RED, 0.85), TRUNK)
    assert unlike(red, blue) > 0.9
    assert unlike(red, darker) < 0.5


def test_what_is_behind_somebody_does_not_count():
    elsewhere = somebody(RED)
    elsewhere[:, :18] = 255
    np.testing.assert_array_equal(trunk_colours(elsewhere, TRUNK), trunk_colours(somebody(RED), TRUNK))


def test_without_a_trunk_in_view_there_are_no_colours():
    unseen = TRUNK.copy()
    unseen[2] = np.nan
    assert trunk_colours(somebody(RED), unseen) is None
    assert trunk_colours(somebody(RED), TRUNK[:3]) is None
    assert trunk_colours(somebody(RED), TRUNK - (50, 0)) is None
    assert trunk_colours(somebody(RED), TRUNK - (30, 0)) is not None
