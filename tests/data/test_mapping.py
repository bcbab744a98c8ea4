import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data.bvh import read_bvh
from uplift3d.data.capture import Capture
from uplift3d.data.mapping import find_mapping, parse_mapping, read_mapping, shipped_mappings, to_h36m17, z_up
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17").joints
SHIPPED = {mapping.name: mapping for mapping in shipped_mappings()}


def content(**changes):
    """A mapping of a skeleton that has every h36m17 joint under its own name."""
    joints = {joint: {"sum": {joint: 1}} for joint in JOINTS}
    return {"name": "same", "metres_per_unit": 1.0, "up": "z", "licence": "none", "joints": joints, **changes}


def capture(names=JOINTS, frames=3, seed=0, **changes):
    rng = np.random.default_rng(seed)
    fields = {
        "source": Path("made.bvh"),
        "names": tuple(names),
        "parents": (-1,) * len(names),
        "positions": rng.normal(size=(frames, len(names), 3)),
        "rotations": np.broadcast_to(matrix_about_axis("X", np.pi / 2), (frames, len(names), 3, 3)),
        "frame_time_s": 0.02,
    }
    return Capture(**{**fields, **changes})


def test_three_skeletons_are_shipped():
    assert set(SHIPPED) == {"bandai-namco-bvh", "cmu-bvh", "cmu-asf"}


@pytest.mark.parametrize("mapping", SHIPPED.values(), ids=SHIPPED)
def test_shipped_mappings_are_symmetric(mapping):
    """Left and right joints come from the skeleton's left and right, central ones from neither more."""

    def mirrored(name):
        for left, right in (("_L", "_R"), ("l", "r")):
            if name.endswith(left) or name.endswith(right):
                return name[: -len(left)] + (right if name.endswith(left) else left)
            if "_L_" in name or "_R_" in name:
                return name.replace("_L_", "_#_").replace("_R_", "_L_").replace("_#_", "_R_")
            if name[0] in "lr" and name[1:] in {"hipjoint", "femur", "tibia", "clavicle", "humerus", "wrist"}:
                return ("r" if name[0] == "l" else "l") + name[1:]
        return name

    for joint, mirror in enumerate(joint_set("h36m17").mirror):
        ours, other = mapping.formulas[joint], mapping.formulas[mirror]
        assert {mirrored(name): weight for name, weight in ours.weights.items()} == dict(other.weights)


def test_identity_mapping_keeps_positions():
    motion = capture()
    np.testing.assert_array_equal(
        to_h36m17(motion, parse_mapping(json.dumps(content()), "x")), motion.positions
    )


def test_sum_scale_and_axes():
    joints = {**content()["joints"], "torso": {"sum": {"pelvis": 0.25, "neck": 0.75}}}
    mapping = parse_mapping(json.dumps(content(joints=joints, metres_per_unit=0.01, up="y")), "x")
    motion = capture()
    result = to_h36m17(motion, mapping)
    P = motion.positions / 100
    expected = 0.25 * P[:, JOINTS.index("pelvis")] + 0.75 * P[:, JOINTS.index("neck")]
    np.testing.assert_allclose(
        result[:, JOINTS.index("torso")], expected[:, [0, 2, 1]] * [1, -1, 1], atol=1e-15
    )


def test_offset_goes_along_the_joints_own_axes_in_bone_lengths():
    step = {"axes_of": "head", "along": [0, 2, 1], "unit": ["pelvis", "neck"]}
    joints = {**content()["joints"], "head_top": {"sum": {"head": 1}, "offset": step}}
    motion = capture()
    motion.positions[:, JOINTS.index("neck")] = motion.positions[:, JOINTS.index("pelvis")] + [0, 0, 0.3]
    result = to_h36m17(motion, parse_mapping(json.dumps(content(joints=joints)), "x"))
    # axes turned 90° about x: own y is z, own z is −y
    expected = motion.positions[:, JOINTS.index("head")] + np.array([0, -0.3, 0.6])
    np.testing.assert_allclose(result[:, JOINTS.index("head_top")], expected, atol=1e-12)


def test_z_up_is_a_rotation():
    matrix = z_up(np.eye(3), "y").T
    np.testing.assert_array_equal(matrix @ [0, 1, 0], [0, 0, 1])
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    np.testing.assert_array_equal(z_up(np.eye(3), "z"), np.eye(3))


@pytest.mark.parametrize(("step", "kept"), [(0.1, 5), (2.0, 4)])
def test_a_first_frame_far_from_the_second_is_dropped(step, kept):
    mapping = parse_mapping(json.dumps(content(drop_first_frame_if_step_above_m=0.3)), "x")
    positions = np.zeros((5, 17, 3))
    positions[0, :, 0] = step
    assert len(to_h36m17(capture(frames=5, positions=positions), mapping)) == kept


def test_the_files_own_unit_is_used_where_the_mapping_has_none():
    mapping = parse_mapping(json.dumps(content(metres_per_unit=None)), "x")
    motion = capture(metres_per_unit=2.0)
    np.testing.assert_array_equal(to_h36m17(motion, mapping), 2 * motion.positions)
    with pytest.raises(
        InputError, match=r"made\.bvh: states no unit of length, and neither does mapping 'same'"
    ):
        to_h36m17(capture(), mapping)


def test_the_mapping_is_found_by_joint_names(figure_bvh):
    motion = read_bvh(figure_bvh())
    assert find_mapping(motion, shipped_mappings()).name == "bandai-namco-bvh"
    with pytest.raises(
        InputError, match=r"made\.bvh: no mapping fits its joints \(a, b\b.*known skeletons are "
    ):
        find_mapping(capture(names=("a", "b")), shipped_mappings())
    with pytest.raises(InputError, match=r"mapping 'cmu-asf' needs joints it lacks: head, lclavicle"):
        to_h36m17(capture(names=("a",)), SHIPPED["cmu-asf"])


def test_the_mapping_that_says_most_wins():
    small = parse_mapping(json.dumps(content()), "x")
    joints = {**content()["joints"], "head": {"sum": {"head": 0.5, "nose": 0.5}}}
    large = parse_mapping(json.dumps(content(joints=joints, name="large")), "x")
    assert find_mapping(capture(), [large, small]) is small
    assert find_mapping(capture((*JOINTS, "nose")), [small, large]) is large


def test_figure_stands_in_metres_and_z_up(figure_bvh):
    motion = read_bvh(figure_bvh())
    world = dict(zip(JOINTS, to_h36m17(motion, SHIPPED["bandai-namco-bvh"])[0], strict=True))
    np.testing.assert_allclose(world["pelvis"], [0, 0, 0.92], atol=1e-9)
    np.testing.assert_allclose(world["left_knee"], [0.07, 0, 0.52], atol=1e-9)
    np.testing.assert_allclose(world["right_wrist"], [-0.16, 0, 0.85], atol=1e-9)
    np.testing.assert_allclose(world["neck"], [0, 0, 1.35], atol=1e-9)


def test_dataset_and_subject_come_from_the_path():
    bandai, bvh, asf = (SHIPPED[name] for name in ("bandai-namco-bvh", "cmu-bvh", "cmu-asf"))
    assert bandai.dataset_of("x/data/dataset-1_walk_normal_001.bvh") == "bandai-1"
    assert bandai.dataset_of("dataset-2_walk_normal_001.bvh") == "bandai-2"
    assert bandai.dataset_of("mine.bvh") == "bandai"
    assert bandai.subject_of("dataset-1_walk_normal_001.bvh") == ""
    assert (bvh.dataset_of("002_01.bvh"), bvh.subject_of("subjects/002/002_01.bvh")) == ("cmu-bvh", "2")
    assert (asf.dataset_of("02_01.amc"), asf.subject_of("subjects/02/02_01.amc")) == ("cmu-amc", "2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"up": "x"}, r"'up' is 'x', 'y' or 'z' accepted"),
        ({"metres_per_unit": -1}, r"'metres_per_unit' is -1, a number above 0 or null accepted"),
        ({"colour": 1}, r"key 'colour' unknown"),
        ({"joints": {**content()["joints"], "nose": {"sum": {"a": 1}}}}, r"joint 'nose' is not of h36m17"),
        (
            {"joints": {**content()["joints"], "head": {"sum": {"a": 0.5}}}},
            r"joint 'head': weights sum to 0\.5, not 1",
        ),
        ({"joints": {**content()["joints"], "head": {"add": 1}}}, r"joint 'head': not understood"),
        ({"joints": {}}, r"joint 'pelvis' missing; joint 'right_hip' missing"),
        ({"joints": []}, r"an object with 'joints' needed"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(tmp_path, changes, message):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content(**changes)))
    with pytest.raises(InputError, match=rf"mine\.json: not a skeleton mapping: .*{message}"):
        read_mapping(path)


def test_all_problems_of_a_mapping_are_said_together():
    wrong = content(up="w", colour=1)
    del wrong["licence"]
    with pytest.raises(InputError, match=r"key 'licence' missing; key 'colour' unknown; 'up' is 'w'"):
        parse_mapping(json.dumps(wrong), "x")


def test_mapping_that_is_not_json_or_not_there(tmp_path):
    with pytest.raises(InputError, match="x: not JSON"):
        parse_mapping("{", "x")
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        read_mapping(tmp_path / "none.json")


def test_every_shipped_mapping_explains_itself():
    folder = resources.files("uplift3d.data") / "skeletons"
    files = [f for f in folder.iterdir() if f.name.endswith(".json")]
    assert len(files) == 3
    for file in files:
        assert len(json.loads(file.read_text(encoding="utf-8"))["comment"]) >= 3
