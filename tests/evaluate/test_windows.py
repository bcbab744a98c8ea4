"""Windows against the published sequence generator (golden pipeline/windows.npz) and against laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.evaluate import windows as w

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
