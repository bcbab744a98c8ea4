import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.detect.blazepose.persons import anchors, decode, merged, overlap

SIZE = (224, 224)
BOX = (0, 0, 40, 40)
HIPS, EXTENT, REST = (0, 60), (5, -50), (0, 0, 0, 0)


def answers(*people, size=SIZE):
    """What the network says about people given as (anchor, logit)."""
    count = len(anchors(*size))
    logits, boxes = np.full((count, 1), -100, np.float32), np.zeros((count, 12), np.float32)
    for anchor, logit in people:
        logits[anchor], boxes[anchor] = logit, (*BOX, *HIPS, *EXTENT, *REST)
    return logits, boxes


def test_there_are_as_many_anchors_as_answers_in_three_layers():
    assert anchors(*SIZE).shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2) == (2254, 2)
    assert anchors(*SIZE)[[0, 1, 2, 1568, 1960]].tolist() == [[4, 4], [4, 4], [12, 4], [8, 8], [16, 16]]
    assert anchors(64, 32)[:17:2].tolist() == [[4 + 8 * (i % 8), 4 + 8 * (i // 8)] for i in range(9)]


def test_places_are_counted_from_the_anchor():
    (person,) = decode(*answers((700, 3.0)), SIZE, 0.5)
    x, y = anchors(*SIZE)[700]
    assert person.box.tolist() == [x - 20, y - 20, x + 20, y + 20]
    assert (person.hips.tolist(), person.extent.tolist()) == ([x, y + 60], [x + 5, y - 50])
    assert person.score == pytest.approx(1 / (1 + np.exp(-3)))


def test_unsure_findings_are_left_out_and_huge_logits_do_no_harm():
    found = decode(*answers((0, -0.1), (700, 1e6), (1500, -1e6)), SIZE, 0.5)
    assert [person.score for person in found] == [1.0]


def test_neighbouring_anchors_of_one_head_are_one_person_and_heads_apart_are_two():
    near, far = 700, 700 + 2 * 12  # the next cell of 8 px on the same row, and one 96 px away
    found = decode(*answers((near, 2.0), (near + 2, 1.0), (far, 3.0)), SIZE, 0.5)
    assert [round(person.score, 3) for person in found] == [0.953, 0.881]
    weight = np.array([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-1))])
    x = anchors(*SIZE)[[near, near + 2], 0] @ weight / weight.sum()
    assert found[1].hips[0] == pytest.approx(x)


def test_moved_to_the_image_places_are_scaled_and_shifted():
    (person,) = decode(*answers((700, 3.0)), SIZE, 0.5)
    moved = person.moved(2.0, (100, 10))
    np.testing.assert_allclose(moved.hips, 2 * person.hips + (100, 10))
    np.testing.assert_allclose(moved.box.reshape(2, 2), 2 * person.box.reshape(2, 2) + (100, 10))
    assert moved.square.side_px == pytest.approx(2 * person.square.side_px)


BOXES = st.tuples(*[st.floats(-50, 50)] * 2, *[st.floats(1, 40)] * 2).map(
    lambda b: np.array([b[0], b[1], b[0] + b[2], b[1] + b[3]])
)


@given(BOXES, BOXES)
def test_overlap_is_symmetric_and_whole_with_itself(one, other):
    assert overlap(one, one[None])[0] == pytest.approx(1)
    assert overlap(one, other[None])[0] == pytest.approx(overlap(other, one[None])[0])
    assert 0 <= overlap(one, other[None])[0] <= 1 + 1e-9


def test_boxes_without_area_are_each_their_own():
    flat = np.zeros((2, 4), np.float32)
    assert len(merged(np.array([0.9, 0.8], np.float32), flat, flat)) == 2
