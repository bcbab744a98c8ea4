import numpy as np
import pytest

from uplift3d.data.kinds import KINDS, kinds_of
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17").joints
HEIGHTS = {
    "hip": 0.94,
    "knee": 0.5,
    "ankle": 0.08,
    "pelvis": 0.94,
    "shoulder": 1.4,
    "elbow": 1.15,
    "wrist": 0.95,
}


def standing(frames=100):
    pose = np.zeros((len(JOINTS), 3))
    pose[:, 2] = [HEIGHTS.get(joint.split("_")[-1], 1.3) for joint in JOINTS]
    return np.repeat(pose[None], frames, axis=0)


def crouching():
    """Down to a pelvis at 0.4 m and up again, the feet where they are."""
    motion = standing()
    above = [i for i, joint in enumerate(JOINTS) if not joint.endswith(("ankle", "knee"))]
    motion[40:60, above, 2] -= 0.54
    return motion


def turned(degrees):
    """Standing for a second, then turned about the pelvis forward; lies on the floor at 90."""
    motion = standing()
    turn = matrix_about_axis("Y", np.radians(degrees))
    pelvis = motion[50:, :1]
    upper = [i for i, joint in enumerate(JOINTS) if not joint.endswith(("hip", "knee", "ankle"))]
    motion[50:, upper] = pelvis + (motion[50:, upper] - pelvis) @ turn.T
    if degrees > 60:
        motion[50:, [i for i in range(17) if not JOINTS[i].endswith(("knee", "ankle"))], 2] -= 0.8
    return motion


@pytest.mark.parametrize(
    ("motion", "frame", "kind"),
    [
        (standing(), 50, "standing"),
        (standing() + np.arange(100)[:, None, None] * [0.02, 0, 0], 50, "walking"),
        (standing() + np.arange(100)[:, None, None] * [0, 0.08, 0], 50, "fast"),
        (crouching(), 10, "standing"),
        (crouching(), 50, "low"),
        (turned(60), 75, "bent"),
        (turned(30), 75, "standing"),
        (turned(85), 75, "lying"),
    ],
)
def test_kinds_of_motion_known_by_construction(motion, frame, kind):
    assert KINDS[kinds_of(motion, 50.0)[frame]] == kind


def test_place_heading_and_extra_joints_do_not_matter(rng):
    motion = np.cumsum(rng.normal(scale=0.01, size=(80, 17, 3)), axis=0) + standing(80)
    moved = motion @ matrix_about_axis("Z", 1.0).T + [3, -2, 0.7]
    padded = np.pad(moved, ((0, 0), (0, 4), (0, 0)), constant_values=np.nan)
    np.testing.assert_array_equal(kinds_of(motion, 50.0), kinds_of(padded, 50.0))


def test_a_single_frame():
    assert kinds_of(standing(1), 50.0).tolist() == [0]
