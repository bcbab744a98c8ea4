import pytest
import torch

from made_motion import standing
from uplift3d.film.definitions import DEFINITIONS, displacements, draw_shares
from uplift3d.skeletons import joint_set

FEET = joint_set("h36m21")
H36M = joint_set("h36m17")
POSE = torch.from_numpy(standing())[None, None]  # (1, 1, 17, 3)


def shares(**by_joint: float) -> torch.Tensor:
    """One window's shares: of each joint's first line."""
    named = [by_joint.pop(line[0], 0.0) for line in DEFINITIONS]
    assert not by_joint
    return torch.tensor([named], dtype=torch.float64)


def test_every_line_names_joints_of_the_set():
    sides = {name.removeprefix("left") for name in FEET.joints} | set(FEET.joints)
    assert all({joint, start, end} <= sides for joint, start, end, _, _ in DEFINITIONS)


def test_a_shorter_head_ends_on_the_line_from_head_to_its_top():
    moved = POSE + displacements(POSE, H36M, shares(head_top=-0.25))
    head, top = H36M.index("head"), H36M.index("head_top")
    torch.testing.assert_close(
        moved[:, :, top], POSE[:, :, head] + 0.75 * (POSE - POSE[:, :, [head]])[:, :, top]
    )
    others = [i for i in range(17) if i != top]
    torch.testing.assert_close(moved[:, :, others], POSE[:, :, others])


def test_both_sides_move_alike_and_a_mirrored_pose_moves_as_in_the_mirror(random):
    drawn = draw_shares(1.0, 1, POSE, random)
    mirror = torch.tensor([-1.0, 1, 1], dtype=POSE.dtype)
    swapped = POSE[:, :, list(H36M.mirror)] * mirror
    moved = displacements(POSE, H36M, drawn)
    torch.testing.assert_close(displacements(swapped, H36M, drawn), moved[:, :, list(H36M.mirror)] * mirror)


def test_it_does_not_depend_on_where_the_person_is(random):
    drawn = draw_shares(1.0, 1, POSE, random)
    torch.testing.assert_close(displacements(POSE + 3.0, H36M, drawn), displacements(POSE, H36M, drawn))


def test_unknown_joints_move_nothing(random):
    unknown = POSE.clone()
    unknown[:, :, H36M.index("head_top")] = torch.nan
    moved = displacements(unknown, H36M, draw_shares(1.0, 1, POSE, random))
    assert moved.isfinite().all()
    assert not moved[:, :, H36M.index("head_top")].any()


def test_shares_have_the_listed_sizes(random):
    drawn = draw_shares(2.0, 20_000, POSE, random)
    mean, spread = (torch.tensor([line[i] for line in DEFINITIONS], dtype=POSE.dtype) for i in (3, 4))
    torch.testing.assert_close(drawn.mean(0), 2 * mean, atol=0.02, rtol=0)
    torch.testing.assert_close(drawn.std(0), 2 * spread, atol=0.02, rtol=0)


def test_none_at_size_zero(random):
    assert not draw_shares(0.0, 3, POSE, random).any()


@pytest.mark.parametrize("name", ["_hip", "_shoulder"])
def test_wider_hips_and_shoulders_keep_their_middle(name):
    moved = displacements(POSE, H36M, shares(**{name: 0.3}))
    sides = [H36M.index(side + name) for side in ("left", "right")]
    assert moved[:, :, sides].abs().amax() > 0.01
    if name == "_hip":
        torch.testing.assert_close(
            moved[:, :, sides].sum(2), torch.zeros_like(moved[:, :, 0]), atol=2e-3, rtol=0
        )
