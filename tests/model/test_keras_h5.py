import json

import h5py
import numpy as np
import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import create, load_checkpoint, presets
from uplift3d.model.keras_h5 import config_from_published, read_h5, translate
from uplift3d.skeletons import joint_set

from . import naive


@pytest.fixture
def tiny_a(golden_dir):
    folder = golden_dir / "uplift_upsample"
    return folder / "tinyA.h5", json.loads((folder / "tinyA.json").read_text())


def test_layers_and_weights_come_in_keras_order(tmp_path, rng):
    shapes: dict[str, list[tuple[int, ...]]] = {"b": [(2, 3), (3,)], "a": [(4,)], "none": []}
    layers = {name: [rng.random(s, dtype=np.float32) for s in each] for name, each in shapes.items()}
    naive.write_h5(tmp_path / "a.h5", layers)
    read = read_h5(tmp_path / "a.h5")
    assert list(read) == ["b", "a", "none"]
    for name, arrays in layers.items():
        for actual, expected in zip(read[name], arrays, strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_all_layers_that_do_not_fit_are_named(tiny_a):
    path, dump = tiny_a
    layers = read_h5(path)
    del layers["temporal_pe"], layers["spatial_norm"]
    layers |= {"stranger": [np.zeros(2)], "temporal_fc": [np.zeros((32, 51))]}
    with pytest.raises(
        InputError,
        match="missing: spatial_norm, temporal_pe; unexpected: stranger; "
        "different: temporal_fc with 1 arrays in place of 2",
    ):
        translate(layers, config_from_published(dump))


def test_weights_of_another_size_are_refused(tiny_a):
    path, dump = tiny_a
    with pytest.raises(
        InputError, match=r"of another shape: .*temporal_encoding \(41, 32\) in place of \(41, 64\)"
    ):
        load_checkpoint(path, config=dump | {"TEMPORAL_EMBED_DIM": 64})


def test_weights_of_another_keras_model_are_refused(tmp_path, tiny_a):
    naive.write_h5(tmp_path / "other.h5", {"conv2d": [np.zeros((3, 3)), np.zeros(3)]})
    with pytest.raises(InputError, match=r"other\.h5: the weights do not fit .*unexpected: conv2d"):
        load_checkpoint(tmp_path / "other.h5", config=tiny_a[1])


def test_weights_alone_need_a_configuration(tiny_a):
    with pytest.raises(InputError, match=r"tinyA\.h5 carries no configuration; pass config="):
        load_checkpoint(tiny_a[0])


def test_hdf5_files_that_keras_did_not_write_are_refused(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(InputError, match="is an HDF5 file, but not a Keras weight file"):
        read_h5(tmp_path / "data.h5")
    with h5py.File(tmp_path / "torn.h5", "w") as file:
        file.attrs["layer_names"] = ["gone"]
    with pytest.raises(InputError, match=r"torn\.h5 is not a readable HDF5 weight file"):
        read_h5(tmp_path / "torn.h5")


@pytest.mark.parametrize(("preset", "frames"), [(presets.uu_351, 351), (presets.uu_81, 81)])
def test_the_presets_are_the_published_configurations(preset, frames):
    layout = (
        {
            "SEQUENCE_LENGTH": 71,
            "SEQUENCE_STRIDE": 5,
            "STRIDES": [3, 10, 3],
            "PADDINGS": [[0, 0]] * 3,
            "MASK_STRIDE": [5, 10, 20],
        }
        if frames == 351
        else {}
    )
    sizes = {"SPATIAL_EMBED_DIM": 32, "TEMPORAL_EMBED_DIM": 384, "NUM_HEADS": 8}
    depths = {"SPATIAL_TRANSFORMER_BLOCKS": 4, "TEMPORAL_TRANSFORMER_BLOCKS": 4}
    assert config_from_published(naive.DUMP | layout | sizes | depths) == preset()


@pytest.mark.parametrize(
    ("stride", "masked", "strides_in"),
    [(20, True, (20,)), ([4, 10], True, (4, 10)), (1, False, (2,)), ([1], False, (2,)), (None, False, (2,))],
)
def test_a_mask_stride_of_one_means_no_upsampling_token(stride, masked, strides_in):
    config = config_from_published(naive.DUMP | {"MASK_STRIDE": stride})
    assert (config.masked_tokens, config.strides_in) == (masked, strides_in)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ARCH": "PoseFormer"}, "is for PoseFormer; accepted is UpliftUpsampleTransformer"),
        ({"NUM_KEYPOINTS": 16}, "has 16 joints; accepted is 17"),
        ({"NUM_HEADS": 5}, "5 heads do not divide"),
    ],
)
def test_published_configurations_of_other_networks_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        config_from_published(naive.DUMP | changes)


def test_missing_fields_are_all_named():
    dump = {name: value for name, value in naive.DUMP.items() if name not in ("STRIDES", "NUM_HEADS")}
    with pytest.raises(InputError, match="lacks NUM_HEADS, STRIDES"):
        config_from_published(dump)


def test_one_drop_rate_counts_for_all_stacks():
    config = config_from_published(naive.DUMP | {"DROP_PATH_RATE": 0.2})
    assert (config.drop_path_spatial, config.drop_path_temporal, config.drop_path_strided) == (0.2, 0.2, 0.2)


def test_gradients_are_the_published_ones(golden_dir):
    """The first step of the stored training run; `translate` carries gradients as it does weights."""
    stored = np.load(golden_dir / "training" / "train5.npz")
    model = load_checkpoint(
        golden_dir / "uplift_upsample" / "tinyA.h5", config=golden_dir / "training" / "train5.json"
    )
    gradients: dict[str, list[np.ndarray]] = {}
    for i, name in enumerate(stored["variable_names"]):
        gradients.setdefault(str(name).split("/")[0], []).append(stored[f"step0_grad_{i:03d}"])
    target = torch.from_numpy(stored["gt_keypoints3d"])
    root = joint_set(model.config.joints).root
    target = target - target[..., root : root + 1, :]

    sequence, centre = model(torch.from_numpy(stored["keypoints2d"]), torch.from_numpy(stored["stride_mask"]))
    loss = (sequence - target).norm(dim=-1).mean() + (centre - target[:, target.shape[1] // 2]).norm(
        dim=-1
    ).mean()
    (0.5 * loss).backward()

    assert 0.5 * loss.item() == pytest.approx(stored["loss"][0], abs=1e-6)
    expected = translate(gradients, model.config)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-6, msg=name)


def test_a_translation_fills_every_parameter():
    dump = naive.DUMP | {"OUTPUT_BN": True}
    config = config_from_published(dump)
    state = translate(naive.random_layers(dump, np.random.default_rng(0)), config)
    assert list(state) != []
    assert set(state) == set(create(config).state_dict())
