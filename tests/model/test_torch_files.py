import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model.torch_files import named_weights, read_torch


class Attack:
    """Runs a command when a careless reader unpickles it."""

    def __init__(self, trace) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def torch_zip(attack, path):
    torch.save({"state_dict": attack}, path)


def torch_legacy(attack, path):
    torch.save({"state_dict": attack}, path, _use_new_zipfile_serialization=False)


def plain_pickle(attack, path, protocol=pickle.DEFAULT_PROTOCOL):
    path.write_bytes(pickle.dumps({"state_dict": attack}, protocol))


def old_pickle(attack, path):
    plain_pickle(attack, path, protocol=0)


@pytest.mark.parametrize("write", [torch_zip, torch_legacy, plain_pickle, old_pickle])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(write, tmp_path):
    path, trace = tmp_path / "attack.pth", tmp_path / "trace"
    write(Attack(trace), path)
    with pytest.raises(
        InputError, match=r"attack\.pth is refused: reading it would run code \(posix\.mkdir\)"
    ):
        read_torch(path)
    assert not trace.exists()


def test_the_code_is_named_where_it_is_numpys(tmp_path):
    """Other authors keep their random state in checkpoints; that is refused too, by name."""
    torch.save({"random_state": np.random.RandomState(0), "w": torch.zeros(2)}, tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"would run code \(.*numpy\.random"):
        read_torch(tmp_path / "a.bin")


@pytest.mark.parametrize("legacy", [True, False])
def test_tensors_and_plain_containers_are_read(legacy, tmp_path):
    content = {"epoch": 3, "lr": [1e-3], "state_dict": {"w": torch.arange(3.0)}}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    read = read_torch(tmp_path / "a.pth")
    assert (read["epoch"], read["lr"]) == (3, [1e-3])
    assert torch.equal(read["state_dict"]["w"], torch.arange(3.0))


def test_a_file_without_names_is_refused(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "a.pt")
    with pytest.raises(InputError, match="holds a list, but needs named weights"):
        read_torch(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"state_dict": {}}, {"state_dict": 3}])
def test_content_without_weights_is_refused(content, tmp_path):
    with pytest.raises(InputError, match="holds no weights"):
        named_weights(content, tmp_path / "a.pt")


def test_prefixes_of_wrappers_go_together():
    tensor = torch.zeros(1)
    assert set(named_weights({"module.a": tensor, "module.b": tensor}, "x")) == {"a", "b"}
    assert set(named_weights({"model.a": tensor, "model.b": tensor}, "x")) == {"a", "b"}
    assert set(named_weights({"module.a": tensor, "b": tensor}, "x")) == {"module.a", "b"}


@pytest.mark.parametrize(
    "value", [torch.zeros(1).expand(10**9), torch.eye(3).to_sparse(), torch.zeros(3, device="meta")]
)
def test_tensors_that_are_not_stored_whole_are_refused(tmp_path, value):
    path = tmp_path / "a.bin"
    torch.save({"state_dict": {"x": torch.zeros(2), "y": value}}, path)
    with pytest.raises(InputError, match="does not hold all numbers of y; accepted are dense tensors"):
        named_weights(read_torch(path), path)


@pytest.mark.parametrize("start", ["torch._utils._re", "builtins.e"])
def test_endless_names_are_refused_before_torch_searches_them(tmp_path, start):
    module, _, name = (start + 100_000 * "b").rpartition(".")
    torch.save({"state_dict": {}}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
        for one, content in members.items():
            called = b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"."
            archive.writestr(one, called if one.endswith("data.pkl") else content)
    with pytest.raises(InputError, match=r"b\.pt is damaged: .* an endless name"):
        read_torch(tmp_path / "b.pt")
