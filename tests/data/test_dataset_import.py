"""Data sets into the motion store: names, rates, axes, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs scipy (the train extra)")

from uplift3d.cli import main
from uplift3d.data.dataset_import import find_motions, import_motions, to_clip
from uplift3d.data.store import MotionStore
from uplift3d.data.videos import Motion
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set


def object_of(value):
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def even(frames, rate_hz, joints=17):
    """Everything moves along x at 1 m/s; joint j stands j cm high."""
    positions = np.zeros((frames, joints, 3), np.float32)
    positions[..., 0] = (np.arange(frames) / rate_hz)[:, None]
    positions[..., 2] = np.arange(joints) / 100
    return positions


def motion(frames=13, rate_hz=120.0, positions=None):
    positions = even(frames, rate_hz) if positions is None else positions
    return Motion("SFU", "0005", "walk", rate_hz, positions, "own")


def write_amass(folder, names=("SFU", "MPImosh")):
    for name in names:
        table = {"s1": {"run": {"positions_3d": even(5, 50), "frame_rate": 50.0}}}
        np.savez_compressed(folder / f"{name}.npz", positions_3d=object_of(table))


def test_a_clip_has_the_rate_of_the_store():
    clip, positions = to_clip(motion())
    assert (clip.name, clip.dataset, clip.subject) == ("SFU/0005/walk", "amass-SFU", "0005")
    np.testing.assert_allclose(positions[:, 0, 0], np.arange(6) / 50, atol=1e-6)  # 0.1 s at 50 Hz
    assert clip.frames == len(positions) == 6


def test_a_recording_at_50_hz_stays_bit_for_bit():
    given = np.random.default_rng(0).normal(size=(9, 17, 3)).astype(np.float32)
    _, positions = to_clip(motion(rate_hz=50.0, positions=given))
    np.testing.assert_array_equal(positions, given)


def test_what_cannot_be_used_is_left_out(tmp_path):
    broken = even(5, 50)
    broken[2, 3] = np.nan
    report = import_motions(
        [motion(), motion(frames=1), motion(positions=broken)], tmp_path / "store", progress=lambda done: None
    )
    assert report.imported == 1
    assert "SFU/0005/walk: 1 frames given, at least 2" in report.skipped[0]
    assert "not all finite" in report.skipped[1]
    with pytest.raises(
        NothingFoundError, match="no recording could be imported; the first: SFU/0005/walk: 1"
    ):
        import_motions([motion(frames=1)], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_amass_takes_what_is_there_or_what_is_named(tmp_path):
    write_amass(tmp_path)
    assert [m.dataset for m in find_motions("amass", tmp_path)] == ["SFU", "MPImosh"]
    assert [m.dataset for m in find_motions("amass", tmp_path, ["MPImosh"])] == ["MPImosh"]
    with pytest.raises(InputError, match=r"lacks CMU\.npz and DanceDB\.npz and .*; it holds no such file"):
        find_motions("amass", tmp_path / "..")


def test_the_command_for_amass(tmp_path, capsys):
    write_amass(tmp_path)
    words = ["data", "import", str(tmp_path), "--dataset", "amass", "-o", str(tmp_path / "store")]
    assert main(words) == 0
    assert "imported 2 recordings, skipped 0" in capsys.readouterr().out
    store = MotionStore.open(tmp_path / "store")
    assert [clip.dataset for clip in store.clips] == ["amass-SFU", "amass-MPImosh"]
    left_ankle = joint_set("h36m17").index("left_ankle")
    np.testing.assert_allclose(
        store[0][0, left_ankle, 2], 0.03
    )  # third joint of the left leg, which is first


def test_the_command_for_human36m(tmp_path, capsys):
    world = {"S1": {"Walking 1": even(6, 50, joints=32)}, "S9": {"Walking": even(6, 50, joints=32)}}
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=object_of(world))
    words = ["data", "import", str(tmp_path), "--dataset", "h36m", "-o", str(tmp_path / "store")]
    assert main([*words, "--parts", "S1"]) == 0
    (clip,) = MotionStore.open(tmp_path / "store").clips
    assert (clip.name, clip.dataset, clip.subject) == ("h36m/S1/Walking 1", "h36m", "S1")
    capsys.readouterr()
    assert main([*words, "--overwrite"]) == 2  # the training subjects, of which this file has one
    assert "has no subject S5; it has S1, S9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parts", "SFU"], "--parts, --body-models and --regressor are for --dataset"),
        (
            ["--dataset", "amass", "--mapping", "a.json"],
            "--mapping, --name, --licence, --validation and --rate are for motion files",
        ),
        (["--dataset", "amass", "--body-models", "m"], "--body-models and --regressor go together"),
        (["--dataset", "h36m", "--body-models", "m", "--regressor", "r.npy"], "with --dataset amass"),
        (["--dataset", "mpi-inf-3dhp"], "data_train_3dhp.npz (for univ_annot3), or S1/Seq1/annot.mat"),
    ],
)
def test_mistakes_get_a_sentence(tmp_path, capsys, words, message):
    assert main(["data", "import", str(tmp_path), "-o", str(tmp_path / "store"), *words]) == 2
    assert message in capsys.readouterr().err
