"""Slow tier: every model learns something in a few dozen steps, in every stage that it has, and its weights
come back from the file."""

import csv
from typing import Any

import pytest
import torch

from uplift3d.model import load_checkpoint
from uplift3d.train import run
from uplift3d.train.config import TrainConfig

from .conftest import TINY
from .test_networks import SMALL_RIVALS
from .test_run import Killed, kill_after, same, weights

MODELS = {name: fields | {"s_out": 5} for name, fields in SMALL_RIVALS.items()}
MODELS |= {name: dict(TINY) for name in ("small", "base-351", "uu-351")}
MODELS |= {"uu-81": TINY | {"s_out": 2, "strides_in": (4, 10, 20)}}


@pytest.mark.slow
@pytest.mark.parametrize("preset", MODELS)
def test_the_loss_falls_and_the_checkpoint_round_trips(preset, store_path, tmp_path, random, monkeypatch):
    monkeypatch.setattr(run, "LOG_EVERY", 10)
    config = TrainConfig(
        store=store_path,
        output=tmp_path / "run",
        preset=preset,
        model=MODELS[preset] | {"input": "person", "axes": "viewing_ray"},
        optimiser={"learning_rate": 3e-3, "warm_up_steps": 0, "ema": 0},
        steps=90,
        batch=16,
        validate_every=30,
        validation_windows=64,
        graphs=False,
    )
    path = run.train(config)
    losses = [float(line["train/loss_mm"]) for line in log(config) if line["train/loss_mm"]]
    assert losses[-1] < 0.95 * losses[0]
    network, again = load_checkpoint(path), load_checkpoint(path)
    assert network.config == config.network
    keypoints = torch.randn(2, config.network.tokens, 17, 2, generator=random)
    mask = torch.ones(keypoints.shape[:2], dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(network.answer(keypoints, mask)[1], again.answer(keypoints, mask)[1])
    best = torch.load(tmp_path / "run" / "best.ckpt", weights_only=True)["state_dict"]
    for name, value in network.state_dict().items():
        assert torch.equal(value, best[f"network.{name}"])


STAGES: dict[str, dict[str, Any]] = {
    "pstmo-243": {"pretraining": {}, "lifting": {"strides": (3, 3)}, "refinement": {"strides": (3, 3)}},
    "strided-transformer-27": {"lifting": {}, "refinement": {}},
}
"""Preset → stages in the order that they follow one another in, with fields of their networks."""


@pytest.mark.slow
@pytest.mark.parametrize("preset", STAGES)
def test_stage_follows_stage(preset, store_path, tmp_path, monkeypatch):
    """In each the loss falls, a killed run ends as if it had not been, and its weights come back."""
    monkeypatch.setattr(run, "LOG_EVERY", 10)
    start: Any = None
    sizes = {name: value for name, value in MODELS[preset].items() if name != "strides"}
    for stage, more in STAGES[preset].items():
        fields = {
            "store": store_path,
            "preset": preset,
            "stage": stage,
            "start_from": start,
            "model": sizes | more,
            "optimiser": {"learning_rate": 3e-3, "warm_up_steps": 0},
            "steps": 90,
            "batch": 16,
            "validate_every": 30,
            "checkpoint_every": 20,
            "validation_windows": 64,
        }
        whole = TrainConfig(**fields, output=tmp_path / stage)
        killed = TrainConfig(**fields, output=tmp_path / f"{stage}-killed")
        start = run.train(whole)
        loss = "train/loss_2d" if stage == "pretraining" else "train/loss_mm"
        losses = [float(line[loss]) for line in log(whole) if line[loss]]
        assert sum(losses[-3:]) < 0.95 * sum(losses[:3])
        with pytest.MonkeyPatch.context() as patch:
            kill_after(50, patch)
            with pytest.raises(Killed):
                run.train(killed)
        run.train(killed)
        assert same(weights(killed), weights(whole))
        shipped = {
            f"{stem}.{name}": value
            for stem in ("model", "refinement")
            if (path := tmp_path / stage / f"{stem}.safetensors").exists()
            for name, value in load_checkpoint(path).state_dict().items()
        }
        prefixes = (
            {"lifter.": "model.", "refinement.": "refinement."} if stage == "refinement" else {"": "model."}
        )
        best = {
            ours + name.removeprefix(f"average.{theirs}"): value
            for name, value in weights(whole, "best.ckpt").items()
            for theirs, ours in prefixes.items()
            if name.startswith(f"average.{theirs}")
        }
        assert best.keys() == shipped.keys()
        assert same(best, shipped)


def log(config):
    with (config.output / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))
