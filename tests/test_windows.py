"""Windows against the published sequence generator (golden pipeline/windows.npz) and against laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d import windows as w
from uplift3d.errors import InputError

FRAMES = np.array([7, 60, 400])  # the golden sequences
LAYOUTS = {"h36m_351": (71, 5, (5, 10, 20)), "h36m_81": (41, 2, (4, 10, 20))}


@pytest.fixture(scope="module")
def golden(golden_dir: Path):
    with np.load(golden_dir / "pipeline" / "windows.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(params=LAYOUTS, scope="module")
def layout(request):
    return request.param, *LAYOUTS[request.param]


def centres(golden, name):
    return golden[f"{name}_index"], FRAMES[golden[f"{name}_sequence"]]


def test_source_frames_and_padding_match_the_published_generator(golden, layout):
    name, length, stride, _ = layout
    index, frames = centres(golden, name)
    np.testing.assert_array_equal(
        w.source_frames(index, frames, length, stride), golden[f"{name}_source_frame"]
    )
    np.testing.assert_array_equal(w.pad_mask(index, frames, length, stride), golden[f"{name}_pad_mask"] > 0)


def test_stride_masks_match_the_published_generator(golden, layout):
    name, length, stride, strides_in = layout
    index, _ = centres(golden, name)
    for s_in in strides_in:
        mask = w.stride_mask(index, length, stride, s_in)
        np.testing.assert_array_equal(mask, golden[f"{name}_ms{s_in}_stride_mask"])
    np.testing.assert_array_equal(
        w.stride_mask(index, length, stride, None), golden[f"{name}_msNone_stride_mask"]
    )


def test_a_video_at_twice_the_rate_doubles_both_strides(golden, layout):
    name, length, stride, _ = layout
    index, frames = centres(golden, name)
    factor = w.rate_factor(100)
    source = w.source_frames(index, frames, length, factor * stride)
    np.testing.assert_array_equal(source, golden[f"{name}_fps100_source_frame"])
    mask = w.stride_mask(index, length, factor * stride, factor * 10)
    np.testing.assert_array_equal(mask, golden[f"{name}_fps100_ms10_stride_mask"])


def test_poses_gathered_by_source_frame_are_the_published_windows(golden, layout):
    name, length, stride, _ = layout
    rows = golden[f"{name}_selected_rows"]
    sequence = golden[f"{name}_sequence"][rows]
    source = w.source_frames(golden[f"{name}_index"][rows], FRAMES[sequence], length, stride)
    inside = w.pad_mask(golden[f"{name}_index"][rows], FRAMES[sequence], length, stride)
    for dims in ("2d", "3d"):
        poses = np.stack([golden[f"seq{s}_{dims}"][f] for s, f in zip(sequence, source, strict=True)])
        np.testing.assert_array_equal(poses, golden[f"{name}_selected_sequence_{dims}"])
    zeroed = np.where(
        inside[..., None, None], golden[f"{name}_selected_sequence_2d"], 0
    )  # PADDING_TYPE "zeros"
    np.testing.assert_array_equal(zeroed, golden[f"{name}_zeros_selected_sequence_2d"])


@given(st.integers(1, 30), st.integers(1, 80))
def test_shift_range_reaches_every_phase_of_the_mask_once(every, length):
    low, high = w.shift_range(every)
    masks = w.centred_mask(length, every, np.arange(low, high))  # (every, N)
    np.testing.assert_array_equal(masks.sum(axis=0), 1)


@given(st.data())
def test_source_frames_stay_on_the_grid_inside_the_video(data):
    frames = data.draw(st.integers(1, 500))
    centre = data.draw(st.integers(0, frames - 1))
    length, stride = data.draw(st.integers(1, 80)), data.draw(st.integers(1, 12))
    source = w.source_frames(centre, frames, length, stride)[0]
    assert source.min() >= 0
    assert source.max() < frames
    assert np.all((source - centre) % stride == 0)
    assert source[length // 2] == centre
    assert set(np.diff(source)) <= {0, stride}


@pytest.mark.parametrize("rate", [25, 60, 59.94])
def test_a_rate_off_the_time_base_is_refused(rate):
    with pytest.raises(InputError, match=f"frame rate {rate} Hz: accepted are whole multiples of 50 Hz"):
        w.rate_factor(rate)


def test_misplaced_centres_are_refused():
    with pytest.raises(InputError, match="centred outside its video"):
        w.source_frames([3, 7], 7, 71, 5)


# windows over a token grid


@pytest.mark.parametrize("hop", [1, 2, 20, 35, 70, 71])
@pytest.mark.parametrize("tokens", [0, 1, 70, 71, 72, 142, 213, 500])
def test_cut_then_merge_is_the_identity(tokens, hop):
    values = np.random.default_rng(0).normal(size=(tokens, 5, 3))
    plan = w.plan_windows(tokens, length=71, hop=hop)
    windows = w.cut(values, plan)
    assert windows.shape == (len(plan), 71, 5, 3)
    np.testing.assert_array_equal(w.merge(windows, plan), values)


@given(st.integers(0, 90), st.integers(1, 40), st.data())
@settings(max_examples=200)
def test_any_split_into_batches_merges_to_the_whole(tokens, length, data):
    hop, size = data.draw(st.integers(1, length)), data.draw(st.integers(1, 9))
    values = np.arange(tokens, dtype=float)
    plan = w.plan_windows(tokens, length, hop)
    parts = list(plan.batches(size))
    merged = [w.merge(w.cut(values, part), part) for part in parts]
    np.testing.assert_array_equal(np.concatenate([values[:0], *merged]), values)
    assert all(len(part) <= size for part in parts)
    for part, rows in zip(parts, merged, strict=True):
        np.testing.assert_array_equal(values[part.covers], rows)


def test_hop_one_puts_every_token_in_the_centre_of_its_window():
    plan = w.plan_windows(9, length=5)
    np.testing.assert_array_equal(plan.positions[:, 2], np.arange(9))
    np.testing.assert_array_equal(w.cut(np.arange(9), plan, fill=-1)[0], [-1, -1, 0, 1, 2])


@given(st.integers(0, 60), st.integers(1, 30), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=200)
def test_pose_slots_list_exactly_the_observed_slots(tokens, length, seed, data):
    rng = np.random.default_rng(seed)
    observed = rng.random(tokens) < data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    plan = w.plan_windows(tokens, length, data.draw(st.integers(1, length)))
    slots, source = w.pose_slots(plan, observed)
    mask = w.observed_mask(plan, observed)
    assert slots.dtype == source.dtype == np.int64
    assert slots.shape == (len(plan), max(1, mask.sum(axis=1).max(initial=0)))
    listed = np.zeros((len(plan), length + 1), bool)
    np.put_along_axis(listed, slots, True, axis=1)
    np.testing.assert_array_equal(listed[:, :length], mask)
    filled = slots < length
    np.testing.assert_array_equal(filled.sum(axis=1), mask.sum(axis=1))
    np.testing.assert_array_equal(
        np.take_along_axis(plan.positions, np.minimum(slots, length - 1), 1)[filled], source[filled]
    )
    assert not source[~filled].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 71), "-1 tokens in windows of 71"),
        ((5, 71, 72), r"a hop of 72 tokens: accepted are 1 … 71"),
        ((5, 71, 0), r"a hop of 0 tokens"),
    ],
)
def test_impossible_plans_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        w.plan_windows(*arguments)


def test_values_that_do_not_fit_the_plan_are_refused():
    plan = w.plan_windows(10, 5, 2)
    with pytest.raises(InputError, match="9 rows for a plan of 10 tokens"):
        w.cut(np.zeros(9), plan)
    with pytest.raises(InputError, match="4 rows for a plan of 5 windows"):
        w.merge(np.zeros((4, 5)), plan)
    with pytest.raises(InputError, match="cannot be cut in steps of 2"):
        plan[::2]
