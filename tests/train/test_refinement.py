"""Lifter and refinement, trained together by the command that trains everything."""

from dataclasses import replace

import pytest
import torch

from made_motion import filmed_video
from make_rival import create_rival
from uplift3d.data import mpi_inf_3dhp
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint, save_checkpoint
from uplift3d.model.rivals import Refinement, StridedTransformer, back_project
from uplift3d.train import run
from uplift3d.train.config import TrainConfig
from uplift3d.train.module import TrainingModule
from uplift3d.train.refinement import Refining

from .test_pretraining import log
from .test_run import Killed, kill_after, same, weights

SMALL = {"frames": 9, "strides": (3, 3), "width": 16, "hidden": 16, "depth": 1, "s_out": 5}


def settings(store_path, output, start_from, **changes):
    fields = {"preset": "strided-transformer-27", "stage": "refinement", "model": SMALL, "seed": 3}
    fields |= {"optimiser": {"learning_rate": 3e-3, "warm_up_steps": 0}, "steps": 6, "batch": 8}
    fields |= {"validate_every": 4, "checkpoint_every": 2, "validation_windows": 64}
    return TrainConfig(store=store_path, output=output, start_from=start_from, **fields | changes)


@pytest.fixture(scope="module")
def lifter(tmp_path_factory):
    """Weights of a lifter."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("lifter") / "model.safetensors"
    save_checkpoint(create_rival("strided_transformer", SMALL), path)
    return path


@pytest.fixture(scope="module")
def whole(store_path, lifter, tmp_path_factory):
    """A finished run; not to be changed."""
    config = settings(store_path, tmp_path_factory.mktemp("refinement") / "run", lifter)
    run.train(config)
    return config


def test_a_run_leaves_the_weights_of_both(whole, lifter):
    start = load_checkpoint(lifter)
    refined = load_checkpoint(whole.output / "model.safetensors")
    refinement = load_checkpoint(whole.output / "refinement.safetensors")
    assert isinstance(refined, StridedTransformer)
    assert isinstance(refinement, Refinement)
    assert refined.config == whole.network
    assert not same(refined.centre_head.state_dict(), start.centre_head.state_dict())
    assert torch.equal(refined.sequence_head.linear.weight, start.sequence_head.linear.weight)
    for part, network in (("lifter", refined), ("refinement", refinement)):
        averaged = {
            name.removeprefix(f"average.{part}."): value
            for name, value in weights(whole, "best.ckpt").items()
            if name.startswith(f"average.{part}.")
        }
        assert same(network.state_dict(), averaged)


def test_both_versions_of_the_pose_are_validated(whole):
    rows = [row for row in log(whole) if row["val/mpjpe_5"]]
    assert [row["step"] for row in rows] == ["4", "6"]
    assert all(row[f"val/{name}_5"] for row in rows for name in Refining.measures.errors)
    assert float(rows[-1]["val/mpjpe_5"]) < float(rows[-1]["val/lifted_mpjpe_5"])  # true depth and camera


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    config = settings(whole.store, tmp_path / "run", whole.start_from)
    kill_after(5, monkeypatch)
    with pytest.raises(Killed):
        run.train(config)
    run.train(config)
    assert same(weights(config), weights(whole))
    assert log(config) == log(whole)


def test_progress_names_what_is_measured(store_path, lifter, tmp_path, capfd):
    run.train(settings(store_path, tmp_path / "run", lifter, steps=1), progress=True)
    assert "step 1: MPJPE (before refinement) " in capfd.readouterr().err


def test_the_loss_is_the_error_of_the_refined_central_pose(whole):
    config = TrainConfig(**whole.model_dump() | {"strides_in": (100,), "batch": 32})
    module = TrainingModule(config)
    module.on_fit_start()
    network = module.network.eval()
    loss = module.stage.loss(network, module.training_motion, torch.Generator().manual_seed(0))
    batch = module.stage.draw(module.training_motion, torch.Generator().manual_seed(0))
    _, centre = network.lifter(batch.keypoints)
    projected = back_project(
        centre, batch.keypoints[:, 4], batch.camera, batch.root_depth_m[:, 4], whole.network.joints
    )
    errors = (network.refinement(centre, projected) - batch.target[:, 4]).norm(dim=-1).mean(-1)
    counted = batch.counted[:, 4]
    torch.testing.assert_close(loss, errors[counted].mean())
    assert not counted.all()  # or leaving tokens out would not show


def test_the_refined_root_counts_as_0_as_in_the_evaluation(whole, monkeypatch):
    module = TrainingModule(whole)
    module.on_fit_start()

    def right_but_for_the_root(batch):
        refined = batch.target[:, 4].clone()
        refined[:, 0] += 0.3
        return batch.target[:, 4], refined

    monkeypatch.setattr(module.network, "forward", right_but_for_the_root)
    errors = module.stage.errors(module.network, module.validation_motion, 5)
    assert errors == pytest.approx(dict.fromkeys(Refining.measures.errors, 0), abs=1e-3)


def test_the_lifter_learns_too_but_for_its_sequence_head(whole):
    module = TrainingModule(whole)
    module.on_fit_start()
    module.stage.loss(module.network, module.training_motion, torch.Generator().manual_seed(0)).backward()
    without = {name for name, weight in module.network.named_parameters() if weight.grad is None}
    assert without
    assert all(name.startswith("lifter.sequence_head.") for name in without)
    assert not any(module.network.get_parameter(name).requires_grad for name in without)


def test_mixed_precision_refines_in_full_precision(whole, tmp_path, monkeypatch):
    """What GPUs do, on the CPU."""
    usual = run.Trainer
    monkeypatch.setattr(run, "Trainer", lambda **named: usual(**named | {"precision": "bf16-mixed"}))
    config = settings(whole.store, tmp_path / "run", whole.start_from)
    run.train(config)
    first, exact = (float(log(each)[0]["val/mpjpe_5"]) for each in (config, whole))
    assert first != exact
    assert first == pytest.approx(exact, rel=0.05)


def test_a_folder_of_another_stage_is_refused(whole, tmp_path):
    config = settings(whole.store, tmp_path / "run", whole.start_from, steps=1)
    run.train(config)
    with pytest.raises(InputError, match="holds a run of stage refinement, not lifting"):
        run.train(TrainConfig(**config.model_dump() | {"stage": "lifting"}))


def test_weights_of_something_else_are_refused(whole, tmp_path):
    path = whole.output / "refinement.safetensors"
    with pytest.raises(InputError, match=r"start_from: .*refinement\.safetensors holds a network of other"):
        TrainingModule(settings(whole.store, tmp_path, path))


def test_a_video_without_camera_is_named(tmp_path, lifter, monkeypatch):
    videos = [filmed_video(120), replace(filmed_video(120), camera=None, subject="S2")]
    monkeypatch.setattr(mpi_inf_3dhp, "check_files", lambda *_: None)
    monkeypatch.setattr(mpi_inf_3dhp, "load_train", lambda *_: iter(videos))
    monkeypatch.setattr(mpi_inf_3dhp, "load_test", lambda *_: tuple(videos[:1]))
    config = settings(
        tmp_path, tmp_path / "run", lifter, source="mpi-inf-3dhp", ground_truth="annot3", steps=1
    )
    with pytest.raises(InputError, match="S2 walk camera 0 has no camera, but refinement needs its focal"):
        run.train(config)
    videos.pop()
    assert isinstance(load_checkpoint(run.train(config)), StridedTransformer)
