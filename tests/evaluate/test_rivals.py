"""Rivals in the evaluation: which frames they see, and both baselines between key-frames."""

from __future__ import annotations

import numpy as np
import pytest

from make_rival import create_rival

pytest.importorskip("torch", reason="needs torch (the train extra)")

import torch

from uplift3d.camera import Camera, pixels_from_screen
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.evaluate.lifters import WindowLifter
from uplift3d.evaluate.published import evaluate_lifter
from uplift3d.evaluate.rivals import RivalLifter, lifter_of
from uplift3d.model import ModelConfig, create
from uplift3d.model.rivals import (
    Refinement,
    RefinementConfig,
    Rival,
    back_project,
)
from uplift3d.model.rivals.base import RivalConfig
from uplift3d.normalise import normalise_screen

from ..model.rivals.peers import Peer, flip_average, shaken, stored

FRAMES = 43
REFINED = [name for name in stored("*/io.npz") if "refined_center" in Peer(name).arrays]


class EchoConfig(RivalConfig):
    rival: str = "echo"
    frames: int = 5
    answered: int = 2

    @property
    def tokens(self):
        return self.frames


class Echo(Rival[EchoConfig]):
    """Answers with the 2D pose of the frame it answers for, and how far its window reaches as depth."""

    @property
    def answered_token(self):
        return self.config.answered

    def __init__(self, config):
        super().__init__(config)
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def forward(self, keypoints):
        self.check(keypoints)
        reach = keypoints[:, -1, :, :1] - keypoints[:, 0, :, :1]
        return None, torch.cat([keypoints[:, self.answered_token], reach], dim=-1)


def video(frames=FRAMES, camera=None):
    """Joint j moves by j pixels per frame along x."""
    pixels = np.zeros((frames, 17, 2), np.float32) + 500
    pixels[..., 0] += np.arange(17) * np.arange(frames)[:, None]
    return StoredVideo(
        *("S9", "walk", "walk", "0", camera, (1000, 1000), 50.0, "made up"),
        keypoints_px=pixels,
        confidence=None,
        positions_camera=np.random.default_rng(0).normal(size=(frames, 17, 3)).astype(np.float32),
        valid=np.ones(frames, dtype=bool),
    )


def screen(given):
    return normalise_screen(given.keypoints_px, given.image_size)[0]


def test_at_its_own_stride_it_sees_every_frame_with_ends_repeated():
    given = video()
    poses = RivalLifter(Echo(EchoConfig()), flip=False, batch=7).lift(given, 1)
    np.testing.assert_allclose(poses[..., :2], screen(given), atol=1e-6)
    reach = screen(given)[[4, 3 + 1]] - screen(given)[[0, 0]]  # windows around frame 2
    np.testing.assert_allclose(poses[2, :, 2], reach[0][:, 0], atol=1e-6)
    np.testing.assert_allclose(poses[0, :, 2], (screen(given)[2] - screen(given)[0])[:, 0], atol=1e-6)


def test_a_causal_network_looks_back_only():
    given = video()
    poses = RivalLifter(Echo(EchoConfig(answered=4)), flip=False).lift(given, 1)
    np.testing.assert_allclose(poses[..., :2], screen(given), atol=1e-6)
    np.testing.assert_allclose(poses[10, :, 2], (screen(given)[10] - screen(given)[6])[:, 0], atol=1e-6)


def test_key_frames_alone_and_straight_lines_in_2d():
    given = video()
    alone = RivalLifter(Echo(EchoConfig()), flip=False, interpolated="3d")
    poses = alone.lift(given, 10)
    assert alone.grid(10) == 10
    assert np.isfinite(poses[::10]).all()
    assert np.isnan(poses[1::10]).all()
    # two key-frames on either side: 20 frames each way
    np.testing.assert_allclose(poses[20, :, 2], (screen(given)[40] - screen(given)[0])[:, 0], atol=1e-6)
    filled = RivalLifter(Echo(EchoConfig()), flip=False, interpolated="2d")
    poses = filled.lift(given, 10)
    assert filled.grid(10) == 1
    even = slice(0, 41)  # behind the last key-frame it is held
    np.testing.assert_allclose(poses[even, :, :2], screen(given)[even], atol=1e-6)
    np.testing.assert_allclose(poses[41:, :, :2], screen(given)[[40, 40]], atol=1e-6)
    np.testing.assert_allclose(poses[20, :, 2], (screen(given)[22] - screen(given)[18])[:, 0], atol=1e-6)


def test_flipping_changes_nothing_for_a_network_that_treats_sides_alike():
    given = video()
    lifters = [RivalLifter(Echo(EchoConfig()), flip=flip) for flip in (False, True)]
    plain, flipped = (lifter.lift(given, 1) for lifter in lifters)
    np.testing.assert_allclose(flipped[..., :2], plain[..., :2], atol=1e-6)


def test_viewing_ray_axes_need_the_camera():
    lifter = RivalLifter(Echo(EchoConfig(axes="viewing_ray", input="person")), flip=False)
    with pytest.raises(InputError, match="S9 walk camera 0 has no camera"):
        lifter.lift(video(), 10)
    camera = Camera((1000.0, 1000.0), (500.0, 500.0), (1000, 1000))
    assert np.isfinite(lifter.lift(video(camera=camera), 10)[::10]).all()


@pytest.mark.parametrize("interpolated", ["3d", "2d"])
def test_both_protocols_score_a_real_rival(interpolated):
    torch.manual_seed(0)
    network = create_rival("videopose3d", {"filter_widths": (3, 3), "channels": 8}).eval()
    lifter = lifter_of(network, interpolated=interpolated)
    got = evaluate_lifter(lifter, [video()], 10)
    assert (got.all_frames.frames, got.key_frames.frames) == (FRAMES, 5)
    assert np.isfinite(got.all_frames.frame_mean["mpjpe"])
    assert ("2D" if interpolated == "2d" else "3D") in lifter.facts(True)["upsampling"]


def test_what_lifts_and_what_does_not():
    ours = create(
        ModelConfig(
            input="screen", axes="camera", tokens=9, strided=(), paddings=(), spatial_depth=0,
            temporal_depth=1, temporal_width=16, heads=2,
        )
    )  # fmt: skip
    assert isinstance(lifter_of(ours), WindowLifter)
    with pytest.raises(InputError, match="interpolation of 2d poses is for rivals"):
        lifter_of(ours, interpolated="2d")
    with pytest.raises(InputError, match="'refinement', which does not lift 2D poses by itself"):
        lifter_of(Refinement(RefinementConfig()))
    with pytest.raises(InputError, match="every 3 frames: accepted are multiples of 2, the model's s_out"):
        RivalLifter(Echo(EchoConfig(s_out=2))).check(3)


def window_of(golden, number):
    """A video whose middle frame sees one of the stored windows, before the stored camera."""
    keypoints, camera = golden.arrays["input"][number], golden.arrays["camera"][number]
    depth = golden.arrays["gt_3d_center"][number, 0, 0, 2]
    frames, size = len(keypoints), (1000, 1002)
    positions = np.zeros((frames, 17, 3), np.float32)
    positions[:, 0, 2] = depth
    focal, centre = camera[:2] * size[0] / 2, pixels_from_screen(camera[2:4], size)
    return StoredVideo(
        *("S9", "walk", "walk", "0", Camera(tuple(focal), tuple(centre), size), size, 50.0, "made up"),
        keypoints_px=pixels_from_screen(keypoints, size).astype(np.float32),
        confidence=None,
        positions_camera=positions,
        valid=np.ones(frames, dtype=bool),
    )


@pytest.mark.parametrize("arrays", REFINED)
def test_refined_poses_are_those_of_the_authors(arrays):
    golden = Peer(arrays)
    network, refinement = golden.load("no_refine*.pth"), golden.load("refine*.pth")
    lifter = lifter_of(network, flip=False, refinement=refinement)
    expected = golden.arrays["refined_center"][:, 0].copy()
    expected[:, 0] = 0  # the authors' evaluation puts the root there
    for number, pose in enumerate(expected):
        given = window_of(golden, number)
        lifted = lifter.lift(given, 1)[len(given) // 2]
        np.testing.assert_allclose(lifted, pose, atol=5e-5)  # pixels in float32 and back
    assert lifter.facts(True)["refinement"] == "knows the camera and the true depth of the root, as published"
    assert "refinement" not in lifter_of(network).facts(True)


@pytest.mark.parametrize("arrays", REFINED[:1])
@torch.no_grad()
def test_the_average_with_the_mirror_image_is_refined_not_the_other_way_round(arrays):
    golden = Peer(arrays)
    network, refinement = golden.load("no_refine*.pth"), golden.load("refine*.pth")
    lifter = lifter_of(network, refinement=refinement)
    _, centre = flip_average(network, golden["input"])
    keypoints, depth = golden["input"][:, network.answered_token], golden["gt_3d_center"][:, 0, 0, 2]
    refined = refinement(centre, back_project(centre, keypoints, golden["camera"], depth, "h36m17"))
    for number, pose in enumerate(refined.numpy()):
        given = window_of(golden, number)
        lifted = lifter.lift(given, 1)[len(given) // 2]
        np.testing.assert_allclose(lifted[1:], pose[1:], atol=5e-5)
    _, plain = network(golden["input"])
    assert not torch.allclose(centre, plain, atol=1e-2)  # or the order would not show


def test_what_lies_between_key_frames_is_refined_too_where_it_is_lifted():
    network = shaken(create_rival("pstmo", {"frames": 9, "strides": (3, 3), "width": 16, "pose_width": 16}))
    refinement = shaken(Refinement(RefinementConfig(hidden=16)))
    camera = Camera((1000.0, 1000.0), (500.0, 500.0), (1000, 1000))
    given = video(camera=camera)
    for interpolated, frames in (("3d", slice(None, None, 10)), ("2d", slice(None))):
        options = {"flip": False, "interpolated": interpolated}
        plain, refined = (
            lifter_of(network, refinement=each, **options).lift(given, 10)[frames]
            for each in (None, refinement)
        )
        assert np.isfinite(refined).all()
        np.testing.assert_array_equal(refined[..., 1:, 2], plain[..., 1:, 2])
        assert (np.abs(refined - plain)[:, 1:, :2].max(axis=(1, 2)) > 1e-3).all()


def test_refinement_needs_a_camera_and_a_network_that_has_one():
    refinement = Refinement(RefinementConfig())
    small = {"frames": 9, "strides": (3, 3), "width": 16, "pose_width": 16}
    network = create_rival("pstmo", small).eval()
    with pytest.raises(InputError, match="S9 walk camera 0 has no camera, but refinement needs its focal"):
        lifter_of(network, refinement=refinement).lift(video(), 10)
    with pytest.raises(InputError, match="refinement is for strided_transformer and pstmo, not videopose3d"):
        lifter_of(create_rival("videopose3d", {"filter_widths": (3, 3)}), refinement=refinement)
    with pytest.raises(InputError, match="not Uplift and Upsample"):
        lifter_of(create(ModelConfig()), refinement=refinement)
    with pytest.raises(InputError, match=r"needs screen input and camera axes; the network has input person"):
        lifter_of(create_rival("pstmo", small | {"input": "person"}), refinement=refinement)
    with pytest.raises(InputError, match="weights are of pstmo: accepted are those of a refinement"):
        lifter_of(network, refinement=network)
    with pytest.raises(InputError, match="is for joints uu17, the network for h36m17"):
        lifter_of(network, refinement=Refinement(RefinementConfig(joints="uu17")))
