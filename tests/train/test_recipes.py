"""Every shipped recipe parses, names itself truthfully and builds its published network."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from made_motion import H36M, moving
from uplift3d.cli import main
from uplift3d.data import h36m
from uplift3d.data.amass import REGRESSED_JOINTS, VALIDATION_SUBSETS
from uplift3d.data.store import MotionStore, split_validation
from uplift3d.errors import InputError
from uplift3d.film.h36m_cameras import H36MCameras
from uplift3d.model import load_checkpoint, presets
from uplift3d.model.catalogue import all_presets, create
from uplift3d.model.rivals import Refinement, RefinementConfig
from uplift3d.model.rivals.pstmo_pretraining import SHARED
from uplift3d.train import validate
from uplift3d.train.config import load_config
from uplift3d.train.networks import create_network
from uplift3d.train.recipe import recipe_names, recipe_settings, recipe_text
from uplift3d.train.refinement import RefinedLifter
from uplift3d.train.run import train

from .conftest import TINY

RECIPES = recipe_names()
PUBLISHED_SCORES = {
    "h36m-uu-351": "45.7 / 46.1 / 47.8",
    "h36m-uu-351-finetune": "42.6 / 43.1 / 45.0",
    "h36m-uu-81": "47.4 / 47.9 / 49.9",
    "h36m-uu-81-finetune": "44.8 / 45.5 / 47.9",
    "3dhp-uu-81": "46.9 mm",
    "h36m-poseformer-81": "44.3",
    "h36m-strided-transformer-351": "43.7",
    "h36m-pstmo-243": "42.8",
    "h36m-pstmo-243-refinement": "42.1",
    "h36m-strided-transformer-351-refinement": "43.7",
}


def recipe(name):
    return load_config(name)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_run_of_its_published_network(name):
    config = recipe(name)
    preset = all_presets()[config.preset]
    assert config.network == (preset.pretraining if config.stage == "pretraining" else preset.config)()
    layout, _, stage = name.partition(config.preset)
    assert layout
    assert stage == ("" if config.stage == "lifting" else f"-{config.stage}") or stage == "-finetune"
    assert config.output == Path("runs") / name
    assert config.steps % config.validate_every == 0
    with torch.device("meta"):
        built = create(config.network) if config.stage == "pretraining" else create_network(config.network)
        if config.stage == "refinement":
            RefinedLifter(built, Refinement(RefinementConfig(joints=config.network.joints)))


@pytest.mark.parametrize("name", RECIPES)
def test_the_header_says_command_duration_and_score_and_who_measured_it(name):
    head = recipe_text(name).partition("store:")[0]
    for words in (f"uplift3d train {name}\n", "# Duration:", "# Score:", "not measured"):
        assert words in head
    assert PUBLISHED_SCORES.get(name, "") in head


def test_every_published_model_has_one():
    assert PUBLISHED_SCORES.keys() | {"amass-uu-351", "amass-uu-81"} <= set(RECIPES)


def test_the_catalogue_names_every_recipe_at_its_network_and_stage():
    stages = {}
    for name, preset in all_presets().items():
        for stage, of_stage in preset.recipes.items():
            stages[of_stage] = stage
            config = recipe(of_stage)
            assert config.preset == name
            assert (config.start_from is None) == (stage in ("scratch", "pretraining"))
            assert (config.stage == "refinement") == (stage == "refinement")
    assert stages.keys() | {"3dhp-uu-81"} == set(RECIPES)


def test_a_name_that_no_recipe_has(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"h36m-uu: cannot be read .*; recipes are called 3dhp-uu-81"):
        load_config("h36m-uu")
    with pytest.raises(InputError, match=r"no recipe is called 'h36m-uu'; there are 3dhp-uu-81"):
        recipe_settings("h36m-uu")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h36m-uu-81").write_text("store: s\noutput: o\nsteps: 3\n")
    assert load_config("h36m-uu-81").steps == 3  # a file goes before a recipe


@pytest.mark.parametrize("size", ["351", "81"])
def test_fine_tuning_starts_where_pre_training_ends(size):
    first, second = recipe(f"amass-uu-{size}"), recipe(f"h36m-uu-{size}-finetune")
    assert second.start_from == first.output / "model.safetensors"
    assert first.network == second.network
    assert second.optimiser.learning_rate == first.optimiser.learning_rate / 2
    assert second.optimiser.weight_decay == first.optimiser.weight_decay / 2
    assert (first.steps, second.steps) == (600_000, 18_000)


@pytest.mark.parametrize("name", ["pstmo-243", "strided-transformer-351"])
def test_a_refinement_starts_where_the_lifter_ends(name):
    lifter, refined = recipe(f"h36m-{name}"), recipe(f"h36m-{name}-refinement")
    assert refined.start_from == lifter.output / "model.safetensors"
    assert refined.network == lifter.network
    assert (refined.batch, refined.optimiser.decay) == (lifter.batch, lifter.optimiser.decay)
    assert (refined.optimiser.name, refined.optimiser.learning_rate) == ("amsgrad", 1e-5)


def test_pstmo_starts_from_its_pretraining():
    first, second = recipe("h36m-pstmo-243-pretraining"), recipe("h36m-pstmo-243")
    assert second.start_from == first.output / "model.safetensors"
    assert (first.optimiser.learning_rate, second.optimiser.learning_rate) == (1e-4, 1e-3)
    assert (first.network.hidden_frames, first.network.hidden_joints) == (0.6, 3)
    assert {name: getattr(first.network, name) for name in SHARED} == {
        name: getattr(second.network, name) for name in SHARED
    }
    assert first.network.s_out == second.network.s_out == 2


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


def amass_store(folder):
    """A store made by the command from converted files: five data sets, two people with one sequence each."""
    pytest.importorskip("scipy", reason="needs scipy (the train extra)")
    order = [H36M.index(name) for name in REGRESSED_JOINTS]
    for number, name in enumerate(("CMU", "KIT", *VALIDATION_SUBSETS)):
        sequence = {"positions_3d": moving(90, number)[:, order].astype(np.float32), "frame_rate": 50.0}
        table = np.empty((), dtype=object)
        table[()] = {"01": {"walk_poses": sequence}, "02": {"run_poses": sequence}}
        np.savez_compressed(folder / f"{name}.npz", positions_3d=table)
    assert main(["data", "import", str(folder), "--dataset", "amass", "-o", str(folder / "store")]) == 0
    return folder / "store"


@pytest.mark.parametrize(("size", "layout"), [("351", {}), ("81", {"s_out": 2, "strides_in": (4, 10, 20)})])
def test_pre_training_from_converted_files_to_weights(size, layout, tmp_path, monkeypatch):
    """The recipe as it is, but for a tiny network, data and number of steps."""
    store = amass_store(tmp_path)
    validated, usual = [], validate.draw_batch

    def draw_batch(windows, network, views, *rest, **named):
        validated.append((views, windows))
        return usual(windows, network, views, *rest, **named)

    monkeypatch.setattr(validate, "draw_batch", draw_batch)
    config = load_config(
        f"amass-uu-{size}",
        store=store,
        output=tmp_path / "run",
        model=TINY | layout,
        steps=2,
        batch=8,
        validate_every=2,
        checkpoint_every=2,
        validation_windows=64,
        graphs=False,
    )
    path = train(config)
    assert all(value.isfinite().all() for value in load_checkpoint(path).state_dict().values())
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert all(0 < float(last[f"val/mpjpe_{stride}"]) < math.inf for stride in config.strides)
    held_out = split_validation(MotionStore.open(store))[1]
    assert len(validated) == len(config.strides)
    for views, windows in validated:
        assert views.camera == config.views.camera
        assert views.noise is None
        assert len(windows.frames) == len(held_out) == 2 * len(VALIDATION_SUBSETS)


@pytest.mark.parametrize(("datasets", "use"), [(("amass-KIT",), "validate"), (("amass-SFU",), "train")])
def test_a_store_without_one_half_of_the_split_is_refused_before_anything_is_written(tmp_path, datasets, use):
    changes = {"store": amass_store(tmp_path), "output": tmp_path / "run", "datasets": datasets}
    with pytest.raises(InputError, match=rf"no clip to {use} on; the split is decided when"):
        train(load_config("amass-uu-81", **changes))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("size", ["351", "81"])
def test_pre_training_sees_what_is_published(size):
    config = recipe(f"amass-uu-{size}")
    every_subject = h36m.TRAIN_SUBJECTS + h36m.TEST_SUBJECTS
    assert config.views.camera == H36MCameras(cameras="h36m", subjects=every_subject)
    assert config.views.noise is config.validation_noise is None
    assert config.views.sampler.speed == (1, 1)
    assert set(config.views.body.model_dump().values()) == {0}
    assert (config.source, config.datasets) == ("motion", ())
