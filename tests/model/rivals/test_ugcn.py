import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from make_rival import create_rival
from uplift3d.model.rivals import motion_loss
from uplift3d.model.rivals.ugcn import neighbourhoods
from uplift3d.skeletons import joint_set

from .peers import random_keypoints, shaken

TINY = {"channels": (4, 6, 8)}


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40))
def test_any_number_of_frames_is_answered(frames):
    sequence, centre = shaken(create_rival("ugcn", TINY))(random_keypoints(1, frames, 17))
    assert sequence.shape == (1, frames, 17, 3)
    assert torch.equal(centre, sequence[:, frames // 2])


@pytest.mark.parametrize("joints", ["h36m17", "uu17"])
def test_neighbourhoods_are_averages_along_bones(joints):
    itself, parent, children = neighbourhoods(joints)
    skeleton = joint_set(joints)
    assert torch.equal(itself, torch.eye(17))
    elbow, wrist = skeleton.index("left_elbow"), skeleton.index("left_wrist")
    assert parent[wrist].nonzero().tolist() == [[elbow]]
    assert children[elbow].nonzero().tolist() == [[wrist]]
    assert set(parent.sum(1).tolist()) == {0.0, 1.0}
    torch.testing.assert_close(children.sum(1), (children.sum(1) > 0).float())
    assert children[skeleton.root].count_nonzero() == 3


def test_features_travel_along_bones_only():
    """One block moves what a joint shows by one bone, whatever joint it is."""
    block = shaken(create_rival("ugcn", TINY)).stem
    skeleton = joint_set("h36m17")
    keypoints = random_keypoints(1, 9, 17).permute(0, 3, 1, 2).requires_grad_()
    knee = skeleton.index("left_knee")
    block(keypoints)[..., knee].sum().backward()
    near = keypoints.grad.abs().sum((0, 1, 2)).nonzero()[:, 0].tolist()
    assert near == sorted([knee, skeleton.index("left_hip"), skeleton.index("left_ankle")])


def test_the_motion_loss_of_a_known_motion():
    """A joint at radius 2 on a circle: p(t) × p(t + τ) = 4 sin(ωτ) along the axis."""
    t = torch.arange(40, dtype=torch.float64)
    circle = 2 * torch.stack([torch.cos(0.1 * t), torch.sin(0.1 * t), 0 * t], -1)[None, :, None]
    still = torch.zeros_like(circle)
    expected = sum(4 * math.sin(0.1 * tau) / 3 for tau in (8, 12)) / 2  # mean over the three coordinates
    assert math.isclose(float(motion_loss(still, circle, (8, 12))), expected, rel_tol=1e-9)
    assert motion_loss(circle, circle) == 0


def test_the_motion_loss_sees_motion_that_position_errors_do_not():
    """Two guesses with the same position error in every frame; one of them jitters."""
    t = torch.arange(32.0)
    true = torch.stack([1 + 0.01 * t, 1 + 0 * t, 0 * t], -1)[None, :, None]
    steady = true + torch.tensor([0.0, 0.0, 0.1])
    jittery = true + torch.stack([0 * t, 0 * t, 0.1 * (-1) ** (t // 4)], -1)[None, :, None]
    assert motion_loss(jittery, true, (4,)) > 1.5 * motion_loss(steady, true, (4,))


def test_intervals_longer_than_the_window_are_left_out():
    a, b = torch.randn(1, 10, 17, 3), torch.randn(1, 10, 17, 3)
    assert motion_loss(a, b) == motion_loss(a, b, (8,))
    assert motion_loss(a[:, :3], b[:, :3]) == 0


def test_training_adds_the_weighted_motion_loss():
    a, b = torch.randn(1, 30, 17, 3), torch.randn(1, 30, 17, 3)
    model = create_rival("ugcn", TINY | {"motion_weight": 0.5})
    torch.testing.assert_close(model.extra_loss(a, b), 0.5 * motion_loss(a, b))
