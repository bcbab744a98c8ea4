"""A cell is run once: afterwards it is read, a killed one goes on, another one of its name is refused."""

import json
from dataclasses import replace

import pytest

from uplift3d.errors import InputError
from uplift3d.model import save_checkpoint
from uplift3d.reproduce import cells
from uplift3d.reproduce.cells import BASELINE, PROTOCOLS, run_cell, settings_of
from uplift3d.reproduce.plans import STRIDES_81, Plan
from uplift3d.reproduce.scales import scale_named
from uplift3d.reproduce.sources import OpenMocap
from uplift3d.train.networks import create_network


@pytest.fixture
def trained(monkeypatch):
    """Training that only notes what it was asked for."""
    calls = []

    def train(config):
        calls.append(config)
        config.output.mkdir(parents=True, exist_ok=True)
        save_checkpoint(create_network(config.network), config.output / "model.safetensors")
        return config.output / "model.safetensors"

    monkeypatch.setattr(cells, "train", train)
    return calls


def run(cell, source, folder, seed=0):
    said = []
    return run_cell(cell, source, folder, seed, said.append), said


def test_a_cell_is_trained_measured_and_kept(plan, source, tmp_path, trained):
    cell = plan.table_1(STRIDES_81, True)
    first, said = run(cell, source, tmp_path)
    assert said == ["uu-81-ms-0: training", "uu-81-ms-0: measuring"]
    assert set(first.scores) == set(STRIDES_81)
    assert set(first.scores[4]) == {*PROTOCOLS, BASELINE}
    assert first.scores[4]["all frames"]["frames"] == 160 + 130 + 130
    assert first.scores[20]["key frames"]["frames"] == 8 + 7 + 7
    assert all(score["p_mpjpe"] <= score["n_mpjpe"] <= score["mpjpe"] for score in first.scores[10].values())
    second, said = run(cell, source, tmp_path)
    assert second == first
    assert said == []
    assert len(trained) == 1


def test_what_an_earlier_version_did_not_measure_is_measured_again(plan, source, tmp_path, trained):
    cell = plan.table_1((20,), True)
    first, _ = run(cell, source, tmp_path)
    path = tmp_path / "uu-81-ss20-0" / "result.json"
    content = json.loads(path.read_text())
    del content["scores"]["20"][BASELINE]
    path.write_text(json.dumps(content))
    second, said = run(cell, source, tmp_path)
    assert said[-1] == "uu-81-ss20-0: measuring"
    assert set(second.scores[20]) == set(first.scores[20])


def test_seeds_are_runs_of_their_own(plan, source, tmp_path, trained):
    cell = replace(plan.table_1((20,), True))
    results = [run(cell, source, tmp_path, seed)[0] for seed in (0, 1)]
    assert [config.seed for config in trained] == [0, 1]
    assert results[0].weights != results[1].weights


def test_a_run_that_died_before_its_result_goes_on(plan, source, tmp_path, trained, monkeypatch):
    cell = plan.table_1((20,), True)

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cells, "_measure", dies)
        with pytest.raises(KeyboardInterrupt):
            run(cell, source, tmp_path)
    assert not (tmp_path / "uu-81-ss20-0" / "result.json").exists()
    _, said = run(cell, source, tmp_path)
    assert said[-1] == "uu-81-ss20-0: measuring"
    assert len(trained) == 2  # the second call finds the first one's checkpoints


def test_another_run_of_the_same_name_is_refused(plan, source, tmp_path, trained):
    cell = plan.table_1((20,), True)
    run(cell, source, tmp_path)
    other = replace(cell, settings={**cell.settings, "steps": 7})
    with pytest.raises(
        InputError, match=r"uu-81-ss20-0 holds a run with other settings \(steps\); give another"
    ):
        run(other, source, tmp_path)


def test_a_result_of_before_there_were_means_over_actions_is_read(plan, source, tmp_path, trained):
    cell = plan.table_1((20,), True)
    first, _ = run(cell, source, tmp_path)
    path = tmp_path / "uu-81-ss20-0" / "result.json"
    content = json.loads(path.read_text())
    assert content.pop("over_actions") == {}
    path.write_text(json.dumps(content))
    assert run(cell, source, tmp_path) == (first, [])


def test_runs_of_before_are_gone_on_with(source, tmp_path, trained):
    """What is kept of a run may not change, or finished runs are lost; this is what was kept at first."""
    scale = scale_named("small")
    frames = len(source.store.positions)
    plan = Plan(OpenMocap(source.store.path, scale), scale)
    kept = settings_of(plan.table_2(True, True))
    assert kept == {
        "source": f"open-mocap, 8 clips, {frames} frames, scale small, 100 pieces",
        "preset": "uu-351",
        "model": {
            **scale.model,
            **{"joints": "h36m17", "input": "person", "axes": "viewing_ray", "edges": "masked"},
        },
        "steps": 500,
        "batch": 32,
        "optimiser": {**scale.optimiser, "learning_rate": scale.optimiser["learning_rate"] / 2},
        "validate_every": 500,
        "checkpoint_every": 125,
        "validation_windows": 192,
        "views": {"mirror": "within_batch"},
        "datasets": ["cmu-bvh", "cmu-amc"],
        "strides": [5, 10, 20],
        "interpolated": None,
        "measured_on": ["cmu-bvh", "cmu-amc"],
    }


def test_a_damaged_result_is_named(plan, source, tmp_path, trained):
    cell = plan.table_1((20,), True)
    run(cell, source, tmp_path)
    result, settings = (tmp_path / "uu-81-ss20-0" / name for name in ("result.json", "settings.json"))
    for path, text, message in (
        (result, "{", r"result\.json: not JSON"),
        (result, "[" * 10_000, r"result\.json: not JSON that can be read, nested too deeply"),
        (result, "{}", r"result\.json is no result \(KeyError: 'cell'\); remove it to measure again"),
        (settings, "[1]", r"settings\.json is a JSON list, expected an object"),
    ):
        kept = path.read_text()
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            run(cell, source, tmp_path)
        path.write_text(kept)


def test_fine_tuning_starts_from_its_pre_training(plan, source, tmp_path, trained):
    result, said = run(plan.table_2(True, True), source, tmp_path)
    assert said[0] == "uu-351-wba-pt-first-0: training"
    assert trained[0].start_from is None
    assert trained[1].start_from == tmp_path / "uu-351-wba-pt-first-0" / "model.safetensors"
    assert result.scores[5]["all frames"]["frames"] == 130 + 130  # CMU alone
    assert json.loads((tmp_path / "uu-351-wba-pt-first-0" / "result.json").read_text())["scores"] == {}


@pytest.mark.parametrize("how", ["2d", "3d"])
def test_rivals_are_measured_with_either_interpolation(plan, source, tmp_path, trained, how):
    result, _ = run(plan.rival("videopose3d", how), source, tmp_path)
    assert trained[0].strides == (20,)
    assert result.scores[20]["key frames"]["frames"] == 8 + 7 + 7


def test_a_folder_that_cannot_be_made_is_named(plan, source, tmp_path, trained):
    (tmp_path / "uu-81-ss20-0").write_text("")
    with pytest.raises(InputError, match=r"uu-81-ss20-0"):
        run(plan.table_1((20,), True), source, tmp_path)
