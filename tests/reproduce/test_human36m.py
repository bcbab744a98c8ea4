"""Human3.6M as a source: what is measured, what is refused, and the published recipes at full size."""

import json
from dataclasses import replace

import numpy as np
import pytest

from uplift3d.data import h36m
from uplift3d.errors import InputError
from uplift3d.evaluate.published import evaluate_lifter
from uplift3d.evaluate.rivals import lifter_of
from uplift3d.model import load_checkpoint, save_checkpoint
from uplift3d.reproduce import cells, plans
from uplift3d.reproduce.cells import BASELINE, PROTOCOLS, run_cell, settings_of
from uplift3d.reproduce.human36m import Human36M
from uplift3d.reproduce.plans import STRIDES_81, Plan
from uplift3d.reproduce.run import reproduce
from uplift3d.reproduce.scales import SCALES
from uplift3d.train.config import TrainConfig, load_config
from uplift3d.train.networks import create_network
from uplift3d.train.recipe import recipe_settings

from .conftest import FRAMES, TAKES
from .test_plans import all_cells

FULL = SCALES["full"]
WALKING, SITTING = slice(0, 4), slice(4, 6)


@pytest.fixture
def full(h36m_folder, amass_path):
    return Plan(Human36M(h36m_folder, FULL, amass=amass_path), FULL)


def config(cell):
    return TrainConfig(**cell.corpus.files, output="y", **cell.settings)


# recipes


@pytest.mark.parametrize(
    ("recipe", "cell"),
    [
        ("h36m-uu-81", lambda plan: plan.table_1(STRIDES_81, True)),
        ("h36m-uu-81", lambda plan: plan.table_1((20,), False)),
        ("h36m-uu-81", lambda plan: plan.table_3("no-spatial")),
        ("h36m-uu-81-finetune", lambda plan: plan.best_81()),
        ("amass-uu-81", lambda plan: plan.best_81().after),
        ("h36m-uu-351", lambda plan: plan.table_2(True, False)),
        ("h36m-uu-351-finetune", lambda plan: plan.best_351()),
        ("amass-uu-351", lambda plan: plan.best_351().after),
    ],
)
def test_at_full_size_the_recipe_is_what_is_loaded(full, recipe, cell):
    """But for the switch of a table, which is a field of the network."""
    run = cell(full)
    assert {**run.settings, "model": {}} == {**recipe_settings(recipe), "model": {}}
    assert config(run).network == load_config(recipe, model=run.settings["model"]).network


def test_recipes_that_change_change_the_runs(h36m_folder, amass_path, monkeypatch):
    def changed(name):
        return recipe_settings(name) | {"batch": 8, "optimiser": {"name": "adamw", "learning_rate": 1.0}}

    monkeypatch.setattr(plans, "recipe_settings", changed)
    plan = Plan(Human36M(h36m_folder, FULL, amass=amass_path), FULL)
    assert plan.batch("uu-81") == 8
    assert plan.best_351().settings["optimiser"] == {"name": "adamw", "learning_rate": 1.0}
    assert plan.rival("pstmo", "3d").settings["batch"] == 512  # rivals follow the scale


def test_without_augmentation_within_the_batch_mirror_images_are_random(full):
    with_it, without = (config(full.table_2(within, False)) for within in (True, False))
    assert without.views == with_it.views.model_copy(update={"mirror": "random"})
    assert without.batch == with_it.batch == 512


# cells


@pytest.mark.parametrize("name", SCALES)
def test_no_run_is_done_twice_under_two_names(h36m_folder, amass_path, name):
    source = Human36M(h36m_folder, SCALES[name], amass=amass_path)
    by_name = {}
    for cell in all_cells(Plan(source, SCALES[name])):
        assert by_name.setdefault(cell.name, cell) == cell
    runs = [(str(sorted(settings_of(cell).items())), cell.after) for cell in by_name.values()]
    assert all(run not in runs[:place] for place, run in enumerate(runs))
    assert len(by_name) == 8 + 6 + (name != "full") + 3 + 12 + 2


def test_the_best_networks_are_pre_trained_where_there_is_amass(human36m, h36m_folder, scale):
    assert Plan(human36m, scale).best_351().name == "uu-351-wba-pt"
    plan = Plan(Human36M(h36m_folder, scale), scale)
    assert (plan.best_81().name, plan.best_351().name) == ("uu-81-ms", "uu-351-wba")
    assert plan.best_words == "none"


def test_amass_does_not_matter_to_runs_without_it(human36m, h36m_folder, scale):
    other = Human36M(h36m_folder, scale)
    cells = [Plan(source, scale).table_1(STRIDES_81, True) for source in (human36m, other)]
    assert settings_of(cells[0]) == settings_of(cells[1])


def test_a_fine_tuned_run_after_another_pre_training_is_refused(human36m, scale, tmp_path, monkeypatch):
    cell = Plan(human36m, scale).table_2(True, True)
    place = tmp_path / "uu-351-wba-pt-0"
    place.mkdir()
    scores = {stride: {name: {} for name in (*PROTOCOLS, BASELINE)} for stride in cell.strides}
    result = {"cell": cell.name, "seed": 0, "weights": "w", "scores": scores}
    (place / "result.json").write_text(json.dumps(result))
    assert run_cell(cell, human36m, tmp_path, 0, print).weights == "w"
    cells._keep_settings(tmp_path / f"{cell.after.name}-0", settings_of(replace(cell.after, strides=(5,))))
    with pytest.raises(
        InputError, match=r"uu-351-wba-pt-first-0 holds a run with other settings \(strides\)"
    ):
        run_cell(cell, human36m, tmp_path, 0, print)


# what is measured


def test_at_full_size_every_frame_of_the_test_subjects_is_measured(full):
    videos = full.source.videos()
    assert [video.subject for video in videos] == ["S9"] * 8 + ["S11"] * 8
    assert {video.action for video in videos} == {"Walking", "Sitting"}
    assert sum(map(len, videos)) == 2 * len(TAKES) * 4 * FRAMES
    assert "S9, S11: 16 videos, every frame" in full.source.facts["measured on"]


def test_smaller_scales_measure_pieces_that_are_evenly_spread(h36m_folder, scale, monkeypatch):
    monkeypatch.setattr("uplift3d.reproduce.human36m.PIECE_S", 0.8)
    monkeypatch.setattr("uplift3d.reproduce.human36m.LEAST_S", 0.7)
    source = Human36M(h36m_folder, replace(scale, videos=4))
    videos, whole = source.videos(), h36m.load_videos(h36m_folder)
    assert [videos[i].take for i in (0, -1)] == ["Walking 1 from frame 0", "Sitting from frame 40"]
    assert [len(video) for video in videos] == [40] * 4
    np.testing.assert_array_equal(videos[-1].keypoints_px, whole[-1].keypoints_px[40:80])
    np.testing.assert_allclose(videos[-1].positions_camera, whole[-1].positions_camera[40:80])
    assert videos[-1].action == "Sitting"


def test_actions_are_averaged_beside_frames(human36m, scale, tmp_path, monkeypatch):
    def train(config):
        save_checkpoint(create_network(config.network), config.output / "model.safetensors")
        return config.output / "model.safetensors"

    monkeypatch.setattr(cells, "train", train)
    cell = replace(Plan(human36m, scale).table_1((20,), True), datasets=())
    monkeypatch.setattr(human36m, "_measured", human36m.videos()[:6])  # four Walking, two Sitting
    result = run_cell(cell, human36m, tmp_path, 0, print)
    assert run_cell(cell, human36m, tmp_path, 0, print) == result
    lifter = lifter_of(load_checkpoint(tmp_path / "uu-81-ss20-0" / "model.safetensors"), flip=True)
    walking, sitting = (evaluate_lifter(lifter, human36m.videos()[part], 20) for part in (WALKING, SITTING))
    for protocol, name in (("all frames", "all_frames"), ("key frames", "key_frames")):
        w, s = (getattr(found, name).frame_mean["p_mpjpe"] for found in (walking, sitting))
        assert result.errors_mm(20, protocol)["p_mpjpe"] == pytest.approx((4 * w + 2 * s) / 6)
        assert result.errors_mm(20, protocol, "actions")["p_mpjpe"] == pytest.approx((w + s) / 2)


# mistakes


def test_a_folder_without_the_files_is_told_which_were_looked_for(tmp_path, scale):
    wanted = r"data_3d_h36m\.npz and data_2d_h36m_gt\.npz"
    with pytest.raises(InputError, match=f"lacks {wanted}"):
        Human36M(tmp_path, scale, "gt")


def test_a_store_of_something_else_is_no_amass(h36m_folder, store_path, scale):
    with pytest.raises(InputError, match="holds bandai-1, bandai-2, cmu-amc, cmu-bvh: accepted for --amass"):
        Human36M(h36m_folder, scale, amass=store_path)


# pages


def test_a_page_of_pre_trained_networks(human36m, scale, tmp_path):
    said = []
    (page,) = reproduce(["figure-5"], human36m, scale, tmp_path, say=said.append)
    assert [text for text in said if "training" in text] == [
        "uu-351-wba-pt-first-0: training",
        "uu-351-wba-pt-0: training",
    ]
    text = page.read_text()
    for fact in (
        "- data set: Human3.6M",
        "- training: S1, S5, S6, S7, S8",
        "- measured on: S9, S11: 16 pieces",
        "- 2D: cpn_ft_h36m_dbb (CPN fine-tuned on Human3.6M)",
        "- ground truth: 3D positions in camera axes",
        "- flip: average with the mirror image",
        "- weights: ",
        "- seeds: 0",
        "- pre-training: 1 steps on AMASS (3 clips",
    ):
        assert fact in text
