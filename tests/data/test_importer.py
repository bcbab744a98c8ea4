import json
import sys

import numpy as np
import pytest

from uplift3d.data.importer import find_files, import_file, import_folder
from uplift3d.data.mapping_files import parse_mapping
from uplift3d.data.provenance import Declared
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
    (tmp_path / "in" / "a.bvh").write_text(text.replace("JOINT ", "JOINT my"))
    with pytest.raises(
        NothingFoundError, match=r"none of 1 files could be imported; the first: .*a\.bvh: no mapping fits"
    ):
        import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert not (tmp_path / "store").exists()
    joints = {joint: {"sum": {"myHips": 1}} for joint in JOINTS}
    mine = {"name": "mine", "metres_per_unit": 0.01, "up": "y", "licence": "own", "joints": joints}
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


def test_motion_of_ones_own_is_split_by_person_and_never_called_cmus(figure_bvh, tmp_path):
    for person in ("anna", "ben", "cleo"):
        for take in (1, 2):
            figure_bvh(f"in/{person}/02_0{take}.bvh")
    import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    clips = MotionStore.open(tmp_path / "store").clips
    assert {clip.dataset for clip in clips} == {"bandai-skeleton"}
    assert {clip.licence for clip in clips} == {"unknown"}
    sides = {(clip.subject, clip.split) for clip in clips}
    assert sorted(subject for subject, _ in sides) == ["anna", "ben", "cleo"]  # each on one side
    assert {split for _, split in sides} == {"training", "validation"}


def test_what_is_declared_of_all_files(figure_bvh, tmp_path):
    for name in ("anna/dataset-1_walk", "ben/walk"):
        figure_bvh(f"in/{name}.bvh", frames=31)
    declared = Declared("studio", "own", "^ben/", rate_hz=60)
    import_folder(tmp_path / "in", tmp_path / "store", jobs=1, declared=declared)
    clips = MotionStore.open(tmp_path / "store").clips
    assert [(clip.dataset, clip.licence, clip.split) for clip in clips] == [
        ("studio", "own", "training"),
        ("studio", "own", "validation"),
    ]
    assert {clip.frames for clip in clips} == {26}  # half a second


def test_what_was_put_right_and_what_looks_wrong_is_noted(figure_bvh, tmp_path):
    for name in ("a", "b"):
        path = figure_bvh(f"in/{name}.bvh")
        path.write_text(path.read_text().replace("Frames: 31", "Frames: 30"))
    fast = figure_bvh("in/fast.bvh")
    fast.write_text(fast.read_text().replace("0.0333333", "0.002"))
    report = import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert report.notes == {
        "a wrong number of Frames was put right by counting them": ["a.bvh", "b.bvh"],
        "the pelvis moves at 16.7 m/s; are frame rate (--rate) and unit right?": ["fast.bvh"],
    }


@pytest.mark.parametrize("number", ["1e200", "1e9"])
def test_one_file_that_is_nowhere_on_earth_does_not_stop_the_others(figure_bvh, tmp_path, number):
    figure_bvh("in/good.bvh")
    bad = figure_bvh("in/bad.bvh")
    lines = bad.read_text().splitlines()
    lines[-1] = f"{number} {lines[-1].split(maxsplit=1)[1]}"
    bad.write_text("\n".join(lines))
    report = import_folder(tmp_path / "in", tmp_path / "store", jobs=1)
    assert report.imported == 1
    assert "bad.bvh: joints are more than 10000 m away" in report.skipped[0]
