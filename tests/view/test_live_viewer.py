"""A stream in viser: whoever is there is drawn, whoever left is not, and how it goes is said."""

import urllib.request
from dataclasses import replace

import numpy as np
import pytest

from made_motion import moving
from uplift3d.types import Motion3D

pytest.importorskip("viser", reason="viser is an optional package")
from uplift3d.view import live_viewer
from uplift3d.view.live_viewer import LiveViewer


@pytest.fixture
def viewer(monkeypatch):
    monkeypatch.setattr(live_viewer, "MOST_HZ", 1e9)
    made = LiveViewer(port=0)
    yield made
    made.close()


def chunk(time_s, people):
    poses = np.repeat(moving(1, seed=1)[None], len(people), axis=0)
    root = np.zeros((len(people), 1, 3)) + np.array([0, 0, 4])
    camera = {"focal_px": 500.0, "principal_point_px": [64.0, 24.0], "image_size": [128, 48]}
    return Motion3D(
        poses,
        np.array([time_s]),
        root,
        np.ones((len(people), 1), bool),
        np.array(people, dtype=int),
        meta={"camera": camera},
    )


def test_who_is_there_is_drawn_and_who_left_is_not(viewer):
    viewer.write(chunk(0.0, (2, 3)))
    assert set(viewer._bones) == {(2, 0), (3, 1)}
    first = viewer._bones[2, 0].points.copy()
    assert first.shape == (16, 2, 3)
    assert "person 3: 2D pose measured" in viewer.who.content
    assert viewer._camera.aspect == pytest.approx(128 / 48)
    viewer.write(chunk(0.1, (3,)))
    assert set(viewer._bones) == {(3, 1)}
    viewer.write(chunk(0.2, ()))
    assert viewer._bones == {}


def test_what_the_camera_sees_is_in_the_panel_also_when_it_is_turned(viewer):
    viewer.show(np.zeros((1080, 1920, 3), np.uint8))
    assert viewer.picture.image.shape == (180, 320, 3)
    viewer.show(np.ones((640, 480, 3), np.uint8))
    assert viewer.picture.image.shape == (320, 240, 3)
    assert viewer.picture.image.all()
    turned = chunk(0.1, (2,))
    turned.meta["camera"]["image_size"] = [48, 128]
    viewer.write(chunk(0.0, (2,)))
    viewer.write(turned)
    assert viewer._camera.aspect == pytest.approx(48 / 128)


@pytest.mark.parametrize(("away_m", "eye_y_m"), [(2.0, -1.5), (12.0, 5.5)])
def test_people_are_looked_at_from_behind_the_camera_or_nearer(viewer, away_m, eye_y_m):
    far = chunk(0.0, (2,))
    viewer.write(replace(far, root=far.root * away_m / 4))
    assert viewer.server.initial_camera.position[1] == pytest.approx(eye_y_m, abs=1.0)
    assert viewer.server.initial_camera.look_at[0] == 0


def test_more_pictures_than_a_screen_shows_are_left_out(viewer, monkeypatch):
    monkeypatch.setattr(live_viewer, "MOST_HZ", 0.01)
    viewer.write(chunk(0.0, (2,)))
    viewer.write(chunk(0.1, (2, 3)))
    assert set(viewer._bones) == {(2, 0)}


def test_how_it_goes_is_shown_and_standard_output_left_alone(viewer, capsys):
    viewer.say("1 person, 6.0 looks/s, latency 0.30 s")
    assert viewer.status.content == "1 person<br>6.0 looks/s<br>latency 0.30 s"
    with urllib.request.urlopen(viewer.address, timeout=20) as answer:
        assert answer.status == 200
    other = LiveViewer(port=0)
    other.close()
    assert capsys.readouterr().out == ""
