"""A wider network goes on where the narrow one was."""

import pytest
import torch

from uplift3d.model import create, presets
from uplift3d.model.widen import widened

TINY = presets.small().evolve(spatial_depth=1, spatial_width=8, temporal_width=16, temporal_depth=2, heads=2)


def narrow():
    torch.manual_seed(0)
    return create(TINY).eval()


def windows(channels):
    random = torch.Generator().manual_seed(2)
    poses = torch.randn((2, TINY.tokens, 17, channels), generator=random)
    mask = torch.rand((2, TINY.tokens), generator=random) < 0.4
    return poses, mask


@torch.no_grad()
def test_new_channels_count_nothing_at_first():
    network = narrow()
    wider = widened(network, TINY.evolve(confidence=True, hint=True)).eval()
    poses, mask = windows(wider.config.channels)
    for before, after in zip(network(poses[..., :2], mask), wider(poses, mask), strict=True):
        torch.testing.assert_close(after, before)


@torch.no_grad()
def test_without_strided_stages_the_centre_is_read_off_the_sequence():
    network = narrow()
    shorter = widened(network, TINY.evolve(strided=(), paddings=())).eval()
    poses, mask = windows(2)
    sequence, centre = shorter(poses, mask)
    torch.testing.assert_close(sequence, network(poses, mask)[0])
    torch.testing.assert_close(centre, sequence[:, TINY.tokens // 2])


@torch.no_grad()
def test_feet_start_at_their_ankles():
    wider = widened(narrow(), TINY.evolve(joints="h36m21")).eval()
    poses, mask = windows(2)
    feet = torch.randn((2, TINY.tokens, 4, 2), generator=torch.Generator().manual_seed(3))
    sequence, centre = wider(torch.cat([poses, feet], dim=2), mask)
    assert sequence.shape[2:] == (21, 3)
    assert centre.shape[1:] == (21, 3)
    left, right = 6, 3
    torch.testing.assert_close(sequence[:, :, 17:], sequence[:, :, [left, left, right, right]])


@torch.no_grad()
@pytest.mark.parametrize("depth", [3, 5])
def test_new_blocks_add_nothing_at_first_and_learn(depth):
    network = narrow()
    deeper = widened(network, TINY.evolve(temporal_depth=depth, drop_path_temporal=0.0)).eval()
    assert len(deeper.temporal.blocks) == depth
    poses, mask = windows(2)
    for before, after in zip(network(poses, mask), deeper(poses, mask), strict=True):
        torch.testing.assert_close(after, before)
    with torch.enable_grad():
        deeper(poses, mask)[0].square().sum().backward()
    for block in deeper.temporal.blocks:
        assert block.mlp.contract.weight.grad.abs().max() > 0
        assert block.attention.out.weight.grad.abs().max() > 0


@pytest.mark.parametrize("change", [{"temporal_width": 32}, {"joints": "uu17"}, {"temporal_depth": 1}])
def test_other_sizes_are_left_as_they_are(change):
    network = narrow()
    assert widened(network, TINY.evolve(**change)) is network
