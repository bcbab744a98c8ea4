import hashlib

import pytest

from uplift3d.detect.blazepose import models
from uplift3d.errors import InputError


@pytest.mark.parametrize("name", models.SHA256)
def test_the_networks_that_ship_are_the_ones_meant_and_the_notice_names_them(name):
    models.check(models.FOLDER / f"{name}.onnx", models.SHA256[name])
    assert f"{models.SHA256[name]}  {name}.onnx" in (models.FOLDER / "NOTICE").read_text()


def test_all_networks_together_are_small_enough_to_ship():
    assert sum(path.stat().st_size for path in models.FOLDER.iterdir()) < 45e6


def test_a_damaged_file_is_refused_with_both_hashes(tmp_path):
    damaged = tmp_path / "person.onnx"
    damaged.write_bytes(b"half a downl")
    found = hashlib.sha256(b"half a downl").hexdigest()
    with pytest.raises(InputError, match=f"person.onnx is damaged .* {found}, expected is {'a' * 64}"):
        models.check(damaged, "a" * 64)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match=r"gone\.onnx: this network cannot be read \(No such file"):
        models.check(tmp_path / "gone.onnx", "a" * 64)


def test_a_network_is_loaded_once():
    assert models.load("person") is models.load("person")
