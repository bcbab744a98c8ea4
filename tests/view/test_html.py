"""The web page: self-contained, complete and true to the motion."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from uplift3d.errors import InputError
from uplift3d.export import check_output, save_motion
from uplift3d.post.angles import joint_angles
from uplift3d.types import Motion3D
from uplift3d.video import open_video
from video.clips import write as write_clip

pytest.importorskip("plotly", reason="plotly is an optional package")
from uplift3d.view.html import page, pictures_of
from uplift3d.view.stage import set_stage
from uplift3d.view.thumbnails import thumbnails


class Parts(HTMLParser):
    """Every element with its attributes, the scripts' text and the visible text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.visible, self._inside = [], [], "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.visible += data

    @property
    def data(self):
        return json.loads(self.scripts[0])


def long_motion(frames):
    observed = np.zeros((1, frames), bool)
    observed[0, ::20] = True
    pose = np.zeros((1, frames, 17, 3))
    pose[0, :, 1:] += np.arange(16)[:, None] / 10
    return Motion3D(pose, np.arange(frames) / 50, None, observed)


def test_page_loads_nothing_from_outside(walk):
    parts = Parts(page(walk))
    assert not [tag for tag, attributes in parts.elements if {"src", "href", "srcset"} & set(attributes)]
    policy = next(a["content"] for _, a in parts.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert len(parts.scripts) == 3
    assert "plotly.js" in parts.scripts[1][:200]
    assert "{{" not in parts.scripts[2] + parts.visible


def test_page_holds_every_pose_to_the_millimetre(walk):
    data = Parts(page(walk)).data
    np.testing.assert_allclose(data["times"], walk.times, atol=5e-5)
    assert [person["name"] for person in data["people"]] == ["person 3", "person 7"]
    expected = set_stage(walk).positions.reshape(2, 50, 51)
    np.testing.assert_allclose(np.array(data["people"][0]["poses"]) / 1000, expected[0], atol=5.1e-4)
    assert data["people"][1]["poses"][37:] == [None] * 13
    assert data["people"][0]["observed"] == walk.observed[0].astype(int).tolist()


def test_everything_is_inside_the_drawn_space(walk):
    data = Parts(page(walk)).data
    poses = np.array(data["people"][0]["poses"] + data["people"][1]["poses"][:37]).reshape(-1, 17, 3) / 1000
    low, high = np.array([*data["floor"], data["bounds"][2]]).T
    assert (poses >= low).all()
    assert (poses <= high).all()
    assert low[2] <= 0


def test_sides_have_different_colours_and_people_too(walk):
    data = Parts(page(walk)).data
    colours = [person["colours"] for person in data["people"]]
    assert colours[0]["left"] != colours[0]["right"]
    assert colours[0]["middle"] != colours[1]["middle"]
    sides = {data["joints"][bone["to"]]: bone["side"] for bone in data["bones"]}
    assert (sides["left wrist"], sides["right ankle"], sides["head"]) == ("left", "right", "middle")


def test_the_slider_covers_the_motions_time(walk):
    parts = Parts(page(walk))
    slider = next(a for tag, a in parts.elements if a.get("id") == "slider")
    assert (float(slider["min"]), float(slider["max"])) == pytest.approx((walk.times[0], walk.times[-1]))


def test_every_person_can_be_hidden_and_followed_and_is_named_to_screen_readers(walk):
    parts = Parts(page(walk))
    buttons = [a for tag, a in parts.elements if tag == "button" and "shown" in a.get("class", "")]
    follow = [a for tag, a in parts.elements if tag == "button" and "follow" in a.get("class", "")]
    assert [a["aria-pressed"] for a in buttons] == ["true", "true"]
    assert [a["aria-label"] for a in follow] == ["follow person 3", "follow person 7"]
    named = {
        a["id"]: a for tag, a in parts.elements if a.get("id") in ("scene", "play", "slider", "timeline")
    }
    assert len(named) == 4
    assert all(a["aria-label"] for a in named.values())
    assert all("alt" in a for tag, a in parts.elements if tag == "img")


def test_curves_hold_speeds_and_angles_with_gaps(walk):
    motion = replace(walk, root=np.cumsum(np.full((2, 50, 3), 0.04 / 3**0.5), axis=1))
    curves = {curve["name"]: curve for curve in Parts(page(motion)).data["curves"]}
    ground = curves["speed over ground"]
    assert ground["sides"][0]["values"][0] == [100] * 50  # 0.04 m a frame at 25 Hz, in cm/s
    assert curves["speed of the joints"]["sides"][0]["values"][1][37:] == [None] * 13
    knee = {side["side"]: side["values"][0] for side in curves["knee flexion"]["sides"]}
    angles = joint_angles(motion)
    for side in ("left", "right"):
        np.testing.assert_allclose(
            np.array(knee[side]) / 10, angles.of(f"{side}_knee_flexion")[0], atol=0.051
        )


def test_limbs_of_unsure_joints_are_faint(walk):
    sigma = np.full((2, 50, 17), 0.05)
    sigma[0, 10:, 3] = 0.225
    sigma[1, 20:] = 2.0
    sigma[1, :20] = np.nan
    data = Parts(page(replace(walk, sigma_m=sigma))).data
    first, second = (
        np.array([[data["opacities"][int(digit)] for digit in row] for row in person["unsure"]])
        for person in data["people"]
    )
    assert (first[10:, 3] == 0.6).all()
    assert (first[:10] == 1).all()
    assert (np.delete(first, 3, axis=1) == 1).all()
    assert (second[:20] == 1).all()
    assert (second[20:] == 0.25).all()
    curve = next(curve for curve in data["curves"] if curve["name"] == "how unsure joints are")
    assert curve["sides"][0]["values"][0][0] == 50  # millimetres, shown in centimetres
    for sure in (walk, replace(walk, sigma_m=np.full((2, 50, 17), 0.05))):
        assert [person["unsure"] for person in Parts(page(sure)).data["people"]] == [None, None]


def test_a_joint_set_without_angles_has_speeds(rng):
    motion = Motion3D(
        rng.normal(size=(1, 4, 25, 3)), np.arange(4) / 25, None, np.ones((1, 4)), joints="body25"
    )
    names = [curve["name"] for curve in Parts(page(motion)).data["curves"]]
    assert names[0] == "speed of the joints"


def test_pictures_of_the_video_are_embedded_and_small(walk, tmp_path):
    clip = write_clip(tmp_path / "walk.mp4", 70)
    text = save_motion(tmp_path / "walk.html", walk, video=clip).read_text()
    pictures = Parts(text).data["pictures"]
    np.testing.assert_allclose([one["time"] for one in pictures], [0.48, 0.88, 1.28, 1.68, 2.08], atol=0.03)
    assert pictures[0]["aspect"] == pytest.approx(128 / 48, abs=0.02)
    image = Image.open(io.BytesIO(base64.b64decode(pictures[0]["data"].partition(",")[2])))
    assert image.size == (128, 48)
    assert "holds 5 small pictures" in Parts(text).visible
    with open_video(clip) as video:
        few = thumbnails(walk, video, max_bytes=2000)
    assert 0 < len(few) < 5
    assert sum(len(one.data) for one in few) <= 2000
    assert pictures_of(walk) == []  # its meta names no video
    assert len(pictures_of(replace(walk, meta={"source": str(clip)}))) == 5
    with pytest.raises(InputError, match="made from another video"):
        pictures_of(walk, write_clip(tmp_path / "short.mp4", 10))


def test_squares_grow_with_the_way(walk):
    root = np.zeros((2, 50, 3))
    root[..., 2] = np.linspace(3, 60, 50)
    data = Parts(page(replace(walk, root=root))).data
    assert data["square"] == 5
    assert np.diff(data["floor"], axis=1).max() / data["square"] < 30
    assert data["camera"][1] == 0


def test_long_motions_are_thinned_out_and_the_page_says_so():
    motion = long_motion(3000)
    parts = Parts(page(motion, max_frames=200))
    assert len(parts.data["times"]) == 200
    assert "200 of 3000 poses are shown" in parts.visible
    assert "poses are shown" not in Parts(page(motion[:200], max_frames=200)).visible


def test_page_stays_small():
    size = len(page(long_motion(5000))) - len(page(long_motion(1)))
    assert size < 500_000


def test_caption_says_where_people_stand(walk):
    assert "side by side" in Parts(page(walk)).visible
    assert "stays in its place" in Parts(page(walk.select([3]))).visible
    rooted = replace(walk, root=np.zeros((2, 50, 3)))
    assert "where they are from the camera" in Parts(page(rooted)).visible


def test_meta_is_shown_and_cannot_inject_markup(walk):
    evil = "</dd><script>alert(1)</script>"
    motion = replace(walk, meta={"source": f"clips/{evil}", "arguments": {"key_interval": 0.4}})
    parts = Parts(page(motion))
    assert len(parts.scripts) == 3
    assert "alert(1)" in parts.visible
    assert "arguments key_interval" in parts.visible


def test_title_is_the_source_unless_given(walk):
    motion = replace(walk, meta={"source": "clips/jump.mp4"})
    assert "<title>jump.mp4</title>" in page(motion)
    assert "<title>Jump &amp; run</title>" in page(motion, title="Jump & run")


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_very_short_motions_have_a_page(walk, frames):
    assert len(Parts(page(walk[:frames])).data["times"]) == frames


def test_people_who_are_never_there_have_a_page(walk):
    nobody = replace(walk, positions=np.full_like(walk.positions, np.nan), observed=np.zeros((2, 50), bool))
    data = Parts(page(nobody)).data
    assert data["people"][0]["poses"] == [None] * 50
    assert np.isfinite(data["bounds"]).all()


def test_time_labels_are_round_and_inside(walk):
    labels = re.search(r'class="labels">(.*?)</div>', page(walk))[1]
    found = re.findall(r"left:([\d.]+)%\">([\d.]+) s<", labels)
    assert [text for _, text in found] == ["0.6", "0.8", "1", "1.2", "1.4", "1.6", "1.8", "2", "2.2", "2.4"]
    assert float(found[2][0]) == pytest.approx(100 * 0.5 / 1.96, abs=0.01)


def test_missing_plotly_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    monkeypatch.delitem(sys.modules, "uplift3d.view.html")
    with pytest.raises(InputError, match=r"\.html needs plotly.*uplift3d\[view\]"):
        check_output(tmp_path / "walk.html")


@pytest.fixture
def chromium(tmp_path):
    """A function from a page's address and further flags to what headless Chromium says of it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a Chromium to run the page's script in")
    flags = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    log = ["--enable-logging=stderr", "--v=0", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}"]

    def run(address, *more, wait="--virtual-time-budget=3000"):
        command = [browser, *flags, *log, wait, *more, address]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        console = [line for line in result.stderr.splitlines() if ":CONSOLE" in line]
        assert not [line for line in console if ":INFO:" not in line], console
        assert "Uncaught" not in result.stderr
        return result.stdout

    return run


EVIL = "<script>document.title = 'hacked'</script>"


@pytest.mark.slow
def test_the_page_runs_in_a_browser(tmp_path, walk, chromium):
    path = save_motion(tmp_path / "walk.html", replace(walk, meta={"source": f"clips/{EVIL[1:]}{EVIL}"}))
    dom = chromium(f"{path.as_uri()}#t=1.0&view=side&follow=1&curve=1", "--dump-dom")
    assert 'data-ready="true"' in dom
    assert re.search(r'id="now">1\.00<', dom)
    assert "filled in between key-frames" in dom
    assert re.search(r'data-view="side"[^>]*aria-pressed="true"', dom)
    assert re.search(r'class="follow" aria-pressed="true" aria-label="follow person 7"', dom)
    assert len(re.findall(r'class="key" x1="\d', dom)) == int(walk.observed.sum())
    assert "<title>script&gt;" in dom  # and nothing has changed it


@pytest.mark.slow
def test_the_page_plays_by_itself(tmp_path, walk, chromium):
    # In real time: virtual time waits for every frame to be drawn, and there is always another.
    address = save_motion(tmp_path / "walk.html", walk).as_uri()
    dom = chromium(address, "--dump-dom", wait="--timeout=15000")
    assert 'aria-label="pause"' in dom
    assert float(re.search(r'id="now">([\d.]+)<', dom)[1]) > walk.times[0]


@pytest.mark.slow
def test_a_limb_of_an_unsure_joint_is_drawn_fainter(tmp_path, walk, chromium):
    sigma = np.full(walk.positions.shape[:3], 0.05)
    orange = []
    for ankle in (0.05, 0.5):
        sigma[..., 2:4] = ankle  # the right shin
        shot = tmp_path / "shot.png"
        path = save_motion(tmp_path / "walk.html", replace(walk, sigma_m=sigma))
        chromium(f"{path.as_uri()}#t=1.2", f"--screenshot={shot}", "--window-size=1280,900")
        image = np.asarray(Image.open(shot).convert("RGB"), dtype=int)[150:500]
        orange.append(int(((image[..., 0] - image[..., 2]) > 110).sum()))
    assert 0 < orange[1] < 0.9 * orange[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "size"), [("oblique", (1280, 900)), ("side", (500, 1000)), ("top", (900, 700))]
)
def test_everybody_is_in_the_picture_whatever_the_view(tmp_path, walk, chromium, view, size):
    path, shot = save_motion(tmp_path / "walk.html", walk), tmp_path / "shot.png"
    window = f"--window-size={size[0]},{size[1]}"
    chromium(f"{path.as_uri()}#t=0.9&view={view}", f"--screenshot={shot}", window)
    image = np.asarray(Image.open(shot).convert("RGB"), dtype=int)
    stage = image[int(0.2 * size[1]) : int(0.62 * size[1])]
    orange = (stage[..., 0] - stage[..., 2]) > 90  # right limbs, lit or in shade
    blue = (stage[..., 2] - stage[..., 0]) > 50
    assert orange.sum() > 150
    assert blue.sum() > 150
    edges = np.concatenate([(orange | blue)[:, :6].ravel(), (orange | blue)[:, -6:].ravel()])
    assert not edges.any()


@pytest.mark.slow
def test_an_empty_motion_has_a_page_without_errors(tmp_path, walk, chromium):
    assert 'data-ready="empty"' in chromium(save_motion(tmp_path / "a.html", walk[:0]).as_uri(), "--dump-dom")
