"""The stand-ins for rtmlib's networks are as large as the published ones, and answer what rtmlib takes."""

import pytest

from scripts import script

torch = pytest.importorskip("torch", reason="torch is an optional package")


@pytest.fixture(scope="module")
def stand_ins():
    return script("benchmarks/rtmlib_networks.py")


@pytest.mark.parametrize("mode", ["lightweight", "balanced"])
def test_they_have_as_many_parameters(stand_ins, mode):
    for network, size in stand_ins.networks(mode).values():
        millions = sum(part.numel() for part in network.parameters()) / 1e6
        assert millions == pytest.approx(size.million_parameters, rel=0.015)


def test_they_answer_what_rtmlib_takes(stand_ins):
    made = stand_ins.networks("lightweight")
    with torch.no_grad():
        boxes = made["boxes"][0](torch.zeros(1, 3, 416, 416))
        x, y = made["joints"][0](torch.zeros(1, 3, 256, 192))
    assert boxes.shape == (1, 52**2 + 26**2 + 13**2, 6)
    assert (x.shape, y.shape) == ((1, 17, 384), (1, 17, 512))
