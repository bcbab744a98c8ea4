"""What is said of a wheel's contents."""

import zipfile

import pytest

from scripts import script


@pytest.fixture(scope="module")
def contents():
    return script("tools/try_wheel.py").contents


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
