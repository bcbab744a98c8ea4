"""Joint angles of poses that are known by hand: x forwards, y up, z to the person's right."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointed_figure import figure, turns
from uplift3d.errors import InputError
from uplift3d.post import ANGLES, joint_angles
from uplift3d.rotations import matrix_about_axis, matrix_from_euler_degrees
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

TO_CAMERA = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0.0]])  # somebody who looks into the camera
UP = (0, -1, 0)
NAMES = joint_set("h36m21").joints


def standing(**moved):
    """A person who stands with arms down; `moved` gives joints other places."""
    places = {"pelvis": (0, 0, 0), "torso": (0, 0.25, 0), "neck": (0, 0.5, 0)}
    places |= {"head": (0.05, 0.6, 0), "head_top": (0, 0.75, 0)}
    for side, z in (("left", -1), ("right", 1)):
        places |= {f"{side}_hip": (0, 0, 0.13 * z), f"{side}_knee": (0, -0.44, 0.13 * z)}
        places |= {f"{side}_ankle": (0, -0.86, 0.13 * z), f"{side}_heel": (-0.05, -0.93, 0.13 * z)}
        places |= {f"{side}_toe": (0.2, -0.93, 0.13 * z), f"{side}_shoulder": (0, 0.46, 0.18 * z)}
        places |= {f"{side}_elbow": (0, 0.17, 0.18 * z), f"{side}_wrist": (0, -0.09, 0.18 * z)}
    places |= moved
    return np.array([places[name] for name in NAMES], dtype=float)


def angles_of(pose, name, up=UP, joints="h36m21"):
    camera = (np.asarray(pose) @ TO_CAMERA.T)[None, None]
    motion = Motion3D(camera, [0.0], None, np.ones((1, 1)), joints=joints)
    return joint_angles(motion, up).of(name)[0, 0]


def limb(base, length, down=0.0, forward=0.0, right=0.0):
    return tuple(np.array(base) + np.array([forward, -down, right]) * length)


def test_whoever_stands_straight_has_no_angles():
    for name in ANGLES:
        assert angles_of(standing(), name) == pytest.approx(0, abs=1e-4), name


@pytest.mark.parametrize("degrees", [-30, 20, 90, 150])
@pytest.mark.parametrize(
    ("root", "end", "name"),
    [("hip", "knee", "hip_flexion"), ("shoulder", "elbow", "shoulder_flexion")],
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_limb_raised_forwards_is_flexed(side, root, end, name, degrees):
    angle = np.radians(degrees)
    base = standing()[NAMES.index(f"{side}_{root}")]
    pose = standing(**{f"{side}_{end}": limb(base, 0.4, np.cos(angle), np.sin(angle))})
    assert angles_of(pose, f"{side}_{name}") == pytest.approx(degrees, abs=1e-3)
    abduction = name.replace("flexion", "abduction")
    assert angles_of(pose, f"{side}_{abduction}") == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("degrees", [-20, 35, 70])
@pytest.mark.parametrize(("side", "out"), [("left", -1), ("right", 1)])
def test_a_limb_raised_outwards_is_abducted(side, out, degrees):
    angle = np.radians(degrees)
    moved = {}
    for root, end in (("hip", "knee"), ("shoulder", "elbow")):
        base = standing()[NAMES.index(f"{side}_{root}")]
        moved[f"{side}_{end}"] = limb(base, 0.4, np.cos(angle), 0, out * np.sin(angle))
    pose = standing(**moved)
    assert angles_of(pose, f"{side}_hip_abduction") == pytest.approx(degrees, abs=1e-3)
    assert angles_of(pose, f"{side}_shoulder_abduction") == pytest.approx(degrees, abs=1e-3)
    assert angles_of(pose, f"{side}_shoulder_elevation") == pytest.approx(abs(degrees), abs=1e-3)
    assert angles_of(pose, f"{side}_shoulder_flexion") == pytest.approx(0, abs=1e-2)


def test_an_arm_straight_out_to_the_side_has_no_flexion():
    pose = standing(right_elbow=(0, 0.46, 0.5))
    assert np.isnan(angles_of(pose, "right_shoulder_flexion"))
    assert angles_of(pose, "right_shoulder_elevation") == pytest.approx(90, abs=1e-3)


def test_hinges_bend_from_straight():
    pose = standing(left_ankle=(-0.42, -0.44, -0.13), right_wrist=(0.2, 0.17, 0.18))
    assert angles_of(pose, "left_knee_flexion") == pytest.approx(90, abs=1e-3)
    assert angles_of(pose, "right_elbow_flexion") == pytest.approx(90, abs=1e-3)
    up = np.radians(20)
    toes = standing(
        right_toe=tuple(np.array([-0.05, -0.93, 0.13]) + 0.25 * np.array([np.cos(up), np.sin(up), 0]))
    )
    assert angles_of(toes, "right_ankle_flexion") == pytest.approx(20, abs=1e-3)


def test_the_trunk_leans_and_twists():
    upper = [
        n for n, name in enumerate(NAMES) if name.endswith(("shoulder", "elbow", "wrist", "head", "top"))
    ]
    pose = standing()
    pose[upper] = pose[upper] @ matrix_about_axis("Y", np.radians(25)).T
    assert angles_of(pose, "trunk_twist") == pytest.approx(25, abs=1e-3)  # y up: to the left
    assert angles_of(pose, "trunk_lean") == pytest.approx(0, abs=1e-3)
    forwards = standing() @ matrix_about_axis("Z", np.radians(-15)).T
    assert angles_of(forwards, "trunk_lean") == pytest.approx(15, abs=1e-3)
    assert angles_of(forwards, "pelvis_tilt") == pytest.approx(15, abs=1e-3)
    assert angles_of(forwards, "trunk_flexion") == pytest.approx(0, abs=1e-3)
    to_the_right = standing() @ matrix_about_axis("X", np.radians(10)).T
    assert angles_of(to_the_right, "trunk_side_lean") == pytest.approx(10, abs=1e-3)
    assert angles_of(to_the_right, "pelvis_list") == pytest.approx(10, abs=1e-3)  # the right hip is lower
    bowed = standing(
        torso=(0, 0.25, 0),
        neck=(0.25, 0.25, 0),
        left_shoulder=(0.25, 0.25, -0.18),
        right_shoulder=(0.25, 0.25, 0.18),
    )
    assert angles_of(bowed, "trunk_flexion") == pytest.approx(90, abs=1e-3)
    assert angles_of(bowed, "trunk_lean") == pytest.approx(45, abs=1e-3)


def test_a_figure_of_known_turns_gives_them_back():
    motion = figure(40)
    segments = turns(motion.times)
    found = joint_angles(motion)
    relative = np.swapaxes(segments["left_thigh"], -1, -2) @ segments["left_shin"]
    bent = np.degrees(np.arccos(np.clip((np.trace(relative, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    np.testing.assert_allclose(found.of("left_knee_flexion")[0], bent, atol=0.01)
    # The thigh turns by x, then by its own long axis: flexion alone.
    thigh = np.swapaxes(segments["pelvis"], -1, -2) @ segments["right_thigh"]
    np.testing.assert_allclose(
        found.of("right_hip_flexion")[0], np.degrees(np.arctan2(-thigh[:, 2, 1], thigh[:, 1, 1])), atol=0.01
    )


@given(st.lists(st.floats(-180, 180), min_size=3, max_size=3))
def test_turning_the_world_changes_no_angle(degrees):
    motion = figure(3)
    turn = matrix_from_euler_degrees(degrees, "XYZ")
    turned = replace(motion, positions=motion.positions @ turn.T.astype(np.float32))
    first, second = joint_angles(motion, UP), joint_angles(turned, turn @ UP)
    np.testing.assert_allclose(first.degrees, second.degrees, atol=0.02)


def test_a_mirror_image_exchanges_sides():
    motion = figure(5)
    mirrored = motion.positions[:, :, list(joint_set("h36m21").mirror)] * np.float32([-1, 1, 1])
    first, second = joint_angles(motion, UP), joint_angles(replace(motion, positions=mirrored), UP)
    for name in ANGLES:
        other = name.replace("left", "?").replace("right", "left").replace("?", "right")
        sign = -1 if name in ("pelvis_list", "trunk_side_lean", "trunk_twist") else 1
        np.testing.assert_allclose(first.of(name), sign * second.of(other), atol=1e-3)


def test_missing_joints_make_their_angles_nan_and_no_others(walk):
    found = joint_angles(walk)
    assert np.isnan(found.of("left_ankle_flexion")).all()  # h36m17 has no feet
    assert np.isfinite(found.of("left_knee_flexion")[0]).all()
    assert np.isnan(found.of("left_knee_flexion")[1, 40:]).all()  # who is not there
    pose = standing(right_wrist=(np.nan, np.nan, np.nan), left_knee=(0, 0, -0.13))
    assert np.isnan(angles_of(pose, "right_elbow_flexion"))
    assert np.isnan(angles_of(pose, "left_knee_flexion"))  # a thigh without length
    assert np.isfinite(angles_of(pose, "right_shoulder_flexion"))


def test_unknown_names_and_no_direction_are_refused(walk):
    with pytest.raises(InputError, match="no angle is called 'knee'; the angles are pelvis_tilt"):
        joint_angles(walk).of("knee")
    with pytest.raises(InputError, match="it must be a direction"):
        joint_angles(walk, (0, 0, 0))
