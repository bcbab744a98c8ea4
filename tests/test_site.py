"""The documentation builds as a site, and its links lead to pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("mkdocs", reason="needs the docs extra")
pytest.importorskip("mkdocstrings", reason="needs the docs extra")


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    start = (tmp_path / "index.html").read_text()
    assert 'href="conventions/"' in start
    assert not re.search(r'href="[^":]*\.(md|py|yaml)"', start)
    assert "key_interval" in (tmp_path / "api" / "uplift3d" / "index.html").read_text()
