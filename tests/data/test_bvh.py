import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.bvh import BvhJoint, forward_kinematics, read_bvh
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_about_axis

PENDULUM = """HIERARCHY
ROOT pivot
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT rod
  {
    OFFSET 0 -3 0
    CHANNELS 1 Zrotation
    End Site
    {
      OFFSET 0 -2 0
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.04
1 2 3 0 0 0 0
1 2 3 90 0 0 0
1 2 3 30 0 0 60
"""


def read(tmp_path, text, name="motion.bvh"):
    path = tmp_path / name
    path.write_text(text)
    return read_bvh(path)


def test_pendulum_swings_where_it_should(tmp_path):
    capture = read(tmp_path, PENDULUM)
    assert capture.names == ("pivot", "rod", "rod_end")
    assert capture.parents == (-1, 0, 1)
    assert capture.frame_time_s == 0.04
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    np.testing.assert_allclose(capture.positions[:, 0], [[1, 2, 3]] * 3)
    np.testing.assert_allclose(
        capture.positions[:, 1], [[1, -1, 3], [4, 2, 3], [1 + 3 * s, 2 - 3 * c, 3]], atol=1e-12
    )
    ends = [[1, -3, 3], [6, 2, 3], [1 + 3 * s + 2, 2 - 3 * c, 3]]  # 30° + 60°: the last part points to +x
    np.testing.assert_allclose(capture.positions[:, 2], ends, atol=1e-12)
    np.testing.assert_allclose(capture.rotations[2, 2], matrix_about_axis("Z", np.pi / 2), atol=1e-12)


@pytest.mark.parametrize(
    "mangle",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\n\n"),
        lambda t: t.replace("  ", "\t"),
        lambda t: "\ufeff" + t,
        lambda t: t.replace("rotation", "ROTATION").replace("position", "Position").replace("ROOT", "root"),
        lambda t: t.replace("{\n", "{ ").replace("\n  OFFSET", " OFFSET").replace("pivot\n{", "pivot{"),
        lambda t: t.replace("}\nMOTION", "}MOTION"),
        lambda t: t.replace("Frames: 3", "Frames:\t3  ").replace("Frame Time: ", "Frame  Time:"),
        lambda t: t.replace("1 2 3 90 0 0 0\n", "1 2 3 90\n0 0 0 "),
        lambda t: t.rstrip("\n"),
        lambda t: t.replace(" 2 3", " +2.0 3e0"),
    ],
    ids=[
        "crlf",
        "blank lines",
        "tabs",
        "bom",
        "case",
        "braces",
        "motion glued",
        "header",
        "wrapped",
        "no end",
        "signs",
    ],
)
def test_white_space_and_spelling_do_not_matter(tmp_path, mangle):
    plain, mangled = read(tmp_path, PENDULUM), read(tmp_path, mangle(PENDULUM))
    assert mangled.names == plain.names
    np.testing.assert_array_equal(mangled.positions, plain.positions)


def test_names_with_blanks_and_twice(tmp_path):
    text = PENDULUM.replace("JOINT rod", "JOINT left arm").replace("ROOT pivot", "ROOT left arm")
    assert read(tmp_path, text).names == ("left arm", "left arm_2", "left arm_end")


def test_position_channels_replace_the_offset_on_any_joint(tmp_path):
    text = PENDULUM.replace("CHANNELS 1 Zrotation", "CHANNELS 3 Zrotation Yposition Xposition")
    for row in ("0 0 0 0", "90 0 0 0", "30 0 0 60"):
        text = text.replace(f"1 2 3 {row}\n", f"1 2 3 {row} -7 5\n")
    rod = read(tmp_path, text).positions[0, 1]
    np.testing.assert_allclose(rod, [1 + 5, 2 - 7, 3])  # OFFSET's z of 0 stays, its y of −3 does not


def test_two_roots(tmp_path):
    part = PENDULUM[PENDULUM.index("ROOT") : PENDULUM.index("MOTION")]
    rows = "".join(f"{row} {row}\n" for row in PENDULUM.splitlines()[-3:])
    text = "HIERARCHY\n" + part + part + "MOTION\nFrames: 3\nFrame Time: 0.04\n" + rows
    capture = read(tmp_path, text)
    assert capture.parents == (-1, 0, 1, -1, 3, 4)
    np.testing.assert_array_equal(capture.positions[:, :3], capture.positions[:, 3:])
    assert capture.notes == ("the file has 2 skeletons; a person is made of the joints that come first",)


@given(
    order=st.permutations("XYZ"),
    degrees=st.lists(st.floats(-180, 180), min_size=3, max_size=3),
    place=st.integers(0, 3),
)
def test_any_channel_order(order, degrees, place):
    channels = [f"{axis}rotation" for axis in order]
    values = list(degrees)
    channels.insert(place, "Yposition")
    values.insert(place, 4.0)
    joints = [BvhJoint("root", -1, (1.0, 2.0, 3.0), channels), BvhJoint("tip", 0, (0.5, 0.0, -1.0))]
    positions, rotations = forward_kinematics(joints, np.array([values]))
    R = np.eye(3)
    for axis, angle in zip(order, degrees, strict=True):
        R = R @ matrix_about_axis(axis, np.radians(angle))
    np.testing.assert_allclose(rotations[0], [R, R], atol=1e-12)
    np.testing.assert_allclose(positions[0], [[1, 4, 3], np.array([1, 4, 3]) + R @ [0.5, 0, -1]], atol=1e-12)


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_bones_of_a_random_tree_are_rigid(count, seed):
    rng = np.random.default_rng(seed)
    axes = [f"{a}rotation" for a in "XYZ"]
    joints = [
        BvhJoint(
            str(i),
            int(rng.integers(-1, i)),
            tuple(rng.normal(size=3)),
            list(rng.permutation(axes)[: rng.integers(4)]),
        )
        for i in range(count)
    ]
    values = rng.uniform(-180, 180, size=(5, sum(len(j.channels) for j in joints)))
    positions, rotations = forward_kinematics(joints, values)
    for index, joint in enumerate(joints):
        if joint.parent >= 0:
            bone = positions[:, index] - positions[:, joint.parent]
            np.testing.assert_allclose(np.linalg.norm(bone, axis=-1), np.linalg.norm(joint.offset), atol=1e-9)
    np.testing.assert_allclose(
        rotations @ np.swapaxes(rotations, -1, -2), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-9
    )


def test_hundreds_of_nested_joints(tmp_path):
    depth = 2000
    text = "HIERARCHY ROOT j0 { OFFSET 0 0 0 CHANNELS 1 Xposition "
    text += "".join(f"JOINT j{i} {{ OFFSET 0 1 0 CHANNELS 0 " for i in range(1, depth)) + "}" * depth
    capture = read(tmp_path, text + "\nMOTION\nFrames: 1\nFrame Time: 1\n5\n")
    np.testing.assert_allclose(capture.positions[0, -1], [5, depth - 1, 0])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MOTION", "NOTION", "no line 'MOTION'"),
        ("Frames: 3", "Frame: 3", r"line 16: 'Frames:' and 'Frame Time:' must follow MOTION"),
        ("Frames: 3", "Frames: " + "9" * 5000, r"line 16: 'Frames:' and 'Frame Time:' must follow MOTION"),
        ("Frames: 3", "Frames" + " " * 100_000, r"line 16: 'Frames:' and 'Frame Time:' must follow MOTION"),
        ("Frame Time: 0.04", "Frame Time: " + " " * 100_000, r"line \d+: "),
        ("Frame Time: 0.04", "Frame Time: 0", r"frame time '0' given, 0\.0001 to 1 seconds accepted"),
        ("Frame Time: 0.04", "Frame Time: 1e7", r"frame time '1e7' given"),
        ("Frame Time: 0.04", "Frame Time: 1e300", r"frame time '1e300' given"),
        ("Frame Time: 0.04", "Frame Time: x", r"frame time 'x' given"),
        ("CHANNELS 1", "CHANNELS ²", r"line 9: '²' given where a number of channels"),
        ("CHANNELS 1", "CHANNELS " + "1" * 5000, r"given where a number of channels was expected"),
        ("1 2 3 90 0 0 0", "1 2 3 90 0 0", r"line 20: 6 values given for 7 channels"),
        ("1 2 3 90 0 0 0", "1 2 3 x 0 0 0", r"line 20: 'x' given where a finite number"),
        ("1 2 3 90 0 0 0", "1 2 3 nan 0 0 0", r"line 20: 'nan' given where a finite number"),
        ("OFFSET 0 -3 0", "OFFSET 0 -3", r"line 9: 'CHANNELS' given where a finite number"),
        ("OFFSET 0 -3 0", "OFFSET 0 -3 inf", r"line 8: 'inf' given where a finite number"),
        (
            "Zrotation\n    End",
            "Wrotation\n    End",
            r"line 9: channel 'Wrotation' given, Xposition … Zrotation",
        ),
        ("CHANNELS 1", "CHANNELS one", r"line 9: 'one' given where a number of channels"),
        ("  }\n}", "  }\n", r"the hierarchy ends inside joint 'pivot', closing braces are missing"),
        ("JOINT rod", "BONE rod", r"line 6: 'BONE' not understood"),
        ("JOINT rod", "ROOT rod", r"line 6: ROOT inside a joint"),
        ("ROOT pivot", "JOINT pivot", r"line 2: JOINT outside a joint"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, old, new, message):
    assert old in PENDULUM
    with pytest.raises(InputError, match=rf"motion\.bvh: .*{message}"):
        read(tmp_path, PENDULUM.replace(old, new, 1))


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda text: text.replace("Frames: 3", "Frames: 4"), "a wrong number of Frames was put right"),
        (lambda text: text.replace("Frames: 3", "Frames: 2"), "a wrong number of Frames was put right"),
        (lambda text: text.replace("CHANNELS 1", "CHANNELS 3"), "a wrong number of CHANNELS was put right"),
        (lambda text: text + "1 2 3\n", "the last line is cut off"),
        (lambda text: "# made by hand\n" + text + "// the end\n", "comments were left out"),
        (lambda text: text.replace("0.04", "0,04"), "decimal commas were read as points"),
    ],
)
def test_what_is_unambiguous_is_read_and_said(tmp_path, change, note):
    assert change(PENDULUM) != PENDULUM
    right, other = read(tmp_path, PENDULUM), read(tmp_path, change(PENDULUM))
    np.testing.assert_array_equal(other.positions, right.positions)
    assert other.frame_time_s == right.frame_time_s
    assert right.notes == ()
    assert len(other.notes) == 1
    assert other.notes[0].startswith(note)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_line_end_and_encoding(tmp_path, line_end, encoding):
    path = tmp_path / "motion.bvh"
    path.write_bytes(PENDULUM.replace("\n", line_end).encode(encoding))
    np.testing.assert_array_equal(read_bvh(path).positions, read(tmp_path, PENDULUM).positions)


def test_an_empty_hierarchy_and_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no ROOT joint found"):
        read(tmp_path, "HIERARCHY\nMOTION\nFrames: 0\nFrame Time: 1\n")
    with pytest.raises(InputError, match=r"none\.bvh: no such file"):
        read_bvh(tmp_path / "none.bvh")


@given(
    st.integers(0, len(PENDULUM) - 1),
    st.sampled_from(["", "{", "}", "0", "x", " ", "\n", "\x00", "JOINT ", "-"]),
)
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path_factory, where, what):
    path = tmp_path_factory.getbasetemp() / "damaged.bvh"
    path.write_text(PENDULUM[:where] + what + PENDULUM[where + 1 :])
    with contextlib.suppress(InputError):
        assert np.isfinite(read_bvh(path).positions).all()


def test_every_order_of_rotations_differs():
    results = set()
    for order in itertools.permutations("XYZ"):
        joints = [
            BvhJoint("r", -1, (0.0, 0.0, 0.0), [f"{a}rotation" for a in order]),
            BvhJoint("t", 0, (1.0, 2.0, 3.0)),
        ]
        positions, _ = forward_kinematics(joints, np.array([[40.0, 50.0, 60.0]]))
        results.add(tuple(positions[0, 1].round(6)))
    assert len(results) == 6
