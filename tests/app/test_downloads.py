"""Every format that is offered can be had, or says what it lacks."""

import zipfile
from dataclasses import replace

import pytest

from uplift3d.app import downloads
from uplift3d.app.worker import MOTION, Task
from uplift3d.errors import InputError
from uplift3d.export import save_motion, suffixes
from video.clips import write as write_clip


@pytest.fixture
def task(tmp_path, walk):
    write_clip(tmp_path / "video.mp4", 70)
    save_motion(tmp_path / MOTION, replace(walk, meta={"source": "walk.mp4"}))
    return Task(tmp_path / "video.mp4", "walk.mp4")


def test_all_formats_are_offered_in_words():
    offered = {one["name"]: one for one in downloads.formats()}
    assert {suffix[1:] for suffix in suffixes()} < set(offered)
    assert all(one["words"] for one in offered.values())
    assert offered["bvh"]["rigged"]
    assert not offered["c3d"]["rigged"]


@pytest.mark.parametrize("one", downloads.formats(), ids=lambda one: one["name"])
def test_every_format_is_written(one, task, tmp_path):
    if one["missing"]:
        pytest.skip(one["missing"])
    folder = tmp_path / "made"
    folder.mkdir()
    if one["name"] == "steps.csv":  # the clip has no feet
        with pytest.raises(InputError, match="steps need heels and toes"):
            downloads.write(task, one["name"], None, folder)
        return
    path = downloads.write(task, one["name"], "lafan1" if one["rigged"] else None, folder)
    assert path.name.startswith("walk-3d")
    assert path.stat().st_size > 100
    if path.suffix == ".zip":
        assert zipfile.ZipFile(path).namelist() == [f"walk-3d_{who}.{one['name']}" for who in (3, 7)]


def test_another_format_is_refused(task, tmp_path):
    with pytest.raises(InputError, match="there is no format 'fbx'; there are npz"):
        downloads.write(task, "fbx", None, tmp_path)
    assert downloads.skeletons() == ["uplift3d", "lafan1", "mixamo"]
