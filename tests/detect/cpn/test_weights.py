"""Weights in the layout of the public PyTorch version, against that version's arithmetic."""

import pickle

import pytest
import torch

from public_cpn import Reference, coarse_and_refined, random_state, shapes, write
from uplift3d.detect.cpn.network import CPN, CPNConfig
from uplift3d.detect.cpn.weights import SOURCE, load_cpn
from uplift3d.errors import InputError
from uplift3d.model import load_checkpoint


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("sizes", [{}, {"upsample_bias": True}, {"blocks": (2, 1, 3, 1), "width": 16}])
def test_a_public_file_gives_what_the_public_network_does(tmp_path, images, sizes):
    state = random_state(**sizes)
    network = load_cpn(write(tmp_path / "CPN50_384x288.pth.tar", state))
    assert not network.training
    network, images = network.double(), images.double()  # so that rounding hides no difference
    reference = Reference({name: value.double() for name, value in state.items()})
    coarse, refined = coarse_and_refined(network, images)
    torch.testing.assert_close(refined, reference.refined(images), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(coarse, reference.coarse(images), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(network(images), refined)


@pytest.mark.parametrize("blocks", [(3, 4, 6, 3), (3, 4, 23, 3)], ids=["CPN50", "CPN101"])
def test_names_and_shapes_are_those_of_the_public_networks(blocks):
    with torch.device("meta"):
        expected = CPN(CPNConfig(blocks=blocks)).state_dict()
    translated = {SOURCE.names(ours)[0]: tuple(value.shape) for ours, value in expected.items()}
    assert translated == shapes(blocks)


@pytest.mark.parametrize("change", ["no prefix", "no counters", "bare", "old format"])
def test_wrappings_do_not_matter(tmp_path, images, change):
    state = random_state()
    path = tmp_path / "a.pth"
    if change == "no counters":  # files of PyTorch 0.4
        write(path, {name: value for name, value in state.items() if "num_batches" not in name})
    else:
        content = state if change == "bare" else {"state_dict": state}
        torch.save(content, path, _use_new_zipfile_serialization=change != "old format")
    torch.testing.assert_close(load_cpn(path)(images), load_cpn(write(tmp_path / "b.pth", state))(images))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("global_net.laterals.2.1.bias", None, r"missing: global_net\.laterals\.2\.1\.bias$"),
        ("resnet.layer3.0.conv2.weight", None, r"missing: resnet\.layer3\.0\.conv2\.weight$"),
        ("resnet.fc.weight", torch.zeros(9, 9), r"unexpected: resnet\.fc\.weight$"),
        (
            "refine_net.cascade.0.1.bn1.weight",
            torch.zeros(3),
            r"of another shape: refine_net\.cascade\.0\.1\.bn1\.weight \(3,\) in place of \(4,\)$",
        ),
        (
            "refine_net.final_predict.1.weight",
            torch.zeros(16, 8, 3, 3),
            r"heat maps of 16 joints; accepted are the 17 of COCO",
        ),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, name, value, message):
    state = random_state()
    if value is None:
        del state[name]
    else:
        state[name] = value
    with pytest.raises(InputError, match=message):
        load_cpn(write(tmp_path / "a.pth.tar", state))


def test_files_of_other_networks_are_told_by_name(tmp_path):
    torch.save({"expand_conv.weight": torch.zeros(2, 2, 3)}, tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"a\.bin looks like VideoPose3D; accepted are weights of CPN"):
        load_cpn(tmp_path / "a.bin")
    torch.save({"conv.weight": torch.zeros(2)}, tmp_path / "b.bin")
    with pytest.raises(InputError, match=r"b\.bin holds weights of no network known here; accepted"):
        load_cpn(tmp_path / "b.bin")


def test_a_cpn_is_no_lifting_network(tmp_path):
    with pytest.raises(InputError, match="looks like CPN, a 2D detector; loaded can be: VideoPose3D"):
        load_checkpoint(write(tmp_path / "a.pth", random_state()))


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no file of CPN weights .*nope"):
        load_cpn(tmp_path / "nope.pth.tar")
    (tmp_path / "page.pth.tar").write_text("<html>quota exceeded</html>")
    with pytest.raises(InputError, match=r"page\.pth\.tar is not a torch file"):
        load_cpn(tmp_path / "page.pth.tar")


def test_code_in_a_file_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"state_dict": random_state(), "epoch": Evil()}, tmp_path / "a.pth", pickle_module=pickle)
    with pytest.raises(InputError, match="refused: reading it would run code"):
        load_cpn(tmp_path / "a.pth")
    assert not (tmp_path / "ran").exists()
