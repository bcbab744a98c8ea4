import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import ModelConfig, create, load_checkpoint, presets, save_checkpoint
from uplift3d.model.checkpoints import CONFIG_KEY, fingerprint
from uplift3d.model.onnx_export import MODEL_KEY, WANT_CENTRE, export_onnx

from .windows import pose_tokens, random_windows, shaken

TINY = presets.small().evolve(spatial_width=8, temporal_width=48, temporal_depth=2, heads=4)


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def model():
    return shaken(create(TINY))


@pytest.fixture(scope="module")
def sessions(model, tmp_path_factory):
    embed, uplift = export_onnx(model, tmp_path_factory.mktemp("onnx") / "tiny")
    assert (embed.name, uplift.name) == ("tiny.embed.onnx", "tiny.uplift.onnx")
    return session(embed), session(uplift)


def run_uplift(uplift, tokens, slots):
    return uplift.run(None, {"pose_tokens": tokens.numpy(), "slots": slots.numpy()})


@pytest.mark.parametrize("poses", [0, 1, 3, 40])
@torch.no_grad()
def test_embedding_equals_torch(model, sessions, poses):
    inputs = torch.randn(poses, 17, 2)
    (tokens,) = sessions[0].run(None, {"poses": inputs.numpy()})
    assert tokens.shape == (poses, 48)
    np.testing.assert_allclose(tokens, model.embed(inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("windows", [1, 4, 5])
@torch.no_grad()
def test_uplifting_equals_torch(model, sessions, windows):
    """Any number of windows and pose tokens, padding anywhere, windows without any pose."""
    keypoints, mask = random_windows(model)
    tokens, slots = pose_tokens(model, keypoints[:windows], mask[:windows])
    expected = model.uplift(tokens, slots)
    for actual, reference in zip(run_uplift(sessions[1], tokens, slots), expected, strict=True):
        np.testing.assert_allclose(actual, reference, rtol=0, atol=1e-5)


@torch.no_grad()
def test_uplifting_without_any_pose_token_equals_torch(model, sessions):
    tokens, slots = torch.zeros(2, 0, 48), torch.zeros(2, 0, dtype=torch.long)
    for actual, reference in zip(
        run_uplift(sessions[1], tokens, slots), model.uplift(tokens, slots), strict=True
    ):
        np.testing.assert_allclose(actual, reference, rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_centre_can_be_left_out(model, sessions):
    tokens, slots = pose_tokens(model, *random_windows(model))
    feeds = {"pose_tokens": tokens.numpy(), "slots": slots.numpy()}
    (whole, _), (sequence, centre) = (
        sessions[1].run(None, feeds | {WANT_CENTRE: np.array(wanted)}) for wanted in (True, False)
    )
    np.testing.assert_array_equal(sequence, whole)
    assert centre.shape == (0, 17, 3)


def test_the_strided_transformer_runs_in_the_branch_only(model, tmp_path):
    """A session computes whatever stands at the top level, so no strided weight may be read there."""
    _, uplift = export_onnx(model, tmp_path / "m")
    graph = onnx.load(uplift).graph
    top = [node.name for node in graph.node]
    (decision,) = [node for node in graph.node if node.op_type == "If"]
    branch = next(a.g for a in decision.attribute if a.name == "then_branch")
    assert not any("strided" in name or "centre_head" in name for name in top)
    assert sum("/strided/" in node.name for node in branch.node) > 50


def test_the_runtime_can_read_configuration_and_hash_without_torch(model, sessions):
    for part in sessions:
        notes = part.get_modelmeta().custom_metadata_map
        assert ModelConfig.model_validate_json(notes[CONFIG_KEY]) == TINY
        assert notes[MODEL_KEY] == fingerprint(model)


@pytest.mark.parametrize(
    "changes",
    [
        {"temporal_depth": 0},
        {"spatial_depth": 0, "deferred_depth": 0},
        {"strided": (), "paddings": (), "deferred_depth": 2, "output_batch_norm": True, "qkv_bias": False},
    ],
)
@torch.no_grad()
def test_every_switch_exports(changes, tmp_path):
    model = shaken(create(TINY.evolve(**changes)))
    embed, uplift = export_onnx(model, tmp_path / "m", {"licence": "none"})
    keypoints, mask = random_windows(model)
    tokens, slots = pose_tokens(model, keypoints, mask)
    expected = [output for output in model.uplift(tokens, slots) if output is not None]
    names = [output.name for output in session(uplift).get_outputs()]
    assert names == ["sequence", "centre"][-len(expected) :]
    for actual, reference in zip(run_uplift(session(uplift), tokens, slots), expected, strict=True):
        np.testing.assert_allclose(actual, reference, rtol=0, atol=1e-5)
    (tokens,) = session(embed).run(None, {"poses": keypoints[0].numpy()})
    np.testing.assert_allclose(tokens, model.embed(keypoints[0]), rtol=0, atol=1e-5)
    assert session(embed).get_modelmeta().custom_metadata_map["licence"] == "none"


@torch.no_grad()
def test_half_weights_stay_half_in_the_graphs_and_lose_nothing(model, tmp_path):
    save_checkpoint(model, tmp_path / "half.safetensors", half=True)
    rounded = load_checkpoint(tmp_path / "half.safetensors")
    _, full = export_onnx(model, tmp_path / "full")
    _, half = export_onnx(rounded, tmp_path / "half")
    assert half.stat().st_size < 0.75 * full.stat().st_size
    tokens, slots = pose_tokens(rounded, *random_windows(rounded))
    for actual, reference in zip(
        run_uplift(session(half), tokens, slots), rounded.uplift(tokens, slots), strict=True
    ):
        np.testing.assert_allclose(actual, reference, rtol=0, atol=1e-5)


def test_exporting_leaves_the_network_as_it_was(model, tmp_path):
    before = fingerprint(model)
    export_onnx(model.train(), tmp_path / "m")
    assert model.training
    model.eval()
    assert fingerprint(model) == before


def test_a_network_without_upsampling_token_has_no_two_parts(tmp_path):
    with pytest.raises(InputError, match="without upsampling token has no two-part form"):
        export_onnx(create(TINY.evolve(masked_tokens=False, deferred_depth=0)), tmp_path / "m")


def test_a_folder_that_is_not_there_is_refused(model, tmp_path):
    with pytest.raises(InputError, match=r"the folder .* does not exist"):
        export_onnx(model, tmp_path / "none" / "m")
