"""Laws of varied poses: bones keep their lengths, the pelvis its path, knees and elbows their sense."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from uplift3d.film.poses import PoseConfig, pelvis_axes, rotation_about, vary_poses
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17")
TOKEN_S = 0.1
STANDING = {  # metres, facing +y, so the person's left is -x
    "pelvis": (0, 0, 1),
    "left_hip": (-0.1, 0, 1),
    "right_hip": (0.1, 0, 1),
    "left_knee": (-0.1, 0, 0.55),
    "right_knee": (0.1, 0, 0.55),
    "left_ankle": (-0.1, 0, 0.1),
    "right_ankle": (0.1, 0, 0.1),
    "torso": (0, 0, 1.25),
    "neck": (0, 0, 1.5),
    "head": (0, 0.05, 1.6),
    "head_top": (0, 0, 1.7),
    "left_shoulder": (-0.2, 0, 1.45),
    "right_shoulder": (0.2, 0, 1.45),
    "left_elbow": (-0.2, 0, 1.15),
    "right_elbow": (0.2, 0, 1.15),
    "left_wrist": (-0.2, 0, 0.9),
    "right_wrist": (0.2, 0, 0.9),
}


def windows(batch=8, tokens=21):
    pose = torch.tensor([STANDING[name] for name in JOINTS.joints], dtype=torch.float64)
    walk = torch.arange(tokens)[:, None, None] * torch.tensor([0.0, 0.1, 0.0])
    return (pose + walk).expand(batch, -1, -1, -1).clone()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def bone(positions, name, parent):
    return positions[:, :, JOINTS.index(name)] - positions[:, :, JOINTS.index(parent)]


def lengths(positions):
    pairs = [(j, p) for j, p in enumerate(JOINTS.parents) if p >= 0]
    return torch.stack([(positions[:, :, j] - positions[:, :, p]).norm(dim=-1) for j, p in pairs])


@pytest.mark.parametrize(
    "rates", [{"limbs_rate": 1.0}, {"tilt_rate": 1.0}, {"lying_rate": 1.0}, {"joined_rate": 1.0}]
)
def test_bones_keep_their_lengths_and_the_pelvis_its_height_above_its_mean(rates):
    given = windows()
    varied = vary_poses(given, JOINTS, PoseConfig(**rates), TOKEN_S, generator())
    torch.testing.assert_close(lengths(varied), lengths(given))
    torch.testing.assert_close(varied[:, :, 0].mean(1), given[:, :, 0].mean(1))


def test_nothing_happens_at_rate_zero():
    given = windows()
    assert vary_poses(given, JOINTS, PoseConfig(), TOKEN_S, generator()) is given


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), spread=st.floats(5, 40))
def test_knees_bend_backwards_only_and_elbows_forwards(seed, spread):
    config = PoseConfig(limbs_rate=1.0, limbs_deg=(spread, spread))
    varied = vary_poses(windows(), JOINTS, config, TOKEN_S, generator(seed))
    left = bone(varied, "left_hip", "right_hip")
    for side in ("left", "right"):
        thigh = bone(varied, f"{side}_knee", f"{side}_hip")
        shin = bone(varied, f"{side}_ankle", f"{side}_knee")
        # The knee's axis turns with the thigh, by less than 90° at these spreads in nearly all poses.
        bends_back = (torch.linalg.cross(thigh, shin, dim=-1) * left).sum(-1)
        assert (bends_back > -1e-3).double().mean() > 0.9
        flexion = torch.acos(torch.cosine_similarity(thigh, shin, dim=-1).clamp(-1, 1))
        assert flexion.max() <= math.radians(150) + 1e-4


def test_limbs_turn_as_far_as_asked_and_change_over_the_window():
    config = PoseConfig(limbs_rate=1.0, limbs_deg=(20, 20), limbs_changing=(0.5, 0.5))
    varied = vary_poses(windows(64), JOINTS, config, TOKEN_S, generator())
    thigh = bone(varied, "left_knee", "left_hip")
    angle = torch.rad2deg(torch.acos((-thigh[..., 2] / thigh.norm(dim=-1)).clamp(-1, 1)))
    assert 15 < angle.square().mean().sqrt() < 30  # about two axes of 20° each, less for the running mean
    assert angle.std(dim=1).mean() > 3


def test_lying_turns_the_body_by_up_to_a_right_angle():
    varied = vary_poses(windows(200), JOINTS, PoseConfig(lying_rate=1.0), TOKEN_S, generator())
    up = bone(varied, "neck", "pelvis")[:, 0]
    lean = torch.rad2deg(torch.acos((up[:, 2] / up.norm(dim=-1)).clamp(-1, 1)))
    assert lean.max() <= 90.001
    assert 35 < lean.mean() < 55


def test_joined_halves_keep_their_own_motion_and_meet_at_the_pelvis():
    given = windows(6)
    turned = rotation_about(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), torch.tensor(1.2).double())
    given[3:] = given[3:] @ turned.T  # half of the people face elsewhere
    varied = vary_poses(given, JOINTS, PoseConfig(joined_rate=1.0), TOKEN_S, generator(1))
    legs = [JOINTS.index(name) for name in ("left_hip", "right_knee", "left_ankle")]
    torch.testing.assert_close(varied[:, :, legs], given[:, :, legs])
    # All stand alike, so whoever's upper body it is, it looks as the own one did.
    torch.testing.assert_close(varied, given)


def test_pelvis_axes_are_left_forward_up():
    axes = pelvis_axes(windows(1, 1), JOINTS)[0, 0]
    expected = torch.tensor([[-1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64).T
    torch.testing.assert_close(axes, expected)


def test_rotation_about_agrees_with_a_quarter_turn():
    turn = rotation_about(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(math.pi / 2))
    torch.testing.assert_close(turn @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6, rtol=0)
