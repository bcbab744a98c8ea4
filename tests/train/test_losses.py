import numpy as np
import pytest
import torch

from uplift3d.skeletons import joint_set
from uplift3d.train.losses import Weights, lifting_loss, mean_joint_error


@pytest.mark.parametrize("name", ["tinyA", "tinyB", "tinyC", "tinyJ"])
def test_losses_are_the_published_ones(golden_dir, name):
    stored = np.load(golden_dir / "uplift_upsample" / f"{name}.npz")
    target = torch.from_numpy(stored["gt_keypoints3d"])
    target = target - target[:, :, [joint_set("uu17").root]]
    sequence, centre = (torch.from_numpy(stored[key]) for key in ("full_output", "central_output"))
    losses = {
        "center": mean_joint_error(centre, target[:, target.shape[1] // 2]),
        "sequence": mean_joint_error(sequence, target),
        "total": lifting_loss(sequence, centre, target),
    }
    for part, loss in losses.items():
        assert loss.item() == pytest.approx(float(stored[f"loss_{part}"]), abs=2e-6)


def test_without_a_sequence_the_centre_is_all_there_is(random):
    centre, target = torch.randn(2, 17, 3, generator=random), torch.randn(2, 5, 17, 3, generator=random)
    assert torch.equal(lifting_loss(None, centre, target), mean_joint_error(centre, target[:, 2]))


def test_only_tokens_that_count_are_weighed(random):
    sequence, target = torch.randn(2, 2, 5, 17, 3, generator=random)
    counted = torch.tensor([[True, True, False, False, False], [False, True, True, True, False]])
    spoilt = torch.where(counted[..., None, None], target, 1e3)
    loss = lifting_loss(sequence, sequence[:, 2], target, counted)
    assert torch.equal(loss, lifting_loss(sequence, sequence[:, 2], spoilt, counted))
    errors = (sequence - target).norm(dim=-1).mean(-1)
    assert loss.item() == pytest.approx((0.5 * errors[1, 2] + 0.5 * errors[counted].mean()).item())


def test_everything_counting_is_the_same_as_not_saying(random):
    sequence, target = torch.randn(2, 2, 5, 17, 3, generator=random)
    whole = lifting_loss(sequence, sequence[:, 2], target, torch.ones(2, 5, dtype=torch.bool))
    torch.testing.assert_close(whole, lifting_loss(sequence, sequence[:, 2], target))


def test_nothing_counting_is_no_loss_rather_than_nan(random):
    sequence, target = torch.randn(2, 2, 5, 17, 3, generator=random)
    assert lifting_loss(sequence, sequence[:, 2], target, torch.zeros(2, 5, dtype=torch.bool)).item() == 0


def test_joints_that_are_not_known_count_nothing():
    sequence, target = torch.randn(2, 5, 4, 3), torch.randn(2, 5, 4, 3)
    known = torch.ones(2, 5, 4, dtype=torch.bool)
    known[..., 2] = False
    spoilt = target.clone()
    spoilt[:, :, 2] = 1e3
    loss = lifting_loss(sequence, sequence[:, 2], spoilt, known=known)
    kept = [0, 1, 3]
    alone = lifting_loss(sequence[:, :, kept], sequence[:, 2, kept], target[:, :, kept])
    torch.testing.assert_close(loss, alone)


def test_the_velocity_part_sees_changes_only():
    target = torch.randn(2, 5, 4, 3)
    beside = target + torch.tensor([0.3, 0.0, 0.4])  # the same everywhere
    for velocity in (0.0, 2.0):
        loss = lifting_loss(beside, beside[:, 2], target, weights=Weights(velocity=velocity))
        torch.testing.assert_close(loss, torch.tensor(0.5))
    trembling = target.clone()
    trembling[:, ::2] += torch.tensor([0.1, 0.0, 0.0])
    still = lifting_loss(trembling, target[:, 2], target, weights=Weights(centre=0.0))
    both = lifting_loss(trembling, target[:, 2], target, weights=Weights(centre=0.0, velocity=1.0))
    torch.testing.assert_close(both - still, torch.tensor(0.1))


def test_people_of_another_size_cost_nothing_where_the_size_does_not_count():
    target = torch.randn(2, 5, 4, 3)
    sizes = torch.tensor([0.8, 1.3])[:, None, None, None]
    answer = target * sizes
    loss = lifting_loss(answer, answer[:, 2], target, weights=Weights(centre=0.0, any_size=1.0))
    assert loss.item() < 1e-6
    half = lifting_loss(answer, answer[:, 2], target, weights=Weights(centre=0.0, any_size=0.5))
    whole = lifting_loss(answer, answer[:, 2], target, weights=Weights(centre=0.0))
    torch.testing.assert_close(half, whole / 2)


def test_what_does_not_count_does_not_decide_the_size_either():
    target = torch.randn(1, 5, 4, 3)
    counted = torch.tensor([[True, True, True, False, False]])
    answer = target * 1.25
    answer[:, 3:] = 50.0
    weights = Weights(centre=0.0, any_size=1.0)
    assert lifting_loss(answer, answer[:, 2], target, counted, weights=weights).item() < 1e-6


def test_the_bone_part_is_the_error_of_bones_as_vectors_after_scaling():
    skeleton = joint_set("h36m17")
    target = torch.randn(1, 5, 17, 3)
    answer = 0.8 * target + 0.3 * torch.randn(1, 5, 17, 3)
    known = torch.ones(1, 5, 17, dtype=torch.bool)
    known[..., skeleton.index("left_wrist")] = False
    bones = lifting_loss(
        answer, target[:, 2], target, known=known, weights=Weights(centre=1.0, bones=1.0), joints="h36m17"
    )
    kept = known[0, 0].numpy()
    scale = np.linalg.lstsq(answer[:, :, kept].reshape(-1, 1), target[:, :, kept].flatten(), rcond=None)[0][0]
    errors = [
        (scale * (answer[0, :, j] - answer[0, :, p]) - (target[0, :, j] - target[0, :, p])).norm(dim=-1)
        for j, p in enumerate(skeleton.parents)
        if p >= 0 and kept[j]
    ]
    assert len(errors) == 15
    assert bones.item() == pytest.approx(torch.stack(errors).mean().item(), rel=1e-5)


def test_a_moved_person_has_no_bone_errors():
    target = torch.randn(2, 5, 17, 3)
    target -= target.mean(dim=(1, 2), keepdim=True)
    moved = target + torch.tensor([1e-3, 0.0, 0.0])
    both = lifting_loss(moved, moved[:, 2], target, weights=Weights(bones=1.0), joints="h36m17")
    assert both.item() == pytest.approx(1e-3, rel=1e-2)
