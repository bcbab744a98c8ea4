"""Stops, full disks and folders that go: no half-written file under a result's name, and one sentence."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seen_person import film
from uplift3d.cli import main
from uplift3d.detect import load_keypoints
from uplift3d.export import load_motion, save_motion

PROGRAM = Path(__file__).with_name("slow_program.py")


def start(*words):
    path = os.pathsep.join([str(PROGRAM.parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", ["lift", "detect"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_leaves_no_result(tmp_path, command, stop):
    film(tmp_path / "a.mp4", frames=60)
    output = tmp_path / "out.npz"
    words = [command, tmp_path / "a.mp4", "-o", output, "--detector", "slow", "--key-interval", "0.1"]
    process = start(*words)
    for _ in range(3):
        assert process.stdout.readline() == "looking\n"
    process.send_signal(stop)
    _, err = process.communicate(timeout=60)
    assert not output.exists()
    if stop == signal.SIGINT:
        assert (process.returncode, err) == (130, "uplift3d: interrupted\n")
        assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    process = start(*words, "-q")
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert (
        len(load_motion(output) if command == "lift" else load_keypoints(output))
        == {"lift": 60, "detect": 20}[command]
    )


def stopped_after(seconds, stop, *words):
    """Start the program and stop it as a terminal does; None where it was done by then."""
    words = [sys.executable, "-m", "uplift3d", *map(str, words)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, stop)
    _, err = process.communicate(timeout=60)
    if process.returncode == 0:
        return None
    assert process.returncode == (130 if stop == signal.SIGINT else -stop), err
    return err


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.5])
def test_a_stopped_conversion_leaves_all_or_nothing(tmp_path, walk, stop, seconds):
    rows = np.arange(20_000) % len(walk)
    positions, observed, times = walk.positions[:, rows], walk.observed[:, rows], np.arange(len(rows)) / 50
    save_motion(tmp_path / "long.npz", replace(walk, positions=positions, observed=observed, times=times))
    output = tmp_path / "long.csv"
    err = stopped_after(seconds, stop, "convert", tmp_path / "long.npz", output)
    if err is None or output.exists():
        assert len(load_motion(output)) == len(times)
    if err is not None and stop == signal.SIGINT:
        assert err.endswith("uplift3d: interrupted\n")
        assert "Traceback" not in err
        assert {path.name for path in tmp_path.iterdir()} <= {"long.npz", "long.csv"}


@pytest.mark.slow
def test_an_interrupt_at_any_moment_is_no_traceback(tmp_path):
    """From the first module of the program on: what comes before is Python's."""
    for seconds in np.linspace(0, 0.6, 30):
        words = [sys.executable, "-v", "-m", "uplift3d", "convert", "no.npz", str(tmp_path / "a.csv")]
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("import 'argparse'"):
                break
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        said = [line for line in err.splitlines() if line.startswith(("uplift3d: ", "Traceback"))]
        assert said in (["uplift3d: interrupted"], ["uplift3d: no.npz: no such file"])
        assert process.returncode in (130, 2, -signal.SIGINT)


@pytest.mark.slow
def test_two_processes_with_one_output_leave_one_whole_result(tmp_path):
    film(tmp_path / "a.mp4", frames=30)
    output = tmp_path / "out.npz"
    both = [
        start("lift", tmp_path / "a.mp4", "-o", output, "--detector", "slow", "--overwrite") for _ in range(2)
    ]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    for process in both:
        process.communicate()
    assert len(load_motion(output)) == 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "out.npz"]


def test_an_output_folder_that_goes_while_it_works(network, detector, images, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "results"
    folder.mkdir()

    def look_and_remove(self, rgb):
        shutil.rmtree(folder, ignore_errors=True)
        return usual(self, rgb)

    scripted = sys.modules["uplift3d.detect.registry"]._FACTORIES["scripted"]
    usual = scripted.detect
    monkeypatch.setattr(scripted, "detect", look_and_remove)
    words = ["--detector", detector, "--image-rate", "30", "-q"]
    assert main(["lift", str(images), "-o", str(folder / "m.npz"), *words]) == 2
    err = capsys.readouterr().err
    assert "m.npz cannot be written: " in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("suffix", ["npz", "json", "csv", "bvh", "glb", "trc", "html", "png"])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_leaves_nothing_half_written(motion_file, tmp_path, capsys, suffix):
    folder = tmp_path / "out"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    words = ["convert", str(motion_file), str(folder / f"m.{suffix}"), "--lossy", "--person", "3"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))  # as if only so much were left
    try:
        code = main(words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 2
    assert list(folder.iterdir()) == []
    assert f"m.{suffix} cannot be written: File too large" in capsys.readouterr().err
    assert main(words) == 0
    assert len(list(folder.iterdir())) == 1
