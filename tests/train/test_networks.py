from typing import Any

import pytest
import torch

from uplift3d.data.store import MotionStore, split_validation
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint, presets, save_checkpoint
from uplift3d.model.catalogue import all_presets, rivals
from uplift3d.model.rivals import MotionBERTConfig, VideoPose3DConfig
from uplift3d.train import run
from uplift3d.train.batches import ViewConfig, draw_batch
from uplift3d.train.config import TrainConfig
from uplift3d.train.inputs import straight_lines
from uplift3d.train.module import NETWORK_KEY, TrainingModule
from uplift3d.train.networks import create_network, take_weights
from uplift3d.train.run import train
from uplift3d.train.sampler import MotionWindows, SamplerConfig

from .conftest import TINY

SMALL_RIVALS = {
    "videopose3d-27": {"filter_widths": (3, 3), "channels": 16},
    "poseformer-9": {"joint_width": 8, "depth": 1},
    "strided-transformer-27": {"width": 16, "hidden": 16, "depth": 1},
    "pstmo-243": {
        "frames": 9,
        "strides": (3, 3),
        "width": 16,
        "hidden": 16,
        "depth": 1,
        "pose_width": 16,
    },
    "ugcn-96": {"frames": 12, "channels": (4, 8)},
    "motionbert-243": {"frames": 9, "width": 16, "depth": 1, "representation": 16},
}
"""Preset → fields of a version of it that trains in no time."""


def settings(store_path, output, preset, **changes):
    fields = {"model": SMALL_RIVALS[preset] | {"input": "person", "axes": "viewing_ray", "s_out": 5}}
    fields |= {"optimiser": {"learning_rate": 3e-3, "warm_up_steps": 0}, "steps": 4, "batch": 8}
    fields |= {"validate_every": 4, "validation_windows": 64}
    return TrainConfig(store=store_path, output=output, preset=preset, **fields | changes)


def test_every_rival_has_a_preset():
    configs: list[Any] = [all_presets()[preset].config() for preset in SMALL_RIVALS]
    assert {config.rival for config in configs} == set(rivals())


@pytest.mark.parametrize("preset", SMALL_RIVALS)
def test_every_rival_trains_by_the_same_command_and_its_weights_come_back(preset, store_path, tmp_path):
    config = settings(store_path, tmp_path / "run", preset)
    network = load_checkpoint(train(config))
    assert network.config == config.network
    with pytest.raises(InputError, match="holds a run of another network"):
        train(settings(store_path, tmp_path / "run", preset, model={}))


def test_a_rival_is_resumed_like_any_other_network(store_path, tmp_path):
    whole = settings(store_path, tmp_path / "whole", "videopose3d-27", checkpoint_every=2)
    train(whole)
    parts = settings(store_path, tmp_path / "parts", "videopose3d-27", checkpoint_every=2, steps=2)
    train(parts)
    train(TrainConfig(**parts.model_dump() | {"steps": 4}))
    ends = [
        torch.load(config.output / "last.ckpt", weights_only=True)["state_dict"] for config in (whole, parts)
    ]
    # The cosine differs with the number of steps, the first two do not differ otherwise.
    assert ends[0].keys() == ends[1].keys()


@pytest.mark.parametrize("changes", [{"output": "image"}, {"confidence": "detected"}])
def test_networks_as_published_are_not_trained(changes):
    with pytest.raises(InputError, match=r"are for published weights: trained are networks without"):
        create_network(MotionBERTConfig(frames=9, width=16, depth=1, **changes))


def test_a_run_from_before_a_field_existed_goes_on(store_path, tmp_path):
    config = settings(store_path, tmp_path / "run", "motionbert-243", steps=2, validate_every=2)
    train(config)
    last = tmp_path / "run" / "last.ckpt"
    checkpoint = torch.load(last, weights_only=True)
    del checkpoint[NETWORK_KEY]["output"]
    torch.save(checkpoint, last)
    train(TrainConfig(**config.model_dump() | {"steps": 4}))
    assert torch.load(last, weights_only=True)["global_step"] == 4
    checkpoint[NETWORK_KEY]["rival"] = "pstmo"
    torch.save(checkpoint, last)
    with pytest.raises(InputError, match=r"rival pstmo there and motionbert here.*output None there"):
        train(config)


@pytest.mark.parametrize(
    ("causal", "token"),
    [(False, 4), (True, 8)],
)
def test_the_pose_that_is_answered_is_the_one_that_is_trained(causal, token):
    network = create_network(VideoPose3DConfig(filter_widths=(3, 3), channels=8, causal=causal))
    assert network.answered_token == token
    sequence, centre = network.answer(torch.zeros(2, 9, 17, 2), torch.ones(2, 9, dtype=torch.bool))
    assert sequence is None
    assert centre.shape == (2, 17, 3)


def test_who_fills_in():
    assert presets.small().fills_in
    assert not presets.small().evolve(masked_tokens=False, deferred_depth=0).fills_in
    assert not VideoPose3DConfig().fills_in


def test_a_motion_loss_enters_the_loss(store_path, tmp_path):
    losses = []
    for weight in (0.0, 100.0):
        model = SMALL_RIVALS["ugcn-96"] | {"motion_weight": weight, "dropout": 0, "s_out": 1}
        module = TrainingModule(settings(store_path, tmp_path, "ugcn-96", model=model, seed=3))
        torch.manual_seed(0)
        network = create_network(module.config.network)
        module.network.load_state_dict(network.state_dict())
        module.on_fit_start()
        module._fabric = None
        losses.append(_loss(module).item())
    assert losses[1] > losses[0] * 1.01


def _loss(module):
    type(module).global_step = property(lambda _: 0)
    type(module).global_rank = property(lambda _: 0)
    try:
        return module.training_step()
    finally:
        del type(module).global_step, type(module).global_rank


def test_fine_tuning_starts_from_the_weights_of_another_run(store_path, tmp_path):
    network = create_network(presets.small().evolve(**TINY))
    save_checkpoint(network, tmp_path / "first.safetensors")
    config = TrainConfig(
        store=store_path,
        output=tmp_path / "run",
        model=TINY | {"deferred_depth": 0},
        steps=1,
        start_from=tmp_path / "first.safetensors",
    )
    state = TrainingModule(config).network.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


def test_weights_of_another_size_are_refused(tmp_path):
    save_checkpoint(create_network(presets.small().evolve(**TINY)), tmp_path / "first.safetensors")
    other = create_network(presets.small().evolve(**TINY | {"temporal_depth": 1}))
    message = r"first\.safetensors holds a network of other sizes \(temporal_depth 2 there and 1 here\)"
    with pytest.raises(InputError, match=message):
        take_weights(other, tmp_path / "first.safetensors")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joints": "uu17"}, r"\(joints uu17 there and h36m17 here\)"),
        (
            {"input": "screen", "axes": "camera"},
            r"\(input screen there and person here, axes camera there and viewing_ray here\)",
        ),
    ],
)
def test_weights_of_other_conventions_are_refused(tmp_path, changes, message):
    """They would load, and mean something else."""
    save_checkpoint(create_network(presets.small().evolve(**TINY | changes)), tmp_path / "first.safetensors")
    with pytest.raises(InputError, match="holds a network of other conventions " + message):
        take_weights(create_network(presets.small().evolve(**TINY)), tmp_path / "first.safetensors")


def test_joints_are_interpolated_between_those_that_are_known():
    place = torch.arange(6.0)
    keypoints = torch.stack([place, place**2], -1)[None, :, None].repeat(1, 1, 3, 1)  # (1, 6, 3, 2)
    known = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]]) > 0
    filled, seen = straight_lines(keypoints, known[None])
    assert filled[0, :, 0].tolist() == [[0, 0], [1, 3], [2, 6], [3, 9], [4, 17], [5, 25]]
    assert filled[0, :, 1].tolist() == [[1, 1]] * 6
    assert seen[0].tolist() == [[True, True, False]] * 6
    assert filled.isfinite().all()


def test_what_is_known_everywhere_stays(random):
    keypoints = torch.randn(4, 9, 17, 2, generator=random)
    filled, seen = straight_lines(keypoints, torch.ones(4, 9, 17, dtype=torch.bool))
    assert torch.equal(filled, keypoints)
    assert seen.all()


def test_a_network_that_does_not_fill_in_gets_straight_lines_between_key_frames(store_path):
    store = MotionStore.open(store_path)
    windows = MotionWindows.from_store(
        store, split_validation(store)[0], SamplerConfig(), torch.device("cpu")
    )
    config = VideoPose3DConfig(filter_widths=(3, 3), s_out=5)
    noise = {"missed_rate": 0, "lost_rate": (0, 0), "lost_outside": 0}
    views = ViewConfig(mirror="none", switch_rate=0, noise=noise)
    dense, sparse = (
        draw_batch(windows, config, views, 64, torch.Generator().manual_seed(1), (stride,))
        for stride in (5, 20)
    )
    assert dense.mask.all()
    assert sparse.mask.all()
    bend = (
        (sparse.keypoints[:, 2:] - 2 * sparse.keypoints[:, 1:-1] + sparse.keypoints[:, :-2])
        .abs()
        .amax((2, 3))
    )
    assert ((bend < 1e-5).float().mean(1) > 0.4).all()
    assert torch.equal(dense.target, sparse.target)


@pytest.mark.parametrize(
    ("stride", "message"), [(7, "strides_in: 7 given, multiples of s_out"), (0, "0 given")]
)
def test_strides_off_the_grid_are_refused(stride, message):
    config = TrainConfig(store="a", output="b", steps=1, strides_in=(stride,))
    with pytest.raises(InputError, match=message):
        config.strides  # noqa: B018


def test_only_the_data_sets_asked_for_are_trained_on(store_path, tmp_path):
    config = settings(store_path, tmp_path, "videopose3d-27", datasets=("cmu-bvh",))
    module = TrainingModule(config)
    module.on_fit_start()
    assert module.training_motion.frames.tolist() == [200]
    assert module.validation_motion.frames.tolist() == [120]
    with pytest.raises(InputError, match=r"datasets: amass given; .*store has bandai-1, bandai-2, cmu-amc"):
        run.train(settings(store_path, tmp_path / "x", "videopose3d-27", datasets=("amass",)))
