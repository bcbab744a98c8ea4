"""Joint angles as a table and as OpenSim's coordinates, read back."""

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import load_angles, load_motion, save_angles, save_motion
from uplift3d.export.mot import read
from uplift3d.post import joint_angles


def test_a_table_of_angles_is_read_again(tmp_path, walk):
    angles = joint_angles(walk)
    again = load_angles(save_angles(tmp_path / "walk.csv", angles))
    assert again.names == angles.names
    assert again.people.tolist() == [3, 7]
    np.testing.assert_allclose(again.times, angles.times)
    np.testing.assert_allclose(again.degrees, angles.degrees, atol=6e-4)


def test_angles_need_a_table(tmp_path, walk):
    with pytest.raises(InputError, match=r"must end in \.csv"):
        save_angles(tmp_path / "walk.npz", joint_angles(walk))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not a table of joint angles"):
        load_angles(tmp_path / "other.csv")
    (tmp_path / "empty.csv").write_text("person,time_s,pelvis_tilt_deg\n,0.1,3\n")
    with pytest.raises(InputError, match="empty cells"):
        load_angles(tmp_path / "empty.csv")


def test_angles_of_too_many_people_and_times_for_their_rows(tmp_path):
    rows = "".join(f"{number},{number}.5,1\n" for number in range(20_000))
    (tmp_path / "a.csv").write_text(f"person,time_s,left_knee_deg\n{rows}")
    with pytest.raises(InputError, match=r"a\.csv holds 9,600,000,000 bytes; accepted"):
        load_angles(tmp_path / "a.csv")


def test_opensim_gets_its_names_signs_and_axes(tmp_path):
    motion = figure(30)
    found = read(save_motion(tmp_path / "walk.mot", motion))
    angles = joint_angles(motion, (0, -1, 0))
    value = dict(zip(found.names, found.values.T, strict=True))
    np.testing.assert_allclose(found.times, motion.times, atol=1e-6)
    np.testing.assert_allclose(value["knee_angle_l"], angles.of("left_knee_flexion")[0], atol=1e-3)
    np.testing.assert_allclose(value["hip_adduction_r"], -angles.of("right_hip_abduction")[0], atol=1e-3)
    np.testing.assert_allclose(value["ankle_angle_r"], angles.of("right_ankle_flexion")[0], atol=1e-3)
    np.testing.assert_allclose(value["lumbar_rotation"], angles.of("trunk_twist")[0], atol=1e-3)
    # The figure starts facing the camera, OpenSim's x, and turns to its left, about y.
    assert value["pelvis_rotation"][0] == pytest.approx(0, abs=6)
    assert value["pelvis_rotation"][-1] == pytest.approx(60 * motion.times[-1], abs=6)
    assert value["pelvis_ty"][0] == pytest.approx(0.9, abs=0.1)
    np.testing.assert_allclose(value["pelvis_tx"][-1], -0.2 * motion.times[-1], atol=1e-4)


def test_moments_without_the_person_have_no_row(tmp_path, walk):
    with pytest.warns(UpliftWarning, match=r"walk_3\.mot, walk_7\.mot"):
        save_motion(tmp_path / "walk.mot", walk)
    found = read(tmp_path / "walk_7.mot")
    assert len(found.times) == 37
    assert "ankle_angle_l" not in found.names  # no feet
    assert np.isfinite(found.values).all()


def test_a_mot_is_no_motion_and_others_are_refused(tmp_path):
    path = save_motion(tmp_path / "walk.mot", figure(4))
    with pytest.raises(InputError, match="not a motion file"):
        load_motion(path)
    (tmp_path / "radians.mot").write_text(path.read_text().replace("inDegrees=yes", "inDegrees=no"))
    with pytest.raises(InputError, match="not in degrees"):
        read(tmp_path / "radians.mot")
    (tmp_path / "no.mot").write_text("hello\n")
    with pytest.raises(InputError, match=r"no \.mot"):
        read(tmp_path / "no.mot")
