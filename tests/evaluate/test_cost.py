"""Counted arithmetic against the published figures and against torch's own count."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from uplift3d.evaluate.cost import embed_cost, uplift_cost
from uplift3d.model import create, presets

PUBLISHED_M = {"uu_351": {5: 524, 10: 495, 20: 480}, "uu_81": {4: 280, 20: 266}}


@pytest.mark.parametrize("name", PUBLISHED_M)
def test_the_published_figures_come_out(name):
    # They count the embedding once per window and keys and values for every token.
    config = getattr(presets, name)().model_dump()
    for s_in, millions in PUBLISHED_M[name].items():
        every = s_in // config["s_out"]
        pose_tokens = config["tokens"] // 2 // every * 2 + 1
        counted = uplift_cost(config | {"deferred_depth": 0}, pose_tokens) + pose_tokens * embed_cost(config)
        assert counted / 1e6 == pytest.approx(millions, rel=0.01)


def torchs_count(compute):
    """Multiply-adds; the plain kernel is the only one for attention whose products torch counts on a CPU."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        compute()
    return counter.get_total_flops() / 2


@pytest.mark.parametrize(
    "changes", [{}, {"deferred_depth": 0}, {"spatial_depth": 0}, {"strided": (), "paddings": ()}]
)
def test_torch_counts_the_same(changes):
    config = presets.small().evolve(**changes)
    network = create(config).eval()
    fields, slots = config.model_dump(), torch.arange(18)[None] * 4
    poses, tokens = torch.zeros(18, 17, 2), torch.zeros(1, 18, config.temporal_width)
    assert torchs_count(lambda: network.embed(poses)) == 18 * embed_cost(fields)
    # The network computes both outputs; what they share is what is left without the strided blocks.
    centre, sequence = (uplift_cost(fields, 18, part) for part in ("centre", "sequence"))
    shared = uplift_cost(fields | {"strided": (), "paddings": ()}, 18) - config.temporal_width * 51
    assert torchs_count(lambda: network.uplift(tokens, slots)) == centre + sequence - shared
