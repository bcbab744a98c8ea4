import numpy as np
import pytest

from uplift3d.detect.files.layout import BY_COUNT, layout_of
from uplift3d.errors import InputError
from uplift3d.skeletons import JOINT_SETS, joint_set

POSE2SIM = [
    "Hip",
    "RHip",
    "RKnee",
    "RAnkle",
    "RBigToe",
    "RSmallToe",
    "RHeel",
    "LHip",
    "LKnee",
    "LAnkle",
    "LBigToe",
    "LSmallToe",
    "LHeel",
    "Neck",
    "Head",
    "Nose",
    "RShoulder",
    "RElbow",
    "RWrist",
    "LShoulder",
    "LElbow",
    "LWrist",
]


def names_of(layout) -> list[str | None]:
    known = joint_set(layout.joints).joints
    return [known[row] if row >= 0 else None for row in layout.rows]


@pytest.mark.parametrize("name", JOINT_SETS)
def test_our_own_names_are_known(name):
    joints = joint_set(name).joints
    assert names_of(layout_of("a", len(joints), None, joints)) == list(joints)


@pytest.mark.parametrize("name", ["coco17", "halpe26", "body25", "blazepose33"])
@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        lambda joint: joint.replace("_", " ").title(),
        lambda joint: joint.replace("left_", "l_").replace("right_", "r_"),
        lambda joint: "".join(word.title() for word in joint.split("_")),
        lambda joint: f"{joint.removeprefix('left_')}_L" if joint.startswith("left_") else joint,
    ],
    ids=["upper", "words", "l_", "camel", "_L"],
)
def test_other_spellings_are_known(name, spell):
    joints = joint_set(name).joints
    assert names_of(layout_of("a", len(joints), None, [spell(joint) for joint in joints])) == list(joints)


def test_names_of_pose2sim():
    layout = layout_of("a", len(POSE2SIM), None, POSE2SIM)
    assert layout.joints == "halpe26"
    found = dict(zip(POSE2SIM, names_of(layout), strict=True))
    assert found["Hip"] == "pelvis"
    assert found["Head"] == "head_top"
    assert found["RBigToe"] == "right_big_toe"
    assert None not in found.values()


def test_openpose_names_mean_the_middle_of_the_shoulders():
    joints = ["CHip" if joint == "pelvis" else joint for joint in joint_set("body25").joints]
    joints = ["Neck" if joint == "mid_shoulder" else joint for joint in joints]
    layout = layout_of("a", 25, None, joints)
    assert layout.joints == "body25"
    assert names_of(layout) == list(joint_set("body25").joints)


def test_further_points_are_left_out_and_placed_by_name():
    names = ["racket", *reversed(joint_set("coco17").joints), "left_shoulder"]
    layout = layout_of("a", 19, None, names)
    assert names_of(layout) == [None, *reversed(joint_set("coco17").joints), None]
    positions = np.arange(38.0).reshape(1, 19, 2)
    joints, sure = layout.place(positions, np.ones((1, 19)))
    np.testing.assert_array_equal(joints[0, joint_set("coco17").index("right_ankle")], [2, 3])
    assert sure.shape == (1, 17)


@pytest.mark.parametrize(("count", "name"), BY_COUNT.items())
def test_sets_by_count(count, name):
    layout = layout_of("a", count, None)
    known = len(joint_set(name))
    assert layout.rows == (*range(known), *([-1] * (count - known)))


def test_joints_given_as_a_list():
    layout = layout_of("a", 4, "left_hip,-, right_hip,nose")
    assert names_of(layout) == ["left_hip", None, "right_hip", "nose"]


@pytest.mark.parametrize(
    ("count", "joints", "message"),
    [
        (5, None, r"has 5 points per person; known are 17 \(coco17\).*with --joints"),
        (5, "coco17", "has 5 points per person, coco17 has 17 joints"),
        (3, "nose,left_hip", "has 3 points per person, but --joints names 2"),
        (2, "nose,nose", "names a joint twice"),
        (2, "nose,tail", "names tail, which no joint set has"),
        (2, "spine3,left_pinky", "names spine3, left_pinky, which no joint set has together"),
        (2, "-,-", "names nothing, which no joint set has"),
        (5, "smpl", "unknown joint set 'smpl'"),
    ],
)
def test_joints_that_do_not_fit(count, joints, message):
    with pytest.raises(InputError, match=message):
        layout_of("a", count, joints)
