"""MPI-INF-3DHP: small files of the original and of the converted format, written here."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from uplift3d.camera import Camera
from uplift3d.data import mpi_inf_3dhp
from uplift3d.data.mpi_inf_3dhp_files import SEQUENCES
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

pytest.importorskip("scipy", reason="needs scipy (the train extra)")
h5py = pytest.importorskip("h5py", reason="needs h5py (the train extra)")

FRAMES = 5
JOINTS = joint_set("h36m17").joints
# MATLAB indices, from 1, of the 17 joints of the test set within the 28 of the training set (the data set's
# own list of "relevant" joints)
RELEVANT = [8, 6, 15, 16, 17, 10, 11, 12, 24, 25, 26, 19, 20, 21, 5, 4, 7]
LENS = Camera.pinhole((1500.0, 1501.0), (1024.0, 1050.0))


def body(joints, camera=0, frames=FRAMES):
    """Millimetres (T, joints, 3) in front of a camera; every joint and camera elsewhere."""
    rng = np.random.default_rng(camera)
    return rng.uniform([-800, -900, 3000], [800, 900, 4000], size=(frames, joints, 3))


def annotated(camera, joints, frames=FRAMES):
    captured = body(joints, camera, frames)
    return LENS.project(captured), captured, 0.9 * captured


def cells(arrays):
    out = np.empty((len(arrays), 1), dtype=object)
    for row, array in enumerate(arrays):
        out[row, 0] = array.reshape(len(array), -1)
    return out


CALIBRATION = """Skeletool Camera Calibration File V1.0
name          {name}
  sensor      10 10
  size        2048 2048
  animated    0
  intrinsic   1498 0 1023 0 0 1499 1049 0 0 0 1 0 0 0 0 1
  extrinsic   1 0 0 0 0 -1 0 1000 0 0 -1 3500 0 0 0 1
  radial      0
"""


def write_train(folder: Path, subject="S1", sequence="Seq1", calibrated=True, frames=FRAMES, **changes):
    from scipy.io import savemat

    place = folder / subject / sequence
    place.mkdir(parents=True)
    seen = [annotated(camera, 28, frames) for camera in range(14)]
    content = {
        "annot2": cells([a[0] for a in seen]),
        "annot3": cells([a[1] for a in seen]),
        "univ_annot3": cells([a[2] for a in seen]),
        "cameras": np.arange(14)[None],
        "frames": np.arange(frames)[:, None],
    } | changes
    savemat(place / "annot.mat", {key: value for key, value in content.items() if value is not None})
    if calibrated:
        header, *rest = CALIBRATION.splitlines(keepends=True)
        text = header + "".join("".join(rest).format(name=name) for name in range(14))
        (place / "camera.calibration").write_text(text)


def write_test(folder: Path, names=mpi_inf_3dhp.TEST_SEQUENCES, without=()):
    for number, name in enumerate(names):
        place = folder / name
        place.mkdir(parents=True)
        pixels, captured, universal = annotated(number, 17)
        content = {
            "annot2": pixels[:, None],
            "annot3": captured[:, None],
            "univ_annot3": universal[:, None],
            "valid_frame": (np.arange(FRAMES) % 2 == 0).astype(float)[:, None],
            "activity_annotation": np.ones((FRAMES, 1)),
            "bb_crop": np.zeros((FRAMES, 34)),
        }
        with h5py.File(place / "annot_data.mat", "w") as file:
            for key in set(content) - set(without):
                file[key] = content[key]


def object_of(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def write_packed_train(folder: Path, change=lambda data: None):
    data = {}
    for (subject, sequence), (_, rate) in SEQUENCES.items():
        by_camera = {}
        for camera in mpi_inf_3dhp.CAMERAS:
            pixels, _, universal = annotated(camera, 17)
            by_camera[str(camera)] = {"data_2d": pixels, "data_3d": universal}
        data[f"{subject} {sequence}"] = [by_camera, int(rate)]
    change(data)
    np.savez_compressed(folder / "data_train_3dhp.npz", data=object_of(data))


def write_packed_test(folder: Path, change=lambda data: None):
    data = {}
    for number, name in enumerate(mpi_inf_3dhp.TEST_SEQUENCES):
        pixels, _, universal = annotated(number, 17)
        data[name] = {"data_2d": pixels, "data_3d": universal, "valid": np.array([1.0, 0, 1, 0, 1])}
    change(data)
    np.savez_compressed(folder / "data_test_3dhp.npz", data=object_of(data))


def expected(joints, values):
    """Joints of the data set's own set in h36m17's order, by name."""
    names = joint_set(joints).joints
    return values[:, [names.index(name) for name in JOINTS]]


def test_the_joint_sets_agree_with_the_data_sets_own_list():
    full, relevant = joint_set("mpi_inf_3dhp28").joints, joint_set("mpi_inf_3dhp17").joints
    assert [full[place - 1] for place in RELEVANT] == list(relevant)
    scored = {JOINTS[place] for place in mpi_inf_3dhp.SCORED_JOINTS}
    assert scored == set(JOINTS) - {"pelvis", "torso", "head"}  # 14: groups of mpii_get_pck_auc_joint_groups


@pytest.mark.parametrize(("ground_truth", "scale"), [("annot3", 1.0), ("univ_annot3", 0.9)])
def test_original_training_sequences(tmp_path, ground_truth, scale):
    write_train(tmp_path, "S1", "Seq1")
    write_train(tmp_path, "S1", "Seq2")
    videos = list(mpi_inf_3dhp.load_train(tmp_path, ground_truth, ["S1"], (0, 8)))
    assert [(t.take, t.camera_id, t.rate_hz) for t in videos] == [
        ("Seq1", "0", 25),
        ("Seq1", "8", 25),
        ("Seq2", "0", 50),
        ("Seq2", "8", 50),
    ]
    pixels, captured, _ = annotated(8, 28)
    video = videos[1]
    np.testing.assert_allclose(video.keypoints_px, expected("mpi_inf_3dhp28", pixels), rtol=1e-6)
    want = expected("mpi_inf_3dhp28", captured) * scale / 1000
    np.testing.assert_allclose(video.positions_camera, want, rtol=1e-6)
    assert (video.subject, video.action, video.ground_truth) == ("S1", "S1 Seq1", ground_truth)
    assert video.image_size == (2048, 2048)
    assert video.valid.all()
    assert video.camera.focal_px == (1498, 1499)  # the calibration file's


def test_without_a_calibration_file_the_lens_follows_from_the_annotations(tmp_path):
    for sequence in ("Seq1", "Seq2"):
        write_train(tmp_path, "S8", sequence, calibrated=False)
    video = next(mpi_inf_3dhp.load_train(tmp_path, "univ_annot3", ["S8"]))
    assert video.camera.focal_px == pytest.approx((1500, 1501))
    assert video.camera.principal_point_px == pytest.approx((1024, 1050))


def test_annotations_behind_the_last_image_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(SEQUENCES, ("S1", "Seq1"), (3, 25.0))
    write_train(tmp_path)
    write_train(tmp_path, sequence="Seq2")
    assert len(next(mpi_inf_3dhp.load_train(tmp_path, "annot3", ["S1"]))) == 3


def test_converted_training_sequences(tmp_path):
    write_packed_train(tmp_path)
    videos = list(mpi_inf_3dhp.load_train(tmp_path, "univ_annot3"))
    assert len(videos) == 16 * 8
    assert {(t.subject, t.take): t.rate_hz for t in videos} == {k: v[1] for k, v in SEQUENCES.items()}
    pixels, _, universal = annotated(1, 17)
    np.testing.assert_allclose(videos[1].keypoints_px, expected("mpi_inf_3dhp17", pixels), rtol=1e-6)
    np.testing.assert_allclose(
        videos[1].positions_camera, expected("mpi_inf_3dhp17", universal) / 1000, rtol=1e-6
    )


@pytest.mark.parametrize("inner", ["", "mpi_inf_3dhp_test_set"])
@pytest.mark.parametrize(("ground_truth", "scale"), [("annot3", 1.0), ("univ_annot3", 0.9)])
def test_original_test_sequences(tmp_path, ground_truth, scale, inner):
    write_test(tmp_path / inner)
    videos = mpi_inf_3dhp.load_test(tmp_path, ground_truth)
    assert [t.action for t in videos] == ["TS1", "TS2", "TS3", "TS4", "TS5", "TS6"]
    assert [t.image_size for t in videos] == [(2048, 2048)] * 4 + [(1920, 1080)] * 2
    pixels, captured, _ = annotated(5, 17)
    np.testing.assert_allclose(videos[5].keypoints_px, expected("mpi_inf_3dhp17", pixels), rtol=1e-6)
    np.testing.assert_allclose(
        videos[5].positions_camera, expected("mpi_inf_3dhp17", captured) * scale / 1000, rtol=1e-6
    )
    assert videos[5].valid.tolist() == [True, False, True, False, True]
    assert videos[5].camera.focal_px == pytest.approx((1500, 1501))
    assert {t.rate_hz for t in videos} == {25.0}


def test_converted_test_sequences(tmp_path):
    write_packed_test(tmp_path)
    videos = mpi_inf_3dhp.load_test(tmp_path, "univ_annot3", rate_hz=50)
    assert [t.image_size[1] for t in videos] == [2048] * 4 + [1080] * 2
    assert videos[0].valid.tolist() == [True, False, True, False, True]
    assert videos[0].rate_hz == 50
    assert videos[0].camera is None
    _, _, universal = annotated(0, 17)
    np.testing.assert_allclose(
        videos[0].positions_camera, expected("mpi_inf_3dhp17", universal) / 1000, rtol=1e-6
    )


def test_motion_in_the_world_has_z_up(tmp_path):
    for sequence in ("Seq1", "Seq2"):
        write_train(tmp_path, "S2", sequence)
    motion = next(mpi_inf_3dhp.load_motions(tmp_path, ["S2"]))
    captured = expected("mpi_inf_3dhp28", annotated(0, 28)[1]) / 1000
    # the camera of CALIBRATION: x as the world's, y and z against it, 1 m below and 3.5 m before
    world = np.stack([captured[..., 0], 1.0 - captured[..., 1], 3.5 - captured[..., 2]], axis=-1)
    want = np.stack([world[..., 0], -world[..., 2], world[..., 1]], axis=-1)
    np.testing.assert_allclose(motion.positions_world, want, atol=1e-5)
    assert (motion.dataset, motion.subject, motion.name, motion.rate_hz) == ("mpi-inf-3dhp", "S2", "Seq1", 25)


def test_the_ground_truth_is_the_callers_choice(tmp_path):
    with pytest.raises(TypeError, match="ground_truth"):
        mpi_inf_3dhp.load_test(tmp_path)
    for load in (mpi_inf_3dhp.load_test, mpi_inf_3dhp.load_train):
        with pytest.raises(InputError, match="ground truth 'both': accepted are annot3 and univ_annot3"):
            load(tmp_path, "both")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(
        InputError,
        match=r"lacks data_test_3dhp\.npz \(for univ_annot3\), or TS1/annot_data\.mat, TS2\S+ and 4 more;",
    ):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")
    with pytest.raises(InputError, match=r"no such folder; data_train_3dhp\.npz .* S1/Seq1/annot\.mat"):
        mpi_inf_3dhp.load_train(tmp_path / "gone", "annot3")
    write_packed_test(tmp_path)
    with pytest.raises(
        InputError, match=r"data_test_3dhp\.npz holds univ_annot3 only; for annot3 .* lacks TS1"
    ):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")
    write_test(tmp_path, ["TS1", "TS3"])
    with pytest.raises(InputError, match=r"lacks TS2/annot_data\.mat, TS4/annot_data\.mat and 2 more"):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")


def test_unknown_sequences_are_refused(tmp_path):
    with pytest.raises(InputError, match="no training subject 'S9': accepted are S1 … S8"):
        mpi_inf_3dhp.load_train(tmp_path, "annot3", ["S9"])


def shorten(arrays, key):
    arrays[key] = arrays[key][:-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("S2 Seq1"), "has no S2 Seq1; it has S1 Seq1"),
        (lambda d: d["S2 Seq1"][0].pop("4"), "S2 Seq1 camera 4 is not there; it has cameras 0, 1, 2, 5"),
        (lambda d: d["S2 Seq1"][0]["4"].pop("data_2d"), "S2 Seq1 camera 4 lacks data_2d; it has data_3d"),
        (
            lambda d: shorten(d["S2 Seq1"][0]["4"], "data_2d"),
            "S2 Seq1 camera 4 has 4 2D poses, 5 3D poses",
        ),
        (
            lambda d: d["S2 Seq1"][0]["4"].__setitem__("data_2d", np.full((5, 17, 2), np.nan)),
            "S2 Seq1 camera 4 has 2D positions that are not all finite numbers, first in frame 0",
        ),
        (
            lambda d: d["S2 Seq1"][0]["4"]["data_3d"].__setitem__((3, 5), np.inf),
            "S2 Seq1 camera 4 has 3D positions that are not all finite numbers, first in frame 3",
        ),
        (lambda d: d["S2 Seq1"].__setitem__(1, 50), "S2 Seq1 has 50 Hz, where the data set states 25 Hz"),
        (
            lambda d: d["S2 Seq1"][0]["4"].__setitem__("data_3d", np.zeros((5, 16, 3))),
            r"S2 Seq1 camera 4: 3D joints of shape \(5, 16, 3\)",
        ),
        (lambda d: d.__setitem__("S2 Seq1", None), "S2 Seq1 is of type NoneType, expected a list"),
        (lambda d: d["S2 Seq1"].pop(), "S2 Seq1 has 1 entries, expected cameras and frame rate"),
        (
            lambda d: d["S2 Seq1"].__setitem__(0, [1]),
            "the first entry of S2 Seq1 is of type list, expected a",
        ),
        (
            lambda d: d["S2 Seq1"].__setitem__(1, "slow"),
            "the frame rate of S2 Seq1: numbers expected, something else",
        ),
        (
            lambda d: d["S2 Seq1"][0].__setitem__("4", None),
            "S2 Seq1 camera 4 is of type NoneType, expected a",
        ),
    ],
)
def test_converted_files_that_do_not_fit_name_subject_sequence_and_camera(tmp_path, change, message):
    write_packed_train(tmp_path, change)
    with pytest.raises(InputError, match=message):
        list(mpi_inf_3dhp.load_train(tmp_path, "univ_annot3"))


def test_other_damaged_files_are_refused(tmp_path):
    np.savez(tmp_path / "data_test_3dhp.npz", poses=np.zeros(3))
    with pytest.raises(InputError, match=r"data_test_3dhp\.npz holds no dictionary 'data'"):
        mpi_inf_3dhp.load_test(tmp_path, "univ_annot3")
    write_packed_test(tmp_path, lambda data: data.pop("TS4"))
    with pytest.raises(InputError, match="has no TS4; it has TS1, TS2"):
        mpi_inf_3dhp.load_test(tmp_path, "univ_annot3")
    write_packed_test(tmp_path, lambda data: data.update(TS4=None))
    with pytest.raises(InputError, match=r"data_test_3dhp\.npz: TS4 is of type NoneType, expected a dict"):
        mpi_inf_3dhp.load_test(tmp_path, "univ_annot3")
    write_packed_test(tmp_path, lambda data: data["TS4"].update(valid=np.array(["yes"] * FRAMES)))
    with pytest.raises(InputError, match="TS4: valid: numbers expected, something else found"):
        mpi_inf_3dhp.load_test(tmp_path, "univ_annot3")
    write_test(tmp_path, without=["valid_frame"])
    with pytest.raises(InputError, match=r"annot_data\.mat lacks valid_frame"):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")
    with h5py.File(tmp_path / "TS1" / "annot_data.mat", "a") as file:
        file["valid_frame"] = np.ones((FRAMES, 1))
        del file["annot2"]
        file["annot2"] = np.zeros((FRAMES, 17, 2))
    with pytest.raises(
        InputError, match=r"TS1/annot_data\.mat: annot2 has shape \(5, 17, 2\), expected \(T, 1,"
    ):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")
    (tmp_path / "TS1" / "annot_data.mat").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"annot_data\.mat is no HDF5 file that can be read"):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"univ_annot3": None}, r"annot\.mat lacks univ_annot3"),
        ({"cameras": "all"}, r"annot\.mat: cameras is neither an array of real numbers nor of cells"),
        ({"cameras": np.arange(7)[None]}, "S1 Seq1 camera 7 is not there; it has cameras 0, 1"),
        (
            {"annot2": cells([np.zeros((FRAMES, 50))] * 14)},
            r"S1 Seq1 camera 0: annot2 has shape \(5, 50\), expected \(T, 56\)",
        ),
        ({"annot2": cells([np.zeros((4, 56))] * 14)}, "S1 Seq1 camera 0 has 4 2D poses, 5 3D poses"),
        ({"cameras": np.full((1, 14), np.inf)}, r"annot\.mat has cameras that are not all finite numbers"),
        ({"annot2": cells([np.zeros((FRAMES, 56))])}, "annot2 has arrays of 1 cameras, and this is number 2"),
        ({"annot3": np.zeros((0, 3))}, "annot3 has arrays of 0 cameras, and this is number 1"),
    ],
)
def test_original_files_that_do_not_fit_name_subject_sequence_and_camera(tmp_path, changes, message):
    write_train(tmp_path, **changes)
    write_train(tmp_path, sequence="Seq2")
    with pytest.raises(InputError, match=message):
        list(mpi_inf_3dhp.load_train(tmp_path, "annot3", ["S1"]))


class Runs:
    def __reduce__(self):
        return os.system, ("touch proof",)


@pytest.mark.parametrize(
    ("load", "name"), [("load_train", "data_train_3dhp"), ("load_test", "data_test_3dhp")]
)
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, load, name):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / f"{name}.npz", data=object_of({"TS1": Runs()}))
    with pytest.raises(InputError, match=rf"{name}\.npz: data: its pickle asks for posix\.system"):
        list(getattr(mpi_inf_3dhp, load)(tmp_path, "univ_annot3"))
    assert not (tmp_path / "proof").exists()


def test_a_file_that_is_no_matlab_file_is_named(tmp_path):
    write_train(tmp_path)
    write_train(tmp_path, sequence="Seq2")
    (tmp_path / "S1" / "Seq2" / "annot.mat").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"Seq2/annot\.mat is not a MATLAB 5 file that can be read"):
        list(mpi_inf_3dhp.load_train(tmp_path, "annot3", ["S1"]))


@pytest.mark.parametrize(
    ("key", "shape", "message"),
    [
        (
            "annot2",
            (FRAMES, 1, 17, 1),
            r"annot3: 2D joints of shape \(5, 17, 1\), expected \(T, 17",
        ),
        (
            "annot3",
            (FRAMES, 1, 17, 2),
            r"annot3: 3D joints of shape \(5, 17, 2\), expected \(T, 17",
        ),
        ("annot3", (0, 1, 17, 3), r"TS1 has 5 2D poses, 0 3D poses and 5 valid flags"),
    ],
)
def test_test_sequences_of_other_shapes_are_refused(tmp_path, key, shape, message):
    write_test(tmp_path)
    with h5py.File(tmp_path / "TS1" / "annot_data.mat", "a") as file:
        del file[key]
        file[key] = np.ones(shape)
    with pytest.raises(InputError, match=message):
        mpi_inf_3dhp.load_test(tmp_path, "annot3")


@pytest.mark.parametrize("number", [0.0, 1e300, 1e-300])
def test_captured_joints_that_no_camera_fits_leave_the_camera_open(tmp_path, number):
    write_test(tmp_path)
    with h5py.File(tmp_path / "TS1" / "annot_data.mat", "a") as file:
        file["annot3"][...] = number
    assert mpi_inf_3dhp.load_test(tmp_path, "univ_annot3")[0].camera is None
