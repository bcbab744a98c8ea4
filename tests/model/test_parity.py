"""The published implementation's own outputs, and an independent numpy one where none are stored."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from uplift3d.model import load_checkpoint
from uplift3d.model.keras_h5 import read_h5
from uplift3d.skeletons import joint_set

from . import naive
from .windows import pose_tokens

GOLDEN = Path(__file__).parent.parent / "golden" / "uplift_upsample"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.npz"))
WITH_MASK = [name for name in NAMES if "stride_mask" in np.load(GOLDEN / f"{name}.npz")]
WITH_ATTENTION = [n for n in NAMES if "debug_temporal_attention_1" in np.load(GOLDEN / f"{n}.npz")]


class Golden:
    """One stored network with its inputs and outputs."""

    def __init__(self, name: str, weights: str | None = None) -> None:
        self.model = load_checkpoint(GOLDEN / f"{weights or name}.h5", config=GOLDEN / f"{name}.json")
        self.arrays = np.load(GOLDEN / f"{name}.npz")
        self.atol = 2e-6 if name == "tinyJ" else 2e-5

    def __getitem__(self, key: str) -> Tensor:
        return torch.from_numpy(self.arrays[key])

    @property
    def mask(self) -> Tensor | None:
        return self["stride_mask"] if "stride_mask" in self.arrays else None

    def check(self, actual: Tensor, key: str) -> None:
        np.testing.assert_allclose(actual.numpy(), self.arrays[key], rtol=0, atol=self.atol, err_msg=key)

    def check_outputs(self, outputs: tuple[Tensor | None, Tensor], sequence: str, centre: str) -> None:
        if sequence in self.arrays:
            assert outputs[0] is not None
            self.check(outputs[0], sequence)
        else:
            assert outputs[0] is None
        self.check(outputs[1], centre)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_the_published_ones(name):
    golden = Golden(name)
    golden.check_outputs(golden.model(golden["keypoints2d"], golden.mask), "full_output", "central_output")


@pytest.mark.parametrize("weights", ["tinyA_ema_names", "tinyA_savedby_tf215"])
def test_inner_names_and_string_types_of_a_file_do_not_matter(weights):
    golden = Golden("tinyA", weights)
    golden.check_outputs(golden.model(golden["keypoints2d"], golden.mask), "full_output", "central_output")


@pytest.mark.parametrize("name", WITH_MASK)
def test_windows_without_any_pose_are_the_published_ones(name):
    golden = Golden(name)
    outputs = golden.model(golden["allmasked_keypoints2d"], golden["allmasked_stride_mask"])
    golden.check_outputs(outputs, "allmasked_full_output", "allmasked_central_output")


@pytest.mark.parametrize("name", WITH_MASK)
def test_two_part_inference_is_the_published_one(name):
    golden = Golden(name)
    keypoints = torch.cat([golden["keypoints2d"], golden["allmasked_keypoints2d"]])
    mask = torch.cat([golden["stride_mask"], golden["allmasked_stride_mask"]])
    sequence, centre = golden.model.uplift(*pose_tokens(golden.model, keypoints, mask))
    golden.check_outputs(
        (None if sequence is None else sequence[:-1], centre[:-1]), "full_output", "central_output"
    )
    golden.check(centre[-1:], "allmasked_central_output")


@pytest.mark.parametrize("name", NAMES)
def test_flip_average_is_the_published_one(name):
    golden = Golden(name)
    mirror = list(joint_set(golden.model.config.joints).mirror)
    negate_x = torch.tensor([-1.0, 1.0])
    plain = golden.model(golden["keypoints2d"], golden.mask)
    flipped = golden.model(golden["keypoints2d"][:, :, mirror] * negate_x, golden.mask)
    averages = [
        None if a is None else (a + b[..., mirror, :] * torch.tensor([-1.0, 1.0, 1.0])) / 2
        for a, b in zip(plain, flipped, strict=True)
    ]
    golden.check_outputs((averages[0], averages[1]), "full_output_flip_avg", "central_output_flip_avg")


@pytest.mark.parametrize("name", NAMES)
def test_intermediate_tokens_are_the_published_ones(name):
    golden = Golden(name)
    model, seen = golden.model, {}
    watched = {"debug_temporal_tokens": model.temporal} | {
        f"debug_strided_tokens_{i + 1}": block for i, block in enumerate(model.strided.blocks)
    }
    for key, module in watched.items():
        module.register_forward_hook(lambda _m, _i, out, key=key: seen.update({key: out}))
    model(golden["keypoints2d"], golden.mask)
    stored = [key for key in watched if key in golden.arrays]
    assert "debug_temporal_tokens" in stored
    for key in stored:
        golden.check(seen[key], key)
    if "debug_spatial_tokens" in golden.arrays:
        poses = golden["keypoints2d"]
        poses = poses if golden.mask is None else poses * golden.mask[..., None, None]
        golden.check(model.embed(poses.flatten(0, 1)).view(*poses.shape[:2], -1), "debug_spatial_tokens")


@pytest.mark.parametrize("name", WITH_ATTENTION)
def test_attention_weights_are_the_published_ones(name):
    golden = Golden(name)
    inputs = []
    for block in golden.model.temporal.blocks:
        block.attention.register_forward_pre_hook(lambda module, args: inputs.append((module, args)))
    golden.model(golden["keypoints2d"], golden.mask)
    assert len(inputs) == 2
    for i, (attention, (tokens, bias, sources)) in enumerate(inputs):
        q, k, _ = attention._project(tokens, sources)
        logits = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        weights = (logits if bias is None else logits + bias).softmax(-1)
        golden.check(weights, f"debug_temporal_attention_{i + 1}")


@pytest.mark.parametrize("name", NAMES)
def test_losses_of_the_outputs_are_the_published_ones(name):
    golden = Golden(name)
    root = joint_set(golden.model.config.joints).root
    target = golden["gt_keypoints3d"] - golden["gt_keypoints3d"][..., root : root + 1, :]
    sequence, centre = golden.model(golden["keypoints2d"], golden.mask)
    centre_loss = (centre - target[:, target.shape[1] // 2]).norm(dim=-1).mean()
    np.testing.assert_allclose(centre_loss, golden["loss_center"], atol=golden.atol)
    if sequence is not None:
        sequence_loss = (sequence - target).norm(dim=-1).mean()
        np.testing.assert_allclose(sequence_loss, golden["loss_sequence"], atol=golden.atol)


def test_the_checkpoints_joint_order_is_kept():
    assert Golden("tinyA").model.config.joints == "uu17"


SWITCHES = {
    "as tinyA": {},
    "no spatial Transformer": {"SPATIAL_TRANSFORMER_BLOCKS": 0},
    "no temporal Transformer": {"TEMPORAL_TRANSFORMER_BLOCKS": 0},
    "no temporal Transformer, nothing deferred": {
        "TEMPORAL_TRANSFORMER_BLOCKS": 0,
        "FIRST_STRIDED_TOKEN_ATTENTION_LAYER": 0,
    },
    "no strided Transformer": {"STRIDES": [], "PADDINGS": None},
    "heads only": {
        "SPATIAL_TRANSFORMER_BLOCKS": 0,
        "TEMPORAL_TRANSFORMER_BLOCKS": 0,
        "STRIDES": [],
        "PADDINGS": [],
    },
    "no qkv bias, deferred twice, null paddings": {
        "SEQUENCE_LENGTH": 27,
        "STRIDES": [3, 3, 3],
        "PADDINGS": None,
        "QKV_BIAS": False,
        "FIRST_STRIDED_TOKEN_ATTENTION_LAYER": 2,
    },
    "one-sided paddings": {
        "SEQUENCE_LENGTH": 27,
        "STRIDES": [3, 3, 3],
        "PADDINGS": [[1, 0], [0, 1], [0, 0]],
    },
    "a stage that does not stride": {
        "SEQUENCE_LENGTH": 27,
        "STRIDES": [1, 9, 3],
        "PADDINGS": [[1, 1], [1, 1], [1, 1]],
    },
    "deferred deeper than the Transformer": {"FIRST_STRIDED_TOKEN_ATTENTION_LAYER": 3},
    "batch norm": {"OUTPUT_BN": True},
    "no upsampling token": {"MASK_STRIDE": None, "OUTPUT_BN": True},
    "layout of uu-351": {
        "SEQUENCE_LENGTH": 71,
        "STRIDES": [3, 10, 3],
        "PADDINGS": [[0, 0]] * 3,
        "SEQUENCE_STRIDE": 5,
        "MASK_STRIDE": 20,
    },
}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("names_as", [bytes, str])
def test_every_switch_agrees_with_numpy(switch, names_as, tmp_path, rng):
    dump = naive.DUMP | SWITCHES[switch]
    layers = naive.random_layers(dump, rng)
    naive.write_h5(tmp_path / "weights.h5", layers, names_as)
    (tmp_path / "config.json").write_text(json.dumps(dump))
    model = load_checkpoint(tmp_path / "weights.h5", config=tmp_path / "config.json")

    mask = rng.random((4, dump["SEQUENCE_LENGTH"])) < np.array([0.5, 0.1, 0.0, 1.0])[:, None]
    if not dump["MASK_STRIDE"]:
        mask[:] = True
    keypoints = rng.normal(size=(*mask.shape, 17, 2)).astype(np.float32)
    expected = [naive.forward(layers, dump, *window) for window in zip(keypoints, mask, strict=True)]

    tensors = torch.from_numpy(keypoints), torch.from_numpy(mask)
    outputs = [model(*tensors)]
    if dump["MASK_STRIDE"]:
        outputs.append(model.uplift(*pose_tokens(model, *tensors)))
    for sequence, centre in outputs:
        np.testing.assert_allclose(centre, np.stack([e[1] for e in expected]), rtol=0, atol=2e-5)
        if expected[0][0] is None:
            assert sequence is None
        else:
            np.testing.assert_allclose(sequence, np.stack([e[0] for e in expected]), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_numpy_reference_itself_is_the_published_one(name):
    golden = Golden(name)
    dump = json.loads((GOLDEN / f"{name}.json").read_text())
    layers = read_h5(GOLDEN / f"{name}.h5")
    mask = (
        golden.arrays["stride_mask"]
        if golden.mask is not None
        else np.ones(golden["keypoints2d"].shape[:2], bool)
    )
    sequence, centre = naive.forward(layers, dump, golden.arrays["keypoints2d"][1], mask[1])
    np.testing.assert_allclose(centre, golden.arrays["central_output"][1], rtol=0, atol=golden.atol)
    np.testing.assert_allclose(sequence, golden.arrays["full_output"][1], rtol=0, atol=golden.atol)
