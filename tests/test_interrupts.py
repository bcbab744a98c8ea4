"""Ctrl-C in a process of its own, while it imports, works and ends."""

import subprocess
import sys

import pytest

RUDE = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
except KeyboardInterrupt:
    raise ImportError("half a module")
print("whole", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize(
    ("inside", "after", "expected"),
    [
        ("import rude; time.sleep(30)", "", (130, "whole\n", "uplift3d: interrupted\n")),
        ("signal.raise_signal(signal.SIGINT)", "", (130, "", "uplift3d: interrupted\n")),
        ("import rude", "", (0, "whole\n", "")),  # done before it could be interrupted
        ("pass", "signal.raise_signal(signal.SIGINT)", (-2, "", "")),
    ],
)
def test_an_interrupt_is_one_sentence_or_too_late(tmp_path, inside, after, expected):
    (tmp_path / "rude.py").write_text(RUDE)
    code = "import signal, sys, time\nfrom uplift3d.interrupts import one_sentence\n"
    code += f"sys.path.insert(0, {str(tmp_path)!r})\nwith one_sentence():\n    {inside}\n{after}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stdout, result.stderr) == expected
