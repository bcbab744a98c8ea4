"""Is a real file's person put together, and facing, as people are? Metres, z up, 50 Hz."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data.amc import read_amc
from uplift3d.data.bvh import read_bvh
from uplift3d.data.importer import import_file, import_folder
from uplift3d.data.store import MotionStore, split_validation
from uplift3d.data.summary import body_height_m
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17").joints
BANDAI = "bandai/Bandai-Namco-Research-Motiondataset-1/data/dataset-1_{}.bvh"
REAL_FILES = {
    "bandai-namco.tar.xz": [BANDAI.format(f"{m}_normal_001") for m in ("walk", "run", "walk-back", "bow")],
    "cmu-bvh.tar.xz": [
        f"cmu_bvh/subjects/{s}/{s}_{n}.bvh" for s, n in (("002", "01"), ("002", "03"), ("007", "05"))
    ],
    "cmu-amc.tar.xz": [
        f"cmu_amc/subjects/{name}"
        for name in ("02/02.asf", "02/02_01.amc", "02/02_03.amc", "03/03.asf", "03/03_01.amc")
    ],
}
MOTIONS = [name for names in REAL_FILES.values() for name in names if not name.endswith(".asf")]
WALKS = [name for name in MOTIONS if any(key in name for key in ("walk_", "run_", "002_0", "02_0", "007_05"))]
RIGID = [(f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))]
RIGID += [
    (f"{s}_{a}", f"{s}_{b}")
    for s in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
]
RIGID += [("left_hip", "right_hip")]


@pytest.fixture(scope="session")
def real_mocap(shared_dir, tmp_path_factory):
    """A folder with a few real files of each kind, unpacked once per session."""
    folder = tmp_path_factory.mktemp("mocap")
    for archive, wanted in REAL_FILES.items():
        path = shared_dir / "data" / "mocap" / archive
        if not path.is_file():
            pytest.skip(f"needs {archive} in the shared data folder")
        _extract(path, set(wanted), folder)
    return folder


def _extract(archive: Path, wanted: set[str], folder: Path) -> None:
    # Streamed and left early: what comes after the last wanted file is never decompressed.
    with tarfile.open(archive, "r|xz") as tar:
        for member in tar:
            if member.name in wanted:
                tar.extract(member, folder, filter="data")
                wanted.discard(member.name)
            if not wanted:
                return
    raise AssertionError(f"{archive.name} lacks {sorted(wanted)}")


class Person:
    """One imported file, its joints by name."""

    def __init__(self, folder, name):
        self.clip, self.positions = import_file(folder / name, root=folder)

    def __getitem__(self, joint):
        return self.positions[:, JOINTS.index(joint)].astype(np.float64)

    @property
    def facing(self):
        """(T, 3) unit vector: up crossed with right is forward."""
        forward = np.cross(self["neck"] - self["pelvis"], self["right_hip"] - self["left_hip"])
        return forward / np.linalg.norm(forward, axis=-1, keepdims=True)

    @property
    def velocity(self):
        """(T − 1, 3) horizontal m/s of the pelvis."""
        return np.diff(self["pelvis"], axis=0) * 50 * [1, 1, 0]


@pytest.fixture(scope="session")
def people(real_mocap):
    return {name: Person(real_mocap, name) for name in MOTIONS}


@pytest.fixture
def person(people, request):
    return people[request.param]


def dot(a, b):
    return np.sum(a * b, axis=-1)


every_motion = pytest.mark.parametrize("person", MOTIONS, indirect=True)


@every_motion
def test_bones_keep_their_length_to_1_mm(person):
    for a, b in RIGID:
        length = np.linalg.norm(person[a] - person[b], axis=-1)
        assert np.ptp(length) < 0.001, (a, b)


@every_motion
def test_adult_height(person):
    assert 1.5 < body_height_m(person.positions) < 1.95


@every_motion
def test_limbs_are_as_long_on_both_sides_and_of_human_proportions(person):
    def mean(a, b):
        return np.linalg.norm(person[a] - person[b], axis=-1).mean()

    for side in ("left", "right"):
        assert 0.33 < mean(f"{side}_hip", f"{side}_knee") < 0.5
        assert 0.33 < mean(f"{side}_knee", f"{side}_ankle") < 0.5
        assert 0.2 < mean(f"{side}_shoulder", f"{side}_elbow") < 0.35
        assert 0.18 < mean(f"{side}_elbow", f"{side}_wrist") < 0.32
    assert 0.15 < mean("neck", "head_top") < 0.33
    assert 0.38 < mean("pelvis", "neck") < 0.6


@every_motion
def test_knees_bend_forward(person):
    for side in ("left", "right"):
        hip, knee, ankle = (person[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
        thigh, leg = knee - hip, ankle - hip
        before = (
            thigh - leg * (dot(thigh, leg) / dot(leg, leg))[:, None]
        )  # from the hip–ankle line to the knee
        forward = dot(before, person.facing)
        bent = np.linalg.norm(before, axis=-1) > 0.03
        assert forward.mean() > 0.01
        assert (forward[bent] > 0).mean() > 0.95


@every_motion
def test_elbows_bend_backward(person):
    for side in ("left", "right"):
        shoulder, elbow, wrist = (person[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        before = (elbow - shoulder + elbow - wrist) / 2
        hanging = wrist[:, 2] < shoulder[:, 2] - 0.3
        if hanging.any():
            assert dot(before, person.facing)[hanging].mean() < 0


@every_motion
def test_head_is_above_and_the_face_before_it(person):
    assert (person["head_top"] - person["neck"])[:, 2].mean() > 0.15
    middle = (person["head_top"] + person["neck"]) / 2
    assert 0.01 < dot(person["head"] - middle, person.facing).mean() < 0.09


@every_motion
def test_left_is_left(person):
    """Seen from behind, left joints are on the left: facing × up is right."""
    right = np.cross(person.facing, [0, 0, 1])
    for joint in ("shoulder", "hip", "knee"):
        assert dot(person[f"right_{joint}"] - person[f"left_{joint}"], right).mean() > 0.05


@pytest.mark.parametrize("person", WALKS, indirect=True)
def test_people_walk_where_they_face(person):
    speed = np.linalg.norm(person.velocity, axis=-1)
    walking = speed > 0.4
    assert walking.sum() > 20
    cosine = dot(person.velocity, person.facing[1:])[walking] / speed[walking]
    assert np.median(cosine) > 0.9


@pytest.mark.parametrize("person", [name for name in MOTIONS if "walk-back" in name], indirect=True)
def test_and_backward_when_the_file_says_so(person):
    speed = np.linalg.norm(person.velocity, axis=-1)
    cosine = dot(person.velocity, person.facing[1:])[speed > 0.4] / speed[speed > 0.4]
    assert np.median(cosine) < -0.9


@pytest.mark.parametrize("name", ["01", "03"])
def test_both_forms_of_a_cmu_motion_agree(people, name):
    """One walk through two readers, skeletons and mappings: limbs point the same way, speeds agree."""
    amc = people[f"cmu_amc/subjects/02/02_{name}.amc"]
    bvh = people[f"cmu_bvh/subjects/002/002_{name}.bvh"]
    frames = min(len(amc.positions), len(bvh.positions))
    cosines = []
    for a, b in RIGID:
        one, other = ((p[b] - p[a])[:frames] for p in (amc, bvh))
        cosines.append(dot(one, other) / np.linalg.norm(one, axis=-1) / np.linalg.norm(other, axis=-1))
    assert np.mean(cosines) > 0.95
    assert np.min(np.mean(cosines, axis=1)) > 0.9
    paths = [np.linalg.norm(p["pelvis"][frames - 1] - p["pelvis"][0]) for p in (amc, bvh)]
    assert paths[0] == pytest.approx(paths[1], rel=0.05)  # the BVH's scale is the measured one
    legs = [sum(np.linalg.norm(p[a] - p[b], axis=-1)[0] for a, b in RIGID[:2]) for p in (amc, bvh)]
    assert legs[0] == pytest.approx(legs[1], rel=0.03)


def test_the_calibration_pose_is_dropped(real_mocap, people):
    name = "cmu_bvh/subjects/007/007_05.bvh"
    assert np.linalg.norm(np.diff(read_bvh(real_mocap / name).positions[:2, 0], axis=0)) > 100
    steps = np.linalg.norm(np.diff(people[name].positions, axis=0), axis=-1)
    assert steps.max() < 0.2
    kept = people["cmu_bvh/subjects/002/002_01.bvh"]  # starts in motion, so all of it stays
    captured = read_bvh(real_mocap / kept.clip.source)
    assert kept.clip.frames == int((len(captured) - 1) * captured.frame_time_s * 50 + 1e-3) + 1


def test_asf_states_cmus_unit(real_mocap):
    capture = read_amc(real_mocap / "cmu_amc/subjects/02/02_01.amc")
    thigh = (
        capture.positions[0, capture.names.index("lfemur")]
        - capture.positions[0, capture.names.index("lhipjoint")]
    )
    assert np.linalg.norm(thigh) == pytest.approx(0.429, abs=0.001)


def test_import_of_all_kinds_into_one_store(real_mocap, tmp_path):
    report = import_folder(real_mocap, tmp_path / "store", jobs=1)
    assert (report.imported, report.skipped) == (len(MOTIONS), [])
    store = MotionStore.open(tmp_path / "store")
    assert {clip.dataset for clip in store.clips} == {"bandai-1", "cmu-bvh", "cmu-amc"}
    training, validation = split_validation(store)
    assert {(store.clips[i].dataset, store.clips[i].subject) for i in training} == {
        ("cmu-bvh", "7"),
        ("cmu-amc", "3"),
    }
    assert len(training) + len(validation) == len(MOTIONS)
