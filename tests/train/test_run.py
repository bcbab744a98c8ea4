import csv
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from uplift3d.data.store import MotionStore, write_store
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint
from uplift3d.model.checkpoints import read_metadata
from uplift3d.train import run
from uplift3d.train.config import TrainConfig
from uplift3d.train.module import TrainingModule
from uplift3d.train.run import export, train

from .conftest import TINY


class Killed(BaseException):
    """Stands for a kill: nothing in the training code may react to it."""


def settings(store_path, output):
    return TrainConfig(
        store=store_path,
        output=output,
        model=TINY | {"drop_path_temporal": 0.5},
        optimiser={"learning_rate": 3e-3, "warm_up_steps": 0},
        steps=6,
        batch=8,
        validate_every=4,
        checkpoint_every=2,
        validation_windows=64,
    )


@pytest.fixture
def config(store_path, tmp_path):
    return settings(store_path, tmp_path / "run")


@pytest.fixture(scope="module")
def whole(store_path, tmp_path_factory):
    """A finished run; not to be changed."""
    config = settings(store_path, tmp_path_factory.mktemp("whole") / "run")
    train(config)
    return config


@pytest.fixture
def copied(config, whole):
    """A finished run of the test's own."""
    shutil.copytree(whole.output, config.output)
    return config


@pytest.fixture(autouse=True)
def _no_graphs(request, monkeypatch):
    """Leave out the export to ONNX, which takes longer than all else, where a test is not about it."""
    if "with_graphs" not in request.fixturenames:
        monkeypatch.setattr(run, "export_onnx", lambda *_: None)


@pytest.fixture
def with_graphs():
    pass


def evolve(config, **changes):
    return TrainConfig(**config.model_dump() | changes)


def weights(config, name="last.ckpt"):
    return torch.load(config.output / name, weights_only=True)["state_dict"]


def log(config):
    with (config.output / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def kill_after(step, monkeypatch):
    """Let the next run die when it has done `step` steps, before anything is written about them."""
    usual = TrainingModule.on_train_batch_end

    def end(self, *arguments):
        usual(self, *arguments)
        if self.global_step == step:
            monkeypatch.undo()
            raise Killed

    monkeypatch.setattr(TrainingModule, "on_train_batch_end", end)


def same(first, second):
    return all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_run_leaves_weights_logs_and_graphs(config, capfd, with_graphs):
    path = train(config)
    assert path == config.output / "model.safetensors"
    network = load_checkpoint(path)
    assert network.config == config.network
    averaged = {
        k.removeprefix("average."): v for k, v in weights(config, "best.ckpt").items() if "average" in k
    }
    for name, value in network.state_dict().items():
        assert torch.equal(value, averaged[name])
    assert read_metadata(path)["step"] in ("4", "6")
    pose = np.ones((1, 17, 2), np.float32)
    session = onnxruntime.InferenceSession(config.output / "model.embed.onnx")
    (token,) = session.run(None, {"poses": pose})
    np.testing.assert_allclose(token, network.embed(torch.from_numpy(pose)).detach().numpy(), atol=1e-5)
    assert (config.output / "model.uplift.onnx").exists()
    assert [row["step"] for row in log(config) if row["val/mpjpe_10"]] == ["4", "6"]  # the last step too
    assert any((config.output / "tensorboard").iterdir())
    assert not [path for path in config.output.iterdir() if path.name.startswith(".")]
    out = capfd.readouterr()
    assert out.out + out.err == ""  # Lightning's advice is kept back


def test_progress_is_shown_where_asked_for(config, capfd):
    train(config, progress=True)
    error = capfd.readouterr().err
    assert "step 4: MPJPE (P-MPJPE) " in error
    assert "mm at strides 5, 10" in error
    assert "6/6" in error


@pytest.mark.parametrize("step", [1, 3, 4, 5])  # before, after and at a checkpoint, and after a validation
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(config, whole, monkeypatch, step):
    kill_after(step, monkeypatch)
    with pytest.raises(Killed):
        train(config)
    assert not (config.output / "model.safetensors").exists()
    train(config)
    assert same(weights(config), weights(whole))
    exported = [load_checkpoint(each.output / "model.safetensors").state_dict() for each in (config, whole)]
    assert same(*exported)
    assert log(config) == log(whole)


def test_a_finished_run_can_be_prolonged(config):
    schedule = {"schedule": "paper"}  # the cosine of a longer run is another one
    config = evolve(config, steps=3, optimiser=config.optimiser.model_dump() | schedule)
    longer, straight = evolve(config, steps=5), evolve(config, steps=5, output=config.output / "straight")
    for each in (config, longer, straight):
        train(each)
    assert same(weights(longer), weights(straight))


def test_a_finished_run_stays_finished(copied, whole):
    train(copied)
    assert same(weights(copied), weights(whole))
    assert log(copied) == log(whole)


def test_the_seed_decides(config, whole):
    other = evolve(config, seed=1)
    train(other)
    assert not same(weights(other), weights(whole))


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(config, monkeypatch, what):
    usual = run.TrainingModule.training_step

    def step(self, *arguments):
        loss = usual(self, *arguments)
        if self.global_step < 5:
            return loss
        return loss * float("nan") if what == "loss" else (loss - loss.detach()).sqrt()

    monkeypatch.setattr(TrainingModule, "training_step", step)
    with pytest.raises(InputError, match="no longer a finite number at step 5; the last good checkp"):
        train(config)
    assert torch.load(config.output / "last.ckpt", weights_only=True)["global_step"] == 4
    assert all(value.isfinite().all() for value in weights(config).values())
    assert not (config.output / "model.safetensors").exists()


def test_a_loss_that_is_not_finite_before_the_first_checkpoint(config, monkeypatch):
    usual = run.TrainingModule.training_step
    monkeypatch.setattr(TrainingModule, "training_step", lambda self, *a: usual(self, *a) * float("nan"))
    with pytest.raises(
        InputError, match="a finite number at step 0; no checkpoint was saved yet; try a lower"
    ):
        train(config)


def test_a_missing_store_is_named_before_anything_is_written(config, tmp_path):
    with pytest.raises(InputError, match="nowhere: not a motion store"):
        train(evolve(config, store=tmp_path / "nowhere"))
    assert not config.output.exists()


def test_a_folder_with_a_run_of_another_network_is_refused(whole):
    with pytest.raises(InputError, match=r"run of another network \(temporal_width 16 there and 24 here\)"):
        train(evolve(whole, model=whole.model | {"temporal_width": 24}))


def test_a_damaged_checkpoint_is_named(config):
    config.output.mkdir()
    (config.output / "last.ckpt").write_bytes(b"PK no")
    with pytest.raises(InputError, match=r"last\.ckpt: not a readable checkpoint"):
        train(config)


def test_an_output_that_cannot_be_a_folder_is_named(config):
    config.output.write_text("a file")
    with pytest.raises(InputError, match=r"run cannot be created \(File exists\)"):
        train(config)


def test_weights_are_replaced_whole_or_not_at_all(copied, monkeypatch):
    before = (copied.output / "model.safetensors").read_bytes()

    def fails(self, content):
        self.with_name(self.name).open("wb").write(content[:100])
        raise Killed

    monkeypatch.setattr("pathlib.Path.write_bytes", fails)
    with pytest.raises(Killed):
        export(copied)
    assert (copied.output / "model.safetensors").read_bytes() == before


def test_a_full_disk_is_a_sentence_and_keeps_the_last_checkpoint(copied):
    before = (copied.output / "last.ckpt").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))  # as if only so much were left
    try:
        with pytest.raises(InputError, match=r"\.ckpt cannot be written: File too large"):
            train(evolve(copied, steps=12))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (copied.output / "last.ckpt").read_bytes() == before
    assert not [path for path in copied.output.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "uu-351", "loss_on": "all", "initial_weights": "published"},
        {"model": TINY | {"spatial_depth": 0}},
        {"model": TINY | {"temporal_depth": 0}},
        {"model": TINY | {"strided": (), "paddings": ()}},
        {"model": TINY | {"deferred_depth": 0, "masked_tokens": False}},
        {"model": TINY | {"strides_in": (10,), "deferred_depth": 2, "output_batch_norm": True}},
        {"optimiser": {"name": "published", "weight_decay": 4e-6, "learning_rate": 4e-5, "ema": 0}},
        {"views": {"mirror": "random"}, "optimiser": {"schedule": "paper", "clip_norm": 0}},
    ],
    ids=["published", "flat", "strided", "temporal", "dense", "single", "keras", "random"],
)
def test_every_switch_trains(config, changes):
    path = train(evolve(config, **{"steps": 2, "validate_every": 2} | changes))
    network = load_checkpoint(path)
    assert all(value.isfinite().all() for value in network.state_dict().values())


def test_mixed_precision_trains_float32_weights(config, whole, monkeypatch):
    """What GPUs do, on the CPU."""
    usual = run.Trainer
    monkeypatch.setattr(run, "Trainer", lambda **named: usual(**named | {"precision": "bf16-mixed"}))
    train(config)
    assert all(value.dtype == torch.float32 for value in weights(config).values())
    first, exact = (float(log(each)[0]["val/mpjpe_5"]) for each in (config, whole))
    assert first != exact
    assert first == pytest.approx(exact, rel=0.02)


def test_some_steps_lower_the_error(config, whole):
    quick = {"learning_rate": 1e-2, "warm_up_steps": 5, "ema": 0}
    train(evolve(config, steps=30, validate_every=30, batch=32, optimiser=quick))
    for error, least in (("mpjpe", 0.8), ("p_mpjpe", 0.6)):
        before, after = (float(log(each)[-1][f"val/{error}_5"]) for each in (whole, config))
        assert after < least * before


def test_the_logged_learning_rate_is_the_schedule_s(whole):
    rates = {row["step"]: row["train/learning_rate"] for row in log(whole) if row["train/learning_rate"]}
    assert float(rates["6"]) == pytest.approx(3e-3 * 0.5 * (1 + np.cos(np.pi * 5 / 6)), rel=1e-4)


@pytest.mark.slow
def test_a_real_kill_while_training(config):
    """SIGKILL at a random moment, twice, in a process of its own."""
    whole = evolve(config, steps=30, output=config.output / "whole")
    train(whole)
    config = evolve(whole, output=config.output / "killed")
    code = textwrap.dedent(
        """
        import sys
        from uplift3d.train.config import TrainConfig
        from uplift3d.train.run import train
        train(TrainConfig.model_validate_json(sys.argv[1]))
        """
    )
    command = [sys.executable, "-c", code, config.model_dump_json()]
    for rows in (1, 3):
        process = subprocess.Popen(command)
        while process.poll() is None:
            if (config.output / "metrics.csv").exists() and len(log(config)) > rows:
                os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (config.output / "model.safetensors").exists()
    subprocess.run(command, check=True)
    assert same(weights(config), weights(whole))


@pytest.mark.slow
def test_two_processes_draw_different_batches_and_agree_on_the_weights(config, tmp_path):
    code = textwrap.dedent(
        """
        import sys, torch
        from lightning import Trainer
        from uplift3d.train import run
        from uplift3d.train.config import TrainConfig

        folder = sys.argv[2]
        run.Trainer = lambda **named: Trainer(**named | {"devices": 2, "strategy": "ddp"})
        drawn = run.TrainingModule.training_step

        def step(self, *arguments):
            loss = drawn(self, *arguments)
            self.losses = [*getattr(self, "losses", []), float(loss)]
            state = {k: v for k, v in self.state_dict().items()}
            torch.save({"losses": self.losses, "state": state}, f"{folder}/{self.global_rank}.pt")
            return loss

        run.TrainingModule.training_step = step
        run.train(TrainConfig.model_validate_json(sys.argv[1]))
        """
    )
    script = tmp_path / "ddp.py"
    script.write_text(code)
    subprocess.run([sys.executable, script, config.model_dump_json(), tmp_path], check=True, timeout=300)
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    assert len(ranks[0]["losses"]) == 6
    assert ranks[0]["losses"] != ranks[1]["losses"]
    assert same(ranks[0]["state"], ranks[1]["state"])
    assert [row["step"] for row in log(config) if row["val/mpjpe_10"]] == ["4", "6"]
    assert (config.output / "model.safetensors").exists()


def test_a_folder_with_a_run_on_other_motion_is_refused(whole, tmp_path):
    """Its weights would take the licence of the new motion alone."""
    store = MotionStore.open(whole.store)
    clips = [(replace(clip, licence="MIT"), np.array(store[n])) for n, clip in enumerate(store.clips)]
    write_store(tmp_path / "other.store", clips)
    with pytest.raises(InputError, match=r"holds a run on other motion .* give another output"):
        train(evolve(whole, store=tmp_path / "other.store", steps=whole.steps + 1))
