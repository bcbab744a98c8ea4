import json
from importlib import resources

import pytest
import torch
from safetensors.torch import load_file, save_file

from uplift3d.errors import InputError
from uplift3d.model import create, load, load_checkpoint, presets, save_checkpoint
from uplift3d.model.checkpoints import CONFIG_KEY, fingerprint, read_config, read_metadata

from .windows import random_windows, shaken

TINY = presets.small().evolve(spatial_width=8, temporal_width=16, temporal_depth=1, heads=4)


@pytest.fixture
def model():
    return shaken(create(TINY))


def test_a_network_survives_saving(model, tmp_path):
    save_checkpoint(model, tmp_path / "a.safetensors", {"step": "12"})
    again = load_checkpoint(tmp_path / "a.safetensors")
    assert again.config == model.config
    assert not again.training
    for a, b in zip(again(*random_windows(model)), model(*random_windows(model)), strict=True):
        assert torch.equal(a, b)
    assert read_metadata(tmp_path / "a.safetensors")["step"] == "12"


def test_saving_does_not_change_a_network_in_training(model, tmp_path):
    save_checkpoint(model.train(), tmp_path / "a.safetensors", half=True)
    assert model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_half_weights_come_back_as_float32_and_stay_the_same_from_then_on(model, tmp_path):
    save_checkpoint(model, tmp_path / "a.safetensors", half=True)
    once = load_checkpoint(tmp_path / "a.safetensors")
    save_checkpoint(once, tmp_path / "b.safetensors", half=True)
    assert {p.dtype for p in once.parameters()} == {torch.float32}
    assert fingerprint(load_checkpoint(tmp_path / "b.safetensors")) == fingerprint(once)
    save_checkpoint(model, tmp_path / "full.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size
    torch.testing.assert_close(once.temporal_encoding, model.temporal_encoding, rtol=1e-3, atol=1e-6)


def test_load_takes_a_path(model, tmp_path):
    save_checkpoint(model, tmp_path / "a.safetensors")
    assert fingerprint(load(str(tmp_path / "a.safetensors"))) == fingerprint(model)


def test_load_base_is_the_shipped_default():
    if not (resources.files("uplift3d") / "weights" / "base.safetensors").is_file():
        pytest.skip("no weights are shipped yet")
    model = load("base")
    assert model.config.joints == "h36m21"
    assert load().config == model.config


def test_an_unknown_name_gets_the_names_there_are():
    message = r"called 'bass'; shipped: base, base-free; files: \.safetensors, \.h5"
    with pytest.raises(InputError, match=message):
        load("bass")


def test_the_fingerprint_sees_every_weight_and_field(model):
    before = fingerprint(model)
    with torch.no_grad():
        model.centre_head.linear.bias[3] += 1e-6
    assert fingerprint(model) != before
    same_weights = create(TINY.evolve(edges="repeat"))
    same_weights.load_state_dict(model.state_dict())
    assert fingerprint(same_weights) != fingerprint(model)


def test_missing_unexpected_and_misshapen_keys_are_all_named(model, tmp_path):
    path = tmp_path / "a.safetensors"
    save_checkpoint(model, path)
    state = load_file(path)
    del state["temporal_encoding"], state["upsampling_token"]
    state["centre_head.linear.bias"] = torch.zeros(3)
    state["stranger"] = torch.zeros(3)
    save_file(state, path, metadata={CONFIG_KEY: TINY.model_dump_json()})
    with pytest.raises(
        InputError,
        match=r"missing: upsampling_token, temporal_encoding; unexpected: stranger; "
        r"of another shape: centre_head\.linear\.bias \(3,\) in place of \(51,\)",
    ):
        load_checkpoint(path)


def test_weights_that_are_no_numbers_are_named(model, tmp_path):
    path = tmp_path / "a.safetensors"
    save_checkpoint(model, path)
    state = load_file(path)
    state["centre_head.linear.bias"][0] = torch.nan
    save_file(state, path, metadata={CONFIG_KEY: TINY.model_dump_json()})
    with pytest.raises(InputError, match=r"with NaN or infinite numbers: centre_head\.linear\.bias"):
        load_checkpoint(path)


def test_a_file_without_configuration_needs_one(model, tmp_path):
    path = tmp_path / "a.safetensors"
    save_file(model.state_dict(), path)
    with pytest.raises(InputError, match="carries no configuration; pass config="):
        load_checkpoint(path)
    assert fingerprint(load_checkpoint(path, config=TINY)) == fingerprint(model)
    assert fingerprint(load_checkpoint(path, config=TINY.model_dump())) == fingerprint(model)
    (tmp_path / "a.json").write_text(TINY.model_dump_json())
    assert fingerprint(load_checkpoint(path, config=tmp_path / "a.json")) == fingerprint(model)


@pytest.mark.parametrize("stored", ["{", "[]", '{"tokens": 2}', '{"future": 1}'])
def test_a_stored_configuration_that_cannot_be_used_is_blamed_on_the_file(model, stored, tmp_path):
    save_file(model.state_dict(), tmp_path / "a.safetensors", metadata={CONFIG_KEY: stored})
    with pytest.raises(InputError, match=r"a\.safetensors carries a configuration that cannot be used"):
        load_checkpoint(tmp_path / "a.safetensors")


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt"])
@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_torch_files(model, suffix, prefix, tmp_path):
    weights = {prefix + name: value for name, value in model.state_dict().items()}
    torch.save(
        {"state_dict": weights, "config": json.loads(TINY.model_dump_json()), "step": 3},
        tmp_path / f"a{suffix}",
    )
    assert fingerprint(load_checkpoint(tmp_path / f"a{suffix}")) == fingerprint(model)
    torch.save(weights, tmp_path / f"b{suffix}")
    assert fingerprint(load_checkpoint(tmp_path / f"b{suffix}", TINY)) == fingerprint(model)


@pytest.mark.parametrize(
    "name", ["cut.safetensors", "cut.h5", "cut.pt", "text.safetensors", "text.h5", "text.pth", "empty.h5"]
)
def test_damaged_files_get_one_sentence(model, name, tmp_path, golden_dir):
    path = tmp_path / name
    if name.startswith("cut"):
        save_checkpoint(model, tmp_path / "whole.safetensors")
        torch.save(model.state_dict(), tmp_path / "whole.pt")
        (tmp_path / "whole.h5").write_bytes((golden_dir / "uplift_upsample" / "tinyA.h5").read_bytes())
        whole = (tmp_path / f"whole{path.suffix}").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_text("I am not a checkpoint\n" if name.startswith("text") else "")
    with pytest.raises(InputError, match=rf"{name} is not a") as caught:
        load_checkpoint(path, config=TINY)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_of_unknown_kind(tmp_path):
    with pytest.raises(InputError, match=r"no checkpoint file .*none\.h5"):
        load_checkpoint(tmp_path / "none.h5")
    (tmp_path / "a.onnx").write_bytes(b"")
    with pytest.raises(InputError, match=r"suffix '\.onnx'; accepted are \.safetensors, \.h5, \.pt"):
        load_checkpoint(tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"tokens": 2}', "odd number"),
        (None, "no such file"),
    ],
)
def test_configurations_that_cannot_be_used(text, message, tmp_path):
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_config(tmp_path / "a.json")


def test_a_wrong_output_name_is_refused(model, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.safetensors"):
        save_checkpoint(model, tmp_path / "a.pt")


def test_a_tensor_is_no_field_of_a_record(tmp_path):
    repeated = torch.zeros(1).expand(10**9)  # as a field, a minute of iterating
    record = {"joints": "h36m17", "paddings": repeated}
    torch.save({"config": record, "state_dict": {"a": torch.ones(1)}}, tmp_path / "a.bin")
    with pytest.raises(InputError, match="paddings should be plain values and no tensors"):
        load_checkpoint(tmp_path / "a.bin")
