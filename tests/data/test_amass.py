"""AMASS: small files of both layouts written here; the body model is a stand-in unless smplx is installed."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from uplift3d.data import amass
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set, reorder

JOINTS = joint_set("h36m17").joints
# The published permutation from the regressor's joints to the order of the published weights.
TO_UU17 = [6, 5, 4, 1, 2, 3, 0, 8, 7, 9, 10, 16, 15, 14, 11, 12, 13]


def object_of(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def sequence(frames=4, rate=50.0, joints=17):
    """Joint j of the regressor lies at x = j."""
    positions = np.zeros((frames, joints, 3), np.float32)
    positions[..., 0] = np.arange(joints)
    return {"positions_3d": positions, "frame_rate": rate}


def write(folder: Path, name="SFU", table=None) -> Path:
    path = folder / f"{name}.npz"
    table = {"0005": {"0005_Walking_poses": sequence()}} if table is None else table
    np.savez_compressed(path, positions_3d=object_of(table))
    return path


def test_converted_joints_in_the_order_of_the_joint_set(tmp_path):
    write(tmp_path)
    write(tmp_path, "MPImosh", {"50002": {"run": sequence(3, 60.0), "walk": sequence()}})
    motions = list(amass.load_motions(tmp_path, ["SFU", "MPImosh"]))
    assert [(m.dataset, m.subject, m.name, m.rate_hz, len(m)) for m in motions] == [
        ("SFU", "0005", "0005_Walking_poses", 50, 4),
        ("MPImosh", "50002", "run", 60, 3),
        ("MPImosh", "50002", "walk", 50, 4),
    ]
    place = motions[0].positions_world[0, :, 0]
    np.testing.assert_array_equal(place[reorder("h36m17", "uu17")], TO_UU17)
    assert dict(zip(JOINTS, place, strict=True))["left_ankle"] == 3


def test_the_papers_split():
    assert len(amass.TRAIN_SUBSETS) == 14
    assert len({*amass.TRAIN_SUBSETS, *amass.VALIDATION_SUBSETS}) == 17


def test_missing_subsets_are_named(tmp_path):
    write(tmp_path)
    with pytest.raises(InputError, match=r"lacks MPIHDM05\.npz and MPImosh\.npz; it holds SFU\.npz"):
        amass.load_motions(tmp_path, amass.VALIDATION_SUBSETS)
    with pytest.raises(InputError, match=r"no such folder; CMU\.npz and DanceDB\.npz and"):
        amass.load_motions(tmp_path / "gone")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"a": {"run": {"positions_3d": np.zeros((2, 17, 3))}}},
            r"a run lacks frame_rate; it has positions_3d",
        ),
        ({"a": {"run": sequence(rate=0)}}, "a run has a frame rate of 0 Hz"),
        (
            {"a": {"run": sequence(joints=14)}},
            r"a run has joints of shape \(4, 14, 3\), expected \(T, 17, 3\)",
        ),
        ([1], "holds no dictionary 'positions_3d'"),
        ({"a": np.zeros(3)}, r"SFU\.npz: a is of type ndarray, expected a dictionary"),
        ({"a": {"run": np.zeros((4, 17, 3))}}, "a run is of type ndarray, expected a dictionary"),
        ({"a": {"run": sequence(rate=[50, 60])}}, "a run: frame_rate: one number expected, 2 found"),
        (
            {"a": {"run": sequence() | {"positions_3d": [[1, 2], [3]]}}},
            "a run: positions_3d: numbers expected, something else found",
        ),
    ],
)
def test_files_that_do_not_fit_name_subject_and_sequence(tmp_path, table, message):
    write(tmp_path, table=table)
    with pytest.raises(InputError, match=message):
        list(amass.load_motions(tmp_path, ["SFU"]))


class Runs:
    def __reduce__(self):
        return os.system, ("touch proof",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, table={"a": {"run": {"positions_3d": Runs(), "frame_rate": 50.0}}})
    with pytest.raises(InputError, match=r"SFU\.npz: positions_3d: its pickle asks for posix\.system"):
        list(amass.load_motions(tmp_path))
    assert not (tmp_path / "proof").exists()


def test_without_names_it_is_what_is_there_of_the_papers_data_sets(tmp_path):
    for name in ("SFU", "KIT", "GRAB"):
        write(tmp_path, name)
    assert [motion.dataset for motion in amass.load_motions(tmp_path)] == ["KIT", "SFU"]


VERTICES = 40


class StandIn:
    """Takes the place of smplx: vertices are the template, moved and turned about z by half a right angle."""

    calls: list[dict] = []  # noqa: RUF012 (what was asked, for the tests to see)

    def __init__(self, path, *, data_struct, gender, num_betas, use_pca, flat_hand_mean):
        assert (num_betas, use_pca, flat_hand_mean) == (16, False, True)
        assert data_struct.shapedirs.shape == (VERTICES, 3, 300)
        import torch

        self.template, self.gender = torch.as_tensor(data_struct.v_template, dtype=torch.float32), gender

    def to(self, device):
        return self

    def __call__(self, **parameters):
        self.calls.append({key: tuple(value.shape) for key, value in parameters.items()} | {"g": self.gender})
        moved = self.template[None] + parameters["transl"][:, None] + parameters["body_pose"][:, None, :3]
        return SimpleNamespace(vertices=moved)


@pytest.fixture
def stand_in(monkeypatch):
    pytest.importorskip("torch", reason="needs torch (the train extra)")
    StandIn.calls.clear()
    monkeypatch.setitem(sys.modules, "smplx", SimpleNamespace(SMPLH=StandIn))


@pytest.fixture
def bodies(tmp_path):
    """Body models of two genders, and a regressor that picks vertex 2 j as joint j."""
    for gender in ("male", "female"):
        (tmp_path / "models" / gender).mkdir(parents=True)
        template = np.zeros((VERTICES, 3))
        template[:, 2] = np.arange(VERTICES) / 2
        np.savez(
            tmp_path / "models" / gender / "model.npz",
            v_template=template,
            shapedirs=np.zeros((VERTICES, 3, 16)),
        )
    regressor = np.zeros((17, VERTICES))
    regressor[np.arange(17), 2 * np.arange(17)] = 1
    np.save(tmp_path / "regressor.npy", regressor)
    return tmp_path / "models", tmp_path / "regressor.npy"


def write_smplh(path: Path, frames=5, gender="female", rate_key="mocap_framerate", **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "poses": np.zeros((frames, 156)),
        "trans": np.arange(frames * 3).reshape(frames, 3) / 10,
        "betas": np.zeros(16),
        "dmpls": np.zeros((frames, 8)),
        "gender": np.array(gender),
        rate_key: np.array(120.0),
    } | changes
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path


@pytest.mark.parametrize("rate_key", ["mocap_framerate", "mocap_frame_rate"])
def test_body_parameters_become_joints(tmp_path, stand_in, bodies, rate_key):
    path = write_smplh(tmp_path / "MPI_HDM05" / "bd" / "walk_poses.npz", rate_key=rate_key)
    motion = amass.SmplhBodies(*bodies, frames=2).read(path, "MPIHDM05")
    assert (motion.dataset, motion.subject, motion.name, motion.rate_hz) == ("MPIHDM05", "bd", "walk", 120)
    place = motion.positions_world[:, reorder("h36m17", "uu17")]
    moved = np.arange(15).reshape(5, 3) / 10
    np.testing.assert_allclose(place[:, 0, :2], moved[:, :2], atol=1e-6)
    np.testing.assert_allclose(place[..., 2], np.array(TO_UU17) + moved[:, None, 2], atol=1e-5)
    assert [call["body_pose"] for call in StandIn.calls] == [
        (2, 63),
        (2, 63),
        (1, 63),
    ]
    assert StandIn.calls[0] == {
        "betas": (2, 16), "global_orient": (2, 3), "body_pose": (2, 63), "left_hand_pose": (2, 45),
        "right_hand_pose": (2, 45), "transl": (2, 3), "g": "female",
    }  # fmt: skip


def test_the_original_folders_under_their_various_names(tmp_path, stand_in, bodies):
    write_smplh(tmp_path / "data" / "MPI_HDM05" / "bd" / "a_poses.npz", gender=b"male")
    write_smplh(tmp_path / "data" / "MPI_HDM05" / "bd" / "shape.npz", poses=None)
    write_smplh(tmp_path / "data" / "BioMotionLab_NTroje" / "rub001" / "b_poses.npz")
    loader = amass.SmplhBodies(*bodies)
    motions = list(amass.load_smplh_motions(tmp_path / "data", loader, ["MPIHDM05", "BMLrub"]))
    assert [(m.dataset, m.subject, m.name) for m in motions] == [
        ("MPIHDM05", "bd", "a"),
        ("BMLrub", "rub001", "b"),
    ]
    assert [m.dataset for m in amass.load_smplh_motions(tmp_path / "data", loader)] == ["BMLrub", "MPIHDM05"]
    with pytest.raises(InputError, match="lacks SFU; it holds BioMotionLab_NTroje, MPI_HDM05"):
        amass.load_smplh_motions(tmp_path / "data", loader, ["SFU"])
    (tmp_path / "data" / "SFU").mkdir()
    with pytest.raises(NothingFoundError, match=r"SFU holds no …_poses\.npz"):
        list(amass.load_smplh_motions(tmp_path / "data", loader, ["SFU"]))


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("HDM05", "MPIHDM05"),
        ("MoSh", "MPImosh"),
        ("MPI_mosh", "MPImosh"),
        ("PosePrior", "MPILimits"),
        ("MPI_Limits", "MPILimits"),
        ("TCDHands", "TCDhandMocap"),
        ("TCD_handMocap", "TCDhandMocap"),
        ("Transitions", "Transitionsmocap"),
        ("Eyes_Japan_Dataset", "EyesJapanDataset"),
    ],
)
def test_names_of_archives_and_of_the_download_page(tmp_path, stand_in, bodies, folder, name):
    write_smplh(tmp_path / "data" / folder / "s1" / "a_poses.npz")
    motions = amass.load_smplh_motions(tmp_path / "data", amass.SmplhBodies(*bodies))
    assert [m.dataset for m in motions] == [name]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trans": np.zeros((4, 3))}, r"has 5 poses and trans of shape \(4, 3\), expected \(T, 3\)"),
        ({"poses": np.full((5, 156), "a")}, r"a_poses\.npz: poses: numbers expected"),
        ({"betas": None}, r"a_poses\.npz lacks betas; it holds poses, trans"),
        ({"poses": np.zeros((5, 72))}, r"poses of shape \(5, 72\), expected \(T, 156\) of SMPL-H"),
        (
            {"gender": "neutral"},
            r"models lacks neutral/model\.npz; it holds female/model\.npz, male/model\.npz",
        ),
    ],
)
def test_motions_that_cannot_be_used(tmp_path, stand_in, bodies, changes, message):
    path = write_smplh(tmp_path / "a_poses.npz", **changes)
    with pytest.raises(InputError, match=message):
        amass.SmplhBodies(*bodies).read(path)


def test_regressors_and_body_models_that_do_not_fit(tmp_path, stand_in, bodies):
    path = write_smplh(tmp_path / "a_poses.npz")
    np.save(tmp_path / "other.npy", np.zeros((17, 30)))
    with pytest.raises(InputError, match="the regressor is for 30 vertices, the body model has 40"):
        amass.SmplhBodies(bodies[0], tmp_path / "other.npy").read(path)
    np.save(tmp_path / "other.npy", np.zeros((24, VERTICES)))
    with pytest.raises(InputError, match=r"other\.npy has shape \(24, 40\), expected \(17, vertices\)"):
        amass.SmplhBodies(bodies[0], tmp_path / "other.npy")
    np.savez(bodies[0] / "female" / "model.npz", v_template=np.zeros((VERTICES, 3)))
    with pytest.raises(InputError, match="is no SMPL-H body model: it lacks shapedirs"):
        amass.SmplhBodies(*bodies).read(path)


def test_without_smplx_the_message_says_what_to_install(monkeypatch, bodies):
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(InputError, match=r"pip install 'uplift3d\[amass\]'; or convert AMASS first"):
        amass.SmplhBodies(*bodies)


@pytest.mark.skipif(importlib.util.find_spec("smplx") is None, reason="needs smplx")
def test_with_smplx_itself(tmp_path):
    """A body of one bone: every vertex follows the pelvis, so joints turn and move as a whole."""
    rng = np.random.default_rng(0)
    vertices = 6890
    template = rng.normal(size=(vertices, 3))
    weights = np.zeros((vertices, 52))
    weights[:, 0] = 1
    parents = np.concatenate([[2**32 - 1], np.zeros(51)]).astype(np.int64)
    shapes = np.zeros((vertices, 3, 16))
    shapes[:, 0, 15] = 1  # the last shape parameter moves everything along x
    (tmp_path / "male").mkdir()
    np.savez(
        tmp_path / "male" / "model.npz",
        v_template=template,
        shapedirs=shapes,
        posedirs=np.zeros((vertices, 3, 9 * 51), np.float32),
        J_regressor=np.zeros((52, vertices)),
        weights=weights,
        kintree_table=np.stack([parents, np.arange(52)]),
        f=np.zeros((1, 3), np.uint32),
        hands_componentsl=np.eye(45),
        hands_componentsr=np.eye(45),
        hands_meanl=np.ones(45),
        hands_meanr=np.ones(45),
    )
    regressor = np.zeros((17, vertices))
    regressor[np.arange(17), np.arange(17)] = 1
    np.save(tmp_path / "regressor.npy", regressor)
    poses = np.zeros((3, 156))
    poses[:, 2] = np.pi / 2  # a right angle about z
    betas = np.zeros(16)
    betas[15] = 0.25
    path = write_smplh(tmp_path / "m_poses.npz", frames=3, gender="male", poses=poses, betas=betas)
    motion = amass.SmplhBodies(tmp_path, tmp_path / "regressor.npy").read(path)
    shaped = np.add(template[:17], [0.25, 0, 0])
    turned = np.stack([-shaped[:, 1], shaped[:, 0], shaped[:, 2]], axis=-1)
    want = turned[None] + np.arange(9).reshape(3, 1, 3) / 10
    order = [amass.REGRESSED_JOINTS.index(name) for name in JOINTS]
    np.testing.assert_allclose(motion.positions_world, want[:, order], atol=1e-5)
