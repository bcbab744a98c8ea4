"""The shipped weights: complete, small, the same in every form, and right about real people."""

from dataclasses import replace

import numpy as np
import pytest

from uplift3d import Lifter, weights
from uplift3d.detect import load_keypoints
from uplift3d.skeletons import joint_set
from uplift3d.tokens import InputSpec

H36M = joint_set("h36m17")
DEMO = weights.FOLDER.parent / "demo" / "keys.npz"
WOMAN = 1


@pytest.fixture(scope="module")
def keys():
    return load_keypoints(DEMO)


@pytest.fixture(scope="module")
def lifter():
    return Lifter()


@pytest.fixture(scope="module")
def motion(lifter, keys):
    return lifter.lift(keys, key_interval=0.4, output_times=np.arange(0, 7.6, 1 / 30))


def joint(motion, person, name):
    return motion.positions[person, :, H36M.index(name)]


def test_together_they_stay_below_25_megabytes():
    files = [weights.stem("base").with_suffix(s) for s in (".safetensors", ".embed.onnx", ".uplift.onnx")]
    assert sum(path.stat().st_size for path in files) <= 25e6
    assert (weights.FOLDER / "MODEL_CARD.md").is_file()


def test_the_default_wants_persons_and_answers_along_the_viewing_ray(lifter):
    spec = InputSpec.from_config(lifter.runtime.config)
    assert (spec.input, spec.axes, spec.edges, spec.joints) == ("person", "viewing_ray", "masked", "h36m21")
    assert spec.spacing_s == pytest.approx(0.1)


@pytest.mark.parametrize("hop", [1, 8])
def test_onnx_and_torch_agree_on_real_people(keys, hop):
    pytest.importorskip("torch")
    onnx, torch = (
        Lifter(runtime=runtime, hop=hop).lift(keys, key_interval=0.2) for runtime in ("onnx", "torch")
    )
    np.testing.assert_allclose(onnx.positions, torch.positions, atol=1e-4)
    assert onnx.meta["model"]["hash"] == torch.meta["model"]["hash"]


def test_neither_place_nor_crop_nor_resolution_matter(keys):
    """To the network: where somebody stands in the real camera's axes follows from the place in the image."""
    lifter, times = Lifter(raw=True), np.arange(0, 7.6, 1 / 30)
    motion = lifter.lift(keys, key_interval=0.4, output_times=times)
    moved = replace(keys, positions=keys.positions * 0.37 + [211.0, -95.0], image_size=(500, 400))
    again = lifter.lift(moved, key_interval=0.4, output_times=motion.times)
    np.testing.assert_allclose(again.positions, motion.positions, atol=1e-4)


def test_the_woman_in_the_demo_walks_to_the_left_upright_and_with_forward_bending_knees(motion):
    present = motion.present[WOMAN]
    assert present.mean() > 0.5
    up = -(joint(motion, WOMAN, "head_top") - joint(motion, WOMAN, "pelvis"))[present, 1]
    assert (up > 0.45).all()  # y is down
    across = (joint(motion, WOMAN, "left_hip") - joint(motion, WOMAN, "right_hip"))[present]
    # Somebody who walks to the image's left has the left hip nearer to the camera: z points away.
    assert np.median(across[:, 2]) < -0.05
    forward = np.zeros(3)
    forward[0] = -1
    for side in ("left", "right"):
        hip, knee, ankle = (joint(motion, WOMAN, f"{side}_{n}")[present] for n in ("hip", "knee", "ankle"))
        assert np.mean((knee - (hip + ankle) / 2) @ forward) > 0.02


def test_bones_of_the_demo_keep_their_length_within_reason(motion):
    present = motion.present[WOMAN]
    for name, parent in (("left_knee", "left_hip"), ("right_ankle", "right_knee"), ("neck", "pelvis")):
        length = np.linalg.norm(joint(motion, WOMAN, name) - joint(motion, WOMAN, parent), axis=-1)[present]
        assert 0.25 < np.median(length) < 0.65
        assert length.std() / length.mean() < 0.12
