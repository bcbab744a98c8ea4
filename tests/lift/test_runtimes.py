"""Both runtimes against the network itself, and what is said when a model is not there."""

import shutil

import numpy as np
import onnxruntime
import pytest
import torch

from uplift3d import model as networks
from uplift3d import weights
from uplift3d.errors import InputError
from uplift3d.lift import lift_track, open_runtime
from uplift3d.lift.onnx_runtime import OnnxRuntime
from uplift3d.lift.torch_runtime import TorchRuntime
from uplift3d.model import create, presets
from uplift3d.model.onnx_export import export_onnx
from uplift3d.tokens import TokenTrack

TOLERANCE_M = 1e-4


@pytest.fixture(scope="module")
def track():
    rng = np.random.default_rng(5)
    observed = np.arange(150) % 4 == 0
    poses = np.where(observed[:, None, None], rng.normal(size=(150, 17, 2)), 0).astype(np.float32)
    return TokenTrack(np.arange(150) * 0.1, poses, observed)


@pytest.fixture(scope="module", params=["onnx", "torch"])
def runtime(request, tiny_model):
    return open_runtime(tiny_model, request.param)


def test_the_two_parts_in_batches_equal_forward_on_whole_windows(runtime, tiny_model, track):
    network = networks.load(f"{tiny_model}.safetensors")
    token = (
        np.arange(len(track.times))[:, None] + np.arange(network.config.tokens) - network.config.tokens // 2
    )
    inside, token = (token >= 0) & (token < len(track.times)), np.clip(token, 0, len(track.times) - 1)
    poses, mask = track.poses[token], track.observed[token] & inside
    with torch.inference_mode():
        _, centre = network(torch.from_numpy(poses), torch.from_numpy(mask))
    result = lift_track(runtime, track)
    assert np.ptp(result) > 0.1
    np.testing.assert_allclose(result, (centre - centre[:, :1]).numpy(), atol=TOLERANCE_M)


def test_the_sequence_equals_forward_on_a_whole_window(runtime, tiny_model, track):
    network = networks.load(f"{tiny_model}.safetensors")
    where = np.flatnonzero(track.observed[:71])
    result = runtime.uplift(runtime.embed(track.poses[where])[None], where[None], "sequence")
    with torch.inference_mode():
        poses, mask = torch.from_numpy(track.poses[:71]), torch.from_numpy(track.observed[:71])
        sequence, _ = network(poses[None], mask[None])
    np.testing.assert_allclose(result, sequence.numpy(), atol=TOLERANCE_M)


def test_both_runtimes_know_the_same_model(tiny_model):
    onnx, pytorch = (open_runtime(tiny_model, name) for name in ("onnx", "torch"))
    assert onnx.model_hash == pytorch.model_hash
    assert onnx.config == {key: listed(value) for key, value in pytorch.config.items()}
    assert (onnx.name, onnx.version) == ("onnxruntime", onnxruntime.__version__)
    assert (pytorch.name, pytorch.version) == ("torch", torch.__version__)


def listed(value):
    return [listed(item) for item in value] if isinstance(value, tuple) else value


def test_windows_without_any_pose_are_answered(runtime):
    slots = np.full((2, 1), runtime.config["tokens"])
    for part in ("centre", "sequence"):
        poses = runtime.uplift(np.zeros((2, 1, 32), np.float32), slots, part)
        assert np.isfinite(poses).all()


@pytest.mark.parametrize("name", ["tiny", "tiny.safetensors", "tiny.embed.onnx", "tiny.uplift.onnx", "."])
@pytest.mark.parametrize("runtime_name", ["onnx", "torch"])
def test_every_name_of_a_model_is_accepted(tiny_model, name, runtime_name):
    assert open_runtime(tiny_model.parent / name, runtime_name).model_hash


def test_a_network_without_temporal_blocks_has_no_sequence(tmp_path):
    config = presets.small().evolve(
        temporal_width=16, spatial_width=8, spatial_depth=0, temporal_depth=0, deferred_depth=0
    )
    network = create(config)
    export_onnx(network, tmp_path / "flat")
    for runtime in (TorchRuntime(network), open_runtime(tmp_path / "flat")):
        tokens, slots = np.zeros((1, 1, 16), np.float32), np.zeros((1, 1), np.int64)
        assert runtime.uplift(tokens, slots, "centre").shape == (1, 17, 3)
        with pytest.raises(InputError, match="no temporal blocks and so no sequence output; use hop 1"):
            runtime.uplift(tokens, slots, "sequence")


def test_a_network_without_upsampling_token_is_refused():
    network = create(presets.small().evolve(temporal_width=16, masked_tokens=False, deferred_depth=0))
    with pytest.raises(InputError, match="has no upsampling token, so it needs a 2D pose on every token"):
        TorchRuntime(network)


def test_missing_models_are_named_with_what_is_accepted(tmp_path, tiny_model, monkeypatch):
    with pytest.raises(InputError, match=r"no model at .*nosuch: nosuch.embed.onnx and nosuch.uplift"):
        open_runtime(tmp_path / "nosuch")
    with pytest.raises(InputError, match=r"no model at .*nosuch: nosuch.safetensors not found in .*'base'"):
        open_runtime(tmp_path / "nosuch", "torch")
    with pytest.raises(InputError, match=r"must hold one model \(\*.embed.onnx\), but holds none"):
        open_runtime(tmp_path)
    shutil.copy(f"{tiny_model}.safetensors", tmp_path / "lone.safetensors")
    with pytest.raises(InputError, match=r"'onnx' needs lone.embed.onnx and lone.uplift.onnx beside it"):
        open_runtime(tmp_path / "lone.safetensors")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    for name in ("onnx", "torch"):
        with pytest.raises(InputError, match="this installation of uplift3d lacks the weights of 'base'"):
            open_runtime("base", name)


def test_wrong_files_are_refused(tmp_path, tiny_model):
    for part in ("embed", "uplift"):
        (tmp_path / f"text.{part}.onnx").write_text("not a graph")
    with pytest.raises(InputError, match=r"text.embed.onnx cannot be read by onnxruntime"):
        open_runtime(tmp_path / "text")
    other = create(
        presets.small().evolve(temporal_width=32, spatial_width=8, spatial_depth=1, temporal_depth=2)
    )
    export_onnx(other, tmp_path / "other")
    with pytest.raises(InputError, match="not made from the same checkpoint"):
        OnnxRuntime(tiny_model.with_name("tiny.embed.onnx"), tmp_path / "other.uplift.onnx")


def test_a_graph_from_elsewhere_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    shape = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    twin = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", [shape], [twin])
    path = tmp_path / "foreign.onnx"
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path
    )
    with pytest.raises(InputError, match=r"foreign.onnx lacks uplift3d.config and uplift3d.model in its"):
        OnnxRuntime(path, path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runtime": "tensorrt"}, "runtime is 'tensorrt'; accepted are onnx, torch"),
        ({"threads": 0}, "threads is 0; accepted are 1 to 1024, or None for all"),
    ],
)
def test_impossible_arguments_are_refused(tiny_model, arguments, message):
    with pytest.raises(InputError, match=message):
        open_runtime(tiny_model, **arguments)
