"""Five steps of the published training, its schedules, and laws of the optimiser."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from uplift3d.model import load_checkpoint
from uplift3d.model.keras_h5 import read_h5, translate
from uplift3d.skeletons import joint_set
from uplift3d.train.losses import lifting_loss
from uplift3d.train.optimiser import (
    OptimiserConfig,
    PublishedAdamW,
    average_decay,
    create_optimiser,
    follow,
    learning_rate_factor,
)


@pytest.fixture(scope="module")
def published(golden_dir):
    """The published run repeated: losses, first gradients, weights and averaged weights after five steps."""
    folder = golden_dir / "training"
    arrays = np.load(folder / "train5.npz")
    schedule = json.loads((folder / "train5.json").read_text())
    model = load_checkpoint(
        golden_dir / "uplift_upsample" / "tinyA.h5", config=folder / "train5.json"
    ).train()
    average = copy.deepcopy(model)
    rate = schedule["SCHEDULE_PARAMS"]
    optimiser = PublishedAdamW(
        model.parameters(), rate["initial_learning_rate"], weight_decay=schedule["WEIGHT_DECAY"]
    )
    halving = torch.optim.lr_scheduler.StepLR(optimiser, rate["decay_steps"], rate["decay_rate"])
    keypoints, mask, target = (
        torch.from_numpy(arrays[name]) for name in ("keypoints2d", "stride_mask", "gt_keypoints3d")
    )
    target = target - target[:, :, [joint_set("uu17").root]]  # the published loss is root-relative
    losses, gradients, decays = [], {}, []
    for step in range(len(arrays["loss"])):
        assert optimiser.param_groups[0]["lr"] == pytest.approx(arrays["learning_rate"][step])
        optimiser.zero_grad()
        loss = lifting_loss(*model(keypoints, mask), target)
        loss.backward()
        gradients = gradients or {name: p.grad.clone() for name, p in model.named_parameters()}
        optimiser.step()
        halving.step()
        decays.append(average_decay(step, schedule["EMA_DECAY"]))
        follow(average, model, decays[-1])
        losses.append(loss.item())
    return arrays, model, average, losses, gradients, decays


def in_torch_layout(arrays, config):
    """The stored gradients under the names of the network's parameters."""
    layers = {}
    for index, name in enumerate(arrays["variable_names"]):
        layers.setdefault(name.split("/")[0], []).append(arrays[f"step0_grad_{index:03d}"])
    return translate(layers, config)


def without_key_biases(state, config):
    """Set the key projections' biases to zero: their gradient is rounding noise, which Adam amplifies."""
    state = {name: value.clone() for name, value in state.items()}
    for name, value in state.items():
        if name.endswith("qkv.bias"):
            value.view(3, -1)[1] = 0
    return state


def test_losses_of_five_steps_are_the_published_ones(published):
    arrays, _, _, losses, _, _ = published
    np.testing.assert_allclose(losses, arrays["loss"], atol=2e-6)


def test_gradients_of_the_first_step_are_the_published_ones(published):
    arrays, model, _, _, gradients, _ = published
    expected = in_torch_layout(arrays, model.config)
    assert gradients.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(gradients[name].numpy(), value.numpy(), atol=2e-6, err_msg=name)


@pytest.mark.parametrize("file", ["train5_after", "train5_after_ema"])
def test_weights_after_five_steps_are_the_published_ones(published, golden_dir, file):
    _, model, average, _, _, _ = published
    actual = (average if file.endswith("ema") else model).state_dict()
    expected = translate(read_h5(golden_dir / "training" / f"{file}.h5"), model.config)
    expected = without_key_biases(expected, model.config)
    for name, value in without_key_biases(actual, model.config).items():
        np.testing.assert_allclose(value.numpy(), expected[name].numpy(), atol=2e-5, err_msg=name)


def test_averaging_warms_up_as_published(published):
    arrays, *_, decays = published
    np.testing.assert_allclose(decays, arrays["ema_decay"])


def test_the_paper_schedule_is_the_published_one(golden_dir):
    stored = np.load(golden_dir / "training" / "schedules.npz")
    config = OptimiserConfig(learning_rate=4e-5, schedule="paper", warm_up_steps=0)
    rates = [config.learning_rate * learning_rate_factor(config, int(step), 1) for step in stored["steps"]]
    np.testing.assert_allclose(rates, stored["exponential_decay_h36m_351"], rtol=5e-6)  # stored in float32


def test_cosine_warms_up_and_ends_at_zero():
    config = OptimiserConfig(warm_up_steps=10)
    factors = [learning_rate_factor(config, step, 100) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert np.argmax(factors) == 9
    assert all(np.diff(factors[9:]) < 0)
    assert factors[100] == pytest.approx(0)


def test_weight_decay_of_both_formulations_is_the_same_thing():
    """4e-6 not multiplied by the learning rate 4e-5 is 0.1 multiplied by it, also when the rate changes."""
    weights = [nn.Parameter(torch.linspace(1, 2, 5)) for _ in range(2)]
    published = create_optimiser(
        [weights[0]], OptimiserConfig(name="published", learning_rate=4e-5, weight_decay=4e-6)
    )
    usual = create_optimiser([weights[1]], OptimiserConfig(learning_rate=4e-5, weight_decay=0.1))
    for rate in (4e-5, 4e-5, 1e-5):
        for weight, optimiser in zip(weights, (published, usual), strict=True):
            optimiser.param_groups[0]["lr"] = rate
            weight.grad = torch.ones(5)
            optimiser.step()
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=2e-7)
    assert (weights[0] < torch.linspace(1, 2, 5) - 5e-5).all()


def test_epsilon_is_added_before_the_bias_correction():
    weight = nn.Parameter(torch.zeros(1))
    optimiser = PublishedAdamW([weight], lr=1.0, weight_decay=0.0, eps=1e-7)
    weight.grad = torch.full((1,), 1e-7)
    optimiser.step()
    # m = 1e-8, sqrt(v) = 1e-7 · sqrt(0.001); correction sqrt(0.001) / 0.1
    root = 0.001**0.5
    assert weight.item() == pytest.approx(-(root / 0.1) * 1e-8 / (1e-7 * root + 1e-7), rel=1e-4)


def test_a_closure_is_called_and_a_weight_without_gradient_stays():
    weight, idle = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimiser = PublishedAdamW([weight, idle], lr=0.1, weight_decay=0.1)

    def closure():
        optimiser.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss.item()

    assert optimiser.step(closure) == 1.0
    assert weight.item() < 1
    assert idle.item() == 1


def test_amsgrad_is_plain_adam_without_weight_decay():
    optimiser = create_optimiser([nn.Parameter(torch.ones(1))], OptimiserConfig(name="amsgrad"))
    assert type(optimiser) is torch.optim.Adam
    assert (optimiser.defaults["amsgrad"], optimiser.defaults["weight_decay"]) == (True, 0)
    with pytest.raises(ValueError, match=r"weight_decay 0\.1 given, but 'amsgrad' has none"):
        OptimiserConfig(name="amsgrad", weight_decay=0.1)


def test_the_exponential_schedule_falls_once_per_epoch():
    config = OptimiserConfig(schedule="exponential", decay=0.95, decay_steps=10, warm_up_steps=0)
    factors = [learning_rate_factor(config, step, 100) for step in (0, 9, 10, 19, 20)]
    assert factors == pytest.approx([1, 1, 0.95, 0.95, 0.95**2])


def test_the_average_copies_buffers():
    network, average = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    network.running_mean.fill_(3)
    with torch.no_grad():
        network.weight.fill_(2)
    follow(average, network, 0.75)
    assert average.running_mean.tolist() == [3, 3]
    assert average.weight.tolist() == [1.25, 1.25]
