"""2D detections on Human3.6M: both layouts, as small files written here."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data import h36m
from uplift3d.data.h36m_detections import HOURGLASS_JOINTS, open_detections
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

FRAMES = 8
JOINTS = joint_set("h36m17").joints


def object_of(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def no_projection():
    raise AssertionError("this layout needs no projection")


def table(tmp_path: Path, views) -> Path:
    path = tmp_path / "data_2d_h36m_sh_ft_h36m.npz"
    np.savez_compressed(path, positions_2d=object_of({"S9": {"Eating": views}}), metadata=object_of({}))
    return path


def view_of(path: Path, camera=1):
    return open_detections(path).view("S9", "Eating", camera, "55011271", no_projection)


def numbered(joints: int, channels: int):
    """Joint j lies at (j, frame); the third number, confidence, is j / 20."""
    out = np.zeros((FRAMES, joints, channels), np.float32)
    out[..., 0] = np.arange(joints)
    out[..., 1] = np.arange(FRAMES)[:, None]
    if channels == 3:
        out[..., 2] = np.arange(joints) / 20
    return out


@pytest.mark.parametrize("channels", [2, 3])
def test_seventeen_joints_with_and_without_confidence(tmp_path, channels):
    values = numbered(17, channels)
    view = view_of(table(tmp_path, [values + c for c in range(4)]), camera=0)
    np.testing.assert_array_equal(view.keypoints_px, values[..., :2])
    assert (view.confidence is None) == (channels == 2)
    if view.confidence is not None:
        np.testing.assert_array_equal(view.confidence, values[..., 2])


def test_sixteen_joints_of_a_stacked_hourglass(tmp_path):
    view = view_of(table(tmp_path, [numbered(16, 3)] * 4))
    places = dict(zip(JOINTS, view.keypoints_px[0, :, 0], strict=True))
    # right ankle first, pelvis 6, then up the trunk; right wrist 10 … left wrist 15 (as for MPII)
    assert (places["right_ankle"], places["right_hip"], places["left_hip"], places["left_ankle"]) == (
        0,
        2,
        3,
        5,
    )
    assert (places["pelvis"], places["torso"], places["neck"], places["head_top"]) == (6, 7, 8, 9)
    assert (places["right_wrist"], places["right_shoulder"]) == (10, 12)
    assert (places["left_shoulder"], places["left_wrist"]) == (13, 15)
    assert places["head"] == 8.5
    assert view.confidence[0, JOINTS.index("head")] == pytest.approx(8 / 20)  # of the less certain one
    assert set(HOURGLASS_JOINTS) == set(JOINTS) - {"head"}


def looking(subject: str, take: str, seed: int):
    """World positions near the middle of the room, on a path of their own."""
    rng = np.random.default_rng(seed)
    start = rng.uniform([-1, -1, 0.8], [1, 1, 1.0])
    return (start + rng.normal(scale=0.2, size=(FRAMES, 32, 3))).astype(np.float32)


@pytest.fixture
def world():
    takes = ("Eating", "Eating 1")
    return {
        s: {t: looking(s, t, 2 * i + j) for j, t in enumerate(takes)} for i, s in enumerate(("S9", "S11"))
    }


def rows(world, confidence_shape=(17, 1), shift=0.5):
    """All recordings one after the other, as the published file has them."""
    out = {
        "joint_2d": [],
        "confidence": [],
        "joint3d_image": [],
        "camera_name": [],
        "source": [],
        "action": [],
    }
    kept = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
    for subject, takes in world.items():
        for number, positions in enumerate(reversed(takes.values()), start=1):  # other numbers than the takes
            for lens, camera in enumerate(h36m.cameras(subject), start=1):
                pixels = camera.project_world(positions[:, kept])
                out["joint_2d"].append(pixels + shift)
                out["confidence"].append(np.full((FRAMES, *confidence_shape), 0.25 * lens))
                out["joint3d_image"].append(np.concatenate([pixels, pixels[..., :1]], axis=-1))
                out["camera_name"] += ["54138969"] * FRAMES  # cannot be relied on
                out["action"] += ["Eating"] * FRAMES
                name = f"s_{int(subject[1:]):02}_act_04_subact_{number:02}_ca_{lens:02}"
                out["source"] += [name] * FRAMES
    return {key: np.concatenate(v) if not isinstance(v[0], str) else v for key, v in out.items()}


def write(tmp_path, world, content):
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=object_of(world))
    path = tmp_path / "sh.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize("confidence_shape", [(17,), (17, 1)])
def test_recordings_are_found_by_where_their_joints_lie(tmp_path, world, confidence_shape):
    write(tmp_path, world, {"train": {}, "test": rows(world, confidence_shape)} | {"train": None})
    videos = h36m.load_videos(tmp_path, "sh.pkl")
    assert len(videos) == 2 * 2 * 4
    for video in videos:
        projected = video.camera.project_world(video.positions_world)
        np.testing.assert_allclose(video.keypoints_px, projected + 0.5, atol=1e-3)
        lens = 1 + h36m.camera_ids().index(video.camera_id)
        np.testing.assert_allclose(video.confidence, 0.25 * lens)


def test_what_the_file_does_not_have_is_named(tmp_path, world):
    content = {"test": rows({"S9": {"Eating": world["S9"]["Eating"]}})}
    write(tmp_path, world, content)
    with pytest.raises(
        InputError, match=r"no detections of S9 Eating 1 camera 54138969: .* s_09\S+, lies \d+ pix"
    ):
        h36m.load_videos(tmp_path, "sh.pkl", ["S9"])
    with pytest.raises(InputError, match="has no subject S11; it has S9"):
        h36m.load_videos(tmp_path, "sh.pkl", ["S11"])


def spoilt(kind, content):
    part = content["test"]
    if kind == "key":
        del part["source"]
    elif kind == "lengths":
        part["source"] = part["source"][:-1]
    elif kind == "name":
        part["source"] = ["Eating"] * len(part["source"])
    elif kind == "joints":
        part["joint_2d"] = part["joint_2d"][:, :12]
        part["confidence"] = part["confidence"][:, :12]
    elif kind == "confidence":
        part["confidence"] = part["confidence"][:, :3]
    elif kind == "flat":
        part["joint3d_image"] = part["joint3d_image"][..., 0]
    elif kind == "words":
        part["joint_2d"] = "pixels"
    elif kind == "splits":
        content = {"validation": part}
    return content


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("key", r"sh\.pkl \(test\) lacks source; it has joint_2d, "),
        ("lengths", "64 2D poses, 64 3D poses, 63 sources"),
        ("name", r"source 'Eating', expected s_09_act_"),
        ("joints", r"has 2D positions of shape \(8, 12, 3\)"),
        ("confidence", r"sh\.pkl \(test\): confidence has shape \(64, 3, 1\), expected \(N, 17\)"),
        ("flat", r"joint3d_image has shape \(64, 17\), expected \(N, 17, 2 or 3\)"),
        ("words", r"sh\.pkl \(test\): joint_2d: numbers expected"),
        ("splits", r"sh\.pkl holds neither 'train' nor 'test'"),
    ],
)
def test_damaged_files_are_refused(tmp_path, world, kind, message):
    path = write(tmp_path, world, spoilt(kind, {"test": rows({"S9": world["S9"]})}))
    with pytest.raises(InputError, match=message):
        open_detections(path)


class Runs:
    def __reduce__(self):
        return os.system, ("touch proof",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sh.pkl"
    path.write_bytes(pickle.dumps({"test": Runs()}))
    with pytest.raises(InputError, match=r"sh\.pkl: its pickle asks for posix\.system"):
        open_detections(path)
    assert not (tmp_path / "proof").exists()


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv: accepted are \.npz \(VideoPose3D\) and \.pkl"):
        open_detections(tmp_path / "a.csv")
