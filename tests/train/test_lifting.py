"""What lifting starts from: fresh weights, those of another run, or P-STMO's pre-training."""

import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint, save_checkpoint
from uplift3d.model.rivals import PSTMOPretraining, PSTMOPretrainingConfig
from uplift3d.train.config import TrainConfig
from uplift3d.train.module import TrainingModule

from ..model.rivals.peers import shaken

SIZES = {"frames": 9, "width": 16, "hidden": 24, "depth": 1, "pose_width": 20}


def lifting(path, **sizes):
    model = SIZES | {"strides": (3, 3)} | sizes
    return TrainConfig(store="a", output="b", steps=1, preset="pstmo-243", model=model, start_from=path)


@pytest.fixture
def pretrained(tmp_path):
    """A pre-training of ours, and its file."""
    network = shaken(PSTMOPretraining(PSTMOPretrainingConfig(**SIZES, s_out=2)))
    path = tmp_path / "pretrained.safetensors"
    save_checkpoint(network, path)
    return network, path


def has_encoder_of(network, pretrained):
    return all(
        torch.equal(value, getattr(pretrained, part).state_dict()[name])
        for part in ("pose_encoder", "temporal")
        for name, value in getattr(network, part).state_dict().items()
    )


def test_fine_tuning_takes_over_the_encoder_of_the_pretraining(pretrained):
    network, path = pretrained
    torch.manual_seed(0)
    fresh = TrainingModule(lifting(None)).network
    torch.manual_seed(0)
    started = TrainingModule(lifting(path))
    assert has_encoder_of(started.network, network)
    assert has_encoder_of(started.average, network)
    assert not has_encoder_of(fresh, network)
    for part in ("strided", "sequence_head", "centre_head"):  # which pre-training does not have
        ours = getattr(started.network, part).state_dict()
        assert all(
            torch.equal(ours[name], value) for name, value in getattr(fresh, part).state_dict().items()
        )


def test_also_from_the_authors_own_file(golden_dir):
    path = golden_dir / "peers" / "pstmo_27" / "pretrain_1_9876.pth"
    theirs = load_checkpoint(path)
    sizes = ("frames", "width", "hidden", "depth", "pose_width", "pose_depth")
    fields = theirs.config.model_dump(include=set(sizes)) | {"strides": (3, 3, 3)}
    network = TrainingModule(lifting(path, **fields)).network
    assert has_encoder_of(network, theirs)
    assert network.config.s_out == 2  # the file does not say; the preset does


def test_a_pretraining_that_does_not_fit_is_named(pretrained):
    _, path = pretrained
    message = r"start_from: .*pretrained\.safetensors: the pre-trained network does not fit; different: "
    with pytest.raises(InputError, match=message + "hidden 24 in place of 32, depth 1 in place of 2"):
        TrainingModule(lifting(path, depth=2, hidden=32))
    with pytest.raises(InputError, match=message + "input screen in place of person"):
        TrainingModule(lifting(path, input="person"))


def test_other_networks_do_not_start_from_it(pretrained):
    _, path = pretrained
    config = TrainConfig(store="a", output="b", steps=1, preset="poseformer-9", start_from=path)
    with pytest.raises(InputError, match=r"start_from: .* holds a network of other sizes"):
        TrainingModule(config)
