"""Windows from filmed videos: which frames they hold."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from made_motion import filmed_video
from uplift3d.camera import Camera
from uplift3d.errors import InputError
from uplift3d.film.windows import FilmedWindows
from uplift3d.model.rivals import back_project

CPU = torch.device("cpu")


def frames_of(keypoints):
    return (keypoints[..., 0, 0] + 1) * 500


def test_windows_are_frames_of_one_video_at_the_token_spacing(random):
    windows = FilmedWindows.from_videos([filmed_video(60), filmed_video(200, start=1000)], "camera", CPU)
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
    windows = FilmedWindows.from_videos([filmed_video(30, rate_hz=25.0)], "camera", CPU)
    assert windows.frames.tolist() == [59]
    film = windows.draw(50, 3, 0.02, random)
    frames, inside = frames_of(film.keypoints), film.inside
    steps = frames.diff(dim=1)[inside[:, 1:] & inside[:, :-1]]
    assert steps.numpy() == pytest.approx(0.5, abs=1e-3)
    centres = frames[:, 1].numpy()
    assert centres == pytest.approx(centres.round(), abs=1e-3)  # what was put between is no centre


def test_only_frames_that_count_are_centres(random):
    valid = np.isin(np.arange(60), (0, 7, 59))
    videos = [
        replace(filmed_video(60), valid=valid),
        filmed_video(1, start=1000),
        replace(filmed_video(9), valid=np.zeros(9, bool)),
    ]
    film = FilmedWindows.from_videos(videos, "camera", CPU).draw(400, 3, 0.1, random)
    centre, share = np.unique(frames_of(film.keypoints)[:, 1].numpy().round(), return_counts=True)
    assert centre.tolist() == [0, 7, 59, 1000]
    assert share / 400 == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize("videos", [[], [replace(filmed_video(5), valid=np.zeros(5, bool))]])
def test_nothing_that_counts_is_refused(videos):
    with pytest.raises(
        InputError, match="no video to train or validate on, or none with a frame that counts"
    ):
        FilmedWindows.from_videos(videos, "camera", CPU)


def test_viewing_ray_axes_look_straight_at_the_pelvis():
    camera, ray = (
        FilmedWindows.from_videos([filmed_video(5, start=100)], axes, CPU)
        for axes in ("camera", "viewing_ray")
    )
    bone, turned = camera.targets[0, 13], ray.targets[0, 13]
    pelvis = torch.tensor([1.0, 0, 4]) / 17**0.5
    assert turned[2].item() == pytest.approx((bone @ pelvis).item(), abs=1e-6)
    assert turned.norm().item() == pytest.approx(bone.norm().item(), rel=1e-5)


def test_cameras_come_along_where_they_are_asked_for(random):
    videos = []
    for number, camera in enumerate(
        [Camera((1000.0, 1010.0), (480.0, 520.0)), Camera.pinhole(1200.0, (500.0, 500.0))]
    ):
        filmed = filmed_video(60 + number)
        positions = np.random.default_rng(number).normal(size=(60 + number, 17, 3)) / 3 + [0.5, 0.2, 4]
        positions = positions.astype(np.float32)
        keypoints = camera.project(positions).astype(np.float32)
        videos.append(replace(filmed, camera=camera, positions_camera=positions, keypoints_px=keypoints))
    film = FilmedWindows.from_videos(videos, "camera", CPU, with_camera=True).draw(50, 9, 0.1, random)
    assert film.camera[:, 2].unique().tolist() == pytest.approx([-0.04, 0])
    each = film.camera[:, None].expand(-1, 9, -1)
    again = back_project(film.targets, film.keypoints, each, film.root_depth_m, "h36m17")
    torch.testing.assert_close(again, film.targets, atol=1e-4, rtol=0)
    without = FilmedWindows.from_videos(videos, "camera", CPU).draw(2, 9, 0.1, random)
    assert (without.camera, without.root_depth_m) == (None, None)
