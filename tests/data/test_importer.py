import json
import sys

import numpy as np
import pytest

from uplift3d.data.importer import find_files, import_file, import_folder
from uplift3d.data.mapping_files import parse_mapping
from uplift3d.data.store import MotionStore
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17").joints


def test_a_file_becomes_a_clip_at_50_hz(figure_bvh, tmp_path):
    path = figure_bvh("deep/dataset-1_walk_normal_001.bvh", frames=31)
    clip, positions = import_file(path, root=tmp_path)
    assert clip.name == "deep/dataset-1_walk_normal_001"
    assert clip.source == "deep/dataset-1_walk_normal_001.bvh"
    assert (clip.dataset, clip.subject, clip.licence) == ("bandai-1", "", "CC-BY-NC-4.0")
    assert clip.frames == len(positions) == 51  # one second at 30 Hz
    assert positions.dtype == np.float32
    pelvis = positions[:, JOINTS.index("pelvis")]
    np.testing.assert_allclose(pelvis[:, 1], -np.arange(51) / 50, atol=1e-5)  # +z of the file is −y, at 1 m/s
    np.testing.assert_allclose(pelvis[:, 2], 0.92, atol=1e-6)


@pytest.mark.parametrize("jobs", [1, 2])
def test_malformed_files_are_named_and_the_rest_imported(figure_bvh, tmp_path, jobs):
    folder = tmp_path / "in"
    for index in range(5):
        figure_bvh(f"in/dataset-2_walk_{index}.bvh", frames=10 + index)
    (folder / "broken.bvh").write_text("HIERARCHY\n")
    figure_bvh("in/short.BVH", frames=1)
    figure_bvh("in/empty.bvh", frames=0)
    (folder / "notes.txt").write_text("not motion")
    (folder / "lonely.amc").write_text("1\nroot 0 0 0 0 0 0\n")
    calls = []
    report = import_folder(folder, tmp_path / "store", jobs=jobs, progress=lambda *call: calls.append(call))
    assert report.imported == 5
    assert len(report.skipped) == 4
    said = "\n".join(report.skipped)
    assert "broken.bvh: no line 'MOTION'" in said
    assert "short.BVH: 1 frames given, at least 2 of motion needed" in said
    assert "empty.bvh: 0 frames given" in said
    assert "lonely.amc: 0 .asf skeletons beside it" in said
    assert calls == [(done, 9) for done in range(1, 10)]
    names = [clip.name for clip in MotionStore.open(tmp_path / "store").clips]
    assert names == [f"dataset-2_walk_{index}" for index in range(5)]


def test_processes_do_not_change_the_store(figure_bvh, tmp_path):
    for index in range(12):
        figure_bvh(f"in/{index}.bvh", frames=5 + index)
    for jobs in (1, 2):
        import_folder(tmp_path / "in", tmp_path / f"store{jobs}", jobs=jobs)
    for name in ("index.json", "positions.npy"):
        assert (tmp_path / "store1" / name).read_bytes() == (tmp_path / "store2" / name).read_bytes()


def test_a_skeleton_of_ones_own(tmp_path, figure_bvh):
    text = figure_bvh("in/a.bvh").read_text()
    (tmp_path / "in" / "a.bvh").write_text(text.replace("JOINT ", "JOINT my_"))
    with pytest.raises(
        NothingFoundError, match=r"none of 1 files could be imported; the first: .*a\.bvh: no mapping fits"
    ):
        import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert not (tmp_path / "store").exists()
    joints = {joint: {"sum": {"my_Hips": 1}} for joint in JOINTS}
    mine = {"name": "mine", "metres_per_unit": 0.01, "up": "y", "licence": "mine", "joints": joints}
    mapping = parse_mapping(json.dumps(mine), "mine.json")
    assert import_folder(tmp_path / "in", tmp_path / "store", jobs=1, mappings=[mapping]).imported == 1
    assert MotionStore.open(tmp_path / "store").clips[0].dataset == "mine"


def test_folders_that_are_missing_or_empty(tmp_path):
    with pytest.raises(
        InputError, match=r"nowhere: no such folder, a folder of \.bvh, \.amc or \.npz files needed"
    ):
        find_files(tmp_path / "nowhere")
    with pytest.raises(NothingFoundError, match=r"holds no \.bvh, \.amc or \.npz files"):
        find_files(tmp_path)


def test_a_taken_name_is_refused_before_any_file_is_read(figure_bvh, tmp_path):
    figure_bvh("in/a.bvh")
    (tmp_path / "store").mkdir()
    calls = []
    with pytest.raises(InputError, match="store exists already"):
        import_folder(tmp_path / "in", tmp_path / "store", jobs=1, progress=lambda *call: calls.append(call))
    assert calls == []


def test_missing_scipy_is_said_once_and_not_per_file(figure_bvh, tmp_path, monkeypatch):
    figure_bvh("in/a.bvh")
    monkeypatch.setitem(sys.modules, "scipy.interpolate", None)
    with pytest.raises(InputError, match="needs scipy") as error:
        import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert error.value.exit_code == 2


def test_unknown_suffix(tmp_path):
    with pytest.raises(InputError, match=r"suffix '\.fbx' given, \.bvh, \.amc or \.npz accepted"):
        import_file(tmp_path / "a.fbx")
