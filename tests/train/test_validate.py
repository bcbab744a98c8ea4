import numpy as np
import pytest
import torch

from uplift3d.data.store import MotionStore, split_validation, write_store
from uplift3d.errors import InputError
from uplift3d.film.noise import NoiseConfig
from uplift3d.model import UpliftUpsample, create, presets, save_checkpoint
from uplift3d.train import validate as validate_module
from uplift3d.train.sampler import MotionWindows, SamplerConfig
from uplift3d.train.validate import errors_at, validate, validation_views

from .conftest import TINY

CONFIG = presets.small().evolve(**TINY)


class Oracle(UpliftUpsample):
    """Answers with what it is told, moved and stretched."""

    def __init__(self, config, scale=1.0, offset=0.0):
        super().__init__(config)
        self.scale, self.offset = scale, offset
        self.sizes = []

    def forward(self, keypoints, mask=None):
        self.sizes.append(len(mask))
        return None, self.scale * self.told[:, 4] + self.offset


@pytest.fixture
def motion(store_path):
    store = MotionStore.open(store_path)
    return MotionWindows.from_store(store, split_validation(store)[1], SamplerConfig(), torch.device("cpu"))


@pytest.mark.parametrize("joints", ["h36m17", "uu17"])
def test_errors_are_relative_to_the_pelvis_and_in_mm(motion, monkeypatch, joints):
    oracle = Oracle(CONFIG.evolve(joints=joints), scale=1.1, offset=0.5)
    draw = validate_module.draw_batch

    def tell(*arguments, **named):
        batch = draw(*arguments, **named)
        oracle.told = batch.target
        return batch

    monkeypatch.setattr(validate_module, "draw_batch", tell)
    errors = errors_at(oracle, motion, validation_views(), 5, 100)
    assert oracle.sizes == [64, 64]
    assert errors.p_mpjpe == pytest.approx(0, abs=1e-3)
    assert errors.n_mpjpe == pytest.approx(0, abs=1e-3)
    mean_reach = oracle.told[:, 4].norm(dim=-1).mean().item() * 1000
    assert errors.mpjpe == pytest.approx(0.1 * mean_reach, rel=0.1)
    assert errors.sequence_mpjpe == errors.mpjpe
    assert 100 < errors.poses <= 128


def test_validation_is_the_same_every_time_and_leaves_no_trace(motion):
    torch.manual_seed(0)
    network = create(CONFIG).train()
    state = torch.get_rng_state()
    first, second = (errors_at(network, motion, validation_views(), 5, 64) for _ in range(2))
    assert first == second
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert first != errors_at(network, motion, validation_views(), 10, 64)


def test_validation_shows_real_bodies_at_real_speed(motion):
    views = validation_views()
    assert views.sampler.speed == (1, 1)
    assert (views.body.stature, views.body.segment, views.body.width, views.body.width_mean) == (0, 0, 0, 0)
    assert (views.mirror, views.switch_rate) == ("none", 0)


def test_a_report_tells_data_sets_and_strides_apart(store_path, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "model.safetensors"
    save_checkpoint(create(CONFIG), path)
    report = validate(path, store_path, windows=64)
    assert list(report) == ["all", "bandai-1", "cmu-bvh", "walking"]  # the last is a kind of motion
    assert all(list(by_stride) == [5, 10] for by_stride in report.values())
    assert report["bandai-1"][5] != report["cmu-bvh"][5]
    quiet = validate(path, store_path, windows=64, strides_in=[10], noise=NoiseConfig(missed_rate=0))
    assert list(quiet["all"]) == [10]


def test_a_store_without_held_out_motion_is_refused(tmp_path, store_path):
    store = MotionStore.open(store_path)
    write_store(tmp_path / "other", [(store.clips[0], store[0])])
    with pytest.raises(InputError, match="no clips in this split"):
        validate(create(CONFIG), tmp_path / "other")


def test_windows_of_a_kind_are_centred_on_it(store_path):
    store = MotionStore.open(store_path)
    everything = MotionWindows.from_store(store, range(len(store)), SamplerConfig(), torch.device("cpu"))
    chosen = torch.zeros(len(everything.positions), dtype=torch.bool)
    chosen[[3, 200]] = True
    drawn, inside = everything.centred_on(chosen).draw(50, 1, 0.1, (1.0, 1.0), torch.Generator())
    assert inside.all()
    places = [(drawn[:, 0] == everything.positions[frame]).all(-1).all(-1) for frame in (3, 200)]
    assert (places[0] | places[1]).all()
    assert places[0].any()
    assert places[1].any()


def test_joints_that_a_data_set_lacks_do_not_count(store_path, tmp_path):
    store = MotionStore.open(store_path)
    held_out = split_validation(store)[1]
    clips = [(store.clips[i], store[i].copy()) for i in held_out]
    for clip, positions in clips:
        if clip.dataset == "bandai-1":
            positions[:, 9:11] = np.nan
    write_store(tmp_path / "lacking", clips)
    torch.manual_seed(0)
    report = validate(create(CONFIG), tmp_path / "lacking", windows=64, strides_in=[5])
    assert report["bandai-1"][5].poses > 0
    assert np.isfinite(report["bandai-1"][5].mpjpe)
    assert report["all"] == report["cmu-bvh"]  # all that has every joint
