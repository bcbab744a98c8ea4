"""Outputs of the authors' own networks, on random weights stored in their own checkpoint files."""

import pytest
import torch

from uplift3d.model.rivals import back_project

from .peers import Peer, stored

STRIDED = [*stored("stridedtransformer_*/io.npz"), *stored("pstmo_*/io.npz")]
WITH_CAMERA = [name for name in STRIDED if "camera" in Peer(name).arrays]
WITH_PRETRAINING = [name for name in STRIDED if "mae_output" in Peer(name).arrays]


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def videopose3d_files(arrays: str) -> list[str]:
    """Checkpoints that belong to `io.npz` (in both formats of torch) or to `io_<layout>.npz`."""
    layout = arrays.removesuffix(".npz").partition("io")[2]
    return [f"epoch_10{layout}.bin"] if layout else ["epoch_10.bin", "epoch_10_legacy_serialization.bin"]


VIDEOPOSE3D = [(a, w) for a in stored("videopose3d/io*.npz") for w in videopose3d_files(a)]


@pytest.mark.parametrize(("arrays", "weights"), VIDEOPOSE3D)
def test_videopose3d(arrays, weights):
    golden = Peer(arrays)
    model = golden.load(weights)
    for key in [key for key in golden.arrays if key.startswith("input_")]:
        output = key.replace("input", "output")
        sequence, centre = model(golden[key])
        golden.check(centre if sequence is None else sequence, output)
        golden.check(model.dilated(golden[key]), output)
        golden.check(golden.load(weights).double().dilated(golden[key].double()), f"{output}_f64")


@pytest.mark.parametrize(("arrays", "weights"), VIDEOPOSE3D)
def test_other_forms_of_videopose3d(arrays, weights):
    golden = Peer(arrays)
    for form, config in (("optimized1f", {}), ("causal", {"causal": True})):
        model = golden.load(weights, **config)
        for output in [key for key in golden.arrays if key.endswith(form)]:
            keypoints = golden[output.replace("output", "input").removesuffix(f"_{form}")]
            golden.check((model.dilated if model.config.causal else model.strided)(keypoints), output)


@pytest.mark.parametrize("arrays", stored("poseformer/io_*.npz"))
def test_poseformer(arrays):
    golden = Peer(arrays)
    model = golden.load(f"best_epoch{arrays.removesuffix('.npz').partition('io')[2]}.bin")
    sequence, centre = model(golden["input"])
    assert sequence is None
    golden.check(centre, "output")
    golden.check(model.double()(golden["input"].double())[1], "output_f64")


@pytest.mark.parametrize("arrays", STRIDED)
def test_strided_transformer_and_pstmo(arrays):
    golden = Peer(arrays)
    model = golden.load("no_refine*.pth")
    sequence, centre = model(golden["input"])
    golden.check(sequence, "output_sequence")
    golden.check(centre, "output_center")
    sequence, centre = model.double()(golden["input"].double())
    golden.check(sequence, "output_sequence_f64")
    golden.check(centre, "output_center_f64")


@pytest.mark.parametrize("arrays", STRIDED)
def test_refinement(arrays):
    golden = Peer(arrays)
    refinement = golden.load("refine*.pth")
    golden.check(refinement(golden["refine_input_a"], golden["refine_input_b"]), "refine_output")


@pytest.mark.parametrize("arrays", WITH_CAMERA)
def test_the_whole_refinement_step(arrays):
    golden = Peer(arrays)
    model, refinement = golden.load("no_refine*.pth"), golden.load("refine*.pth")
    _, centre = model(golden["input"])
    keypoints = golden["input"][:, model.answered_token]
    root_depth_m = golden["gt_3d_center"][:, 0, 0, 2]
    projected = back_project(centre, keypoints, golden["camera"], root_depth_m, model.config.joints)
    golden.check(projected, "xyz_from_uvd")
    golden.check(refinement(centre, projected), "refined_center")


@pytest.mark.parametrize("arrays", WITH_PRETRAINING)
def test_pretraining_of_pstmo(arrays):
    golden = Peer(arrays)
    model = golden.load("pretrain*.pth")
    drawn = model(golden["input"], golden["mae_temporal_mask"], golden["mae_spatial_mask"])
    golden.check(drawn, "mae_output")


def test_all_kinds_of_stored_files_are_found():
    assert VIDEOPOSE3D
    assert WITH_CAMERA
    assert WITH_PRETRAINING
    assert stored("poseformer/io_*.npz")
