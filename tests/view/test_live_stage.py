"""People of a stream are upright on the floor, where they are or side by side, and keep their places."""

import numpy as np
import pytest

from made_motion import standing
from uplift3d.types import Motion3D
from uplift3d.view.live_stage import FORGET_S, LiveStage


def to_camera_axes(world):
    """World axes (z up, seen along y) to those of a level camera."""
    return np.stack([world[:, 0], -world[:, 2], world[:, 1]], axis=-1)


def chunk(time_s, people=(0,), root=(0.5, 0.2, 4.0), tilt_deg=0.0, observed=True):
    """Somebody upright before a camera that looks down by so much."""
    turn = np.radians(tilt_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    pose = to_camera_axes(standing() - standing()[0]) @ about_x.T
    count = len(people)
    return Motion3D(
        np.repeat(pose[None, None], count, axis=0),
        np.array([time_s]),
        None if root is None else np.repeat((np.array(root) @ about_x.T)[None, None], count, axis=0),
        np.full((count, 1), observed),
        np.array(people, dtype=int),
        meta={"camera": {"focal_px": 500.0, "principal_point_px": [160, 120], "image_size": [320, 240]}},
    )


@pytest.mark.parametrize("tilt_deg", [0.0, 15.0, -20.0])
def test_people_stand_upright_on_the_floor_where_they_are(tilt_deg):
    stage = LiveStage()
    for time_s in np.arange(0, 3, 0.1):
        (one,) = stage.place(chunk(time_s, tilt_deg=tilt_deg))
    assert one.observed
    assert one.pose_m[:, 2].min() == pytest.approx(0, abs=0.02)
    assert one.pose_m[0, :2] == pytest.approx([0.5, 4.0], abs=0.25)  # posture tells up to a few degrees
    assert stage.camera.image_size == (320, 240)
    turn, place_m = stage.camera_pose()
    assert place_m[2] == pytest.approx(one.pose_m[0, 2] + 0.2, abs=0.4)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)


def test_where_nobody_knows_where_people_are_they_stand_side_by_side():
    first, second = LiveStage().place(chunk(0.0, people=(3, 5), root=None, observed=False))
    assert (first.person, first.index, second.person, second.index) == (3, 0, 5, 1)
    assert not first.observed
    assert second.pose_m[0, 0] - first.pose_m[0, 0] == pytest.approx(1.5)


def test_a_place_is_kept_for_a_while_and_then_given_to_somebody_else():
    stage = LiveStage()
    stage.place(chunk(0.0, people=(0, 1)))
    (only,) = stage.place(chunk(1.0, people=(1,)))
    assert only.index == 1
    assert stage.place(chunk(2.0, people=())) == []
    other = stage.place(chunk(3.0 + FORGET_S, people=(7, 8)))
    assert [one.index for one in other] == [0, 1]
    assert len(stage._seen_s) == 2
