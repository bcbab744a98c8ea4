"""How the program's process ends."""

import subprocess
import sys

import pytest

RUN = """
import atexit, os, sys, types
if {ray}:
    sys.modules["ray"] = types.ModuleType("ray")
atexit.register(os.abort)
sys.argv = ["uplift3d", *{words}]
from uplift3d.__main__ import program
sys.exit(program())
"""


def ended(words, ray):
    return subprocess.run(
        [sys.executable, "-c", RUN.format(ray=ray, words=words)], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("words", "code"), [(["--version"], 0), (["info", "base"], 0), (["info", "no.npz"], 2)]
)
def test_what_ray_does_to_a_process_that_ends_changes_no_exit_code(words, code):
    run = ended(words, ray=True)
    assert run.returncode == code
    assert "uplift3d" in run.stdout + run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="another exit code there")
def test_without_ray_a_process_ends_as_usual():
    assert ended(["--version"], ray=False).returncode == -6
