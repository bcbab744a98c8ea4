"""Joint sets: structure, and orders known from outside."""

import re

import numpy as np
import pytest

from uplift3d.skeletons import JOINT_SETS, joint_set, reorder

NAMES = sorted(JOINT_SETS)

# Joint numbers as the makers of each set publish them.
PUBLISHED = {
    "h36m17": "pelvis 0, right_hip 1, left_hip 4, torso 7, head_top 10, left_wrist 13, right_wrist 16",
    "h36m21": "pelvis 0, head_top 10, right_wrist 16, left_heel 17, left_toe 18, right_heel 19, right_toe 20",
    "uu17": "right_ankle 0, left_ankle 5, pelvis 6, neck 7, torso 8, right_wrist 11, left_wrist 16",
    "coco17": "nose 0, left_eye 1, left_shoulder 5, right_wrist 10, left_hip 11, right_ankle 16",
    "blazepose33": "nose 0, left_ear 7, mouth_left 9, left_shoulder 11, right_wrist 16, left_heel 29",
    "halpe26": "nose 0, right_ankle 16, head_top 17, neck 18, pelvis 19, left_big_toe 20, right_heel 25",
    "mpi_inf_3dhp17": "head_top 0, neck 1, right_shoulder 2, left_wrist 7, left_ankle 13, pelvis 14, head 16",
    "mpi_inf_3dhp28": "spine3 0, torso 3, pelvis 4, head_top 7, left_shoulder 9, right_hip 23, right_toe 27",
    "body25": "nose 0, mid_shoulder 1, right_wrist 4, pelvis 8, left_ankle 14, right_eye 15, right_heel 24",
}
PUBLISHED |= {
    "coco_feet23": "nose 0, right_ankle 16, left_big_toe 17, left_heel 19, right_big_toe 20, right_heel 22",
    "openpose18": "nose 0, mid_shoulder 1, right_wrist 4, right_hip 8, left_ankle 13, left_ear 17",
    "coco_wholebody133": "nose 0, right_ankle 16, left_big_toe 17, left_heel 19, right_heel 22, chin 31, "
    "right_brow_0 40, left_brow_4 45, nose_bridge_0 50, nose_base 56, right_eye_0 59, left_eye_0 68, "
    "right_mouth_0 71, upper_lip 74, left_mouth_0 77, lower_lip 80, left_hand_root 91, left_thumb_4 95, "
    "left_little_finger_4 111, right_hand_root 112, right_little_finger_4 132",
}


@pytest.mark.parametrize("name", NAMES)
def test_joint_numbers_are_the_published_ones(name):
    skeleton = joint_set(name)
    known = dict(entry.split() for entry in PUBLISHED[name].split(", "))
    assert {joint: str(skeleton.index(joint)) for joint in known} == known
    assert len(set(skeleton.joints)) == len(skeleton) == int(re.search(r"\d+$", name)[0])


@pytest.mark.parametrize("name", NAMES)
def test_parents_form_one_tree(name):
    skeleton = joint_set(name)
    assert skeleton.parents.count(-1) == 1
    assert len(skeleton.bones) == len(skeleton) - 1
    for joint in range(len(skeleton)):
        path = [joint]
        while skeleton.parents[path[-1]] >= 0:
            path.append(skeleton.parents[path[-1]])
            assert len(path) <= len(skeleton), f"{skeleton.joints[joint]} is in a loop"


@pytest.mark.parametrize("name", NAMES)
def test_mirror_swaps_sides_and_keeps_the_tree(name):
    skeleton = joint_set(name)
    other = {"left": "right", "right": "left", "middle": "middle"}
    for joint, twin in enumerate(skeleton.mirror):
        assert skeleton.mirror[twin] == joint
        assert skeleton.sides[twin] == other[skeleton.sides[joint]]
        parent = skeleton.parents[joint]
        assert skeleton.parents[twin] == (-1 if parent < 0 else skeleton.mirror[parent])


@pytest.mark.parametrize("name", NAMES)
def test_root_is_the_pelvis_or_missing(name):
    skeleton = joint_set(name)
    if skeleton.root is None:
        assert "pelvis" not in skeleton.joints
    else:
        assert skeleton.joints[skeleton.root] == "pelvis"


def test_sides_of_joints_whose_name_ends_in_the_side():
    blazepose = joint_set("blazepose33")
    assert blazepose.sides[blazepose.index("mouth_left")] == "left"
    assert blazepose.mirror[blazepose.index("mouth_left")] == blazepose.index("mouth_right")


def test_mirror_pairs_of_the_whole_body_are_the_published_ones():
    mirror = joint_set("coco_wholebody133").mirror
    face = [(23, 39), (30, 32), (31, 31), (40, 49), (44, 45), (54, 58), (56, 56), (59, 68), (60, 67)]
    face += [(62, 65), (63, 70), (64, 69), (71, 77), (73, 75), (78, 82), (79, 81), (83, 87), (84, 86)]
    face += [(88, 90), (89, 89)]
    hands = [(91 + place, 112 + place) for place in range(21)]
    assert all(mirror[one] == other for one, other in [*face, *hands, (17, 20), (18, 21), (19, 22)])


def test_permutation_to_the_papers_order():
    permutation = [3, 2, 1, 4, 5, 6, 0, 8, 7, 9, 10, 16, 15, 14, 11, 12, 13]
    np.testing.assert_array_equal(reorder("h36m17", "uu17"), permutation)


def test_flip_order_of_the_papers_joints():
    assert joint_set("uu17").mirror == (5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 10, 16, 15, 14, 13, 12, 11)


def test_flip_order_of_the_usual_joints():
    mirror = np.array(joint_set("h36m17").mirror)
    np.testing.assert_array_equal(mirror[[4, 5, 6, 11, 12, 13]], [1, 2, 3, 14, 15, 16])
