import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.amc import forward_kinematics, read_amc
from uplift3d.data.asf import Bone, Skeleton
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_about_axis, matrix_from_axis_angle

UNIT = 0.0254 / 0.5

ASF = """# a comment
:version 1.10
:name test
:units
  mass 1.0
  length 0.5
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name thigh
     direction 0 -1 0
     length 8
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 2
     name shin
     direction 0 -1 0
     length 6
     axis 0 0 90 XYZ
     dof rx
  end
  begin
     id 3
     name pin
     direction 0 0 1
     length 1
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
    shin pin
  end
"""
AMC = """#!OML:ASF somewhere
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
thigh 0 0 0
shin 0
2
root 1 2 3 0 0 0
thigh 90 0 0
shin 0
3
root 1 2 3 0 0 0
thigh 0 0 0
shin 90
"""


@pytest.fixture
def amc(tmp_path):
    def write(motion=AMC, skeleton=ASF):
        (tmp_path / "07.asf").write_text(skeleton)
        (tmp_path / "07_01.amc").write_text(motion)
        return tmp_path / "07_01.amc"

    return write


def test_a_leg_stands_where_it_should(amc):
    capture = read_amc(amc())
    assert capture.names == ("root", "thigh", "shin", "pin")
    assert capture.parents == (-1, 0, 1, 2)
    assert capture.metres_per_unit == 1.0
    assert capture.frame_time_s == 1 / 120
    places = capture.positions / UNIT
    np.testing.assert_allclose(places[:, 0], [[1, 2, 3]] * 3, atol=1e-12)
    np.testing.assert_allclose(places[0, 1:], [[1, -6, 3], [1, -12, 3], [1, -12, 4]], atol=1e-12)
    # 90° about x brings −y to −z, for the whole leg
    np.testing.assert_allclose(places[1, 1:], [[1, 2, -5], [1, 2, -11], [1, 1, -11]], atol=1e-12)
    # the shin's own x axis is the skeleton's y (axis 0 0 90): turning about it moves only the pin
    np.testing.assert_allclose(places[2, 1:], [[1, -6, 3], [1, -12, 3], [2, -12, 3]], atol=1e-12)


def test_radians_in_the_motion_file(amc):
    degrees = read_amc(amc())
    text = AMC.replace(":DEGREES", ":RADIANS").replace(" 90", f" {np.pi / 2}")
    np.testing.assert_allclose(read_amc(amc(text)).positions, degrees.positions, atol=1e-12)


def test_radians_in_the_skeleton_file(amc):
    degrees = read_amc(amc())
    skeleton = ASF.replace("angle deg", "angle rad").replace("0 0 90 XYZ", f"0 0 {np.pi / 2} XYZ")
    np.testing.assert_allclose(read_amc(amc(AMC, skeleton)).positions, degrees.positions, atol=1e-12)


def test_order_of_the_roots_numbers(amc):
    swapped = ASF.replace("order TX TY TZ RX RY RZ", "order RX RY RZ TZ TY TX")
    motion = AMC.replace("root 1 2 3 0 0 0", "root 0 0 0 3 2 1")
    np.testing.assert_allclose(
        read_amc(amc(motion, swapped)).positions, read_amc(amc()).positions, atol=1e-12
    )


@given(st.permutations("XYZ"), st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.floats(-3, 3))
def test_roots_axis_order_is_extrinsic(order, radians, turn):
    root = Bone("root", axis_order="".join(order), dof=("tx", "ty", "tz", "rx", "ry", "rz"))
    tip = Bone(
        "tip", direction=np.array([0.6, 0.0, 0.8]), length=2.0, axis_angles=np.array([0, turn, 0.0]), parent=0
    )
    _, rotations = forward_kinematics(
        Skeleton([root, tip], 1.0, False), {"root": np.array([[0, 0, 0, *radians]])}
    )
    expected = np.eye(3)
    for axis in order:  # each further turn about a fixed axis multiplies from the left
        expected = matrix_about_axis(axis, radians["XYZ".index(axis)]) @ expected
    np.testing.assert_allclose(rotations[0], [expected, expected], atol=1e-12)


@given(st.floats(-3, 3), st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_a_bone_turns_about_its_own_axis(angle, axis_angles):
    """dof rx turns about C's x axis, wherever C has taken it."""
    root = Bone("root", dof=("tx", "ty", "tz", "rx", "ry", "rz"))
    bone = Bone("bone", np.array([0.0, 1.0, 0.0]), 3.0, np.array(axis_angles), "XYZ", ("rx",), 0)
    values = {"root": np.zeros((1, 6)), "bone": np.array([[angle]])}
    positions, _ = forward_kinematics(Skeleton([root, bone], 1.0, False), values)
    C = (
        matrix_about_axis("Z", axis_angles[2])
        @ matrix_about_axis("Y", axis_angles[1])
        @ matrix_about_axis("X", axis_angles[0])
    )
    expected = matrix_from_axis_angle(C[:, 0], angle) @ [0, 3, 0]
    np.testing.assert_allclose(positions[0, 1], expected, atol=1e-12)


def test_a_bone_without_a_line_stays_at_rest(amc):
    motion = "\n".join(line for line in AMC.splitlines() if not line.startswith("shin"))
    places = read_amc(amc(motion)).positions / UNIT
    np.testing.assert_allclose(places[2, 2], [1, -12, 3], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("thigh 90 0 0", "thigh 90 0", r"line 10: 2 values given for 'thigh', which has 3"),
        ("thigh 90 0 0", "thigh 90 0 x", r"line 10: .*could not convert string to float: 'x'"),
        ("thigh 90 0 0", "thigh 90 0 nan", r"the values of 'thigh' are not all finite"),
        ("thigh 90 0 0", "tail 90 0 0", r"line 10: 'tail' is not a bone of the skeleton"),
        ("thigh 90 0 0\n", "", r"the 2\. frame lacks 'thigh', which other frames have"),
        ("1\nroot", "root", r"line 4: 'root' given before the first frame number"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(amc, old, new, message):
    assert old in AMC
    with pytest.raises(InputError, match=rf"07_01\.amc: {message}"):
        read_amc(amc(AMC.replace(old, new, 1)))


def test_no_frames(amc):
    with pytest.raises(InputError, match=r"07_01\.amc: no frames found"):
        read_amc(amc(":DEGREES\n"))


def test_the_skeleton_is_found_beside_the_motion(amc, tmp_path):
    path = amc()
    (tmp_path / "08.asf").write_text("not this one")
    assert len(read_amc(path)) == 3
    (tmp_path / "07.asf").rename(tmp_path / "09.asf")
    with pytest.raises(InputError, match=r"07_01\.amc: 2 \.asf skeletons beside it and none of its name"):
        read_amc(path)
    assert len(read_amc(path, tmp_path / "09.asf")) == 3
    (tmp_path / "08.asf").unlink()
    assert len(read_amc(path)) == 3
