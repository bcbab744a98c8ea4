"""Every cell of every table is a run that can be started, and differs from its neighbour by its switch."""

import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model.catalogue import rivals
from uplift3d.reproduce.plans import COMPONENTS, STRIDES_81, STRIDES_351, Plan
from uplift3d.reproduce.scales import SCALES, scale_named
from uplift3d.reproduce.sources import OpenMocap
from uplift3d.train.config import TrainConfig
from uplift3d.train.networks import create_network


def all_cells(plan):
    cells = [
        plan.table_1(strides, deferred)
        for strides in (*((stride,) for stride in STRIDES_81), STRIDES_81)
        for deferred in (True, False)
    ]
    cells += [plan.table_2(within, pretrained) for within in (True, False) for pretrained in (True, False)]
    cells += [plan.long_finetuning()] if plan.long_finetuning() else []
    cells += [plan.table_3(component) for component in COMPONENTS]
    cells += [plan.rival(name, how) for name in rivals() for how in ("2d", "3d")]
    cells += [plan.best_81(), plan.best_351()]
    return cells + [cell.after for cell in cells if cell.after]


def config(cell, seed=0):
    return TrainConfig(store="x", output="y", seed=seed, **cell.settings)


@pytest.mark.parametrize("name", SCALES)
def test_every_cell_is_a_run_whose_network_can_be_built(name, store_path):
    scale = SCALES[name]
    for cell in all_cells(Plan(OpenMocap(store_path, scale), scale)):
        run = config(cell)
        with torch.device("meta"):
            create_network(run.network)
        assert all(stride % run.network.s_out == 0 for stride in cell.strides)
        assert run.strides
        assert run.batch == scale.batch


def test_cells_of_one_name_are_one_run(plan):
    by_name = {}
    for cell in all_cells(plan):
        assert by_name.setdefault(cell.name, cell) == cell
    assert len(by_name) == 8 + 6 + 1 + 3 + 12 + 1


def different(first, second):
    one, other = (config(cell).model_dump() | config(cell).network.model_dump() for cell in (first, second))
    return {name for name in one if one[name] != other.get(name)} - {"model"}


def test_one_switch_at_a_time(plan):
    several = plan.table_1(STRIDES_81, True)
    assert different(several, plan.table_1(STRIDES_81, False)) == {"deferred_depth"}
    assert different(several, plan.table_1((10,), True)) == {"strides_in"}
    assert different(several, plan.table_3("no-spatial")) == {"spatial_depth"}
    assert different(several, plan.table_3("no-temporal")) == {"temporal_depth"}
    assert different(several, plan.table_3("no-strided")) == {"strided", "paddings"}
    assert plan.table_3("full") == several
    assert different(plan.table_2(True, False), plan.table_2(False, False)) == {"views"}


def test_pre_training_and_fine_tuning_share_the_steps_of_a_run_from_scratch(plan):
    tuned, scratch = plan.table_2(True, True), plan.table_2(True, False)
    assert tuned.after.settings["steps"] + tuned.settings["steps"] == scratch.settings["steps"]
    assert tuned.after.settings["datasets"] != tuned.settings["datasets"] == scratch.settings["datasets"]
    assert tuned.settings["optimiser"]["learning_rate"] == scratch.settings["optimiser"]["learning_rate"] / 2


def test_a_long_fine_tuning_is_as_long_as_a_run_from_scratch(plan):
    long, short = plan.long_finetuning(), plan.table_2(True, True)
    assert long.after == short.after
    assert long.settings["steps"] == plan.table_2(True, False).settings["steps"]
    assert different(long, short) == {"steps", "validate_every"}


def test_layouts_are_published_at_every_scale(store_path):
    for scale in SCALES.values():
        plan = Plan(OpenMocap(store_path, scale), scale)
        short, long = (config(cell).network for cell in (plan.table_1(STRIDES_81, True), plan.best_351()))
        assert (short.tokens, short.s_out, short.strides_in) == (41, 2, STRIDES_81)
        assert (long.tokens, long.s_out, long.strides_in) == (71, 5, STRIDES_351)


def test_full_scale_is_the_published_recipe(store_path):
    run = config(Plan(OpenMocap(store_path, SCALES["full"]), SCALES["full"]).best_351())
    assert (run.network.temporal_width, run.network.temporal_depth, run.network.spatial_depth) == (384, 4, 4)
    assert (run.optimiser.name, run.optimiser.learning_rate, run.optimiser.schedule) == (
        "published",
        4e-5,
        "paper",
    )
    assert (run.initial_weights, run.loss_on, run.batch, run.steps) == ("published", "all", 512, 720_000)


def test_an_unknown_scale_is_named():
    with pytest.raises(InputError, match="scale 'huge' given; there are tiny, small, medium, full"):
        scale_named("huge")
