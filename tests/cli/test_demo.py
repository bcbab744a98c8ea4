"""`uplift3d demo`."""

import sys

import numpy as np
import pytest

from uplift3d.cli import demo, main
from uplift3d.export import load_motion


def run_demo(*words):
    return main(["demo", *map(str, words)])


def test_the_bundled_keys_become_three_files(network, keys, tmp_path, capsys):
    pytest.importorskip("plotly")
    folder = tmp_path / "new" / "out"
    assert run_demo("--keys", keys, "-o", folder) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["demo.html", "demo.npz", "demo.png"]
    motion = load_motion(folder / "demo.npz")
    np.testing.assert_allclose(motion.times, np.arange(61) / 30)  # every frame of the video behind the keys
    assert motion.meta["source"] == "a.mp4"
    assert motion.meta["arguments"]["key_interval"] == 0.4
    out = capsys.readouterr().out
    assert "2.00 s, 61 frames" in out
    assert "on 6 key-frames, 0.40 s apart: 10 % of the frames" in out
    assert "ms per 3D pose" in out
    assert "× real time" in out
    assert f"{folder / 'demo.html'}" in out.replace("\n", "")


def test_a_missing_video_leaves_no_folder(tmp_path, capsys):
    assert run_demo(tmp_path / "no.mp4", "-o", tmp_path / "out") == 2
    assert "no.mp4: no such file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::uplift3d.errors.UpliftWarning")
def test_a_video_goes_the_whole_way(network, detector, images, tmp_path, capsys, monkeypatch):
    from uplift3d.detect import create_detector, register_detector

    register_detector("blazepose", lambda: create_detector(detector))
    assert run_demo(images, "-o", tmp_path / "out", "--key-interval", "0.1") == 0
    assert (tmp_path / "out" / "images.npz").is_file()
    out = capsys.readouterr().out
    assert "1.00 s, 31 frames" in out
    assert "on 11 key-frames" in out
    assert "bundled" not in out


def test_without_plotly_there_is_no_page_but_all_else(network, keys, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    monkeypatch.delitem(sys.modules, "uplift3d.view.html", raising=False)
    assert run_demo("--keys", keys, "-o", tmp_path / "out") == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["demo.npz", "demo.png"]
    assert "the page was not written" in capsys.readouterr().out


def test_open_shows_the_page(network, keys, tmp_path, monkeypatch):
    pytest.importorskip("plotly")
    opened = []
    monkeypatch.setattr(demo, "open_in_browser", opened.append)
    assert run_demo("--keys", keys, "-o", tmp_path / "out", "--open") == 0
    assert opened == [(tmp_path / "out" / "demo.html").as_uri()]


def test_mistakes_are_named(network, tmp_path, capsys):
    assert run_demo("--keys", tmp_path / "gone.npz", "-o", tmp_path / "out") == 2
    assert "lacks the bundled clip" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert run_demo("-o", tmp_path / "file" / "out") == 2
    assert "cannot be made" in capsys.readouterr().err
    assert run_demo(tmp_path / "gone.mp4", "-o", tmp_path / "out") == 2
    assert "gone.mp4: no such file" in capsys.readouterr().err
