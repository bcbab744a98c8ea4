"""What both networks see, against MediaPipe's own graph where the package is installed."""

from types import SimpleNamespace

import numpy as np
import pytest

from uplift3d.detect.blazepose.crops import Square
from uplift3d.detect.blazepose.look import find_people, find_people_in, see_landmarks
from uplift3d.detect.blazepose.models import load
from uplift3d.video import open_video

MEAN_PX, MOST_PX = 0.4, 2.0
"""How far landmarks may be from MediaPipe's: crops are cut by Pillow, whose levels are whole numbers, and
half a level is enough to move the networks' answers so far (people here are 300 pixels tall)."""
LEFT_SHOULDER, RIGHT_SHOULDER, NOSE, LEFT_EAR, RIGHT_EAR = 11, 12, 0, 7, 8


@pytest.fixture(scope="module")
def outdoors(shared_dir):
    """A man on a roof who faces the camera, seen in a square and in the whole wide image."""
    video = open_video(shared_dir / "data" / "videos" / "sports2d-demo.mp4")
    return [np.ascontiguousarray(frame.rgb) for frame in video.frames_at([0, 60])]


@pytest.fixture(scope="module")
def dancers(shared_dir):
    video = open_video(shared_dir / "data" / "videos" / "mmpose-demo.mp4")
    return np.ascontiguousarray(next(video.frames_at([0])).rgb)


@pytest.fixture(scope="module")
def mediapipe_pose():
    """MediaPipe's graph with "full", image → its person detection, square and landmarks."""
    base = pytest.importorskip("mediapipe.python.solution_base", reason="compares with mediapipe")
    graph = base.SolutionBase(
        binary_graph_path="mediapipe/modules/pose_landmark/pose_landmark_cpu.binarypb",
        side_inputs={
            "model_complexity": 1,
            "smooth_landmarks": False,
            "enable_segmentation": False,
            "smooth_segmentation": False,
            "use_prev_landmarks": False,
        },
        outputs=["pose_landmarks", "pose_world_landmarks", "pose_detection", "pose_rect_from_detection"],
    )

    def look(rgb):
        height, width = rgb.shape[:2]
        seen = graph.process({"image": rgb})
        rect, size = seen.pose_rect_from_detection, np.array([width, height])
        marks = np.array([(m.x, m.y, m.visibility) for m in seen.pose_landmarks.landmark])
        return SimpleNamespace(
            score=seen.pose_detection.score[0],
            square=Square(rect.x_center * width, rect.y_center * height, rect.width * width, rect.rotation),
            positions=marks[:, :2] * size,
            confidence=marks[:, 2],
            world=np.array([(m.x, m.y, m.z) for m in seen.pose_world_landmarks.landmark]),
        )

    return look


def assert_close(ours, theirs, mean, most):
    off = np.abs(ours - theirs)
    assert off.mean() < mean
    assert off.max() < most


@pytest.mark.parametrize(("frame", "part"), [(0, np.s_[:600, 350:950]), (1, np.s_[400:994, 900:1494])])
def test_from_image_to_3d_all_is_as_in_mediapipe(mediapipe_pose, outdoors, frame, part):
    rgb = np.ascontiguousarray(outdoors[frame][part])
    theirs = mediapipe_pose(rgb)
    whole = Square(rgb.shape[1] / 2, rgb.shape[0] / 2, max(rgb.shape[:2]))
    person = find_people_in(load("person"), rgb, whole, 0.5)[0]
    assert person.score == pytest.approx(theirs.score, abs=1e-3)
    near = 0.01 * theirs.square.side_px
    for name in ("x", "y", "side_px"):
        assert getattr(person.square, name) == pytest.approx(getattr(theirs.square, name), abs=near)
    assert person.square.angle_rad == pytest.approx(theirs.square.angle_rad, abs=0.02)
    ours = see_landmarks(load("landmarks-full"), rgb, theirs.square)
    assert_close(ours.positions, theirs.positions, MEAN_PX, MOST_PX)
    assert_close(ours.confidence, theirs.confidence, 5e-3, 0.03)
    assert_close(ours.hint, theirs.world, 2e-3, 0.01)  # metres


def test_landmarks_in_mediapipes_own_square_of_a_wide_image_are_mediapipes(mediapipe_pose, dancers):
    theirs = mediapipe_pose(dancers)
    ours = see_landmarks(load("landmarks-full"), dancers, theirs.square)
    assert_close(ours.positions, theirs.positions, MEAN_PX, MOST_PX)


def test_one_look_at_a_wide_image_finds_people_who_are_small_in_it(outdoors):
    people = find_people(load("person"), outdoors[1], 1768 / 576, 0.5)
    hips = sorted(person.hips.round().tolist() for person in people)
    assert len(hips) == 2
    np.testing.assert_allclose(hips, [(633, 294), (1409, 751)], atol=15)


def test_both_landmark_networks_see_the_same_person(outdoors):
    square = find_people(load("person"), outdoors[0], 1768 / 576, 0.5)[0].square
    networks = (load("landmarks-full"), load("landmarks-heavy"))
    full, heavy = (see_landmarks(network, outdoors[0], square) for network in networks)
    assert min(full.presence, heavy.presence) > 0.95
    assert np.linalg.norm(full.positions - heavy.positions, axis=-1).mean() < 8
    assert np.linalg.norm(full.hint - heavy.hint, axis=-1).mean() < 0.1


def test_the_3d_guess_is_in_camera_axes_with_z_away(outdoors):
    person = find_people(load("person"), outdoors[0], 1768 / 576, 0.5)[0]
    hint = see_landmarks(load("landmarks-heavy"), outdoors[0], person.square).hint
    assert (
        hint[LEFT_SHOULDER, 0] > 0.1 > -0.1 > hint[RIGHT_SHOULDER, 0]
    )  # faces the camera: left is image right
    assert hint[NOSE, 1] < -0.4  # up is negative
    assert hint[NOSE, 2] < hint[[LEFT_EAR, RIGHT_EAR], 2].min()  # the nose is nearer than the ears


def test_an_empty_image_holds_nobody_whatever_its_size():
    for shape in ((1, 1, 3), (120, 160, 3), (40, 900, 3)):
        assert find_people(load("person"), np.zeros(shape, np.uint8), max(shape) / 448, 0.5) == []
