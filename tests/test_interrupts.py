"""Ctrl-C in a process of its own, while it imports, works and ends."""

import os
import subprocess
import sys
import time

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
        (
            "from uplift3d.interrupts import told\n    with told(lambda: print('told', flush=True)):\n"
            "        signal.setitimer(signal.ITIMER_REAL, 0.05)  # one that came in an import before\n"
            "        time.sleep(0.3)\n        signal.raise_signal(signal.SIGTERM)",
            "",
            (0, "told\ntold\n", ""),
        ),
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


POOL = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uplift3d.interrupts import end_with_parent
if __name__ == "__main__":
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=end_with_parent) as pool:
        waiting = [pool.submit(time.sleep, 0), pool.submit(time.sleep, 100)]
        waiting[0].result()
        print("working", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs groups of processes")
def test_workers_end_with_a_program_that_is_killed(tmp_path):
    (tmp_path / "pool.py").write_text(POOL)
    words = [sys.executable, tmp_path / "pool.py"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline() == "working\n"
    os.killpg(process.pid, 0)
    process.kill()
    process.wait()
    ends = time.monotonic() + 20
    while _is_there(process.pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not _is_there(process.pid)


def _is_there(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
