"""`uplift3d view`."""

import sys

import pytest

from uplift3d.cli import main, serving, view
from video.clips import write as write_clip

pytest.importorskip("plotly", reason="plotly is an optional package")


@pytest.fixture
def browser(monkeypatch):
    """Addresses that would have been opened, on a machine with a desktop."""
    opened = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(view, "has_live", lambda: False)
    monkeypatch.setattr(serving.webbrowser, "open", lambda address: opened.append(address) or True)
    return opened


def test_the_page_lies_beside_the_motion_and_is_opened(motion_file, browser, capsys):
    assert main(["view", str(motion_file)]) == 0
    page = motion_file.with_suffix(".html")
    assert browser == [page.as_uri()]
    assert "<title>walk.mp4</title>" in page.read_text()
    assert capsys.readouterr().out == f"{page}\n"


def test_no_open_writes_only(motion_file, browser, tmp_path, capsys):
    output = tmp_path / "other.html"
    words = ["-o", str(output), "--title", "A & B", "--max-frames", "10", "--no-open"]
    assert main(["view", str(motion_file), *words]) == 0
    assert browser == []
    text = output.read_text()
    assert "<title>A &amp; B</title>" in text
    assert "10 of 50 poses are shown" in text
    assert "open it in a browser" in capsys.readouterr().out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has text browsers as default")
def test_without_a_desktop_no_text_browser_is_started(motion_file, browser, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["view", str(motion_file)]) == 0
    assert browser == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.npz"], "gone.npz: no such file"),
        (["walk.mp4"], "walk.mp4: not a motion file"),
        (["walk.npz", "-o", "page.txt"], "page.txt: a page's name must end in .html"),
        (["walk.npz", "-o", "page.html", "--port", "80"], "--port does nothing for page.html"),
        (["walk.npz", "-o", "out.mp4", "--title", "A"], "--title does nothing for out.mp4"),
    ],
)
def test_mistakes_are_named(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(view, "has_live", lambda: False)
    assert main(["view", *words, "--no-open"]) == 2
    assert message in capsys.readouterr().err


def test_a_video_with_the_motion_in_it(motion_file, tmp_path, capsys):
    clip = write_clip(tmp_path / "walk.mp4", 70)
    output = tmp_path / "out.mp4"
    assert main(["view", str(motion_file), "--video", str(clip), "-o", str(output)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{output}\n"
    assert "beside it only" in captured.err
    assert output.stat().st_size > 10_000
    again = ["view", str(motion_file), "--video", str(clip), "-o"]
    assert main([*again, str(output)]) == 2
    assert f"{output} is there already; --overwrite replaces it" in capsys.readouterr().err
    output.write_bytes(b"old")
    assert main([*again, str(output), "--overwrite"]) == 0
    assert output.stat().st_size > 10_000
    assert main([*again, str(clip), "--overwrite"]) == 2
    assert "is the video itself" in capsys.readouterr().err


def test_the_live_viewer_is_served_until_it_is_interrupted(motion_file, browser, monkeypatch, capsys):
    pytest.importorskip("viser", reason="viser is an optional package")
    from uplift3d.view.viewer import Viewer

    def interrupted(viewer):
        assert viewer.server.get_port() == int(viewer.address.rpartition(":")[2])
        raise KeyboardInterrupt

    monkeypatch.setattr(view, "has_live", lambda: True)
    monkeypatch.setattr(Viewer, "play", interrupted)
    assert main(["view", str(motion_file), "--port", "18080"]) == 0
    assert len(browser) == 1
    assert browser[0].startswith("http://localhost:18")
    assert "Ctrl+C ends it" in capsys.readouterr().out
    assert not motion_file.with_suffix(".html").exists()
    assert main(["view", str(motion_file), "--max-frames", "10"]) == 2
    assert "--max-frames does nothing for the live viewer" in capsys.readouterr().err


def test_a_contact_sheet(motion_file, tmp_path, capsys):
    output = tmp_path / "walk.png"
    assert main(["view", str(motion_file), "-o", str(output)]) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert output.read_bytes().startswith(b"\x89PNG")
    assert main(["view", str(motion_file), "-o", str(tmp_path / "b.png"), "--title", "Walk"]) == 2
    assert "--title does nothing for" in capsys.readouterr().err


def test_a_port_of_the_live_viewer_that_there_cannot_be(motion_file, monkeypatch, capsys):
    monkeypatch.setattr(view, "has_live", lambda: True)
    assert main(["view", str(motion_file), "--port", "70000"]) == 2
    assert "--port 70000: accepted are 1 to 65535" in capsys.readouterr().err
