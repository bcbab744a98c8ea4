"""Joint sets as data: names, parents and mirror pairs of every skeleton that is known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from uplift3d.errors import InputError

__all__ = ["JOINT_SETS", "JointSet", "joint_set"]


@dataclass(frozen=True)
class JointSet:
    """Names and structure of one skeleton.

    `parents[j]` is the index of joint j's parent (-1 at the root of the drawing tree), `mirror[j]` the joint
    on the other side of the body, `root` the pelvis (None where the set has no pelvis joint).
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    root: int | None

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Position of a joint by name; InputError when the set has no such joint."""
        if joint not in self.joints:
            raise InputError(
                f"joint set {self.name!r} has no joint {joint!r}; it has {', '.join(self.joints)}"
            )
        return self.joints.index(joint)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) index pairs, root joints left out."""
        return tuple((parent, child) for child, parent in enumerate(self.parents) if parent >= 0)

    @property
    def sides(self) -> tuple[str, ...]:
        """'left', 'right' or 'middle' for every joint."""
        return tuple(
            "left" if "left" in name else "right" if "right" in name else "middle" for name in self.joints
        )


def _mirrored(joint: str) -> str:
    if "left" in joint:
        return joint.replace("left", "right")
    return joint.replace("right", "left")


def _create(name: str, tree: str) -> JointSet:
    """Build a set from 'joint<parent' words in the set's own joint order ('joint' alone: no parent)."""
    pairs = [word.split("<") for word in tree.split()]
    joints = tuple(pair[0] for pair in pairs)
    parents = tuple(joints.index(pair[1]) if len(pair) > 1 else -1 for pair in pairs)
    mirror = tuple(joints.index(_mirrored(joint)) for joint in joints)
    root = joints.index("pelvis") if "pelvis" in joints else None
    return JointSet(name, joints, parents, mirror, root)


def _hand(side: str) -> str:
    """The words for the 21 points of a hand: its root, then four from each finger's base to its tip."""
    words = [f"{side}_hand_root<{side}_wrist"]
    for finger in ("thumb", "forefinger", "middle_finger", "ring_finger", "little_finger"):
        chain = [f"{side}_hand_root", *(f"{side}_{finger}_{place}" for place in range(1, 5))]
        words += [f"{joint}<{parent}" for parent, joint in pairwise(chain)]
    return f"{' '.join(words)} "


_SETS = [
    # Human3.6M as everybody uses it (the 17 of its 32 joints kept by Martinez et al. and VideoPose3D).
    _create(
        "h36m17",
        """pelvis right_hip<pelvis right_knee<right_hip right_ankle<right_knee left_hip<pelvis
        left_knee<left_hip left_ankle<left_knee torso<pelvis neck<torso head<neck head_top<head
        left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow right_shoulder<neck
        right_elbow<right_shoulder right_wrist<right_elbow""",
    ),
    # The same 17 in the same order, then the feet.
    _create(
        "h36m21",
        """pelvis right_hip<pelvis right_knee<right_hip right_ankle<right_knee left_hip<pelvis
        left_knee<left_hip left_ankle<left_knee torso<pelvis neck<torso head<neck head_top<head
        left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow right_shoulder<neck
        right_elbow<right_shoulder right_wrist<right_elbow left_heel<left_ankle left_toe<left_ankle
        right_heel<right_ankle right_toe<right_ankle""",
    ),
    # The order of the published Uplift-and-Upsample weights.
    _create(
        "uu17",
        """right_ankle<right_knee right_knee<right_hip right_hip<pelvis left_hip<pelvis left_knee<left_hip
        left_ankle<left_knee pelvis neck<torso torso<pelvis head<neck head_top<head right_wrist<right_elbow
        right_elbow<right_shoulder right_shoulder<neck left_shoulder<neck left_elbow<left_shoulder
        left_wrist<left_elbow""",
    ),
    _create(
        "coco17",
        """nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<nose
        right_shoulder<nose left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow
        right_wrist<right_elbow left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip
        right_knee<right_hip left_ankle<left_knee right_ankle<right_knee""",
    ),
    _create(
        "blazepose33",
        """nose left_eye_inner<nose left_eye<left_eye_inner left_eye_outer<left_eye right_eye_inner<nose
        right_eye<right_eye_inner right_eye_outer<right_eye left_ear<left_eye_outer right_ear<right_eye_outer
        mouth_left<nose mouth_right<nose left_shoulder<nose right_shoulder<nose left_elbow<left_shoulder
        right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow left_pinky<left_wrist
        right_pinky<right_wrist left_index<left_wrist right_index<right_wrist left_thumb<left_wrist
        right_thumb<right_wrist left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip
        right_knee<right_hip left_ankle<left_knee right_ankle<right_knee left_heel<left_ankle
        right_heel<right_ankle left_foot_index<left_heel right_foot_index<right_heel""",
    ),
    _create(
        "halpe26",
        """nose<neck left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<neck
        right_shoulder<neck left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow
        right_wrist<right_elbow left_hip<pelvis right_hip<pelvis left_knee<left_hip right_knee<right_hip
        left_ankle<left_knee right_ankle<right_knee head_top<nose neck<pelvis pelvis left_big_toe<left_ankle
        right_big_toe<right_ankle left_small_toe<left_ankle right_small_toe<right_ankle left_heel<left_ankle
        right_heel<right_ankle""",
    ),
    _create(
        "mpi_inf_3dhp17",
        """head_top<head neck<torso right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
        left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow right_hip<pelvis
        right_knee<right_hip right_ankle<right_knee left_hip<pelvis left_knee<left_hip left_ankle<left_knee
        pelvis torso<pelvis head<neck""",
    ),
    _create(
        "mpi_inf_3dhp28",
        """spine3<spine2 spine4<spine3 spine2<torso torso<pelvis pelvis neck<spine4 head<neck head_top<head
        left_clavicle<spine4 left_shoulder<left_clavicle left_elbow<left_shoulder left_wrist<left_elbow
        left_hand<left_wrist right_clavicle<spine4 right_shoulder<right_clavicle right_elbow<right_shoulder
        right_wrist<right_elbow right_hand<right_wrist left_hip<pelvis left_knee<left_hip left_ankle<left_knee
        left_foot<left_ankle left_toe<left_foot right_hip<pelvis right_knee<right_hip right_ankle<right_knee
        right_foot<right_ankle right_toe<right_foot""",
    ),
    # OpenPose calls joint 1 "neck", but it is the mid-point of the shoulders: copying it into Human3.6M's
    # neck would put that joint about 4 cm too low, so it keeps a name of its own here.
    _create(
        "body25",
        """nose<mid_shoulder mid_shoulder<pelvis right_shoulder<mid_shoulder right_elbow<right_shoulder
        right_wrist<right_elbow left_shoulder<mid_shoulder left_elbow<left_shoulder left_wrist<left_elbow
        pelvis right_hip<pelvis right_knee<right_hip right_ankle<right_knee left_hip<pelvis
        left_knee<left_hip left_ankle<left_knee right_eye<nose left_eye<nose right_ear<right_eye
        left_ear<left_eye left_big_toe<left_ankle left_small_toe<left_big_toe left_heel<left_ankle
        right_big_toe<right_ankle right_small_toe<right_big_toe right_heel<right_ankle""",
    ),
    # COCO-WholeBody without face and hands.
    _create(
        "coco_feet23",
        """nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<nose
        right_shoulder<nose left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow
        right_wrist<right_elbow left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip
        right_knee<right_hip left_ankle<left_knee right_ankle<right_knee left_big_toe<left_ankle
        left_small_toe<left_ankle left_heel<left_ankle right_big_toe<right_ankle right_small_toe<right_ankle
        right_heel<right_ankle""",
    ),
    # OpenPose's older model, without a pelvis; `mid_shoulder` as above.
    _create(
        "openpose18",
        """nose<mid_shoulder mid_shoulder right_shoulder<mid_shoulder right_elbow<right_shoulder
        right_wrist<right_elbow left_shoulder<mid_shoulder left_elbow<left_shoulder left_wrist<left_elbow
        right_hip<mid_shoulder right_knee<right_hip right_ankle<right_knee left_hip<mid_shoulder
        left_knee<left_hip left_ankle<left_knee right_eye<nose left_eye<nose right_ear<right_eye
        left_ear<left_eye""",
    ),
    # COCO-WholeBody: coco17, feet, 68 points of the face from the person's right to the left, both hands.
    _create(
        "coco_wholebody133",
        """nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<nose
        right_shoulder<nose left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow
        right_wrist<right_elbow left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip
        right_knee<right_hip left_ankle<left_knee right_ankle<right_knee left_big_toe<left_ankle
        left_small_toe<left_ankle left_heel<left_ankle right_big_toe<right_ankle right_small_toe<right_ankle
        right_heel<right_ankle right_jaw_0<right_jaw_1 right_jaw_1<right_jaw_2 right_jaw_2<right_jaw_3
        right_jaw_3<right_jaw_4 right_jaw_4<right_jaw_5 right_jaw_5<right_jaw_6 right_jaw_6<right_jaw_7
        right_jaw_7<chin chin<nose left_jaw_7<chin left_jaw_6<left_jaw_7 left_jaw_5<left_jaw_6
        left_jaw_4<left_jaw_5 left_jaw_3<left_jaw_4 left_jaw_2<left_jaw_3 left_jaw_1<left_jaw_2
        left_jaw_0<left_jaw_1 right_brow_0<right_brow_1 right_brow_1<right_brow_2 right_brow_2<right_brow_3
        right_brow_3<right_brow_4 right_brow_4<nose_bridge_0 left_brow_4<nose_bridge_0
        left_brow_3<left_brow_4 left_brow_2<left_brow_3 left_brow_1<left_brow_2 left_brow_0<left_brow_1
        nose_bridge_0<nose_bridge_1 nose_bridge_1<nose_bridge_2 nose_bridge_2<nose_bridge_3
        nose_bridge_3<nose right_nostril_0<right_nostril_1 right_nostril_1<nose_base nose_base<nose
        left_nostril_1<nose_base left_nostril_0<left_nostril_1 right_eye_0<right_eye right_eye_1<right_eye
        right_eye_2<right_eye right_eye_3<right_eye right_eye_4<right_eye right_eye_5<right_eye
        left_eye_3<left_eye left_eye_2<left_eye left_eye_1<left_eye left_eye_0<left_eye left_eye_5<left_eye
        left_eye_4<left_eye right_mouth_0<right_mouth_1 right_mouth_1<right_mouth_2 right_mouth_2<upper_lip
        upper_lip<nose_base left_mouth_2<upper_lip left_mouth_1<left_mouth_2 left_mouth_0<left_mouth_1
        left_mouth_4<left_mouth_3 left_mouth_3<lower_lip lower_lip<chin right_mouth_3<lower_lip
        right_mouth_4<right_mouth_3 right_mouth_5<right_mouth_6 right_mouth_6<upper_lip_inside
        upper_lip_inside<upper_lip left_mouth_6<upper_lip_inside left_mouth_5<left_mouth_6
        left_mouth_7<lower_lip_inside lower_lip_inside<lower_lip right_mouth_7<lower_lip_inside """
        + _hand("left")
        + _hand("right"),
    ),
]
JOINT_SETS: dict[str, JointSet] = {joint_set.name: joint_set for joint_set in _SETS}


def joint_set(name: str) -> JointSet:
    """The joint set of that name; InputError listing the known names otherwise."""
    if not isinstance(name, str) or name not in JOINT_SETS:
        raise InputError(f"unknown joint set {name!r}; known joint sets are {', '.join(JOINT_SETS)}")
    return JOINT_SETS[name]
