"""Training on filmed videos: what a batch of them is, and runs on Human3.6M's own files."""

from typing import Any

import pytest
import torch

from made_motion import filmed_video
from make_rival import create_rival
from uplift3d.data import h36m
from uplift3d.errors import InputError
from uplift3d.film.windows import FilmedWindows
from uplift3d.model import load_checkpoint, presets, save_checkpoint
from uplift3d.train import run
from uplift3d.train.batches import ViewConfig, draw_batch
from uplift3d.train.config import TrainConfig

from .conftest import TINY

CPU = torch.device("cpu")
SCREEN = presets.uu_351().evolve(**TINY, joints="h36m17")


def test_filmed_windows_are_neither_varied_nor_spoilt(random):
    windows = FilmedWindows.from_videos([filmed_video(200)], "camera", CPU)
    views = ViewConfig(mirror="none", switch_rate=0)
    batch = draw_batch(windows, SCREEN, views, 64, random, (5,))
    frame = (batch.keypoints[..., 0, 0] + 1) * 500
    torch.testing.assert_close(batch.target[..., 13, 2], frame / 1000, atol=1e-4, rtol=0)
    assert batch.mask.all()
    assert batch.counted.all()  # ends are repeated, as published


RIVAL = {"frames": 9, "width": 16, "hidden": 16, "depth": 1, "pose_width": 16}
STAGES = {
    "lifting": {"preset": "uu-351", "model": TINY},
    "pretraining": {"preset": "pstmo-243", "model": RIVAL},
    "refinement": {"preset": "pstmo-243", "model": RIVAL | {"strides": (3, 3)}},
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_on_human36m_files(stage, golden_dir, tmp_path, monkeypatch):
    for kind in ("3d_h36m", "2d_h36m"):
        (path,) = (golden_dir / "e2e").glob(f"data_{kind}*synthetic.npz")
        name = "data_3d_h36m.npz" if kind.startswith("3d") else "data_2d_h36m_cpn_ft_h36m_dbb.npz"
        (tmp_path / name).symlink_to(path)
    monkeypatch.setattr(h36m, "TRAIN_SUBJECTS", h36m.TEST_SUBJECTS[:1])
    monkeypatch.setattr(h36m, "TEST_SUBJECTS", h36m.TEST_SUBJECTS[1:])
    lifter = tmp_path / "lifter.safetensors"
    if stage == "refinement":
        save_checkpoint(create_rival("pstmo", STAGES[stage]["model"]), lifter)
    config = TrainConfig(
        store=tmp_path,
        source="h36m",
        output=tmp_path / "run",
        stage=stage,
        **STAGES[stage],
        start_from=lifter if stage == "refinement" else None,
        optimiser={"warm_up_steps": 0},
        steps=3,
        batch=8,
        validation_windows=64,
        graphs=False,
    )
    network: Any = load_checkpoint(run.train(config))
    assert (network.config.input, network.config.axes) == ("screen", "camera")


@pytest.mark.parametrize(
    ("source", "files", "message"),
    [
        ("h36m", None, r"data: no such folder; data_3d_h36m\.npz and data_2d_h36m_gt\.npz were looked for"),
        ("h36m", ["data_3d_h36m.npz"], r"data lacks data_2d_h36m_gt\.npz; it holds data_3d_h36m\.npz"),
        ("mpi-inf-3dhp", None, r"data: no such folder; data_train_3dhp\.npz \(for univ_annot3\), or S1"),
        (
            "mpi-inf-3dhp",
            ["data_train_3dhp.npz"],
            r"data lacks data_test_3dhp\.npz \(for univ_annot3\), or TS1",
        ),
    ],
)
def test_missing_files_are_named_before_anything_is_written(tmp_path, source, files, message):
    for name in files or ():
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).touch()
    fields = {"source": source, "detections": "gt", "ground_truth": "univ_annot3", "steps": 1}
    config = TrainConfig(store=tmp_path / "data", output=tmp_path / "run", **fields)
    with pytest.raises(InputError, match=message):
        run.train(config)
    assert not (tmp_path / "run").exists()
