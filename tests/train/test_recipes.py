"""Every shipped recipe parses, names itself truthfully and builds its published network."""

from pathlib import Path

import pytest
import torch

from uplift3d.model import presets
from uplift3d.train.config import PRESETS, load_config
from uplift3d.train.networks import create_network

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "recipes"
RECIPES = sorted(FOLDER.glob("*.yaml"))
PUBLISHED_SCORES = {
    "h36m-uu-351": "45.7 / 46.1 / 47.8",
    "h36m-uu-351-finetune": "42.6 / 43.1 / 45.0",
    "h36m-uu-81": "47.4 / 47.9 / 49.9",
    "h36m-uu-81-finetune": "44.8 / 45.5 / 47.9",
    "3dhp-uu-81": "46.9 mm",
    "h36m-poseformer-81": "44.3",
    "h36m-strided-transformer-351": "43.7",
    "h36m-pstmo-243": "42.8",
}


def recipe(name):
    return load_config(FOLDER / f"{name}.yaml")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_a_run_of_its_published_network(path):
    config = load_config(path)
    assert config.network == PRESETS[config.preset]()
    assert path.stem.removesuffix("-finetune").endswith(config.preset)
    assert config.output == Path("runs") / path.stem
    assert config.steps % config.validate_every == 0
    with torch.device("meta"):
        create_network(config.network)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_header_says_command_duration_and_score_and_who_measured_it(path):
    head = path.read_text().partition("store:")[0]
    for words in (f"uplift3d train configs/recipes/{path.name}", "# Duration:", "# Score:", "not measured"):
        assert words in head
    assert PUBLISHED_SCORES.get(path.stem, "") in head


def test_every_published_model_has_one():
    assert PUBLISHED_SCORES.keys() | {"amass-uu-351", "amass-uu-81"} <= {path.stem for path in RECIPES}


@pytest.mark.parametrize("size", ["351", "81"])
def test_fine_tuning_starts_where_pre_training_ends(size):
    first, second = recipe(f"amass-uu-{size}"), recipe(f"h36m-uu-{size}-finetune")
    assert second.start_from == first.output / "model.safetensors"
    assert first.network == second.network
    assert second.optimiser.learning_rate == first.optimiser.learning_rate / 2
    assert second.optimiser.weight_decay == first.optimiser.weight_decay / 2
    assert (first.steps, second.steps) == (600_000, 18_000)


def test_the_published_models_are_trained_as_published():
    long, short = recipe("h36m-uu-351"), recipe("h36m-uu-81")
    assert (long.network, short.network) == (presets.uu_351(), presets.uu_81())
    assert (long.batch, short.batch, long.steps, short.steps) == (512, 256, 720_000, 720_000)
    assert (long.views.mirror, short.views.mirror) == ("within_batch", "random")
    assert (long.optimiser.ema, short.optimiser.ema) == (0, 0.999)
    for config in (long, short):
        assert (config.optimiser.name, config.optimiser.schedule) == ("published", "paper")
        assert (config.optimiser.learning_rate, config.optimiser.weight_decay) == (4e-5, 4e-6)
        assert (config.initial_weights, config.loss_on) == ("published", "all")
