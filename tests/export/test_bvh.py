"""`.bvh`: read back by our reader and by a reader of the package index, skeleton by skeleton."""

from dataclasses import replace

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.data.bvh import read_bvh
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import files_of, load_motion, save_motion, written_before
from uplift3d.export.rigs import SKELETONS
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

BODY = len(joint_set("h36m17"))
NAMES = {  # of h36m17, in the skeletons of others
    "pelvis": "Hips",
    "hip": "UpLeg",
    "knee": "Leg",
    "ankle": "Foot",
    "shoulder": "Arm",
    "elbow": "ForeArm",
    "wrist": "Hand",
    "torso": "Spine1",
    "neck": "Neck",
    "head": "Head",
}


def name_in(skeleton, joint):
    if skeleton == "uplift3d":
        return joint
    side, _, limb = joint.rpartition("_")
    return f"{'mixamorig:' if skeleton == 'mixamo' else ''}{side.title()}{NAMES[limb]}"


@pytest.mark.parametrize("known_root", [True, False])
@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
@pytest.mark.parametrize("skeleton", SKELETONS)
def test_a_rigid_figure_comes_back_within_a_millimetre(tmp_path, skeleton, joints, known_root):
    motion = figure(joints=joints, known_root=known_root)
    again = load_motion(save_motion(tmp_path / "walk.bvh", motion, skeleton))
    count = len(joint_set(again.joints))
    assert again.joints == (joints if skeleton == "uplift3d" else "h36m17")
    np.testing.assert_allclose(again.positions, motion.positions[:, :, :count], atol=1e-3)
    np.testing.assert_allclose(again.times, motion.times, atol=1e-6)
    moved = again.root - again.root[:, :1]
    np.testing.assert_allclose(moved, motion.root - motion.root[:, :1] if known_root else 0, atol=1e-3)
    assert not again.observed.any()


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_another_reader_finds_the_same_joints(tmp_path, skeleton):
    bvhio = pytest.importorskip("bvhio")
    motion = figure(frames=12)
    path = save_motion(tmp_path / "walk.bvh", motion, skeleton)
    root = bvhio.readAsHierarchy(str(path))
    again = load_motion(path)
    for frame in range(len(motion)):
        root.loadPose(frame)
        places = {joint.Name: np.array(joint.PositionWorld) / 100 for joint, *_ in root.layout()}
        for index, name in enumerate(joint_set("h36m17").joints):
            if name == "head_top":
                continue  # an end site, which that reader does not call a joint
            camera = (again.positions[0, frame, index] + again.root[0, frame]) * [1, -1, -1]
            np.testing.assert_allclose(places[name_in(skeleton, name)], camera, atol=1e-3)


def test_the_figure_stands_on_the_ground_above_the_origin(tmp_path):
    capture = read_bvh(save_motion(tmp_path / "walk.bvh", figure()))
    np.testing.assert_allclose(capture.positions[0, 0, [0, 2]], 0, atol=1e-4)
    lowest = capture.positions[..., 1].min(axis=-1)
    assert abs(np.percentile(lowest, 1)) < 1.0  # centimetres


@pytest.mark.parametrize("skeleton", ["uplift3d", "mixamo"])
def test_turns_of_zero_are_a_t_pose_that_faces_z(tmp_path, skeleton):
    path = save_motion(tmp_path / "walk.bvh", figure(), skeleton)
    head, _, motion = path.read_text().partition("Frame Time")
    line = motion.splitlines()[0]
    count = len(motion.splitlines()[1].split())
    path.write_text(f"{head.replace('Frames: 60', 'Frames: 1')}Frame Time{line}\n{' '.join(['0'] * count)}\n")
    capture = read_bvh(path)
    at = {name: capture.positions[0, index] for index, name in enumerate(capture.names)}
    shoulder, wrist = at[name_in(skeleton, "left_shoulder")], at[name_in(skeleton, "left_wrist")]
    np.testing.assert_allclose(wrist - shoulder, [55, 0, 0], atol=0.1)
    knee, hip = at[name_in(skeleton, "left_knee")], at[name_in(skeleton, "left_hip")]
    np.testing.assert_allclose(knee - hip, [0, -44, 0], atol=0.1)
    toe = at["left_toe" if skeleton == "uplift3d" else "mixamorig:LeftToeBase"]
    assert (toe - at[name_in(skeleton, "left_ankle")])[2] > 10


def test_lafan1_has_its_hierarchy_channels_and_axes(tmp_path):
    path = save_motion(tmp_path / "walk.bvh", figure(), "lafan1")
    joints = [
        line.split()[1] for line in path.read_text().splitlines() if line.split()[:1] in (["ROOT"], ["JOINT"])
    ]
    assert " ".join(joints) == (
        "Hips LeftUpLeg LeftLeg LeftFoot LeftToe RightUpLeg RightLeg RightFoot RightToe Spine Spine1 Spine2 "
        "Neck Head LeftShoulder LeftArm LeftForeArm LeftHand RightShoulder RightArm RightForeArm RightHand"
    )
    assert "CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation" in path.read_text()
    capture = read_bvh(path)
    index = {name: place for place, name in enumerate(capture.names)}
    for bone in (
        "LeftLeg LeftFoot",
        "RightFoot RightToe",
        "Spine1 Spine2",
        "LeftArm LeftForeArm",
        "RightForeArm RightHand",
    ):
        start, end = bone.split()
        along = capture.positions[:, index[end]] - capture.positions[:, index[start]]
        along /= np.linalg.norm(along, axis=-1, keepdims=True)
        np.testing.assert_allclose(capture.rotations[:, index[start], :, 0], along, atol=1e-4)
    # Hips: z to the left. Legs: z to the right, about which knees bend.
    hips = capture.positions[:, index["LeftUpLeg"]] - capture.positions[:, index["RightUpLeg"]]
    np.testing.assert_allclose(
        capture.rotations[:, 0, :, 2], hips / np.linalg.norm(hips, axis=-1, keepdims=True), atol=1e-4
    )
    across = np.sum(capture.rotations[:, index["LeftLeg"], :, 2] * capture.rotations[:, 0, :, 2], axis=-1)
    assert (across < -0.8).all()


def with_gaps(walk):
    """The second person leaves twice, and is there for a single pose in between."""
    positions = walk.positions.copy()
    positions[1, 10:14] = positions[1, 15:20] = np.nan
    return replace(walk, positions=positions, root=np.full((2, 50, 3), (0.5, 0.1, 4.0)))


def test_split_makes_a_file_of_each_stretch_and_holds_nothing(tmp_path, walk):
    motion = with_gaps(walk)
    with pytest.warns(UpliftWarning) as said:
        save_motion(tmp_path / "walk.bvh", motion, split=True)
    names = ["walk_3.bvh", "walk_7_0.500-0.860s.bvh", "walk_7_1.300-1.940s.bvh"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert [path.name for path in files_of(tmp_path / "walk.bvh", motion, split=True)] == names
    assert [path.name for path in written_before(tmp_path / "walk.bvh")] == names
    sentences = [str(one.message) for one in said]
    assert sorted(sentences) == [
        "walk.bvh: a stretch of a single pose left out",
        f"walk.bvh: one file holds one person, so each stretch of a person got a file: {', '.join(names)}",
    ]
    for name, rows in ((names[1], slice(0, 10)), (names[2], slice(20, 37))):
        again = load_motion(tmp_path / name)
        np.testing.assert_allclose(again.positions[0], walk.positions[1, rows], atol=1e-3)
    # In one world, whoever is in the file.
    first, second = (load_motion(tmp_path / name).root for name in names[:2])
    np.testing.assert_allclose(second[0, 0], first[0, 0], atol=1e-3)


def test_one_stretch_needs_no_other_name_and_has_no_held_pose(tmp_path, walk):
    path = save_motion(tmp_path / "walk.bvh", walk.select([7]), split=True)
    assert path.name == "walk.bvh"
    assert len(load_motion(path)) == 37


def test_a_held_pose_names_the_way_out(tmp_path, walk):
    with pytest.warns(
        UpliftWarning, match=r"person 7 is absent .* is held; split \(--split\) makes a file of each"
    ):
        save_motion(tmp_path / "walk.bvh", walk.select([7]))


def test_other_formats_are_not_split(tmp_path, walk):
    with pytest.raises(InputError, match=r"walk\.trc is not split: \.bvh files are"):
        save_motion(tmp_path / "walk.trc", walk, split=True)
    assert not list(tmp_path.iterdir())


def test_several_people_become_a_file_each(tmp_path, walk):
    with pytest.warns(UpliftWarning) as said:
        first = save_motion(tmp_path / "walk.bvh", walk)
    assert first == tmp_path / "walk_3.bvh"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["walk_3.bvh", "walk_7.bvh"]
    sentences = [str(one.message) for one in said]
    assert any(
        "walk.bvh: one file holds one person, so each person got a file: walk_3.bvh, walk_7.bvh" in s
        for s in sentences
    )
    assert any("person 7 is absent for 26 % of the time" in s and "held" in s for s in sentences)
    again = load_motion(tmp_path / "walk_7.bvh")
    np.testing.assert_allclose(again.positions[0, :37], walk.positions[1, :37], atol=1e-3)
    np.testing.assert_allclose(
        again.positions[0, 37:], np.broadcast_to(walk.positions[1, 36], (13, 17, 3)), atol=1e-3
    )


def test_people_keep_their_distance(tmp_path, walk):
    root = np.broadcast_to(np.array([[[0, 1, 4.0]], [[1.5, 1, 6.0]]]), (2, 50, 3))
    motion = Motion3D(walk.positions, walk.times, root, walk.observed, walk.people)[:30]
    with pytest.warns(UpliftWarning, match="each person got a file"):
        save_motion(tmp_path / "walk.bvh", motion)
    apart = load_motion(tmp_path / "walk_7.bvh").root - load_motion(tmp_path / "walk_3.bvh").root
    np.testing.assert_allclose(apart, np.broadcast_to([1.5, 0, 2.0], (1, 30, 3)), atol=1e-4)


def test_uneven_times_are_written_at_their_median_rate(tmp_path):
    motion = figure(frames=90, rate_hz=60.0)
    kept = np.delete(np.arange(90), [10, 11, 40])
    again = load_motion(save_motion(tmp_path / "walk.bvh", motion[kept]))
    np.testing.assert_allclose(again.times, motion.times, atol=1e-6)
    np.testing.assert_allclose(again.positions, motion.positions, atol=0.01)


def test_somebody_seen_once_is_left_out_and_nobody_else_is_refused(tmp_path, walk):
    positions = walk.positions.copy()
    positions[1, 1:] = np.nan
    motion = Motion3D(positions, walk.times, None, walk.observed, walk.people)
    with pytest.warns(UpliftWarning, match="person 7 left out: fewer than 2 poses"):
        assert save_motion(tmp_path / "walk.bvh", motion) == tmp_path / "walk.bvh"
    with pytest.raises(InputError, match="nobody has 2 poses or more"):
        save_motion(tmp_path / "one.bvh", motion.select([7]))
    assert not (tmp_path / "one.bvh").exists()


def test_a_joint_set_without_what_bones_need_is_refused(tmp_path, rng):
    motion = Motion3D(
        rng.normal(size=(1, 5, 17, 3)), np.arange(5) / 5, None, np.ones((1, 5)), joints="mpi_inf_3dhp17"
    )
    assert load_motion(save_motion(tmp_path / "a.bvh", motion)).joints == "h36m17"
    blind = rng.normal(size=(1, 5, 17, 3))
    blind[:, :, :5] = np.nan  # coco17 without nose, eyes and ears
    motion = Motion3D(blind, np.arange(5) / 5, None, np.ones((1, 5)), joints="coco17")
    with pytest.raises(InputError, match="joint set 'coco17' has no head, head_top; a body"):
        save_motion(tmp_path / "b.bvh", motion)


def test_skeletons_are_checked_before_anything_is_written(tmp_path, walk):
    with pytest.raises(InputError, match="skeleton 'smpl' given; accepted are uplift3d, lafan1, mixamo"):
        save_motion(tmp_path / "walk.bvh", walk, "smpl")
    with pytest.raises(
        InputError, match=r"walk\.npz has no bones; a skeleton can be chosen for \.bvh, \.glb"
    ):
        save_motion(tmp_path / "walk.npz", walk, "mixamo")


def test_files_of_other_programs_are_read_by_the_skeletons_we_know(tmp_path):
    path = save_motion(tmp_path / "walk.bvh", figure(), "lafan1")
    # As LaFAN1's own: hips beside the root, and no length beyond the head.
    text = path.read_text().splitlines()
    place = next(n for n, line in enumerate(text) if "JOINT LeftUpLeg" in line) + 2
    x, y, z = (float(value) for value in text[place].split()[1:])
    text[place] = f"OFFSET {x} {y + 2} {z}"
    path.write_text("\n".join(text) + "\n")
    again = load_motion(path)
    assert again.joints in ("h36m17", "h36m21")
    ankle = joint_set(again.joints).index("left_ankle")
    moved = np.linalg.norm(again.positions[0, :, ankle] - figure().positions[0, :, ankle], axis=-1)
    assert moved.max() < 0.03
    (tmp_path / "odd.bvh").write_text(path.read_text().replace("LeftUpLeg", "Tentacle"))
    with pytest.raises(InputError, match=r"odd\.bvh: no mapping fits its joints"):
        load_motion(tmp_path / "odd.bvh")


def test_people_of_negative_numbers_keep_their_files(tmp_path, walk):
    motion = replace(walk, people=np.array([-3, 5]))[:30]
    with pytest.warns(UpliftWarning, match="each person got a file"):
        save_motion(tmp_path / "walk.bvh", motion)
    written = [path.name for path in written_before(tmp_path / "walk.bvh")]
    assert written == ["walk_-3.bvh", "walk_5.bvh"]


def test_stretches_within_a_millisecond_get_files_of_their_own(tmp_path):
    motion = figure(frames=30, rate_hz=9000)
    positions = motion.positions.copy()
    positions[:, 2::3] = np.nan
    motion = replace(motion, positions=positions)
    with pytest.warns(UpliftWarning, match="each stretch"):
        save_motion(tmp_path / "walk.bvh", motion, split=True)
    assert len(list(tmp_path.iterdir())) == len(written_before(tmp_path / "walk.bvh")) == 10


def test_what_its_own_reader_refuses_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r"poses 2 s apart; \.bvh files have one a second or more"):
        save_motion(tmp_path / "walk.bvh", figure(frames=5, rate_hz=0.5))
    assert not list(tmp_path.iterdir())
