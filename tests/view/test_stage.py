"""Display axes, places and the choice of frames."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.view.stage import bone_radii_m, choose_frames, joint_speeds, set_stage, to_display_axes

H36M = joint_set("h36m17")


def motion_of(positions, rate_hz=50.0, observed=None, root=None):
    positions = np.asarray(positions, np.float32)
    if observed is None:
        observed = np.isfinite(positions).all(axis=(-1, -2))
    return Motion3D(positions, np.arange(positions.shape[1]) / rate_hz, root, observed)


def test_display_axes_are_right_away_up():
    camera_axes = np.eye(3, dtype=np.float32)  # right, down, away from the camera
    np.testing.assert_array_equal(to_display_axes(camera_axes), [[1, 0, 0], [0, 0, -1], [0, 1, 0]])


def test_people_stand_upright_on_the_floor(walk):
    shown = set_stage(walk).positions
    heights = shown[..., 2]
    assert (heights[0, :, H36M.index("head_top")] > 1.5).all()
    assert np.nanmin(heights[0]) == pytest.approx(0, abs=0.02)
    assert np.nanmin(heights[1]) == pytest.approx(0, abs=0.02)


def test_without_root_people_get_places_apart_and_keep_their_shape(walk):
    stage = set_stage(walk)
    assert stage.side_by_side
    pelvis = stage.positions[:, 0, 0]
    assert pelvis[1, 0] - pelvis[0, 0] >= 1.0
    assert pelvis[:, 0].mean() == pytest.approx(0, abs=1e-6)
    expected = to_display_axes(walk.positions)
    np.testing.assert_allclose(stage.positions - stage.positions[:, :, :1], expected, atol=1e-6)


def test_with_root_people_stand_where_they_are(walk):
    root = np.zeros((2, 50, 3), np.float32)
    root[0, :, 2], root[1, :, 2] = 3.0, 5.0
    stage = set_stage(replace(walk, root=root))
    assert not stage.side_by_side
    np.testing.assert_allclose(stage.positions[:, 0, 0, 1], [3, 5])


def test_many_people_fill_rows(rng):
    stage = set_stage(motion_of(rng.normal(size=(8, 1, 17, 3)) * 0.3))
    places = stage.positions[:, 0].mean(axis=1)[:, :2]
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1) + 9 * np.eye(8)
    assert distances.min() > 0.8


def test_one_person_alone_stays_in_the_middle(walk):
    stage = set_stage(walk.select([3]))
    assert not stage.side_by_side
    np.testing.assert_allclose(stage.positions[0, :, 0, :2], 0, atol=1e-7)


@given(count=st.integers(0, 400), limit=st.integers(1, 60), every=st.integers(1, 50))
def test_chosen_frames_are_distinct_in_order_and_few(count, limit, every):
    observed = (np.arange(count) % every == 0)[None]
    frames = choose_frames(motion_of(np.zeros((1, count, 17, 3)), observed=observed), limit)
    assert len(frames) == min(count, limit)
    assert (np.diff(frames) > 0).all()
    assert ((frames >= 0) & (frames < count)).all()


def test_measured_frames_are_preferred_when_thinning():
    observed = (np.arange(1000) % 10 == 7)[None]
    frames = choose_frames(motion_of(np.zeros((1, 1000, 17, 3)), observed=observed), 50)
    assert observed[0, frames].all()


def test_speed_of_a_known_motion():
    positions = np.zeros((1, 26, 17, 3))
    positions[0, :, 13, 0] = 2.0 * np.arange(26) / 25  # one wrist at 2 m/s, sixteen joints at rest
    np.testing.assert_allclose(joint_speeds(motion_of(positions, rate_hz=25)), 2 / 17, rtol=1e-5)


def test_speed_of_absent_people_and_single_frames(walk):
    speeds = joint_speeds(walk)
    assert np.isfinite(speeds[1, :37]).all()
    assert np.isnan(speeds[1, 37:]).all()
    np.testing.assert_array_equal(joint_speeds(walk[:1]), [[0], [0]])


def test_every_bone_has_a_thickness():
    radii = dict(zip(H36M.bones, bone_radii_m(H36M), strict=True))
    head = radii[H36M.index("head"), H36M.index("head_top")]
    arm = radii[H36M.index("left_elbow"), H36M.index("left_wrist")]
    assert head > radii[H36M.index("pelvis"), H36M.index("torso")] > arm > 0


def test_a_motion_that_is_level_stays_so_and_has_no_camera(walk):
    root = np.zeros((2, 50, 3), np.float32)
    root[..., 2] = 4.0
    turn = np.array([[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]])
    leaning = replace(walk, positions=walk.positions @ turn.T, root=root)
    assert set_stage(leaning).camera_m is not None
    known = set_stage(replace(leaning, meta={"level": True}))
    assert known.camera_m is None
    expected = to_display_axes(leaning.positions)
    np.testing.assert_allclose(known.positions - known.positions[:, :, :1], expected, atol=1e-6)


def test_somebody_on_a_wall_tilts_nobody(walk):
    """One person stands 2 m higher than the other, 1 m to the side: no plane that both stand on is level."""
    root = np.zeros((2, 50, 3), np.float32)
    root[..., 2], root[1, :, 0], root[1, :, 1] = 5.0, 1.0, -2.0
    still = np.repeat(walk.positions[:, :1], 50, axis=1)
    shown = set_stage(replace(walk, positions=still, root=root, observed=np.ones((2, 50), bool))).positions
    body = shown[:, 0, H36M.index("neck")] - shown[:, 0, H36M.index("pelvis")]
    assert (body[:, 2] / np.linalg.norm(body, axis=-1) > np.cos(np.radians(10))).all()
