import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import presets
from uplift3d.model.catalogue import check_refinable
from uplift3d.model.rivals import (
    Refinement,
    RefinementConfig,
    StridedTransformerConfig,
    UGCNConfig,
    back_project,
)

from .peers import shaken


def test_back_projection_of_a_true_pose_is_that_pose():
    generator = torch.Generator().manual_seed(0)
    pose = torch.randn(3, 17, 3, generator=generator)
    pose = pose - pose[:, :1]
    root = torch.tensor([[0.3, -0.2, 4.0], [0.0, 0.1, 5.0], [-1.0, 0.0, 6.0]])
    camera = torch.tensor([[2.3, 2.2, 0.02, -0.05, 9.0]]).expand(3, -1)  # what follows is distortion
    placed = pose + root[:, None]
    keypoints = placed[..., :2] / placed[..., 2:] * camera[:, None, :2] + camera[:, None, 2:4]
    again = back_project(pose, keypoints, camera, root[:, 2], "h36m17")
    torch.testing.assert_close(again, pose, rtol=0, atol=1e-5)


def test_the_answer_of_the_network_for_the_root_does_not_count():
    generator = torch.Generator().manual_seed(0)
    pose, keypoints = torch.randn(1, 17, 3, generator=generator), torch.randn(1, 17, 2, generator=generator)
    camera, depth = torch.tensor([[2.3, 2.2, 0.0, 0.0]]), torch.tensor([5.0])
    first = back_project(pose, keypoints, camera, depth, "uu17")
    pose[:, 6] += 1.0  # the pelvis of that joint set
    assert torch.equal(back_project(pose, keypoints, camera, depth, "uu17"), first)


def test_x_and_y_are_mixed_and_z_is_kept():
    model = shaken(Refinement(RefinementConfig(hidden=16)))
    lifted, projected = torch.randn(2, 5, 1, 17, 3)
    mixed = model(lifted, projected)
    assert torch.equal(mixed[..., 2], lifted[..., 2])
    low, high = torch.minimum(lifted, projected), torch.maximum(lifted, projected)
    assert (mixed[..., :2] >= low[..., :2] - 1e-6).all()
    assert (mixed[..., :2] <= high[..., :2] + 1e-6).all()
    torch.testing.assert_close(model(lifted, lifted), lifted)


def test_a_pose_meets_its_own_back_projection():
    generator = torch.Generator().manual_seed(0)
    lifted, keypoints = (torch.randn(3, 17, axes, generator=generator) for axes in (3, 2))
    camera, depth = torch.tensor([[2.3, 2.2, 0.1, 0.0]]).expand(3, -1), torch.tensor([3.0, 4.0, 5.0])
    model = shaken(Refinement(RefinementConfig(hidden=16, joints="uu17")))
    expected = model(lifted, back_project(lifted, keypoints, camera, depth, "uu17"))
    assert torch.equal(model.refine(lifted, keypoints, camera, depth), expected)


def test_which_networks_have_one():
    check_refinable(StridedTransformerConfig())
    for config, message in (
        (UGCNConfig(), "refinement is for strided_transformer and pstmo, not ugcn"),
        (RefinementConfig(), "not refinement"),
        (presets.uu_351(), "not Uplift and Upsample"),
        (StridedTransformerConfig(axes="viewing_ray"), "has input screen and axes viewing_ray"),
        (StridedTransformerConfig(input="person"), "has input person and axes camera"),
    ):
        with pytest.raises(InputError, match=message):
            check_refinable(config)
