"""The published order of training windows (golden pipeline/windows.npz: train_*, val_*)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uplift3d import windows as w
from uplift3d.errors import InputError
from uplift3d.evaluate.training_order import TrainingOrder, validation_strides
from uplift3d.skeletons import joint_set

FRAMES = np.array([7, 60, 400])  # the golden sequences
LAYOUTS = {"h36m_351": (71, 5, (5, 10, 20)), "h36m_81": (41, 2, (4, 10, 20))}
MIRROR = list(joint_set("uu17").mirror)


@pytest.fixture(scope="module")
def golden(golden_dir: Path):
    with np.load(golden_dir / "pipeline" / "windows.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(params=LAYOUTS, scope="module")
def layout(request):
    return request.param, *LAYOUTS[request.param]


def test_training_epochs_match_the_published_draws(golden, layout):
    name, length, stride, strides_in = layout
    order = TrainingOrder(FRAMES.tolist(), strides_in, stride, "pairs" if name == "h36m_351" else "items")
    assert len(order) == golden[f"{name}_train_len"]
    for epoch in (1, 2):
        key = f"{name}_train_ep{epoch}"
        drawn = order.epoch()
        assert len(drawn) == golden[f"{key}_count"]
        np.testing.assert_array_equal(drawn.sequence[:60], golden[f"{key}_sequence"])
        np.testing.assert_array_equal(drawn.frame[:60], golden[f"{key}_index"])
        np.testing.assert_array_equal(drawn.mask(length)[:60], golden[f"{key}_stride_mask"])
        for row in range(6):
            poses = golden[f"seq{drawn.sequence[row]}_2d"]
            source = w.source_frames(drawn.frame[row], len(poses), length, stride)[0]
            window = poses[source]
            if drawn.mirrored[row]:
                window = window[:, MIRROR] * np.float32([-1, 1])
            np.testing.assert_array_equal(window, golden[f"{key}_first6_sequence_2d"][row])


def test_validation_windows_match_the_published_draws(golden, layout):
    name, length, stride, strides_in = layout
    s_in = validation_strides(len(golden[f"{name}_val_index"]), strides_in)
    np.testing.assert_array_equal(w.centred_mask(length, s_in // stride), golden[f"{name}_val_stride_mask"])
    index = np.concatenate([np.arange(0, frames, 4) for frames in FRAMES])
    np.testing.assert_array_equal(index, golden[f"{name}_val_index"])


def test_mirror_none_lists_every_frame_once():
    drawn = TrainingOrder([3, 4], (5, 10), 5, "none").epoch()
    assert sorted(zip(drawn.sequence, drawn.frame, strict=True)) == [(0, f) for f in range(3)] + [
        (1, f) for f in range(4)
    ]
    assert not drawn.mirrored.any()


def test_strides_off_the_grid_are_refused():
    with pytest.raises(InputError, match=r"strides \[4\]: accepted are multiples of 5"):
        TrainingOrder([10], [4], 5)
