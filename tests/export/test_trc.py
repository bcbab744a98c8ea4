"""`.trc`: markers for OpenSim and Pose2Sim, read back."""

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.detect.files import load_keypoints
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import load_motion, save_motion
from uplift3d.types import Motion3D


@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
def test_what_is_written_is_read_again(tmp_path, joints):
    motion = figure(joints=joints)
    again = load_motion(save_motion(tmp_path / "walk.trc", motion))
    assert again.joints == joints
    np.testing.assert_allclose(again.positions, motion.positions, atol=2e-6)
    np.testing.assert_allclose(again.times, motion.times, atol=1e-6)
    moved = again.root - again.root[:, :1]
    np.testing.assert_allclose(moved, motion.root - motion.root[:, :1], atol=2e-6)


def test_opensim_finds_its_names_axes_and_rate(tmp_path):
    path = save_motion(tmp_path / "walk.trc", figure(rate_hz=60.0))
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    assert lines[2][:5] == ["60.000000", "60.000000", "60", "21", "m"]
    names = lines[3][2::3]
    assert {"Hip", "Neck", "Nose", "RHip", "LKnee", "RAnkle", "LBigToe", "RHeel", "LWrist"} <= set(names)
    first = {name: np.array(lines[5][2 + 3 * n : 5 + 3 * n], dtype=float) for n, name in enumerate(names)}
    # The figure looks into the camera at first: x forwards, y up, z to its right.
    assert first["RHip"][2] > first["LHip"][2]
    assert first["Head"][1] > first["Hip"][1] > first["RAnkle"][1] > 0
    assert first["RBigToe"][0] > first["RHeel"][0]
    np.testing.assert_allclose(first["Hip"][[0, 2]], 0, atol=1e-6)


def test_gaps_are_empty_and_people_have_a_file_each(tmp_path, walk):
    with pytest.warns(UpliftWarning, match=r"each person got a file: walk_3\.trc, walk_7\.trc"):
        save_motion(tmp_path / "walk.trc", walk)
    last = (tmp_path / "walk_7.trc").read_text().splitlines()[-1].split("\t")
    assert last[2:] == [""] * 51
    again = load_motion(tmp_path / "walk_7.trc")
    np.testing.assert_array_equal(again.present[0], walk.present[1])
    np.testing.assert_allclose(again.times, walk.times, atol=1e-6)


def test_millimetres_other_markers_and_another_order_are_read(tmp_path):
    motion = figure(frames=3, joints="h36m17")
    path = save_motion(tmp_path / "walk.trc", motion)
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    lines[2][4] = "mm"
    lines[3] += ["Sacrum"]
    for row in lines[5:]:
        row[2:] = [f"{1000 * float(cell):.4f}" for cell in row[2:]] + ["1", "2", "3"]
    path.write_text("\n".join("\t".join(row) for row in lines))
    np.testing.assert_allclose(load_motion(path).positions, motion.positions, atol=2e-6)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tm\t", "\tinch\t", "units 'inch' given; accepted are m, mm, cm"),
        ("RKnee", "Kneecap", "markers RKnee missing; it has Hip"),
        ("RKnee", "LKnee", "names no markers, each once"),
        ("Frame#", "Frames", "no .trc header"),
        ("1\t0.000000\t", "1\tsoon\t", "line 6"),
    ],
)
def test_bad_files_are_refused(tmp_path, old, new, message):
    path = save_motion(tmp_path / "walk.trc", figure(frames=3))
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=rf"walk\.trc.*{message}"):
        load_motion(path)


def test_joints_in_pixels_are_no_motion_and_a_motion_is_no_joints_in_pixels(tmp_path):
    path = save_motion(tmp_path / "walk.trc", figure(frames=3))
    with pytest.raises(InputError, match="holds 3D markers in m"):
        load_keypoints(path, image_size=(640, 480))
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    for row in lines[5:]:
        row[4::3] = ["0.0"] * 21
    path.write_text("\n".join("\t".join(row) for row in lines))
    with pytest.raises(InputError, match="have no depth"):
        load_motion(path)


def test_a_motion_without_poses_is_refused(tmp_path):
    motion = figure(frames=3)
    absent = Motion3D(
        np.full_like(motion.positions, np.nan), motion.times, None, motion.observed, joints="h36m21"
    )
    with pytest.raises(InputError, match="nobody has 2 poses or more"):
        save_motion(tmp_path / "walk.trc", absent)
