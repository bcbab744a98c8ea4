"""The body of constant bones: it follows a rigid figure exactly, twist included."""

import numpy as np
import pytest

from jointed_figure import figure, turns
from uplift3d.errors import InputError
from uplift3d.export.body import LANDMARKS, fit_body, usable
from uplift3d.export.scene import y_up
from uplift3d.skeletons import joint_set


def world_of(motion):
    return y_up(motion.positions[0]).astype(np.float64)


def angle_between(first, second):
    """(T,) degrees between two orientations."""
    trace = np.trace(np.swapaxes(first, -1, -2) @ second, axis1=-2, axis2=-1)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
def test_a_rigid_figure_is_followed_exactly(joints):
    motion = figure(joints=joints)
    body = fit_body(world_of(motion), joints, 30.0)
    for index, name in enumerate(joint_set(joints).joints):
        np.testing.assert_allclose(body.place(name), world_of(motion)[:, index], atol=5e-4)
    assert body.has_feet == (joints == "h36m21")


def test_segments_turn_as_the_figure_does_about_their_own_axis_too():
    motion = figure(frames=120, rate_hz=60.0)
    body = fit_body(world_of(motion), "h36m21", 60.0)
    for segment, truth in turns(motion.times).items():
        # The hinge is averaged over 0.1 s while the limbs swing.
        limit = 12.0 if segment.endswith(("arm", "thigh", "shin")) else 3.0
        assert angle_between(body.turns[segment], truth).max() < limit, segment


def test_the_rest_figure_is_a_symmetric_t_pose():
    rest = fit_body(world_of(figure()), "h36m21", 30.0).rest
    for name, place in rest.items():
        other = name.replace("left", "right") if "left" in name else name.replace("right", "left")
        np.testing.assert_allclose(rest[other], place * [-1, 1, 1], atol=1e-9)
    arm = [rest[f"left_{name}"][1] for name in ("clavicle", "shoulder", "elbow", "wrist", "knuckles")]
    assert np.ptp(arm) < 1e-9
    assert rest["left_toe"][1] == pytest.approx(rest["left_heel"][1])
    assert rest["left_toe"][2] > 0.1 > 0 > rest["left_heel"][2]
    assert set(rest) == {"pelvis", *LANDMARKS}


def test_every_turn_is_a_rotation_even_of_noise(rng):
    body = fit_body(rng.normal(size=(40, 21, 3)), "h36m21", 30.0)
    for turn in body.turns.values():
        np.testing.assert_allclose(
            turn @ np.swapaxes(turn, -1, -2), np.broadcast_to(np.eye(3), turn.shape), atol=1e-9
        )
        np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-9)


def test_lengths_are_medians_and_alike_on_both_sides():
    world = world_of(figure())
    world[:5] *= 1.4  # a few moments at which the body seems larger
    place = fit_body(world, "h36m21", 30.0).place
    for side in ("left", "right"):
        shin = np.linalg.norm(place(f"{side}_ankle") - place(f"{side}_knee"), axis=-1)
        np.testing.assert_allclose(shin, 0.42, atol=1e-4)


def test_straight_limbs_turn_steadily():
    world = world_of(figure(frames=40))
    rest = fit_body(world, "h36m21", 30.0).rest
    still = np.stack([rest[name] for name in joint_set("h36m21").joints])
    noisy = still + np.random.default_rng(0).normal(scale=0.002, size=(90, 21, 3))
    turned = fit_body(noisy, "h36m21", 30.0).turns
    for segment in ("left_thigh", "right_thigh"):
        assert angle_between(turned[segment], np.eye(3)).max() < 10
    for segment in ("left_upper_arm", "right_forearm"):
        assert angle_between(turned[segment], np.eye(3)).max() < 30


def test_a_bone_without_length_is_named():
    world = world_of(figure())
    world[:, 6] = world[:, 5]
    with pytest.raises(InputError, match=r"the bone from left_knee to left_ankle is 0\.0 mm long"):
        fit_body(world, "h36m21", 30.0)


def test_moments_without_a_direction_are_not_usable():
    world = world_of(figure(frames=4))
    world[1, 12] = world[1, 11]
    world[2, 3] = np.nan
    assert usable(world, "h36m21").tolist() == [True, False, False, True]
