import pytest
import torch

from make_rival import create_rival
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint
from uplift3d.model.foreign.motionbert import SOURCE

TINY = {"frames": 9, "width": 16, "depth": 1, "representation": 12}


def authors_file(path, **config):
    """A file as `best_epoch.bin` is, of a small network with fresh weights."""
    model = create_rival("motionbert", TINY | config)
    weights = {}
    for ours, value in model.state_dict().items():
        (name,) = SOURCE.names(ours)
        weights[f"module.{name}"] = value[None] if name in ("pos_embed", "temp_embed") else value
    torch.save({"epoch": 60, "lr": 3e-4, "optimizer": {}, "model_pos": weights, "min_loss": 37.0}, path)
    return model


@pytest.mark.parametrize(("channels", "confidence"), [(3, "detected"), (2, "none")])
def test_channels_and_unit_of_the_authors_are_known_from_the_file(channels, confidence, tmp_path):
    model = authors_file(tmp_path / "best_epoch.bin", confidence=confidence)
    again = load_checkpoint(tmp_path / "best_epoch.bin")
    assert again.config == model.config.evolve(output="image")
    assert again.embedding.weight.shape == (16, channels)
    keypoints = torch.randn(1, 9, 17, channels)
    torch.testing.assert_close(again(keypoints)[0], model.eval()(keypoints)[0])


def test_what_the_user_says_of_a_file_counts(tmp_path):
    authors_file(tmp_path / "a.bin")
    given = {"confidence": "ones", "output": "metres", "input": "person", "axes": "viewing_ray"}
    assert load_checkpoint(tmp_path / "a.bin", given).config.model_dump().items() >= given.items()


def test_more_channels_than_there_are_is_the_files_problem(tmp_path):
    authors_file(tmp_path / "a.bin")
    content = torch.load(tmp_path / "a.bin", weights_only=True)
    content["model_pos"]["module.joints_embed.weight"] = torch.zeros(16, 4)
    torch.save(content, tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"joints_embed\.weight \(16, 4\) in place of \(16, 3\)$"):
        load_checkpoint(tmp_path / "a.bin")
