"""What no type checker stopped: arrays and numbers in place of paths get a sentence, not a TypeError."""

import numpy as np
import pytest

import uplift3d
from uplift3d import InputError, Keypoints2D, Motion3D, detect, export, video

NO_PATHS = [5, None, b"walk.mp4", np.zeros(3), ["walk.mp4"]]
READERS = [
    uplift3d.lift_video,
    uplift3d.load_motion,
    detect.load_keypoints,
    video.open_video,
    video.VideoReader,
    video.ImageFolder,
    export.check_output,
]


def name_of_type(value):
    return type(value).__name__


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("given", NO_PATHS, ids=name_of_type)
def test_what_is_no_path(read, given):
    with pytest.raises(InputError, match=f"is of type {name_of_type(given)}; accepted is the path of a "):
        read(given)


@pytest.mark.parametrize("given", NO_PATHS, ids=name_of_type)
def test_what_is_no_checkpoint(given):
    pytest.importorskip("pydantic", reason="needs the train extra")
    for load in (uplift3d.model.load, uplift3d.model.load_checkpoint):
        with pytest.raises(InputError, match="accepted is the path of a checkpoint"):
            load(given)


@pytest.mark.parametrize("given", [5, np.zeros((1, 9, 17, 3)), {"positions": []}], ids=name_of_type)
def test_what_cannot_be_saved(given, tmp_path):
    found = f"of type {name_of_type(given)}; accepted is "
    with pytest.raises(InputError, match=found + "Motion3D"):
        uplift3d.save_motion(tmp_path / "walk.npz", given)
    with pytest.raises(InputError, match=found + "Keypoints2D"):
        detect.save_keypoints(tmp_path / "keys.npz", given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [5, {"weights": []}], ids=name_of_type)
def test_what_is_no_network(given, tmp_path):
    pytest.importorskip("pydantic", reason="needs the train extra")
    with pytest.raises(InputError, match=f"of type {name_of_type(given)}; accepted is a network"):
        uplift3d.model.save_checkpoint(given, tmp_path / "net.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_detector():
    image = np.zeros((48, 64, 3), np.uint8)
    with pytest.raises(InputError, match="detector is of type int; accepted are a detector's name, or an ob"):
        uplift3d.lift_frames([(0.0, image)], detector=5)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"focal_px": "wide"}, "focal_px is 'wide'; it must be a number of pixels"),
        ({"focal_px": [1.0, 2.0]}, "focal_px is .*; it must be a number of pixels"),
        ({"focal_px": 900, "principal_point_px": 5}, r"principal_point_px is 5; it must be \(x, y\) in pix"),
        ({"focal_px": 900, "principal_point_px": ("a", "b")}, "principal_point_px is "),
    ],
)
def test_what_is_no_camera(camera, message):
    keypoints = Keypoints2D(np.ones((1, 2, 17, 2)), None, [0, 0.1], (64, 48), "coco17")
    with pytest.raises(InputError, match=message):
        uplift3d.lift_keypoints(keypoints, **camera)


def test_joints_have_names():
    motion = Motion3D(np.zeros((1, 2, 21, 3)), [0, 0.1], None, np.ones((1, 2)), joints="h36m21")
    assert motion.joint_names[0] == "pelvis"
    assert motion.joint_names[-1] == "right_toe"
    keypoints = Keypoints2D(np.ones((1, 2, 17, 2)), None, [0, 0.1], (64, 48), "coco17")
    assert (keypoints.joint_names[0], len(keypoints.joint_names)) == ("nose", 17)
