import pytest
import torch

from public_cpn import TINY, Reference, coarse_and_refined, random_state
from uplift3d.detect.cpn.network import CPN, CPNConfig


@pytest.fixture(scope="module")
def cpn50():
    with torch.device("meta"):  # shapes without arithmetic
        return CPN(CPNConfig()).eval()


def parameters(module):
    return sum(weight.numel() for weight in module.parameters())


def test_the_backbone_is_a_resnet_50(cpn50):
    classifier = 2048 * 1000 + 1000
    assert parameters(cpn50.residual_net) == 25_557_032 - classifier  # the published ResNet-50's
    levels = cpn50.residual_net(torch.empty(1, 3, 384, 288, device="meta"))
    sizes = [(2048, 12, 9), (1024, 24, 18), (512, 48, 36), (256, 96, 72)]
    assert [tuple(level.shape[1:]) for level in levels] == sizes


def test_heat_maps_are_a_quarter_of_the_image(cpn50):
    coarse, refined = coarse_and_refined(cpn50, torch.empty(2, 3, 384, 288, device="meta"))
    assert {heatmaps.shape for heatmaps in (*coarse, refined)} == {(2, 17, 96, 72)}
    assert len(coarse) == 4


def test_every_weight_learns():
    torch.manual_seed(0)
    network = CPN(CPNConfig(blocks=TINY["blocks"], stem_width=TINY["stem"], width=TINY["width"]))
    coarse, refined = coarse_and_refined(network, torch.randn(2, 3, 64, 64))
    sum(heatmaps.square().sum() for heatmaps in (*coarse, refined)).backward()
    idle = [name for name, weight in network.named_parameters() if not weight.grad.abs().sum() > 0]
    assert idle == []


def test_a_random_reference_tells_images_apart():
    """The comparisons in test_weights mean something."""
    images = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    refined = Reference(random_state()).refined(images)
    assert refined.std() > 0.05
    assert (refined[0] - refined[1]).abs().mean() > 0.05
