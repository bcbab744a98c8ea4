import pytest
import torch

from uplift3d.model import create, presets
from uplift3d.model.initialise import sinusoids

TINY = {"tokens": 9, "strided": (3, 3), "paddings": ((0, 0), (0, 0)), "heads": 2}
TINY |= {"spatial_width": 8, "spatial_depth": 1, "temporal_width": 16, "temporal_depth": 2}


@pytest.fixture
def random():
    return torch.Generator().manual_seed(1)


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = create(presets.small().evolve(**TINY)).eval()
    network.start_quickly()
    return network


def test_fresh_heads_answer_near_the_pelvis(network, random):
    sequence, centre = network(torch.randn(4, 9, 17, 2, generator=random), torch.ones(4, 9, dtype=torch.bool))
    assert centre.abs().max() < 0.5
    assert sequence.abs().max() < 0.5


def test_answers_depend_on_how_far_joints_are_from_the_pelvis(network, random):
    """With the published initialisation the layer norm behind the joints hides this nearly."""
    poses = torch.randn(8, 17, 2, generator=random) * 0.4
    near, far = network.embed(poses), network.embed(2 * poses)
    assert (near - far).norm(dim=-1).mean() > 0.1 * near.std(0).norm()


def test_every_encoding_is_drawn_anew(network):
    assert network.spatial.joints.encoding.std().item() == pytest.approx(0.5, abs=0.1)
    torch.testing.assert_close(network.temporal_encoding.detach(), 0.5 * sinusoids(9, 16))


@pytest.mark.parametrize("width", [15, 16])
def test_sinusoids_tell_times_apart(width):
    encoding = sinusoids(71, width)
    assert encoding.shape == (71, width)
    assert encoding.abs().max() <= 1
    distance = torch.cdist(encoding, encoding)
    assert (distance + torch.eye(71)).min() > 0.1
