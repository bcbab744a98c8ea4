"""What is said of a wheel's contents."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "tools" / "try_wheel.py"


@pytest.fixture(scope="module")
def contents():
    spec = importlib.util.spec_from_file_location("try_wheel", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.contents


def wheel(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"0" * 10_000)
    return path


def test_kinds_are_listed_and_what_is_foreign_refused(tmp_path, contents):
    own = ["uplift3d/a.py", "uplift3d/b.py", "uplift3d/net.onnx", "uplift3d-0.1.0.dist-info/RECORD"]
    lines = contents(wheel(tmp_path / "a.whl", own))
    assert lines[1].split() == [".py", "2", "files", "0.02", "MB"]
    assert {line.split()[0] for line in lines[2:]} == {".onnx", "others"}
    with pytest.raises(SystemExit, match=r"b\.whl holds tests beside the package"):
        contents(wheel(tmp_path / "b.whl", [*own, "tests/a.py"]))
