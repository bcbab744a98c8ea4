"""Whole clips against a window at a time, written down without any sharing."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_runtime import FakeRuntime
from uplift3d.errors import InputError
from uplift3d.lift import lift_track
from uplift3d.normalise import mirror
from uplift3d.tokens import TokenTrack

N = FakeRuntime().config["tokens"]


def make_track(count, observed, seed=0):
    poses = np.random.default_rng(seed).normal(size=(count, 17, 2)).astype(np.float32)
    observed = np.asarray(observed)
    return TokenTrack(np.arange(count) * 0.1, np.where(observed[:, None, None], poses, 0), observed)


def naive(runtime, track, hop=1):
    """One window after the other, cut slot by slot."""
    count = len(track.times)
    windows = -(-count // hop)
    total, weight = np.zeros((count, 17, 3)), np.zeros((count, 1, 1))
    for number in range(windows):
        first = number * hop + hop // 2 - N // 2 - (windows * hop - count) // 2
        slots, poses = cut_window(runtime, track, first)
        tokens = runtime.embed(np.stack(poses))[None] if poses else np.zeros((1, 0, 51), np.float32)
        answer = runtime.uplift(tokens, np.array([slots], dtype=int), "centre" if hop == 1 else "sequence")[0]
        for slot in [N // 2] if hop == 1 else range(N):
            if 0 <= first + slot < count:
                share = np.sin(np.pi * (slot + 0.5) / N) ** 2
                total[first + slot] += share * (answer if hop == 1 else answer[slot])
                weight[first + slot] += share
    poses = total / weight
    return poses - poses[:, :1]


def cut_window(runtime, track, first):
    """Slots and poses of the pose tokens of one window."""
    count, where = len(track.times), np.flatnonzero(track.observed)
    rhythm = int(np.median(np.diff(where))) if len(where) > 1 else 1
    slots, poses = [], []
    for slot in range(N):
        token = first + slot
        nearest = np.clip(token, where[0], where[-1])
        if runtime.config["edges"] == "repeat" and (token - nearest) % rhythm == 0:
            token = nearest
        if 0 <= token < count and track.observed[token]:
            slots.append(slot)
            poses.append(track.poses[token])
    return slots, poses


def drawn_observed(seed, count, density):
    """At least one observation in every window, as the segments of a clip promise."""
    observed = np.random.default_rng(seed).random(count) < density
    observed[:: N // 4] = True
    return observed


@given(
    count=st.integers(1, 90),
    density=st.floats(0, 1),
    hop=st.integers(1, N // 2),
    batch=st.integers(1, 40),
    edges=st.sampled_from(["masked", "repeat"]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_a_clip_in_batches_equals_one_window_at_a_time(count, density, hop, batch, edges, seed):
    runtime = FakeRuntime(edges=edges)
    observed = drawn_observed(seed, count, density)
    if edges == "repeat":
        observed[:] = False
        observed[:: 1 + seed % 4] = True
    track = make_track(count, observed, seed)
    result = lift_track(runtime, track, hop=hop, batch=batch)
    assert result.shape == (count, 17, 3)
    np.testing.assert_allclose(result, naive(runtime, track, hop), atol=1e-6)


def test_every_pose_is_embedded_once():
    runtime = FakeRuntime()
    observed = drawn_observed(0, 500, 0.3)
    lift_track(runtime, make_track(500, observed), batch=7)
    assert runtime.embedded == observed.sum()


def test_flip_averaging_answers_a_mirrored_clip_with_the_mirror_image():
    runtime, track = FakeRuntime(), make_track(50, drawn_observed(3, 50, 0.5))
    mirrored = replace(track, poses=mirror(track.poses, "h36m17"))
    plain = lift_track(runtime, mirrored) - mirror(lift_track(runtime, track), "h36m17")
    assert np.abs(plain).max() > 1e-2  # this network has no symmetry of its own
    result = lift_track(runtime, track, flip=True)
    np.testing.assert_allclose(lift_track(runtime, mirrored, flip=True), mirror(result, "h36m17"), atol=1e-6)
    expected = (lift_track(runtime, track) + mirror(lift_track(runtime, mirrored), "h36m17")) / 2
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("tokens", [1, 5, 10, 11, 29])
def test_progress_ends_where_the_clip_does(tokens):
    steps = []
    lift_track(
        FakeRuntime(), make_track(tokens, np.ones(tokens, bool)), hop=10, batch=2, advance=steps.append
    )
    assert sum(steps) == tokens


def test_an_hour_needs_the_memory_of_a_batch_beside_its_result():
    runtime = FakeRuntime()
    track = make_track(36000, np.arange(36000) % 4 == 0)
    steps = []
    tracemalloc.start()
    result = lift_track(runtime, track, hop=10, batch=32, advance=steps.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(steps) == 36000
    assert runtime.largest_batch == 32
    assert (
        peak < 4 * result.nbytes
    )  # the result, its root-relative copy, the poses; all windows would be 20 times


def test_a_hop_beyond_the_window_is_refused():
    with pytest.raises(InputError, match=f"hop is {N // 2 + 1}; accepted are 1 … {N // 2}"):
        lift_track(FakeRuntime(), make_track(5, np.ones(5, bool)), hop=N // 2 + 1)
