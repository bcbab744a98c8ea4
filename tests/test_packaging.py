"""What a wheel would hold, and that the numbers in the project's files agree."""

import re
import tomllib
from pathlib import Path

import pytest

import uplift3d

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_data_file_goes_into_the_wheel():
    package = ROOT / "src" / "uplift3d"
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["uplift3d"]
    packed = {path for pattern in patterns for path in package.glob(pattern)}
    present = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith(".")
    }
    assert package / "py.typed" in present
    assert {str(path.relative_to(package)) for path in present - packed} == set()


def test_one_version_number():
    assert PROJECT["project"]["version"] == uplift3d.__version__
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == uplift3d.__version__


def test_the_citation_is_of_this_version_and_paper():
    yaml = pytest.importorskip("yaml", reason="needs the train extra")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == uplift3d.__version__
    assert citation["preferred-citation"]["doi"] in (ROOT / "README.md").read_text()


def test_install_hints_name_extras_that_exist():
    extras = {*PROJECT["project"]["optional-dependencies"]}
    texts = [path.read_text() for root in ("src", "docs") for path in (ROOT / root).rglob("*.[pm][yd]")]
    hints = re.findall(r"uplift3d\[([\w,]+)\]", " ".join([*texts, (ROOT / "README.md").read_text()]))
    assert len(hints) > 10
    assert {extra for hint in hints for extra in hint.split(",")} <= extras


def test_shipped_weights_stay_small():
    weights = [path for path in (ROOT / "src" / "uplift3d" / "weights").iterdir() if path.suffix != ".py"]
    assert sum(path.stat().st_size for path in weights if path.is_file()) <= 25e6
