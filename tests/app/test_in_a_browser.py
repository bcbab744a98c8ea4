"""The whole way in headless Chromium: a shared clip from drop to download, and a person before the camera."""

import json

import av
import pytest

from app_server import served
from browser import Browser, wait_for
from uplift3d.app.settings import Settings
from uplift3d.app.worker import lift_upload
from uplift3d.export import load_motion

pytestmark = pytest.mark.slow


@pytest.fixture
def clip(shared_dir):
    return shared_dir / "data" / "videos" / "sports2d-demo.mp4"


def said(browser, name):
    return browser.run(f"document.getElementById('{name}').textContent")


def press(browser, selector):
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")


def empty(folder):
    """OSError as long as something is in it; it is made again."""
    folder.rmdir()
    folder.mkdir()


@pytest.fixture
def page(tmp_path):
    """A browser at the page of a server that takes up to 10 MB."""
    with served(Settings(max_mb=10), lift_upload) as (client, folder):
        browser = Browser(tmp_path)
        browser.open(f"http://127.0.0.1:{client.port}/")
        browser.until("document.body.dataset.ready")
        yield browser, folder
        browser.close()


def test_from_drop_to_download(page, clip, tmp_path):
    browser, _ = page
    browser.run("document.getElementById('detector').value = 'blazepose-full'")
    browser.choose("#file", clip)
    browser.until("/key-frames: [1-9]/.test(document.getElementById('jobs').textContent)")
    browser.until("document.querySelector('#jobs .done')", 300)
    assert "2 people, 7.63 s, 230 moments" in said(browser, "jobs")
    assert browser.run("document.getElementById('player').src").endswith("/page")
    for name, suffix in (("npz", ".npz"), ("bvh", ".zip"), ("angles.csv", ".csv")):
        browser.run(f"document.getElementById('format').value = '{name}'")
        browser.until("!document.getElementById('download').disabled")
        press(browser, "#download")
        found = wait_for(lambda suffix=suffix: next(browser.downloads.glob(f"*{suffix}")), StopIteration)
        assert found.name.startswith("sports2d-demo-3d.")
    motion = load_motion(next(browser.downloads.glob("*.npz")))
    assert motion.positions.shape[:2] == (2, 230)
    assert motion.meta["source"] == clip.name
    assert browser.problems == []


def test_a_video_is_cancelled_and_what_is_no_video_is_said(page, clip, tmp_path):
    browser, folder = page
    browser.choose("#file", clip)
    browser.until("document.querySelector('#jobs .running button')")
    press(browser, "#jobs .running button")
    browser.until("document.querySelector('#jobs .cancelled')")
    wait_for(lambda: empty(folder), OSError)
    assert browser.problems == []
    notes, large = tmp_path / "notes.mp4", tmp_path / "large.mp4"
    notes.write_text("Dear diary, " * 99)
    large.write_bytes(bytes(11_000_000))
    browser.choose("#file", notes)
    browser.until("!document.getElementById('error').hidden")
    assert said(browser, "error").startswith("notes.mp4 is")
    assert all("400 (Bad Request)" in problem for problem in browser.problems)
    browser.choose("#file", large)
    browser.until("document.getElementById('error').textContent.startsWith('large.mp4 has 11 MB')")


def test_the_keyboard_reaches_everything(page):
    browser, _ = page
    reached = []
    for _ in range(8):
        browser.press("Tab", 9)
        reached.append(browser.run("document.activeElement.id"))
    assert reached == ["tab-video", "file", "detector", "interval", "height", "focal", "floor", ""]
    browser.run("document.getElementById('tab-video').focus()")
    browser.press("ArrowRight", 39)
    assert browser.run("document.activeElement.id") == "tab-webcam"
    assert browser.run("document.getElementById('video').hidden")


@pytest.mark.parametrize(("size", "dark"), [((1280, 900), False), ((390, 844), True)])
def test_nothing_sticks_out_at_the_side(page, size, dark):
    browser, _ = page
    browser.open(browser.run("location.href"), size, dark)
    browser.until("document.body.dataset.ready")
    for tab in ("video", "webcam"):
        press(browser, f"#tab-{tab}")
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.problems == []


def test_somebody_before_the_camera_is_drawn(clip, tmp_path):
    film = tmp_path / "camera.mjpeg"
    with av.open(str(clip)) as source, av.open(str(film), "w", format="mjpeg") as target:
        stream = target.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 884, 496, "yuvj420p"
        for picture in source.decode(video=0):
            target.mux(stream.encode(picture.reformat(884, 496, "yuvj420p")))
        target.mux(stream.encode())
    with served() as (client, _):
        browser = Browser(tmp_path, f"--use-file-for-fake-video-capture={film}")
        try:
            browser.open(f"http://127.0.0.1:{client.port}/")
            browser.until("document.body.dataset.ready")
            press(browser, "#tab-webcam")
            press(browser, "#camera")
            browser.until("document.body.dataset.people > 0", 120)
            browser.until("document.getElementById('account').textContent.includes('looks/s')")
            press(browser, "#camera")
            assert browser.run("document.getElementById('picture').hidden")
            assert said(browser, "live-error") == ""
            assert browser.problems == []
        finally:
            browser.close()
