"""Windows from filmed tracks: which frames they hold, and a run on Human3.6M's own files."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from uplift3d.camera import Camera
from uplift3d.data import h36m
from uplift3d.data.tracks import StoredTrack
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint, presets, save_checkpoint
from uplift3d.model.rivals import back_project, create_rival
from uplift3d.train import run
from uplift3d.train.batches import ViewConfig, draw_batch
from uplift3d.train.config import TrainConfig
from uplift3d.train.filmed import FilmedWindows

from .conftest import TINY

CPU = torch.device("cpu")
SCREEN = presets.uu_351().evolve(**TINY, joints="h36m17")


def track(frames=60, rate_hz=50.0, start=0):
    """Pixel x of every joint, and depth of the wrist, count frames; the person stands off the axis."""
    count = start + np.arange(frames, dtype=np.float32)
    pixels = np.zeros((frames, 17, 2), np.float32)
    pixels[..., 0], pixels[..., 1] = count[:, None], 500
    positions = np.zeros((frames, 17, 3), np.float32) + np.float32([1, 0, 4])
    positions[:, 13, 2] += count / 1000
    confidence = np.ones((frames, 17), np.float32)
    confidence[:, 10] = 0
    camera = Camera.pinhole(1000.0, (500, 500))
    return StoredTrack(
        *("S1", "walk", "walk", "0", camera, (1000, 1000), rate_hz, "made up"),
        keypoints_px=pixels,
        confidence=confidence,
        positions_camera=positions,
        valid=np.ones(frames, bool),
    )


def frames_of(keypoints):
    return (keypoints[..., 0, 0] + 1) * 500


def test_windows_are_frames_of_one_track_at_the_token_spacing(random):
    windows = FilmedWindows.from_tracks([track(60), track(200, start=1000)], "camera", CPU)
    film = windows.draw(500, 9, 0.1, random)
    frame, inside = frames_of(film.keypoints), film.inside
    steps = frame[:, 1:] - frame[:, :-1]
    torch.testing.assert_close(
        steps[inside[:, 1:] & inside[:, :-1]],
        torch.tensor(5.0).expand(1).repeat(int((inside[:, 1:] & inside[:, :-1]).sum())),
        atol=1e-3,
        rtol=0,
    )
    torch.testing.assert_close(film.targets[..., 13, 2], frame / 1000, atol=1e-4, rtol=0)
    assert inside[:, 4].all()
    assert not inside.all()
    assert film.seen[..., :10].all()
    assert not film.seen[..., 10].any()  # confidence 0
    assert (frame[:, 4] >= 1000).float().mean() == pytest.approx(200 / 260, abs=0.06)


def test_slow_videos_get_frames_between_theirs(random):
    windows = FilmedWindows.from_tracks([track(30, rate_hz=25.0)], "camera", CPU)
    assert windows.frames.tolist() == [59]
    film = windows.draw(50, 3, 0.02, random)
    frames, inside = frames_of(film.keypoints), film.inside
    steps = frames.diff(dim=1)[inside[:, 1:] & inside[:, :-1]]
    assert steps.numpy() == pytest.approx(0.5, abs=1e-3)
    centres = frames[:, 1].numpy()
    assert centres == pytest.approx(centres.round(), abs=1e-3)  # what was put between is no centre


def test_only_frames_that_count_are_centres(random):
    valid = np.isin(np.arange(60), (0, 7, 59))
    tracks = [
        replace(track(60), valid=valid),
        track(1, start=1000),
        replace(track(9), valid=np.zeros(9, bool)),
    ]
    film = FilmedWindows.from_tracks(tracks, "camera", CPU).draw(400, 3, 0.1, random)
    centre, share = np.unique(frames_of(film.keypoints)[:, 1].numpy().round(), return_counts=True)
    assert centre.tolist() == [0, 7, 59, 1000]
    assert share / 400 == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize("tracks", [[], [replace(track(5), valid=np.zeros(5, bool))]])
def test_nothing_that_counts_is_refused(tracks):
    with pytest.raises(
        InputError, match="no track to train or validate on, or none with a frame that counts"
    ):
        FilmedWindows.from_tracks(tracks, "camera", CPU)


def test_viewing_ray_axes_look_straight_at_the_pelvis():
    camera, ray = (
        FilmedWindows.from_tracks([track(5, start=100)], axes, CPU) for axes in ("camera", "viewing_ray")
    )
    bone, turned = camera.targets[0, 13], ray.targets[0, 13]
    pelvis = torch.tensor([1.0, 0, 4]) / 17**0.5
    assert turned[2].item() == pytest.approx((bone @ pelvis).item(), abs=1e-6)
    assert turned.norm().item() == pytest.approx(bone.norm().item(), rel=1e-5)


def test_cameras_come_along_where_they_are_asked_for(random):
    tracks = []
    for number, camera in enumerate(
        [Camera((1000.0, 1010.0), (480.0, 520.0)), Camera.pinhole(1200.0, (500.0, 500.0))]
    ):
        filmed = track(60 + number)
        positions = np.random.default_rng(number).normal(size=(60 + number, 17, 3)) / 3 + [0.5, 0.2, 4]
        positions = positions.astype(np.float32)
        keypoints = camera.project(positions).astype(np.float32)
        tracks.append(replace(filmed, camera=camera, positions_camera=positions, keypoints_px=keypoints))
    film = FilmedWindows.from_tracks(tracks, "camera", CPU, with_camera=True).draw(50, 9, 0.1, random)
    assert film.camera[:, 2].unique().tolist() == pytest.approx([-0.04, 0])
    each = film.camera[:, None].expand(-1, 9, -1)
    again = back_project(film.targets, film.keypoints, each, film.root_depth_m, "h36m17")
    torch.testing.assert_close(again, film.targets, atol=1e-4, rtol=0)
    without = FilmedWindows.from_tracks(tracks, "camera", CPU).draw(2, 9, 0.1, random)
    assert (without.camera, without.root_depth_m) == (None, None)


def test_filmed_windows_are_neither_varied_nor_spoilt(random):
    windows = FilmedWindows.from_tracks([track(200)], "camera", CPU)
    views = ViewConfig(mirror="none", switch_rate=0)
    batch = draw_batch(windows, SCREEN, views, 64, random, (5,))
    frame = frames_of(batch.keypoints)
    torch.testing.assert_close(batch.target[..., 13, 2], frame / 1000, atol=1e-4, rtol=0)
    assert batch.mask.all()
    assert batch.counted.all()  # ends are repeated, as published


RIVAL = {"frames": 9, "width": 16, "hidden": 16, "depth": 1, "pose_width": 16}
STAGES = {
    "lifting": {"preset": "uu-351", "model": TINY},
    "pretraining": {"preset": "pstmo-243", "model": RIVAL},
    "refinement": {"preset": "pstmo-243", "model": RIVAL | {"strides": (3, 3)}},
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_on_human36m_files(stage, golden_dir, tmp_path, monkeypatch):
    for kind in ("3d_h36m", "2d_h36m"):
        (path,) = (golden_dir / "e2e").glob(f"data_{kind}*synthetic.npz")
        name = "data_3d_h36m.npz" if kind.startswith("3d") else "data_2d_h36m_cpn_ft_h36m_dbb.npz"
        (tmp_path / name).symlink_to(path)
    monkeypatch.setattr(h36m, "TRAIN_SUBJECTS", h36m.TEST_SUBJECTS[:1])
    monkeypatch.setattr(h36m, "TEST_SUBJECTS", h36m.TEST_SUBJECTS[1:])
    lifter = tmp_path / "lifter.safetensors"
    if stage == "refinement":
        save_checkpoint(create_rival("pstmo", STAGES[stage]["model"]), lifter)
    config = TrainConfig(
        store=tmp_path,
        source="h36m",
        output=tmp_path / "run",
        stage=stage,
        **STAGES[stage],
        start_from=lifter if stage == "refinement" else None,
        optimiser={"warm_up_steps": 0},
        steps=3,
        batch=8,
        validation_windows=64,
        graphs=False,
    )
    network = load_checkpoint(run.train(config))
    assert (network.config.input, network.config.axes) == ("screen", "camera")


@pytest.mark.parametrize(
    ("source", "files", "message"),
    [
        ("h36m", None, r"data: no such folder; data_3d_h36m\.npz and data_2d_h36m_gt\.npz were looked for"),
        ("h36m", ["data_3d_h36m.npz"], r"data lacks data_2d_h36m_gt\.npz; it holds data_3d_h36m\.npz"),
        ("mpi-inf-3dhp", None, r"data: no such folder; data_train_3dhp\.npz \(for univ_annot3\), or S1"),
        (
            "mpi-inf-3dhp",
            ["data_train_3dhp.npz"],
            r"data lacks data_test_3dhp\.npz \(for univ_annot3\), or TS1",
        ),
    ],
)
def test_missing_files_are_named_before_anything_is_written(tmp_path, source, files, message):
    for name in files or ():
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).touch()
    fields = {"source": source, "detections": "gt", "ground_truth": "univ_annot3", "steps": 1}
    config = TrainConfig(store=tmp_path / "data", output=tmp_path / "run", **fields)
    with pytest.raises(InputError, match=message):
        run.train(config)
    assert not (tmp_path / "run").exists()
