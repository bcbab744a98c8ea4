"""The web page: self-contained, complete and true to the motion."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.export import check_output, save_motion
from uplift3d.types import Motion3D

pytest.importorskip("plotly", reason="plotly is an optional package")
from uplift3d.view.html import page
from uplift3d.view.stage import set_stage


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


def test_timeline_has_a_tick_for_every_measured_pose(walk):
    parts = Parts(page(walk))
    keys = [float(a["x1"]) for tag, a in parts.elements if tag == "line" and a["class"] == "key"]
    expected = (walk.times[::10] - walk.times[0]) / (walk.times[-1] - walk.times[0]) * 1000
    np.testing.assert_allclose(keys, expected, atol=0.01)
    slider = next(a for tag, a in parts.elements if a.get("id") == "slider")
    assert (float(slider["min"]), float(slider["max"])) == pytest.approx((walk.times[0], walk.times[-1]))


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


@pytest.mark.slow
def test_the_page_runs_in_a_browser(tmp_path, walk):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a Chromium to run the page's script in")
    path = save_motion(tmp_path / "walk.html", walk)
    flags = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000"]
    result = subprocess.run(
        [*command, "--dump-dom", f"{path.as_uri()}#t=1.0"], capture_output=True, text=True, timeout=120
    )
    assert 'data-ready="true"' in result.stdout
    assert re.search(r'id="now">1\.00<', result.stdout)
    assert "filled in between key-frames" in result.stdout
