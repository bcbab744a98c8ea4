import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import create, load, load_checkpoint, presets, save_checkpoint
from uplift3d.model.catalogue import config_of, rivals
from uplift3d.model.checkpoints import fingerprint
from uplift3d.model.foreign import SOURCES, UPLIFT_UPSAMPLE, load_foreign, recognise
from uplift3d.model.rivals import PoseFormerConfig, StridedTransformerConfig, VideoPose3DConfig

from ..rivals.peers import PEERS, shaken
from ..rivals.test_base import TINY

LOADABLE = {source.config.network_name(): source for source in SOURCES if source.config is not None}
TINY_PARTS = TINY | {
    "refinement": {"hidden": 12},
    "pstmo_pretraining": {"frames": 9, "width": 16, "hidden": 24, "decoder_width": 8, "pose_width": 20},
}
VIDEOPOSE3D = PEERS / "videopose3d" / "epoch_10.bin"
POSEFORMER = PEERS / "poseformer" / "best_epoch_f9_e8_lowvar.bin"
TINY_A = PEERS.parent / "uplift_upsample" / "tinyA.json"


def tiny(name):
    return shaken(create(config_of({"rival": name, **TINY_PARTS[name]})))


def as_its_authors_name_it(model):
    """The weights of one of our networks under the names that its authors use."""
    source = LOADABLE[model.config.rival]
    state = {}
    for ours, value in model.state_dict().items():
        names = source.names(ours)
        parts = value.chunk(len(names)) if value.ndim else [value]
        lead = "pos_embed" in names[0] or names[0] == "temp_embed"  # stored with an axis for the batch
        state.update({name: part[None] if lead else part for name, part in zip(names, parts, strict=True)})
    return state


def fields_not_in_the_file(model):
    known = {"strides", "causal", "dropout"}
    return {name: value for name, value in model.config.model_dump().items() if name in known}


@pytest.mark.parametrize("name", LOADABLE)
def test_files_under_the_authors_names_give_the_same_network(name, tmp_path):
    model = tiny(name)
    state = as_its_authors_name_it(model)
    wrapped = {f"module.{key}": value for key, value in state.items()}
    for content in (state, wrapped, {"epoch": 3, "lr": 1e-4, "model_pos": wrapped}):
        torch.save(content, tmp_path / "a.bin")
        again = load_checkpoint(tmp_path / "a.bin", fields_not_in_the_file(model))
        assert not again.training
        assert {k: v.shape for k, v in again.state_dict().items()} == {
            k: v.shape for k, v in model.state_dict().items()
        }
        assert all(torch.equal(again.state_dict()[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", TINY_PARTS)
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_own_files_carry_the_configuration(name, suffix, tmp_path):
    model = tiny(name)
    path = tmp_path / f"a{suffix}"
    if suffix == ".safetensors":
        save_checkpoint(model, path)
    else:
        config = json.loads(model.config.model_dump_json())
        torch.save({"state_dict": model.state_dict(), "config": config}, path)
    again = load_checkpoint(path)
    assert again.config == model.config
    assert fingerprint(again) == fingerprint(model)


@pytest.mark.parametrize("name", LOADABLE)
def test_files_are_recognised_by_their_names_whichever_is_missing(name):
    state = as_its_authors_name_it(tiny(name))
    assert recognise(state) is LOADABLE[name]
    for key in state:
        if len(state) > 4:
            rest = {other: value for other, value in state.items() if other != key}
            assert recognise(rest | {"stranger": torch.zeros(1)}) is LOADABLE[name]


def test_names_of_the_main_network_and_of_nobody_are_told_apart():
    assert recognise(create(presets.small()).state_dict()) is UPLIFT_UPSAMPLE
    assert (
        recognise({"conv1.weight": torch.zeros(1), "head.weight": torch.zeros(1), "fc": torch.zeros(1)})
        is None
    )


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (
            ["Spatial_patch_to_embedding.weight", "STEblocks.0.norm1.weight", "TTEblocks.0.norm1.weight"],
            "MixSTE",
        ),
        (["Freq_embedding.weight", "Joint_embedding.weight", "Spatial_pos_embed"], "PoseFormerV2"),
        (
            ["joints_embed.weight", "layers.0.att_spatial.norm1.weight", "rep_logit.fc.weight"],
            "MotionAGFormer",
        ),
    ],
)
def test_networks_that_cannot_be_loaded_are_named(names, title, tmp_path):
    torch.save(dict.fromkeys(names, torch.zeros(1)), tmp_path / "a.pth")
    with pytest.raises(InputError, match=rf"looks like {title}; loaded can be: VideoPose3D, PoseFormer, "):
        load_checkpoint(tmp_path / "a.pth")


def test_a_file_of_nobody_shows_some_names(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1), "fc.bias": torch.zeros(1)}, tmp_path / "a.pth")
    with pytest.raises(
        InputError, match=r"a\.pth holds weights of no network known here \(conv1\.weight, fc"
    ):
        load_checkpoint(tmp_path / "a.pth")


def test_missing_unexpected_and_misshapen_names_are_those_of_the_file(tmp_path):
    state = as_its_authors_name_it(tiny("strided_transformer"))
    del state["Transformer.pos_embedding"], state["Transformer.model.layers.0.self_attn.linears.1.weight"]
    state["stranger"] = torch.zeros(2)
    state["fcn.1.bias"] = torch.zeros(3)
    state["Transformer_reduce.model.layers.0.self_attn.linears.2.weight"] = torch.zeros(16, 3)
    torch.save(state, tmp_path / "a.pth")
    config = StridedTransformerConfig(**TINY["strided_transformer"])
    with pytest.raises(
        InputError,
        match=r"looks like Strided Transformer, but does not fit it; missing: Transformer\.pos_embedding, "
        r"Transformer\.model\.layers\.0\.self_attn\.linears\.1\.weight; unexpected: stranger; "
        r"of another shape: [\w.]*\.linears\.2\.weight \(16, 3\) in place of \(16, 16\), "
        r"fcn\.1\.bias \(3,\) in place of \(51,\)$",
    ):
        load_checkpoint(tmp_path / "a.pth", config)


@pytest.mark.parametrize("name", LOADABLE)
def test_any_missing_name_is_reported_even_if_sizes_hang_on_it(name):
    model = tiny(name)
    state, given = as_its_authors_name_it(model), fields_not_in_the_file(model)
    for key in list(state)[::2] + list(state)[-1:]:
        rest = {other: value for other, value in state.items() if other != key}
        if key.endswith("num_batches_tracked"):  # which files of old PyTorch lack
            load_foreign(rest, LOADABLE[name], given, Path("a.pth"))
            continue
        with pytest.raises(InputError, match=rf"missing: ([\w.]+, )*{key}(,|;|$)"):
            load_foreign(rest, LOADABLE[name], given, Path("a.pth"))


def test_stored_norms_that_the_authors_never_use_are_no_surprise():
    """The stored files hold them; nothing of ours is named like that."""
    path = PEERS / "stridedtransformer_27" / "no_refine_1_4370.pth"
    assert "Transformer.model.norm.a_2" in torch.load(path, weights_only=True)
    load_checkpoint(path)


def test_unpublished_strides_have_to_be_given(tmp_path):
    model = tiny("pstmo")  # 9 frames in two blocks
    torch.save(as_its_authors_name_it(model), tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"strides of its 2 blocks over 9 frames .* config=\{'strides'"):
        load_checkpoint(tmp_path / "a.pth")
    network: Any = load_checkpoint(tmp_path / "a.pth", {"strides": [3, 3]})
    assert network.config.strides == (3, 3)


def test_other_joints_have_to_be_named(tmp_path):
    model = shaken(create(VideoPose3DConfig(channels=8, filter_widths=(3, 3), joints="halpe26")))
    torch.save({"model_pos": as_its_authors_name_it(model)}, tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"26 joints, and the file does not say which"):
        load_checkpoint(tmp_path / "a.bin")
    assert fingerprint(load_checkpoint(tmp_path / "a.bin", {"joints": "halpe26"})) == fingerprint(model)


def test_a_configuration_in_a_file_adds_to_what_the_shapes_say(tmp_path):
    (tmp_path / "a.json").write_text('{"causal": true}')
    config = load_checkpoint(VIDEOPOSE3D, tmp_path / "a.json").config
    assert config == VideoPose3DConfig(filter_widths=(3, 3, 3), channels=32, causal=True)


@pytest.mark.parametrize(
    ("path", "config", "message"),
    [
        (VIDEOPOSE3D, presets.small(), "looks like VideoPose3D, but config is for Uplift and Upsample"),
        (VIDEOPOSE3D, PoseFormerConfig(), "looks like VideoPose3D, but config is for poseformer"),
        (VIDEOPOSE3D, TINY_A, "looks like VideoPose3D, but config is for Uplift and Upsample"),
        (
            POSEFORMER,
            {"causal": True},
            "looks like PoseFormer; configuration of poseformer: causal: unknown field",
        ),
        (POSEFORMER, {"heads": 3}, "looks like PoseFormer; .* 3 heads do not divide"),
        (
            POSEFORMER,
            {"rival": "pstmo"},
            "looks like PoseFormer; configuration of poseformer: rival: .*'poseformer'",
        ),
    ],
)
def test_configurations_of_something_else_are_refused(path, config, message):
    with pytest.raises(InputError, match=message):
        load_checkpoint(path, config)


def test_lifting_takes_no_rivals():
    with pytest.raises(InputError, match=r"epoch_10\.bin holds videopose3d, which needs a 2D pose at every"):
        load(VIDEOPOSE3D)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_beside_the_random_state_is_refused(legacy, tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trace"),)

    weights = as_its_authors_name_it(tiny("videopose3d"))
    content = {"random_state": np.random.RandomState(0), "lr": np.float64(1e-3), "model_pos": weights}
    torch.save(content, tmp_path / "a.bin", _use_new_zipfile_serialization=not legacy)
    network: Any = load_checkpoint(tmp_path / "a.bin")
    assert network.config.channels == 16
    torch.save(
        content | {"optimizer": Attack()}, tmp_path / "a.bin", _use_new_zipfile_serialization=not legacy
    )
    with pytest.raises(InputError, match=r"would run code \(posix\.mkdir\)"):
        load_checkpoint(tmp_path / "a.bin")
    assert not (tmp_path / "trace").exists()


def test_every_rival_whose_authors_published_files_can_load_them():
    assert set(rivals()) - set(LOADABLE) == {"ugcn"}
