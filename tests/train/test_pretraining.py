"""P-STMO's pre-training by the command that trains everything."""

import csv
from dataclasses import replace

import pytest
import torch

from made_motion import filmed_video
from uplift3d.data import mpi_inf_3dhp
from uplift3d.model import load_checkpoint
from uplift3d.model.checkpoints import read_metadata
from uplift3d.model.rivals import PSTMOPretraining, visible_first
from uplift3d.train import run
from uplift3d.train.config import TrainConfig
from uplift3d.train.module import TrainingModule
from uplift3d.train.pretraining import Pretraining

from .test_run import Killed, kill_after, same, weights

SMALL = {
    "frames": 9,
    "width": 16,
    "hidden": 16,
    "depth": 1,
    "pose_width": 16,
    "decoder_width": 8,
    "decoder_hidden": 8,
    "s_out": 5,
}


def settings(store_path, output, **changes):
    fields = {"preset": "pstmo-243", "stage": "pretraining", "model": SMALL, "seed": 3}
    fields |= {"optimiser": {"learning_rate": 3e-3, "warm_up_steps": 0}, "steps": 6, "batch": 8}
    fields |= {"validate_every": 4, "checkpoint_every": 2, "validation_windows": 64}
    return TrainConfig(store=store_path, output=output, **fields | changes)


@pytest.fixture(scope="module")
def whole(store_path, tmp_path_factory):
    """A finished run; not to be changed."""
    config = settings(store_path, tmp_path_factory.mktemp("pretraining") / "run")
    run.train(config)
    return config


def log(config):
    with (config.output / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_weights_and_logs_like_any_other(whole):
    path = whole.output / "model.safetensors"
    network = load_checkpoint(path)
    assert isinstance(network, PSTMOPretraining)
    assert network.config == whole.network
    averaged = {
        name.removeprefix("average."): value
        for name, value in weights(whole, "best.ckpt").items()
        if name.startswith("average.")
    }
    assert same(network.state_dict(), averaged)
    assert read_metadata(path)["step"] in ("4", "6")
    rows = log(whole)
    assert [row["step"] for row in rows if row["val/error_2d_5"]] == ["4", "6"]
    assert all(float(row["val/hidden_error_2d_5"]) > 0 for row in rows if row["val/error_2d_5"])
    assert any(row["train/loss_2d"] for row in rows)


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    config = settings(whole.store, tmp_path / "run")
    kill_after(5, monkeypatch)
    with pytest.raises(Killed):
        run.train(config)
    run.train(config)
    assert same(weights(config), weights(whole))
    assert log(config) == log(whole)


def test_progress_names_what_is_measured(store_path, tmp_path, capfd):
    run.train(settings(store_path, tmp_path / "run", steps=1), progress=True)
    assert "step 1: 2D error (of hidden frames) " in capfd.readouterr().err


def test_every_sample_of_a_step_hides_the_same_and_steps_differ(whole):
    module = TrainingModule(whole)
    module.on_fit_start()
    hidden = []

    def watch(_, inputs):
        keypoints, frames, joints = inputs
        hidden.append((keypoints, frames, joints))

    module.network.register_forward_pre_hook(watch)
    for seed in (0, 0, 1):
        module.stage.loss(module.network, module.training_motion, torch.Generator().manual_seed(seed))
    (first, again, other) = hidden
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first[1], other[1])
    assert not torch.equal(first[2], other[2])
    assert (first[1].sum(), first[2].sum(1).tolist()) == (int(0.6 * 9), 9 * [3])


class Offset(PSTMOPretraining):
    """Knows the truth, and misses hidden frames by half a unit."""

    def forward(self, keypoints, hidden_frames, hidden_joints):
        order = visible_first(hidden_frames)
        return keypoints[:, order] + torch.tensor([0.3, 0.4]) * hidden_frames[order][:, None, None]


def test_errors_are_thousandths_of_the_input_s_unit(whole):
    module = TrainingModule(whole)
    module.on_fit_start()
    network = Offset(whole.network).train()
    state = torch.get_rng_state()
    errors = module.stage.errors(network, module.validation_motion, 5)
    assert tuple(errors) == Pretraining.measures.errors
    assert errors["hidden_error_2d"] == pytest.approx(500, rel=1e-4)
    assert errors["error_2d"] == pytest.approx(500 * 5 / 9, rel=1e-4)  # int(0.6 · 9) frames are hidden
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert errors == module.stage.errors(network, module.validation_motion, 5)


def test_filmed_data_without_cameras_will_do(tmp_path, monkeypatch):
    videos = [replace(filmed_video(120), camera=None, subject="S1")]
    monkeypatch.setattr(mpi_inf_3dhp, "check_files", lambda *_: None)
    monkeypatch.setattr(mpi_inf_3dhp, "load_train", lambda *_: iter(videos))
    monkeypatch.setattr(mpi_inf_3dhp, "load_test", lambda *_: tuple(videos))
    changes = {"source": "mpi-inf-3dhp", "ground_truth": "annot3", "steps": 1}
    config = settings(tmp_path, tmp_path / "run", **changes)
    assert isinstance(load_checkpoint(run.train(config)), PSTMOPretraining)
