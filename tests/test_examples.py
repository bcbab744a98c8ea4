"""The programs in `examples/` run, on small inputs and with a 2D detector that sees the same person."""

import ast
import io
import re
import runpy
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from made_motion import moving
from seen_person import STANDING, Standing, film
from uplift3d import load_motion
from uplift3d.detect import load_keypoints, save_keypoints
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def at_work(tmp_path, monkeypatch):
    """In an empty folder, with BlazePose replaced."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("uplift3d.detect.registry._FACTORIES", {"blazepose": Standing})


def run(name, *arguments, **more):
    runpy.run_path(str(ROOT / "examples" / name))["main"](*arguments, **more)


def test_every_example_is_run_here_and_listed():
    own, readme = Path(__file__).read_text(), (ROOT / "examples" / "README.md").read_text()
    for path in EXAMPLES:
        assert f'run("{path.name}"' in own
        assert f"[{path.name}]({path.name})" in readme
        shown = re.search(rf"`python examples/{path.name} ([^`]*)`", path.read_text())
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        assert len(shown[1].split()) == len(functions[-1].args.args), functions[-1].name


def test_video_to_page(capsys):
    pytest.importorskip("plotly", reason="needs the view extra")
    film("walk.mp4")
    run("video_to_page.py", "walk.mp4", "walk.html")
    assert "<html" in Path("walk.html").read_text()
    assert "Motion3D(1 people × 30 poses" in capsys.readouterr().out


def test_own_joints_to_csv(capsys):
    positions = np.repeat(STANDING[None, None], 5, axis=1)
    np.savez("joints.npz", positions=positions, confidence=np.ones((1, 5, 17)), times=np.arange(5) * 0.2)
    run("own_joints_to_csv.py", "joints.npz", "320x240", "walk.csv")
    assert len(load_motion("walk.csv")) == 24  # 0.8 s
    assert "right wrist of the first person" in capsys.readouterr().out


def test_many_clips(capsys):
    Path("keypoints").mkdir()
    seen = np.repeat(STANDING[None, None], 3, axis=1)
    for name, positions in {"a": seen, "b": np.full_like(seen, np.nan), "c": seen}.items():
        keypoints = Keypoints2D(positions, None, np.arange(3) * 0.2, (320, 240), "coco17")
        save_keypoints(f"keypoints/{name}.npz", keypoints)
    run("many_clips.py", "keypoints", "motions")
    assert sorted(path.name for path in Path("motions").iterdir()) == ["a.npz", "c.npz"]
    assert "b.npz left out: none of the 3 key-frames" in capsys.readouterr().out
    assert len(load_keypoints("keypoints/a.npz")) == 3


def test_own_detector(capsys):
    film("crowd.mp4")
    run("own_detector.py", "crowd.mp4", "crowd.npz")
    assert "by standing at 2 times the size" in capsys.readouterr().out
    assert load_motion("crowd.npz").observed.any()


def test_frames_from_zip():
    with ZipFile("walk.zip", "w") as images:
        for number in range(12):
            picture = io.BytesIO()
            Image.fromarray(np.full((240, 320, 3), 20 * number, np.uint8)).save(picture, "png")
            images.writestr(f"{number:04d}.png", picture.getvalue())
    run("frames_from_zip.py", "walk.zip", "25", "walk.npz")
    np.testing.assert_allclose(load_motion("walk.npz").times, np.arange(12) / 25)


def test_stream_in_a_product(capsys):
    film("walk.mp4")
    run("stream_in_a_product.py", "walk.mp4")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 30
    assert re.match(r"0\.00 s, person 0: right wrist at [+-]\d\.\d\d ", lines[0])


def test_train_on_own_motion(capsys):
    pytest.importorskip("lightning", reason="needs the train extra")
    names = np.array(joint_set("h36m17").joints)
    for person in ("anna", "ben", "eva"):
        Path("recordings", person).mkdir(parents=True)
        walk = moving(100, seed=ord(person[0]))
        np.savez(f"recordings/{person}/walk.npz", walk=walk, __names=names, __fps=np.array(50.0))
    less = {
        "batch": 4,
        "validation_windows": 64,
        "checkpoint_every": 1,
        "validate_every": 2,
    }
    run("train_on_own_motion.py", "recordings", "run", "2", **less)
    assert "3 recordings in run/motions.store" in capsys.readouterr().out
    assert Path("run/network/model.safetensors").is_file()
