from pathlib import Path
from typing import Any

import pytest

from uplift3d import weights
from uplift3d.errors import InputError
from uplift3d.model.rivals.pstmo import pstmo_243
from uplift3d.model.rivals.pstmo_pretraining import pstmo_pretraining_243
from uplift3d.model.widen import widened
from uplift3d.train.config import TrainConfig, load_config
from uplift3d.train.networks import begin_with, create_network

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.yaml"))
LEAST = "store: data/store\noutput: runs/x\nsteps: 10\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_there_are_configurations_for_a_cpu_and_for_gpus():
    assert {"small", "base-351", "uu-351"} <= {path.stem for path in SHIPPED}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configurations_parse_and_say_how_to_run_them(path):
    config = load_config(path)
    named_otherwise = (path.stem.startswith("base") and path.stem != "base-351") or path.stem == "own-motion"
    assert config.preset == ("small" if named_otherwise else path.stem)
    assert config.network.tokens == 71
    assert config.steps % config.validate_every == 0
    assert not config.store.is_absolute()
    comment = path.read_text().partition("store:")[0]
    assert f"uplift3d train configs/{path.name}" in comment


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configurations_fit_the_weights_that_they_start_from(path):
    config: Any = load_config(path)
    if config.start_from is None:
        return
    if str(config.start_from) in weights.NAMES:
        begin_with(create_network(config.network), config.start_from)
    else:  # made by the configuration that is called like its folder
        before = load_config(path.with_name(f"{config.start_from.parent.name}.yaml"))
        assert before.output == config.start_from.parent
        assert widened(create_network(before.network), config.network).config == config.network


def test_what_is_not_said_has_defaults(tmp_path):
    config = load_config(write(tmp_path, LEAST))
    assert config == TrainConfig(store="data/store", output="runs/x", steps=10)
    assert (config.optimiser.name, config.loss_on, config.views.mirror) == (
        "adamw",
        "observable",
        "within_batch",
    )


def test_model_fields_change_the_preset(tmp_path):
    config: Any = load_config(
        write(tmp_path, LEAST + "model: {strides_in: [10], deferred_depth: 0, spatial_depth: 0}")
    )
    assert config.network.strides_in == (10,)
    assert (config.network.deferred_depth, config.network.spatial_depth) == (0, 0)
    assert config.network.temporal_width == 160


def test_a_stage_has_a_network_of_its_own(tmp_path):
    stages = {"pretraining": "", "lifting": "", "refinement": "start_from: a.safetensors\n"}
    networks = {
        stage: load_config(write(tmp_path, f"{LEAST}preset: pstmo-243\nstage: {stage}\n{more}")).network
        for stage, more in stages.items()
    }
    assert networks["pretraining"] == pstmo_pretraining_243()
    assert networks["lifting"] == networks["refinement"] == pstmo_243()


def test_the_command_line_goes_before_the_file(tmp_path):
    config = load_config(write(tmp_path, LEAST), store="elsewhere", steps="20", output=None)
    assert (config.store, config.steps, config.output) == (Path("elsewhere"), 20, Path("runs/x"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: 0", r"run\.yaml: steps: Input should be greater than 0"),
        ("step: 3", "step: unknown field"),
        ("preset: tiny", "preset: 'tiny' given; there are small, base-351, uu-351, uu-81, videopose3d-243"),
        (
            "views: {noise: {white_mm: [20, 3]}}",
            r"views\.noise\.white_mm: \[20, 3\] given, the lower",
        ),
        (
            "views: {noise: {lost_rate: [0, 2]}}",
            r"views\.noise\.lost_rate: \[0, 2\] given, both",
        ),
        (
            "views: {camera: {aspect: [0, 1]}}",
            r"views\.camera\.aspect: \[0, 1\] given, both",
        ),
        ("views: {mirror: sometimes}", r"views\.mirror: Input should be 'within_batch', 'random' or 'none'"),
        ("optimiser: {name: sgd}", r"optimiser\.name: Input should be 'adamw'"),
        ("source: mpi-inf-3dhp", r"source: mpi-inf-3dhp needs ground_truth: annot3 or univ_annot3"),
        ("ground_truth: both", r"ground_truth: Input should be 'annot3' or 'univ_annot3'"),
        ("loss_on: centre", "loss_on: Input should be 'observable' or 'all'"),
        ("model: {heads: 7}", r"run\.yaml: model configuration: .*7 heads do not divide"),
        ("model: {depth: 7}", "model configuration: depth: unknown field"),
        ("loss: [-1, -1]", r"loss: \[-1\.0, -1\.0, 0\.0, 0\.0\] given, accepted are numbers from 0 to 1000"),
        ("loss: [.nan]", "loss: .* given, accepted are numbers from 0"),
        ("loss: [2]", "up to 1 for centre"),
        ("batch: 1000000000000", "batch: Input should be less than"),
        ("optimiser: {learning_rate: 1.0e+308}", r"optimiser\.learning_rate: Input should be less than"),
        ("views: {sampler: {speed: [.inf, .inf]}}", "both ends must be numbers up to"),
        ("model: 3", "model: Input should be a valid dictionary"),
        ("stage: last", "stage: Input should be 'lifting', 'pretraining' or 'refinement'"),
        (
            "stage: pretraining",
            r"yaml: stage: pretraining is for preset pstmo-243 or pstmo-small-243, not small",
        ),
        (
            "stage: refinement\nstart_from: a.pth",
            "refinement is for strided_transformer and pstmo, not Uplift and Upsample",
        ),
        ("stage: refinement\npreset: poseformer-81", "strided_transformer and pstmo, not poseformer"),
        (
            "stage: refinement\npreset: pstmo-243",
            r"stage: refinement needs start_from, the weights of a train",
        ),
        (
            "stage: refinement\npreset: pstmo-243\nstart_from: a.pth\nmodel: {input: person}",
            "refinement needs screen input and camera axes; the network has input person and axes camera",
        ),
        (
            "stage: refinement\npreset: pstmo-243\nstart_from: a.pth\nmodel: {axes: viewing_ray}",
            "the network has input screen and axes viewing_ray",
        ),
        (
            "stage: pretraining\npreset: pstmo-243\nmodel: {strides: [3]}",
            "pstmo_pretraining: strides: unknown",
        ),
    ],
)
def test_a_wrong_field_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_config(write(tmp_path, LEAST + text))


def test_all_wrong_fields_are_named_at_once(tmp_path):
    with pytest.raises(InputError, match=r"store: Field required; optimiser\.ema: .*; batch: "):
        load_config(write(tmp_path, "output: x\nsteps: 3\nbatch: 0\noptimiser: {ema: 1}"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "expected a table of fields"),
        ("null: 1", "expected a table of fields"),
        ("a: [", "not a YAML file"),
        ("", "expected a table of fields"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read \(No such file"):
        load_config(tmp_path / "none.yaml")
