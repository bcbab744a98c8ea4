import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model import create, presets

from .windows import pose_tokens, random_windows, shaken

TINY = presets.small().evolve(spatial_width=8, temporal_width=16, temporal_depth=2, heads=4)
VARIANTS = {
    "as published": {},
    "nothing deferred": {"deferred_depth": 0},
    "deferred twice": {"deferred_depth": 2},
    "no spatial": {"spatial_depth": 0},
    "no temporal": {"temporal_depth": 0},
    "no temporal, nothing deferred": {"temporal_depth": 0, "deferred_depth": 0},
    "no strided": {"strided": (), "paddings": ()},
    "no qkv bias": {"qkv_bias": False},
    "batch norm": {"output_batch_norm": True},
}


def tiny(**changes):
    return shaken(create(TINY.evolve(**changes)))


@pytest.mark.parametrize("variant", VARIANTS)
@torch.no_grad()
def test_the_two_parts_together_equal_forward(variant):
    model = tiny(**VARIANTS[variant])
    keypoints, mask = random_windows(model)
    for actual, expected in zip(
        model.uplift(*pose_tokens(model, keypoints, mask)), model(keypoints, mask), strict=True
    ):
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
@torch.no_grad()
def test_windows_do_not_see_one_another(variant):
    model = tiny(**VARIANTS[variant])
    keypoints, mask = random_windows(model)
    together = model(keypoints, mask)
    for b in range(len(mask)):
        alone = model(keypoints[b : b + 1], mask[b : b + 1])
        for a, t in zip(alone, together, strict=True):
            if a is not None:  # other batch sizes take other kernels, which round differently
                torch.testing.assert_close(a[0], t[b], rtol=5e-5, atol=1e-5)


@torch.no_grad()
def test_uplift_without_any_pose_token_equals_an_empty_mask():
    model = tiny()
    keypoints, _ = random_windows(model)
    tokens, slots = torch.zeros(5, 0, 16), torch.zeros(5, 0, dtype=torch.long)
    for actual, expected in zip(
        model.uplift(tokens, slots), model(keypoints, torch.zeros(5, 71, dtype=torch.bool)), strict=True
    ):
        assert actual.isfinite().all()
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_unobserved_input_is_never_read():
    model = tiny()
    keypoints, mask = random_windows(model)
    hidden = keypoints.clone()
    hidden[~mask] = torch.nan
    for a, b in zip(model(hidden, mask), model(keypoints, mask), strict=True):
        assert torch.equal(a, b)


def test_only_observed_poses_are_embedded():
    model = tiny()
    keypoints, mask = random_windows(model)
    sizes = []
    model.spatial.register_forward_pre_hook(lambda _module, args: sizes.append(len(args[0])))
    model(keypoints, mask)
    assert sizes == [int(mask.sum())]


@torch.no_grad()
def test_upsampling_tokens_are_no_keys_in_the_first_block():
    model = tiny(temporal_depth=1)
    keypoints, mask = random_windows(model)
    before, _ = model(keypoints[:1], mask[:1])
    blank = int((~mask[0]).nonzero()[0, 0])
    model.temporal_encoding[blank] += 1  # changes one upsampling token
    after, _ = model(keypoints[:1], mask[:1])
    changed = (after - before).abs().amax((0, 2, 3)) > 1e-6
    assert changed.nonzero().flatten().tolist() == [blank]


@torch.no_grad()
def test_a_missing_mask_means_all_observed():
    model = tiny()
    keypoints, mask = random_windows(model)
    for a, b in zip(model(keypoints), model(keypoints, torch.ones_like(mask)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_without_upsampling_token_every_pose_is_needed():
    model = tiny(masked_tokens=False, deferred_depth=0)
    keypoints, mask = random_windows(model)
    assert model.upsampling_token is None
    assert torch.equal(model(keypoints)[1], model(keypoints, torch.ones_like(mask))[1])
    with pytest.raises(InputError, match="no upsampling token, so every token needs a 2D pose"):
        model(keypoints, mask)


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = tiny().train()
    sequence, centre = model(*random_windows(model))
    (sequence.norm(dim=-1).mean() + centre.norm(dim=-1).mean()).backward()
    # A key projection's bias moves all logits of a query alike, so its true gradient is zero.
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert still == []


def test_training_runs_in_bfloat16():
    model = tiny().train()
    keypoints, mask = random_windows(model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        sequence, centre = model(keypoints, mask)
        loss = sequence.float().norm(dim=-1).mean() + centre.float().norm(dim=-1).mean()
    loss.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_no_temporal_blocks_no_sequence():
    model = tiny(temporal_depth=0)
    sequence, centre = model(*random_windows(model))
    assert sequence is None
    assert centre.shape == (5, 17, 3)


def test_drop_path_reaches_the_stacks_it_is_meant_for():
    model = create(presets.base_351().evolve(drop_path_spatial=0.2, drop_path_temporal=0.1))
    assert [b.drop_path.rate for b in model.spatial.joints.blocks] == pytest.approx(
        [0, 0.2 / 3, 0.4 / 3, 0.2]
    )
    assert [b.drop_path.rate for b in model.temporal.blocks] == pytest.approx([0, 0.1 / 3, 0.2 / 3, 0.1])
    assert [b.drop_path.rate for b in model.strided.blocks] == [0, 0, 0]
