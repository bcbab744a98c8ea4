"""Windows over a token grid, against looking at every slot."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d.lift.windows import lay_windows, pose_slots
from uplift3d.tokens import InputSpec


def spec(window, edges="masked"):
    return InputSpec("h36m17", "person", window, 0.1, edges, "viewing_ray")


@given(st.integers(1, 200), st.integers(2, 71), st.data())
def test_every_token_is_well_inside_of_a_window(tokens, window, data):
    hop = data.draw(st.integers(1, window // 2))
    layout = lay_windows(np.ones(tokens, bool), spec(window), hop)
    assert len(layout.first) == -(-tokens // hop)
    slots = np.arange(tokens) - layout.first[:, None]  # (B, n)
    inside = (slots >= window // 4) & (slots < window - window // 4)
    assert inside.any(axis=0).all()
    before, after = -layout.first[0], layout.first[-1] + window - tokens
    assert abs(before - after) <= 2  # as far from one end as from the other


@given(st.integers(1, 90), st.integers(1, 40))
def test_hop_one_puts_every_token_in_the_centre_of_its_window(tokens, window):
    layout = lay_windows(np.ones(tokens, bool), spec(window), 1)
    np.testing.assert_array_equal(layout.first + window // 2, np.arange(tokens))


def test_outside_the_clip_there_is_nothing_or_its_ends_again():
    observed = np.array([True, False, True, False, False])
    slots, poses = lay_windows(observed, spec(7), 1).pose_tokens(slice(0, 1))
    assert (slots.tolist(), poses.tolist()) == ([[3, 5]], [[0, 1]])  # slot 3 is token 0
    slots, poses = lay_windows(observed, spec(7, "repeat"), 1).pose_tokens(slice(0, 1))
    assert (slots.tolist(), poses.tolist()) == ([[1, 3, 5]], [[0, 0, 1]])  # every second one, on and on
    slots, poses = lay_windows(observed, spec(7, "repeat"), 1).pose_tokens(slice(4, 5))
    assert (slots.tolist(), poses.tolist()) == ([[1, 3, 5]], [[1, 1, 1]])


@given(st.integers(0, 60), st.integers(1, 30), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=200)
def test_pose_slots_list_exactly_the_observed_slots(tokens, length, seed, data):
    rng = np.random.default_rng(seed)
    observed = rng.random(tokens) < data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    first = np.arange(-length, tokens + 1, data.draw(st.integers(1, length)))
    positions = first[:, None] + np.arange(length)  # (B, N)
    inside = (positions >= 0) & (positions < tokens)
    mask = np.append(observed, False)[np.where(inside, positions, tokens)]
    slots, source = pose_slots(first, length, observed)
    assert slots.dtype == source.dtype == np.int64
    assert slots.shape == (len(first), max(1, mask.sum(axis=1).max(initial=0)))
    listed = np.zeros((len(first), length + 1), bool)
    np.put_along_axis(listed, slots, True, axis=1)
    np.testing.assert_array_equal(listed[:, :length], mask)
    filled = slots < length
    np.testing.assert_array_equal(filled.sum(axis=1), mask.sum(axis=1))
    np.testing.assert_array_equal(
        np.take_along_axis(positions, np.minimum(slots, length - 1), 1)[filled], source[filled]
    )
    assert not source[~filled].any()
