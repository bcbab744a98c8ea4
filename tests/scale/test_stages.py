"""The two stages of a batch, without Ray."""

from importlib.resources import files

import numpy as np
import pytest

pytest.importorskip("fsspec")

from fake_runtime import FakeRuntime
from seen_person import Standing, film
from uplift3d import Lifter
from uplift3d.detect import load_keypoints
from uplift3d.errors import InputError
from uplift3d.export import load_motion
from uplift3d.scale.stages import BatchSettings, Lift, Look


@pytest.fixture(autouse=True)
def network(monkeypatch):
    monkeypatch.setattr("uplift3d.lifter.open_runtime", lambda *_: FakeRuntime())


class Faulty(Standing):
    def detect(self, rgb):
        raise ZeroDivisionError("ours")


def through(clip, folder, settings):
    return Lift(settings, str(folder))(Look(settings)({"input": str(clip)}))


@pytest.mark.parametrize("suffix", ["npz", "trc"])
def test_a_clip_becomes_a_result_and_a_row(tmp_path, suffix):
    film(tmp_path / "a.mp4")
    row = through(tmp_path / "a.mp4", tmp_path / "out", BatchSettings(detector=Standing(), suffix=suffix))
    assert (row["status"], row["error"], row["people"], row["poses"], row["looks"]) == ("done", "", 1, 30, 3)
    assert row["model_hash"] == "abc"
    assert row["duration_s"] == pytest.approx(29 / 30, abs=1e-3)
    assert "keypoints" not in row
    (output,) = row["outputs"]
    motion = load_motion(output)
    assert len(motion) == 30
    if suffix == "npz":
        assert motion.meta["source"] == str(tmp_path / "a.mp4")


def test_a_clip_in_a_store_is_named_as_it_was_given(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    film(tmp_path / "a.mp4")
    store = fsspec.filesystem("memory")
    store.pipe_file(f"/{tmp_path.name}/a.mp4", (tmp_path / "a.mp4").read_bytes())
    store.pipe_file(f"/{tmp_path.name}/b.mp4", b"broken")
    settings = BatchSettings(detector=Standing())
    folder = f"memory://{tmp_path.name}/out"
    row = through(f"memory://{tmp_path.name}/a.mp4", folder, settings)
    assert row["status"] == "done"
    assert row["outputs"][0].startswith(folder)
    assert store.exists(row["outputs"][0])
    row = through(f"memory://{tmp_path.name}/b.mp4", folder, settings)
    assert row["error"].startswith(f"memory://{tmp_path.name}/b.mp4 is not a readable video")


def test_what_is_wrong_with_a_clip_is_in_its_row(tmp_path):
    film(tmp_path / "a.mp4")
    settings = BatchSettings(detector=Standing())
    assert "gone.mp4: no such file" in through(tmp_path / "gone.mp4", tmp_path, settings)["error"]
    (tmp_path / "images").mkdir()
    row = through(tmp_path / "images", tmp_path, settings)
    assert (row["status"], row.get("outputs")) == ("nothing", None)
    row = through(tmp_path / "a.mp4", tmp_path, BatchSettings(detector=Faulty()))
    assert row["status"] == "failed"
    assert row["error"].startswith("a fault of uplift3d: ZeroDivisionError: ours (detect, line ")


def test_what_no_worker_could_use_is_said_at_once():
    with pytest.raises(InputError, match="unknown detector 'eagle'"):
        BatchSettings(detector="eagle").check()
    with pytest.raises(InputError, match="max_gap"):
        BatchSettings(detector=Standing(), options={"max_gap_s": -1}).check()


def test_settings_tell_results_apart():
    assert BatchSettings(options={"threads": 2}).record() == BatchSettings().record()
    assert BatchSettings(options={"flip": True}).record() != BatchSettings().record()
    assert BatchSettings(detector=Standing()).record()["detector"] == "standing"


def test_a_file_of_2d_joints_is_lifted_as_lift_does(tmp_path):
    keys = files("uplift3d") / "demo" / "keys.npz"
    row = through(keys, tmp_path / "out", BatchSettings(detector=Standing(), key_interval=0.4))
    motion = load_motion(row["outputs"][0])
    expected = Lifter().lift(load_keypoints(keys), 0.4)
    assert motion.meta["key_frames"] == expected.meta["key_frames"] == row["looks"]
    np.testing.assert_array_equal(motion.times, expected.times)
    np.testing.assert_allclose(motion.positions, expected.positions, atol=1e-4)
