"""The loop for a lent GPU does what `uplift3d train` does, step for step."""

import pytest
import torch
import yaml

from scripts import script
from uplift3d.model import create, load_checkpoint, save_checkpoint
from uplift3d.train.config import load_config
from uplift3d.train.inputs import mirror
from uplift3d.train.lifting import Lifting

from .conftest import TINY

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def loop():
    return script("tools/train_on_gpu.py")


@pytest.fixture
def written(store_path, tmp_path):
    """A configuration that goes on from a tiny network, as a file."""
    model = TINY | {"strided": [], "paddings": [], "drop_path_spatial": 0.0, "drop_path_temporal": 0.0}
    fields = {
        "store": str(store_path),
        "output": str(tmp_path / "run"),
        "model": model,
        "batch": 4,
        "steps": 9,
    }
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(fields))
    torch.manual_seed(5)
    save_checkpoint(create(load_config(config).network), tmp_path / "start.safetensors")
    loss = {"centre": 0.1, "velocity": 0.3, "any_size": 0.7, "bones": 0.5}
    config.write_text(
        yaml.safe_dump(fields | {"start_from": str(tmp_path / "start.safetensors"), "loss": loss})
    )
    return config


@pytest.fixture
def run(loop, written, store_path):
    config = load_config(written)
    draws = loop.Draws(config, loop.MotionStore.open(store_path), CPU)
    draws.draw()
    return loop.Run(config, draws, CPU)


def test_the_loss_is_that_of_the_plain_loop(run, loop):
    batches = run.draws.take()
    assert {len(values) for values in batches.values()} == {loop.PER_DRAW}
    stage = Lifting(run.config)
    network = stage.create()
    for place in range(loop.PER_DRAW):
        batch = {name: values[place] for name, values in batches.items()}
        sequence, centre = network.answer(batch["keypoints"], batch["mask"])
        expected = loop.lifting_loss(
            sequence, centre, batch["target"], batch["counted"], None, batch["known"], run.parts, run.joints
        )
        torch.testing.assert_close(run.compute(*(batch[name] for name in loop.FIELDS)), expected)


def test_every_step_has_windows_and_their_own_mirror_images(run):
    keypoints = run.draws.take()["keypoints"]
    plain, image = keypoints.chunk(2, dim=1)
    torch.testing.assert_close(image, mirror(plain, run.joints))
    assert not torch.equal(plain[0], plain[1])


def test_weights_are_saved_and_load(written, store_path, tmp_path, loop, monkeypatch, capsys):
    arguments = ["train_on_gpu", str(store_path), str(tmp_path / "runs"), str(written), "--seconds", "3"]
    monkeypatch.setattr("sys.argv", arguments)
    loop.main()
    assert "1 networks, 1 kinds of batches" in capsys.readouterr().out
    before, after = (
        load_checkpoint(tmp_path / name).state_dict()
        for name in ("start.safetensors", "runs/tiny.safetensors")
    )
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
