"""Human3.6M reader: the golden synthetic files, small files made here, and laws of the calibration."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data import h36m
from uplift3d.data.videos import LabelledVideo
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set, reorder


def object_of(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def write(folder: Path, world, pixels, detections="cpn_ft_h36m_dbb"):
    np.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=object_of(world))
    np.savez_compressed(
        folder / f"data_2d_h36m_{detections}.npz", positions_2d=object_of(pixels), metadata=object_of({})
    )


def small_set(subjects=("S1",), takes=("Walking 1",), frames=3):
    """World positions whose joint j of 32 lies at x = j, and detections that count up."""
    world = np.zeros((frames, 32, 3), np.float32)
    world[..., 0] = np.arange(32)
    view = np.arange(frames * 34, dtype=np.float32).reshape(frames, 17, 2)
    return (
        {subject: {take: world for take in takes} for subject in subjects},
        {subject: {take: [view + c for c in range(4)] for take in takes} for subject in subjects},
    )


@pytest.fixture(scope="module")
def videos(golden_dir):
    e2e = golden_dir / "e2e"
    return h36m.read_videos(
        e2e / "data_3d_h36m_synthetic.npz", e2e / "data_2d_h36m_synthetic.npz", h36m.TEST_SUBJECTS
    )


def test_camera_positions_and_order_are_those_of_the_published_evaluation(golden_dir, videos):
    with np.load(golden_dir / "e2e" / "e2e_eval.npz") as file:
        truth, actions, index = file["gt_first500"], file["actions"], file["frame_index"]
        names = file["action_names"]
    order = reorder("h36m17", "uu17")
    relative = [video.positions_camera[:, order] - video.positions_camera[:, :1] for video in videos]
    np.testing.assert_allclose(np.concatenate(relative)[:500], truth, atol=5e-6)
    np.testing.assert_array_equal(np.concatenate([np.arange(len(video)) for video in videos]), index)
    got = np.concatenate([np.full(len(video), video.action) for video in videos])
    np.testing.assert_array_equal(got, names[actions])
    assert tuple(names) == h36m.ACTIONS


def test_detections_longer_than_the_recording_are_cut(videos):
    assert len(videos) == 2 * 17 * 4
    assert all(len(video.keypoints_px) == len(video) for video in videos)


def test_seventeen_joints_in_the_order_of_the_joint_set(tmp_path):
    write(tmp_path, *small_set())
    video = h36m.load_videos(tmp_path, subjects=["S1"])[2]
    kept = dict(zip(joint_set("h36m17").joints, video.positions_world[0, :, 0], strict=True))
    assert kept["pelvis"] == 0
    assert (kept["right_hip"], kept["right_ankle"], kept["left_hip"], kept["left_ankle"]) == (1, 3, 6, 8)
    assert (kept["torso"], kept["neck"], kept["head"], kept["head_top"]) == (12, 13, 14, 15)
    assert (kept["left_shoulder"], kept["left_wrist"], kept["right_shoulder"], kept["right_wrist"]) == (
        17,
        19,
        25,
        27,
    )
    assert (video.subject, video.take, video.action, video.camera_id) == (
        "S1",
        "Walking 1",
        "Walking",
        "58860488",
    )
    assert video.image_size == (1000, 1000)
    np.testing.assert_array_equal(video.keypoints_px.ravel(), np.arange(3 * 34) + 2)


@pytest.mark.parametrize("subject", h36m.TRAIN_SUBJECTS + h36m.TEST_SUBJECTS)
def test_the_cameras_look_at_the_middle_of_the_room(subject):
    cameras = h36m.cameras(subject)
    assert len(cameras) == len(h36m.camera_ids()) == 4
    for camera in cameras:
        R = camera.R_camera_world
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(R) == pytest.approx(1)
        assert R[1, 2] < -0.9  # world up is image up
        x, y, z = camera.to_world(np.zeros(3))
        assert 1.4 < z < 1.7
        assert 3.5 < np.hypot(x, y) < 6
        # a person of 1.7 m in the middle of the room stands inside the picture, upright
        feet, head = camera.project_world([[0, 0, 0], [0, 0, 1.7]])
        assert np.all((feet > 0) & (feet < 1000) & (head > 0) & (head < 1000))
        assert head[1] < feet[1] - 200
        assert abs(head[0] - feet[0]) < 60  # the cameras roll by a few degrees
    corners = np.array([np.sign(camera.to_world(np.zeros(3))[:2]) for camera in cameras])
    np.testing.assert_array_equal(corners, [[1, 1], [1, -1], [-1, 1], [-1, -1]])


def test_points_seen_by_a_camera_are_found_again():
    rng = np.random.default_rng(0)
    points = rng.uniform([-1, -1, 0], [1, 1, 2], size=(50, 3))
    for camera in h36m.cameras("S9"):
        seen = camera.to_camera(points)
        pixels = camera.project(seen)
        np.testing.assert_allclose(camera.to_world(camera.unproject(pixels, seen[:, 2])), points, atol=1e-9)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(
        InputError, match=r"lacks data_3d_h36m\.npz and data_2d_h36m_gt\.npz; it holds no such file"
    ):
        h36m.load_videos(tmp_path, "gt")
    with pytest.raises(
        InputError, match=r"away: no such folder; data_3d_h36m\.npz and data_2d_\S+ were looked"
    ):
        h36m.load_videos(tmp_path / "away")
    write(tmp_path, *small_set())
    with pytest.raises(
        InputError,
        match=r"lacks data_2d_h36m_gt\.npz; it holds data_2d_h36m_cpn_ft_h36m_dbb\.npz, data_3d_h36m\.npz",
    ):
        h36m.load_videos(tmp_path, "gt")


def spoil(kind):
    world, pixels = small_set(("S1", "S5"), ("Walking 1", "Eating"))
    views = pixels["S5"]["Eating"]
    if kind == "subject":
        del pixels["S5"]
    elif kind == "take":
        del pixels["S5"]["Eating"]
    elif kind == "camera":
        del views[3]
    elif kind == "short":
        views[1] = views[1][:2]
    elif kind == "joints":
        views[0] = views[0][:, :15]
    elif kind == "positions":
        world["S5"]["Eating"] = np.zeros((3, 20, 3), np.float32)
    elif kind == "empty":
        world["S5"]["Eating"] = np.zeros((0, 32, 3), np.float32)
    elif kind == "infinite":
        world["S5"]["Eating"] = np.full((3, 32, 3), np.nan, np.float32)
    elif kind == "unseen":
        views[2][1, 5] = np.nan
    elif kind == "words":
        world["S5"]["Eating"] = [["left", "right"]]
    elif kind == "no table":
        world["S5"] = np.zeros((3, 32, 3), np.float32)
    elif kind == "no views":
        pixels["S5"]["Eating"] = None
    elif kind == "no takes":
        pixels["S5"] = None
    return world, pixels


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("subject", r"data_2d_h36m_cpn_ft_h36m_dbb\.npz has no subject S5; it has S1"),
        ("take", r"data_2d\S+ has no detections of S5 Eating"),
        ("camera", r"S5 Eating has 3 cameras, expected 4"),
        ("short", r"S5 Eating camera 55011271 has 2 2D poses for 3 3D poses"),
        (
            "joints",
            r"S5 Eating camera 54138969 has 2D positions of shape \(3, 15, 2\), expected \(T, 17, 2\)",
        ),
        ("positions", r"S5 Eating has 3D positions of shape \(3, 20, 3\), expected \(T, 32, 3\)"),
        ("empty", r"S5 Eating has 3D positions of shape \(0, 32, 3\), expected \(T, 32, 3\)"),
        ("infinite", r"S5 Eating has 3D positions that are not all finite numbers"),
        (
            "unseen",
            r"S5 Eating camera 58860488 has 2D positions that are not all finite .*, first in frame 1 ",
        ),
        ("words", r"S5 Eating: 3D positions: numbers expected, something else found"),
        ("no table", r"data_3d_h36m\.npz: S5 is of type ndarray, expected a dictionary"),
        ("no views", r"data_2d\S+: S5 Eating is of type NoneType, expected a list"),
        ("no takes", r"data_2d\S+: S5 is of type NoneType, expected a dictionary"),
    ],
)
def test_recordings_that_do_not_fit_are_named(tmp_path, kind, message):
    write(tmp_path, *spoil(kind))
    with pytest.raises(InputError, match=message):
        h36m.load_videos(tmp_path, subjects=["S1", "S5"])


@pytest.mark.parametrize(
    ("frames_2d", "message"),
    [
        (0, r"0 2D poses for 100 3D poses, expected at least as many and little more$"),
        (50, r"50 2D poses for 100 3D poses, .*; at 25 Hz instead of 50\?"),
        (200, r"200 2D poses for 100 3D poses, .*; at 100 Hz instead of 50\?"),
        (99, r"99 2D poses for 100 3D poses, expected at least as many and little more$"),
    ],
)
def test_detections_at_another_frame_rate_are_refused(tmp_path, frames_2d, message):
    world, _ = small_set(frames=100)
    _, pixels = small_set(frames=frames_2d)
    write(tmp_path, world, pixels)
    with pytest.raises(InputError, match=f"S1 Walking 1 camera 54138969 has {message}"):
        h36m.load_videos(tmp_path, subjects=["S1"])


def test_recordings_without_images(tmp_path):
    world, pixels = small_set(("S1", "S5"), ("Walking 1", "Eating"))
    write(tmp_path, world, pixels)
    motions = list(h36m.load_motions(tmp_path, ["S5"]))
    assert [(m.dataset, m.subject, m.name, m.rate_hz) for m in motions] == [
        ("h36m", "S5", "Walking 1", 50.0),
        ("h36m", "S5", "Eating", 50.0),
    ]
    assert motions[0].positions_world.shape == (3, 17, 3)
    assert "S5 Eating: 3 frames at 50 Hz" in repr(motions[1])
    with pytest.raises(InputError, match=r"S5: no such folder; data_3d_h36m\.npz was"):
        next(h36m.load_motions(tmp_path / "S5"))


def test_a_video_is_what_evaluation_takes(tmp_path):
    write(tmp_path, *small_set())
    video: LabelledVideo = h36m.load_videos(tmp_path, subjects=["S1"])[0]
    assert video.rate_hz == 50
    assert video.confidence is None
    assert video.valid.tolist() == [True] * 3
    assert "Human3.6M" in video.ground_truth


class Runs:
    def __reduce__(self):
        return os.system, ("touch proof",)


@pytest.mark.parametrize("which", ["data_3d_h36m", "data_2d_h36m_gt"])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, which):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, *small_set(), "gt")
    member = which[5:7]
    np.savez(tmp_path / f"{which}.npz", **{f"positions_{member}": object_of({"S1": Runs()})})
    with pytest.raises(InputError, match=rf"{which}\.npz: positions_{member}: its pickle asks for posix"):
        h36m.load_videos(tmp_path, "gt", ["S1"])
    assert not (tmp_path / "proof").exists()


def test_unknown_subjects_and_other_files_are_refused(tmp_path):
    write(tmp_path, *small_set())
    with pytest.raises(InputError, match="subject 'S2': accepted are S1, S5, S6, S7, S8, S9, S11"):
        h36m.load_videos(tmp_path, subjects=["S2"])
    np.savez(tmp_path / "data_3d_h36m.npz", poses=np.zeros(3))
    with pytest.raises(InputError, match="holds poses: accepted is a dictionary 'positions_3d'"):
        h36m.load_videos(tmp_path, subjects=["S1"])
