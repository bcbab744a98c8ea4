import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from uplift3d.data.bvh import read_bvh
from uplift3d.data.capture import Capture
from uplift3d.data.mapping import bare_names, find_mapping, to_h36m21, z_up
from uplift3d.data.mapping_files import parse_mapping, read_mapping, shipped_mappings
from uplift3d.data.provenance import Declared, LeftOutError, Provenance, provenance_of
from uplift3d.errors import InputError
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m21").joints
SHIPPED = {mapping.name: mapping for mapping in shipped_mappings()}


def content(**changes):
    """A mapping of a skeleton that has every h36m21 joint under its own name."""
    joints = {joint: {"sum": {joint: 1}} for joint in JOINTS}
    return {"name": "same", "metres_per_unit": 1.0, "up": "z", "licence": "own", "joints": joints, **changes}


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


def test_shipped_skeletons():
    assert set(SHIPPED) >= {"bandai-namco-bvh", "cmu-bvh", "cmu-asf", "daz-bvh", "motionbuilder"}
    assert set(SHIPPED) >= {
        "rokoko",
        "unity-humanoid",
        "3ds-max-biped",
        "h36m-names",
        "amp-humanoid",
        "deepmimic",
    }


@pytest.mark.parametrize("mapping", SHIPPED.values(), ids=SHIPPED)
def test_shipped_mappings_are_symmetric(mapping):
    """Left and right joints come from the skeleton's left and right, central ones from neither more."""

    one_letter = {"hipjoint", "femur", "tibia", "clavicle", "humerus", "wrist", "foot", "toes"}
    one_letter |= {
        "Thigh",
        "Shin",
        "Foot",
        "Foot_end",
        "Shldr",
        "ForeArm",
        "Hand",
        "ThighBend",
        "ShldrBend",
        "ForearmBend",
        "Toe",
    }

    def mirrored(name):
        for left, right in (("left_", "right_"), ("Left", "Right"), ("L ", "R ")):
            if name.startswith((left, right)):
                return name.replace(left, right) if name.startswith(left) else name.replace(right, left)
        if name.startswith(("abdomen", "chest", "neck")):
            return name
        for left, right in (("_L", "_R"), ("l", "r")):
            if name.endswith(left) or name.endswith(right):
                return name[: -len(left)] + (right if name.endswith(left) else left)
            if "_L_" in name or "_R_" in name:
                return name.replace("_L_", "_#_").replace("_R_", "_L_").replace("_#_", "_R_")
            if name[0] in "lr" and name[1:] in one_letter:
                return ("r" if name[0] == "l" else "l") + name[1:]
        return name

    skeleton = joint_set("h36m21")
    for joint, mirror in zip(skeleton.joints, skeleton.mirror, strict=True):
        ours, other = (mapping.formulas.get(name, ()) for name in (joint, skeleton.joints[mirror]))
        for one, twin in zip(ours, other, strict=True):
            assert {mirrored(name): weight for name, weight in one.weights.items()} == dict(twin.weights)
            assert (one.offset is None) == (twin.offset is None)


def test_identity_mapping_keeps_positions():
    motion = capture()
    np.testing.assert_array_equal(
        to_h36m21(motion, parse_mapping(json.dumps(content()), "x")), motion.positions
    )


def test_sum_scale_and_axes():
    joints = {**content()["joints"], "torso": {"sum": {"pelvis": 0.25, "neck": 0.75}}}
    mapping = parse_mapping(json.dumps(content(joints=joints, metres_per_unit=0.01, up="y")), "x")
    motion = capture()
    result = to_h36m21(motion, mapping)
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
    result = to_h36m21(motion, parse_mapping(json.dumps(content(joints=joints)), "x"))
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
    positions = np.zeros((5, 21, 3))
    positions[0, :, 0] = step
    assert len(to_h36m21(capture(frames=5, positions=positions), mapping)) == kept


def test_the_files_own_unit_is_used_where_the_mapping_has_none():
    mapping = parse_mapping(json.dumps(content(metres_per_unit=None)), "x")
    motion = capture(metres_per_unit=2.0)
    np.testing.assert_array_equal(to_h36m21(motion, mapping), 2 * motion.positions)
    other = parse_mapping(json.dumps(content(metres_per_unit=3, up="y")), "x")
    np.testing.assert_array_equal(
        to_h36m21(capture(metres_per_unit=2.0, up="z"), other), 2 * motion.positions
    )
    with pytest.raises(
        InputError, match=r"made\.bvh: states no vertical axis, and neither does mapping 'same'"
    ):
        to_h36m21(capture(), parse_mapping(json.dumps(content(up=None)), "x"))


def test_the_mapping_is_found_by_joint_names(figure_bvh):
    motion = read_bvh(figure_bvh())
    assert find_mapping(motion, shipped_mappings())[0].name == "bandai-namco-bvh"
    with pytest.raises(
        InputError, match=r"made\.bvh: no mapping fits its joints \(a, b\b.*known skeletons are "
    ):
        find_mapping(capture(names=("a", "b")), shipped_mappings())
    with pytest.raises(InputError, match=r"mapping 'cmu-asf' needs joints it lacks: lclavicle"):
        to_h36m21(capture(names=("a",)), SHIPPED["cmu-asf"])


def test_the_mapping_that_says_most_wins():
    small = parse_mapping(json.dumps(content()), "x")
    joints = {**content()["joints"], "head": {"sum": {"head": 0.5, "nose": 0.5}}}
    large = parse_mapping(json.dumps(content(joints=joints, name="large")), "x")
    assert find_mapping(capture(), [large, small])[0] is small
    assert find_mapping(capture((*JOINTS, "nose")), [small, large])[0] is large


def test_figure_stands_in_metres_and_z_up(figure_bvh):
    motion = read_bvh(figure_bvh())
    world = dict(zip(JOINTS, to_h36m21(motion, SHIPPED["bandai-namco-bvh"])[0], strict=True))
    np.testing.assert_allclose(world["pelvis"], [0, 0, 0.92], atol=1e-9)
    np.testing.assert_allclose(world["left_knee"], [0.07, 0, 0.52], atol=1e-9)
    np.testing.assert_allclose(world["right_wrist"], [-0.16, 0, 0.85], atol=1e-9)
    np.testing.assert_allclose(world["neck"], [0, 0, 1.35], atol=1e-9)


CMU = "CMU-mocap"


@pytest.mark.parametrize(
    ("mapping", "path", "dataset", "subject", "licence", "split"),
    [
        ("bandai-namco-bvh", "x/dataset-1_walk_01.bvh", "bandai-1", "", "CC-BY-NC-4.0", "validation"),
        ("bandai-namco-bvh", "dataset-2_walk_01.bvh", "bandai-2", "", "CC-BY-NC-4.0", "training"),
        ("bandai-namco-bvh", "mine.bvh", "bandai-skeleton", "", "unknown", ""),
        ("cmu-bvh", "subjects/002/002_01.bvh", "cmu-bvh", "2", CMU, "validation"),
        ("cmu-bvh", "subjects/007/007_01.bvh", "cmu-bvh", "7", CMU, "training"),
        ("cmu-asf", "02_01.amc", "cmu-amc", "2", CMU, "validation"),
        ("cmu-asf", "102_01.amc", "cmu-amc", "102", CMU, "training"),
        ("cmu-asf", "3/HDM_bd_03-02_02_120.amc", "hdm05", "bd", "CC-BY-SA-3.0", "training"),
        ("cmu-asf", "HDM_mm_squat1Reps_037_120.AMC", "hdm05", "mm", "CC-BY-SA-3.0", "validation"),
        ("cmu-asf", "anna/walk_02.amc", "asf-amc", "anna", "unknown", ""),
        ("daz-bvh", "train_data_bvh/martial/08.bvh", "cmu-daz", "135", CMU, "training"),
        ("daz-bvh", "train_data_bvh/indian/08.bvh", "cmu-daz", "94", CMU, "training"),
        ("motionbuilder", "orig/data/motion/kick.bvh", "mass", "", "Apache-2.0", "training"),
        ("h36m-names", "cmu-hdm05-c3d-joints.npz/85_02", "c3d", "85", CMU, "validation"),
        ("h36m-names", "cmu-hdm05-c3d-joints.npz/HDM_mm_1", "c3d", "mm", "CC-BY-SA-3.0", "validation"),
        ("amp-humanoid", "cmu-amp-joints.npz/amp_humanoid_hop", "cmu-amp", "", CMU, "training"),
        ("deepmimic", "a/deepmimic-joints.npz/humanoid3d_kick", "deepmimic", "", "MIT", "training"),
    ],
)
def test_where_a_file_comes_from(mapping, path, dataset, subject, licence, split):
    chosen = SHIPPED[mapping]
    default = Provenance(chosen.default_dataset or chosen.name, chosen.licence)
    found = provenance_of(path, chosen.datasets, default, Declared())
    assert (found.dataset, found.subject, found.licence, found.split) == (dataset, subject, licence, split)


@pytest.mark.parametrize(
    ("mapping", "path", "reason"),
    [
        ("deepmimic", "deepmimic-joints.npz/humanoid3d_walk", "may repeat motion that serves as a test"),
        ("deepmimic", "deepmimic-joints.npz/sie/sie_humanoid3d_run_left00", "a licence of its own"),
        ("motionbuilder", "data/motion/run.bvh", "is not documented"),
        ("daz-bvh", "train_data_bvh/standard.bvh", "a calibration pose"),
    ],
)
def test_what_is_left_out(mapping, path, reason):
    with pytest.raises(LeftOutError, match=f"{path}: left out, .*{reason}"):
        provenance_of(path, SHIPPED[mapping].datasets, Provenance("x"), Declared())


def test_the_first_alternative_that_the_skeleton_has_counts():
    options = [{"sum": {"crown": 1}}, {"sum": {"neck": 1}}]
    mapping = parse_mapping(json.dumps(content(joints={**content()["joints"], "head_top": options})), "x")
    place = JOINTS.index("head_top")
    for names, source in ((JOINTS, "neck"), (("crown", *JOINTS[1:], "pelvis"), "crown")):
        motion = capture(names)
        expected = motion.positions[:, names.index(source)]
        np.testing.assert_array_equal(to_h36m21(motion, mapping)[:, place], expected)


def test_a_joint_that_cannot_be_had_is_nan():
    step = {"axes_of": "neck", "along": [0, 1, 0], "unit": ["pelvis", "neck"]}
    joints = {**content()["joints"], "head": None, "head_top": {"sum": {"neck": 1}, "offset": step}}
    del joints["left_toe"]
    mapping = parse_mapping(json.dumps(content(joints=joints)), "x")
    unseen = np.isnan(to_h36m21(capture(rotations=None), mapping)).any(axis=(0, 2))
    assert {j for j, lost in zip(JOINTS, unseen, strict=True) if lost} == {"head", "head_top", "left_toe"}
    assert not np.isnan(to_h36m21(capture(), mapping)[:, JOINTS.index("head_top")]).any()


def test_names_of_ours_in_a_bvh_file_say_nothing_of_its_unit():
    with pytest.raises(InputError, match="no mapping fits"):
        find_mapping(capture(), shipped_mappings())
    assert find_mapping(capture(rotations=None), shipped_mappings())[0].name == "h36m-names"


NAMED = {
    "motionbuilder": "Hips Spine Spine1 Neck Head {s}UpLeg {s}Leg {s}Foot {s}Toe {s}Arm {s}ForeArm {s}Hand",
    "rokoko": "Hips Neck Head {s}Thigh {s}Shin {s}Foot {s}Toe {s}Arm {s}ForeArm {s}Hand",
    "unity-humanoid": "Neck Head {s}UpperLeg {s}LowerLeg {s}Foot {s}Toes {s}UpperArm {s}LowerArm {s}Hand",
    "3ds-max-biped": "Neck Head {c}_Thigh {c}_Calf {c}_Foot {c}_Toe0 {c}_UpperArm {c}_Forearm {c}_Hand",
}


def person(words):
    """A standing adult in centimetres, y up, facing +z, whose joints have these names."""
    names, places = [], []
    for word in words.split():
        for side, letter, x in (("Left", "L", 1), ("Right", "R", -1)):
            name = word.replace("{s}", side).replace("{c}", letter)
            if name not in names:
                names.append(name)
                places.append(_place(name, x if "{" in word else 0))
    return names, np.array(places, dtype=float)


def _place(name, x):
    for ending, place in {
        "UpLeg": (9, 95, 0), "Thigh": (9, 95, 0), "UpperLeg": (9, 95, 0),
        "LowerLeg": (9, 50, 1), "Calf": (9, 50, 1), "Shin": (9, 50, 1), "Leg": (9, 50, 1),
        "Foot": (9, 8, 0), "Toe": (9, 1, 14), "Toes": (9, 1, 14), "Toe0": (9, 1, 14),
        "ForeArm": (45, 145, 0), "Forearm": (45, 145, 0), "LowerArm": (45, 145, 0),
        "UpperArm": (18, 145, 0), "Arm": (18, 145, 0), "Hand": (70, 145, 0),
        "Neck": (0, 150, 0), "Head": (0, 158, 3), "Spine1": (0, 118, 0), "Spine": (0, 105, 0),
    }.items():  # fmt: skip
        if name.endswith(ending):
            return x * place[0], place[1], place[2]
    return 0, 98, 0


@pytest.mark.parametrize("prefix", ["", "mixamorig:", "mixamorig1", "Bip01 ", "actor|"])
@pytest.mark.parametrize("mapping", NAMED)
def test_skeletons_of_other_programs(mapping, prefix):
    names, places = person(NAMED[mapping])
    motion = capture([f"{prefix}{name}" for name in names], positions=np.repeat(places[None], 3, axis=0))
    found, named = find_mapping(motion, shipped_mappings())
    assert found.name == mapping
    world = dict(zip(JOINTS, to_h36m21(named, found)[0], strict=True))
    assert not np.isnan(list(world.values())).any()
    np.testing.assert_allclose(world["pelvis"], [0, 0, 0.95], atol=1e-9)
    np.testing.assert_allclose(world["left_wrist"], [0.7, 0, 1.45], atol=1e-9)
    np.testing.assert_allclose(world["right_knee"], [-0.09, -0.01, 0.5], atol=1e-9)
    np.testing.assert_allclose(world["head_top"], [0, 0, 1.78], atol=0.04)
    np.testing.assert_allclose(world["head"], [0, -0.07, 1.63], atol=0.03)
    np.testing.assert_allclose(world["left_heel"], [0.09, 0.05, 0.015], atol=0.015)
    np.testing.assert_allclose(world["right_toe"], [-0.09, -0.20, 0.01], atol=0.02)


def test_names_and_beginnings():
    assert bare_names(["a:Hips", "a:b:Left_Leg", "Spine 1"]) == ["hips", "leftleg", "spine1"]
    assert bare_names(["Bip01", "Bip01 L Thigh", "Bip01 Neck"]) == ["", "lthigh", "neck"]
    sides = ["left_hip", "left_knee", "right_hip", "right_knee"]
    assert bare_names(sides) == ["lefthip", "leftknee", "righthip", "rightknee"]


@pytest.mark.parametrize("metres", [1.0, 0.01, 0.0254, 0.001])
def test_a_unit_that_nobody_states_is_the_one_that_makes_a_person(metres):
    names, places = person(NAMED["rokoko"])
    motion = capture(names, positions=np.repeat(places[None] * 0.01 / metres, 3, axis=0))
    mapping, named = find_mapping(motion, shipped_mappings())
    assert to_h36m21(named, mapping)[0, 0, 2] == pytest.approx(0.95)


def test_a_figure_that_is_no_person_in_any_unit():
    names, places = person(NAMED["rokoko"])
    motion = capture(names, positions=np.repeat(places[None] * 1e6, 3, axis=0))
    mapping, named = find_mapping(motion, shipped_mappings())
    with pytest.raises(InputError, match=r"states no unit of length, .* and in none of metres, centimetres"):
        to_h36m21(named, mapping)


def test_axes_of_another_exporter_are_not_taken_for_bandai_namcos(figure_bvh):
    motion = read_bvh(figure_bvh())  # all axes are the world's, whereas Bandai-Namco's Head has x up
    world = dict(zip(JOINTS, to_h36m21(motion, SHIPPED["bandai-namco-bvh"])[0], strict=True))
    assert world["head_top"][2] > 1.5
    turned = replace(
        motion, rotations=np.broadcast_to(matrix_about_axis("Z", np.pi / 2), motion.rotations.shape)
    )
    world = dict(zip(JOINTS, to_h36m21(turned, SHIPPED["bandai-namco-bvh"])[0], strict=True))
    assert world["head_top"][2] == pytest.approx(1.35 + 0.065 + 2.8 * 0.065)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"up": "x"}, r"'up' is 'x', 'y', 'z' or null accepted"),
        ({"metres_per_unit": -1}, r"'metres_per_unit' is -1, a number above 0 or null accepted"),
        ({"colour": 1}, r"key 'colour' unknown"),
        ({"joints": {**content()["joints"], "nose": {"sum": {"a": 1}}}}, r"joint 'nose' is not of h36m21"),
        (
            {"joints": {**content()["joints"], "head": {"sum": {"a": 0.5}}}},
            r"joint 'head': weights sum to 0\.5, not 1",
        ),
        ({"joints": {**content()["joints"], "head": {"add": 1}}}, r"joint 'head': not understood"),
        ({"joints": {}}, r"joint 'pelvis' missing; joint 'left_hip' missing"),
        ({"joints": []}, r"an object with 'joints' needed"),
        ({"metres_per_unit": 10**400}, r"'metres_per_unit' is inf, a number"),
        ({"name": {}}, r"'name' is no text"),
        ({"licence": "beer"}, r"licence 'beer' is unknown; known are CMU-mocap, "),
        ({"axes_run_along": {"joint": "a"}}, r"'axes_run_along' not understood"),
        ({"positions_only": 1}, r"'positions_only' is neither true nor false"),
        ({"datasets": {}}, r"'datasets' is no list"),
        ({"datasets": [1]}, r"the 1\. of 'datasets': 'pattern' and some of dataset, drop_first_s"),
        ({"datasets": [{"pattern": "a"}]}, r"either 'dataset' or 'leave_out' needed"),
        ({"datasets": [{"pattern": "(", "dataset": "a"}]}, r"'pattern' is no regular expression"),
        ({"datasets": [{"pattern": 1, "dataset": "a"}]}, r"'pattern' is no text"),
        (
            {"datasets": [{"pattern": "a", "dataset": "a", "without": ["tail"]}]},
            r"'without' is no list of joints of h36m21",
        ),
        (
            {"joints": {**content()["joints"], "head": {"sum": {"a": 10**400}}}},
            r"joint 'head': weights sum to inf, not 1",
        ),
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
    for text in ("{", "[" * 100_000):
        with pytest.raises(InputError, match="x: not JSON"):
            parse_mapping(text, "x")
    (tmp_path / "latin.json").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"latin\.json: not JSON"):
        read_mapping(tmp_path / "latin.json")
    with pytest.raises(InputError, match=r"none\.json: no such file"):
        read_mapping(tmp_path / "none.json")


def test_every_shipped_mapping_explains_itself():
    folder = resources.files("uplift3d.data") / "skeletons"
    files = [f for f in folder.iterdir() if f.name.endswith(".json")]
    assert len(files) >= 8
    for file in files:
        assert len(json.loads(file.read_text(encoding="utf-8"))["comment"]) >= 3
