"""The live viewer: what it shows is the stage, at the time that is chosen."""

import urllib.request
from dataclasses import replace

import numpy as np
import pytest

from uplift3d.video import open_video
from video.clips import write as write_clip

pytest.importorskip("viser", reason="viser is an optional package")
from uplift3d.view.stage import set_stage
from uplift3d.view.viewer import Pictures, Viewer


@pytest.fixture
def seen(walk):
    root = np.zeros((2, 50, 3))
    root[..., 2] = 4
    root[~walk.present] = np.nan
    camera = {"focal_px": 500.0, "principal_point_px": [64.0, 24.0], "image_size": [128, 48]}
    return replace(walk, times=walk.times - walk.times[0], root=root, meta={"camera": camera})


@pytest.fixture
def viewer(seen, tmp_path):
    with open_video(write_clip(tmp_path / "walk.mp4", 50)) as video:
        pictures = Pictures.of(seen, video)
    made = Viewer(seen, pictures, port=0)
    yield made
    made.close()


def test_people_are_where_the_stage_has_them_and_leave_when_they_do(viewer, seen):
    stage = set_stage(seen)
    bones = np.array(viewer.joints.bones)
    for frame in (0, 20, 45):
        viewer.show(frame)
        np.testing.assert_allclose(viewer._bones[0].points, stage.positions[0, frame][bones], atol=1e-6)
        assert viewer._bones[1].visible == (frame < 37)
    assert "person 7: not in view" in viewer.status.content
    viewer.show(10)
    assert "person 3: 2D pose measured" in viewer.status.content
    assert "0.40 s" in viewer.status.content


def test_the_camera_stands_where_it_stood_and_shows_the_frame(viewer, seen):
    camera = viewer._camera
    assert camera.position[2] == pytest.approx(set_stage(seen).camera_m[2])
    assert camera.aspect == pytest.approx(128 / 48)
    viewer.show(25)
    number, rgb = viewer.pictures.at(1.0)
    assert number == viewer._picture == 25
    assert rgb.shape == (48, 128, 3)


def test_playing_moves_the_time_and_a_hidden_person_stays_hidden(viewer):
    viewer.play(0.3)
    assert viewer.frame > 0
    viewer.visible[0].value = False
    viewer._again()
    viewer.show(3)
    assert not viewer._bones[0].visible


def test_the_page_is_served(viewer):
    with urllib.request.urlopen(viewer.address, timeout=20) as answer:
        assert answer.status == 200


def test_without_a_camera_and_a_video_there_are_people_only(walk):
    viewer = Viewer(walk, port=0)
    assert viewer._camera is None
    viewer.show(3)
    viewer.close()


def test_a_single_pose_can_be_looked_at(seen):
    made = Viewer(seen[:1], port=0)
    try:
        made.timeline.value = 1  # a slider has two ends
        made.play(seconds=0.1)
        assert "0.00 s" in made.status.content
    finally:
        made.close()
