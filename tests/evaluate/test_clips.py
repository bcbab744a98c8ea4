"""MotionBERT's published networks in the evaluation: clips, confidence, flip, the scale of answers."""

from __future__ import annotations

import numpy as np
import pytest

from make_rival import create_rival

pytest.importorskip("torch", reason="needs torch (the train extra)")

import torch

from uplift3d.camera import Camera, Distortion
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.evaluate.clips import ClipLifter, metres_from_image, tile
from uplift3d.evaluate.published import evaluate_lifter
from uplift3d.evaluate.rivals import RivalLifter, lifter_of
from uplift3d.model.rivals import MotionBERT, MotionBERTConfig
from uplift3d.skeletons import joint_set

FRAMES, WIDTH, HEIGHT = 9, 1000, 1002
SIZES = {"frames": FRAMES, "width": 16, "depth": 1, "representation": 12}
MIRROR = list(joint_set("h36m17").mirror)
CAMERA = Camera.pinhole((1145.0, 1143.0), (515.0, 501.0))


class Recorder(MotionBERT):
    """Answers with what it is told to; keeps what it is shown, (B, F, J, channels) a time."""

    def __init__(self, answer, **config):
        super().__init__(MotionBERTConfig(**SIZES | {"confidence": "detected", "output": "image"} | config))
        self.answer, self.shown = answer, []

    def forward(self, keypoints):
        self.shown.append(keypoints.numpy())
        sequence = torch.from_numpy(self.answer(keypoints.numpy()))
        return sequence, sequence[:, sequence.shape[1] // 2]


def video(frames=23, confidence=True, camera=CAMERA):
    """Somebody who walks across the image and towards the camera, off its axis."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.4, -0.9, -0.4], [0.4, 0.9, 0.4], size=(17, 3))
    body[0] = 0
    way = np.linspace([-1.2, 0.2, 5.0], [0.9, 0.1, 3.5], frames)
    sway = 0.1 * np.sin(np.arange(frames) / 5)[:, None, None] * rng.normal(size=(17, 3))
    positions = (way[:, None] + body + sway).astype(np.float32)
    return StoredVideo(
        *("S9", "walk", "walk", "0", camera, (WIDTH, HEIGHT), 50.0, "made up"),
        keypoints_px=CAMERA.project(positions).astype(np.float32),
        confidence=rng.uniform(0.1, 0.9, (frames, 17)).astype(np.float32) if confidence else None,
        positions_camera=positions,
        valid=np.ones(frames, dtype=bool),
    )


def in_image(given, root_included=True):
    """The true poses as the published files have them: half image widths, depth relative to the root."""
    positions = given.positions_camera.astype(np.float64)
    pixels = CAMERA.project(positions)
    behind = positions[..., 2] - positions[:, :1, 2]
    pixels_per_metre = CAMERA.focal_px[0] / positions[:, :1, 2]
    poses = np.concatenate([pixels / WIDTH * 2 - [1, HEIGHT / WIDTH], 0 * pixels[..., :1]], axis=-1)
    poses[..., 2] = behind * pixels_per_metre / WIDTH * 2
    if not root_included:
        poses -= poses[:, :1]
    return poses.astype(np.float32)


def knows(given, root_included=True):
    """A network that finds the frame it is shown, mirrored or not, and answers with its true pose."""
    seen, truth = in_image(given), in_image(given, root_included)

    def answer(keypoints):
        for sign, order in ((1, slice(None)), (-1, MIRROR)):
            shown = keypoints[:, :, order, :2] * np.float32([sign, 1])  # (B, F, J, 2)
            apart = np.abs(shown[:, :, None] - seen[..., :2]).max(axis=(-1, -2))  # (B, F, T)
            if apart.min(axis=-1).max() < 1e-5:
                return truth[apart.argmin(axis=-1)][:, :, order] * np.float32([sign, 1, 1])
        raise AssertionError("it is shown neither a pose nor a mirrored one")

    return answer


def relative(given):
    return given.positions_camera - given.positions_camera[:, :1]


@pytest.mark.parametrize("root_included", [True, False])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("frames", [1, 5, FRAMES - 1, FRAMES, FRAMES + 1, 2 * FRAMES, 2 * FRAMES + 1, 40])
def test_true_poses_in_image_units_have_no_error(frames, flip, root_included):
    given = video(frames)
    lifter = ClipLifter(Recorder(knows(given, root_included)), flip=flip, batch=2)
    np.testing.assert_allclose(lifter.lift(given, 1), relative(given), atol=2e-5)


def test_no_error_in_both_protocols_with_key_frames():
    given = video(41)
    found = evaluate_lifter(ClipLifter(Recorder(knows(given))), [given, given], 10)
    assert found.key_frames.frames == 2 * 5
    assert found.key_frames.frame_mean["mpjpe"] < 0.02  # mm
    assert found.all_frames.frame_mean["mpjpe"] > 1  # straight lines between them


def test_a_plain_scale_would_not_do():
    """What the published evaluation does with answers, against truth in camera axes: centimetres off."""
    given = video(FRAMES)
    pixels = in_image(given) * WIDTH / 2
    metres = (pixels - pixels[:, :1]) * given.positions_camera[:, :1, 2:] / CAMERA.focal_px[0]
    assert np.linalg.norm(metres - relative(given), axis=-1).mean() > 0.02


def test_neither_the_lens_nor_where_the_answer_puts_the_root_matters():
    given = video(FRAMES)
    lens = Distortion((-0.2, 0.24, -0.002), (-0.001, -0.003))
    camera = Camera(CAMERA.focal_px, CAMERA.principal_point_px, distortion=lens)
    pelvis_px, depth_m = camera.project(given.positions_camera[:, 0]), given.positions_camera[:, 0, 2]
    assert np.abs(pelvis_px - given.keypoints_px[:, 0]).max() > 2
    answers = in_image(given) * WIDTH / 2 + [30, -20, 70]
    metres = metres_from_image(answers, pelvis_px, depth_m, camera, root=0)
    np.testing.assert_allclose(metres, relative(given), atol=2e-5)


@pytest.mark.parametrize("frames", [1, 8, 9, 10, 18, 26, 27, 28])
def test_clips_cover_every_frame_and_only_the_last_reaches_back(frames):
    clips = tile(frames, FRAMES)
    assert set(clips.ravel()) == set(range(frames))
    assert clips.shape == (-(-frames // FRAMES), min(frames, FRAMES))
    assert (np.diff(clips, axis=1) == 1).all()
    assert (clips[:-1, 0] == np.arange(len(clips) - 1) * FRAMES).all()
    assert clips[-1, -1] == frames - 1


def test_whole_clips_keep_all_that_they_answered():
    places = iter(range(100))

    def answer(keypoints):
        """Every clip answers with its own number, as depth in pixels that no other has."""
        out = np.zeros((*keypoints.shape[:3], 3), np.float32)
        for clip in out:
            clip[..., 2] = next(places)
            clip[:, 0, 2] = 0
        return out

    lifter = ClipLifter(Recorder(answer, output="metres"), flip=False)
    depth = lifter.lift(video(2 * FRAMES + 2), 1)[:, 1, 2]
    assert depth.tolist() == [0] * FRAMES + [1] * FRAMES + [2] * 2


def zeros(keypoints):
    return np.zeros((*keypoints.shape[:3], 3), np.float32)


def test_confidence_comes_third_and_changes_sides_in_the_mirror():
    given = video(FRAMES)
    network = Recorder(zeros)
    ClipLifter(network).lift(given, 1)
    plain, mirrored = (shown[0] for shown in network.shown)
    np.testing.assert_array_equal(plain[..., 2], given.confidence)
    np.testing.assert_allclose(plain[..., :2], in_image(given)[..., :2], atol=1e-6)
    np.testing.assert_array_equal(mirrored, plain[:, MIRROR] * np.float32([-1, 1, 1]))


def test_joints_of_another_order_take_their_confidence_along():
    given = video(FRAMES)
    network = Recorder(zeros, joints="uu17")
    ClipLifter(network, flip=False).lift(given, 1)
    place = joint_set("uu17").index("left_wrist")
    np.testing.assert_array_equal(
        network.shown[0][0, :, place, 2], given.confidence[:, joint_set("h36m17").index("left_wrist")]
    )


def test_without_confidence_it_is_1_and_between_key_frames_it_is_interpolated():
    network = Recorder(zeros)
    ClipLifter(network, flip=False).lift(video(FRAMES, confidence=False), 1)
    assert (network.shown[0][..., 2] == 1).all()
    given = video(FRAMES)
    ClipLifter(network, flip=False, interpolated="2d").lift(given, 4)
    np.testing.assert_allclose(
        network.shown[1][0, 1, :, 2], 0.75 * given.confidence[0] + 0.25 * given.confidence[4], atol=1e-6
    )
    np.testing.assert_array_equal(network.shown[1][0, 8, :, 2], given.confidence[8])


@pytest.mark.parametrize("confidence", ["none", "ones"])
def test_networks_without_detected_confidence_get_two_channels(confidence):
    network = Recorder(zeros, confidence=confidence)
    ClipLifter(network, flip=False).lift(video(), 1)
    assert network.shown[0].shape[-1] == 2


def test_image_units_need_a_camera():
    lifter = ClipLifter(Recorder(zeros))
    with pytest.raises(
        InputError, match="S9 walk camera 0 has no camera, but this model needs one to answer in"
    ):
        lifter.lift(video(camera=None), 1)


def test_which_networks_are_measured_clip_by_clip():
    published = create_rival("motionbert", SIZES | {"confidence": "detected", "output": "image"})
    lifter = lifter_of(published, interpolated="2d")
    assert isinstance(lifter, ClipLifter)
    facts = lifter.facts(True)
    assert facts["scale"].startswith("scaled with the true depth, as published")
    assert facts["confidence"] == "that of the 2D joints; 1 where they have none"
    assert facts["clips"].startswith("9 frames, one after the other, all frames answered")
    assert facts["flip"] == "average with the mirror image"
    assert "2D poses of key-frames" in facts["upsampling"]
    ours = lifter_of(create_rival("motionbert", SIZES))
    assert isinstance(ours, RivalLifter)
    assert {"scale", "confidence", "clips"}.isdisjoint(ours.facts(True))
