"""Slow tier: every model learns something in a few dozen steps, and its weights come back from the file."""

import csv

import pytest
import torch

from uplift3d.model import load_checkpoint
from uplift3d.train import run
from uplift3d.train.config import TrainConfig
from uplift3d.train.networks import answer

from .conftest import TINY
from .test_networks import SMALL_RIVALS

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
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    losses = [float(line["train/loss_mm"]) for line in lines if line["train/loss_mm"]]
    assert losses[-1] < 0.95 * losses[0]
    network, again = load_checkpoint(path), load_checkpoint(path)
    assert network.config == config.network
    keypoints = torch.randn(2, config.network.tokens, 17, 2, generator=random)
    mask = torch.ones(keypoints.shape[:2], dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(answer(network, keypoints, mask)[1], answer(again, keypoints, mask)[1])
    best = torch.load(tmp_path / "run" / "best.ckpt", weights_only=True)["state_dict"]
    for name, value in network.state_dict().items():
        assert torch.equal(value, best[f"network.{name}"])
