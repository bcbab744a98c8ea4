"""The whole published evaluation against the official one (golden e2e/e2e_eval.npz)."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch (the train extra)")

import torch

from uplift3d.camera import normalise_screen
from uplift3d.data import h36m
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.evaluate import published, windows
from uplift3d.evaluate.lifters import WindowLifter, create_lifter
from uplift3d.evaluate.protocols import METRICS, interpolate_keyframes
from uplift3d.model import ModelConfig, create, load_checkpoint
from uplift3d.skeletons import reorder

OPTIONS = {"": {}, "_noflip": {"flip": False}, "_nolearnedup": {"learned_upsampling": False}}
# The command's test has more.
FAST = ["tinyB_ms5"]
SLOW = [f"tinyA_ms{s_in}" for s_in in (4, 10, 20)] + ["tinyB_ms10", "tinyB_ms20"]
SLOW += [f"tiny{x}_ms10_{option}" for x in "AB" for option in ("noflip", "nolearnedup")]


@pytest.fixture(scope="module")
def golden(golden_dir):
    with np.load(golden_dir / "e2e" / "e2e_eval.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def videos(golden_dir):
    e2e = golden_dir / "e2e"
    return h36m.read_videos(e2e / "data_3d_h36m_synthetic.npz", e2e / "data_2d_h36m_synthetic.npz")


@pytest.fixture(scope="module")
def model(golden_dir):
    folder = golden_dir / "uplift_upsample"
    return lambda name: load_checkpoint(folder / f"{name}.h5", config=folder / f"{name}.json")


def published_errors(row):
    """What the official evaluation reports; ours has velocities too."""
    return [row[name] for name in METRICS]


@pytest.mark.parametrize("tag", [*FAST, *(pytest.param(tag, marks=pytest.mark.slow) for tag in SLOW)])
def test_both_protocols_match_the_official_evaluation(golden, videos, model, tag):
    name, stride, *option = tag.split("_")
    options = dict(OPTIONS["_" + option[0] if option else ""])
    lifter = create_lifter(model(name), flip=options.pop("flip", True))
    s_in = int(stride.removeprefix("ms"))
    result = published.evaluate_lifter(lifter, videos, s_in, actions=h36m.ACTIONS, **options)
    for protocol, scores in (("all", result.all_frames), ("key", result.key_frames)):
        assert scores.frames == golden[f"{tag}_{protocol}_count"]
        assert list(scores.per_action) == list(golden["action_names"])
        for got, key in (
            (published_errors(scores.frame_mean), "frame_mm"),
            (published_errors(scores.action_mean), "actionwise_mm"),
            ([published_errors(row) for row in scores.per_action.values()], "per_action_mm"),
        ):
            np.testing.assert_allclose(got, golden[f"{tag}_{protocol}_{key}"], atol=2e-3)  # mm, of 2000


@pytest.mark.parametrize("name", ["tinyA", "tinyB"])
def test_every_single_pose_matches_also_without_any_pose_token(golden, videos, model, name):
    network = model(name)
    got = published.predict_with(WindowLifter(network, every_frame=True), videos[:16], 10)
    np.testing.assert_allclose(got.poses[:500], golden[f"{name}_ms10_raw_pred_first500"], atol=2e-5)
    np.testing.assert_allclose(got.truth[:500], golden["gt_first500"], atol=5e-6)
    np.testing.assert_array_equal(got.frame_index[:500], golden["frame_index"][:500])
    dense = interpolate_keyframes(got.poses, got.frame_index, network.config.s_out)
    rows = slice(0, 480)  # the 500th frame's video goes on
    np.testing.assert_allclose(dense[rows], golden[f"{name}_ms10_interp_pred_first500"][rows], atol=2e-5)


def test_frames_off_the_output_grid_are_left_out_unless_asked_for(videos, model):
    network = model("tinyB")
    got = published.predict_with(create_lifter(network), videos[:1], 10)
    on_grid = got.frame_index % 5 == 0
    assert np.isfinite(got.poses[on_grid]).all()
    assert np.isnan(got.poses[~on_grid]).all()
    every = published.predict_with(WindowLifter(network, batch=3, every_frame=True), videos[:1], 10)
    np.testing.assert_allclose(every.poses[on_grid], got.poses[on_grid], atol=1e-5)


def own_windows(config, video, s_in):
    centres = np.arange(0, len(video), config.s_out)
    source = windows.source_frames(centres, len(video), config.tokens, config.s_out)
    mask = windows.stride_mask(centres, config.tokens, config.s_out, s_in)
    inside = windows.pad_mask(centres, len(video), config.tokens, config.s_out)
    screen = normalise_screen(video.keypoints_px[:, reorder("h36m17", config.joints)], video.image_size)
    return centres, torch.tensor(screen[source], dtype=torch.float32), mask, inside


@pytest.mark.parametrize("edges", ["repeat", "masked"])
@pytest.mark.parametrize("masked_tokens", [True, False])
def test_any_model_is_asked_window_by_window(videos, edges, masked_tokens):
    torch.manual_seed(0)
    config = ModelConfig(
        joints="uu17", input="screen", axes="camera", edges=edges, tokens=9, strided=(), paddings=(),
        spatial_width=8, temporal_width=16, heads=2, spatial_depth=1, temporal_depth=2,
        masked_tokens=masked_tokens, deferred_depth=int(masked_tokens),
    )  # fmt: skip
    network = create(config).eval()
    video, s_in = videos[3], 10 if masked_tokens else 5
    centres, keypoints, mask, inside = own_windows(config, video, s_in)
    shown = mask & inside if edges == "masked" else mask
    with torch.inference_mode():
        _, centre = network(keypoints, torch.from_numpy(shown) if masked_tokens else None)
    got = published.predict_with(create_lifter(network, flip=False), [video], s_in)
    np.testing.assert_allclose(got.poses[centres], centre.numpy(), atol=2e-6)


@pytest.mark.parametrize(
    ("changes", "s_in", "message"),
    [
        ({}, 7, "key-frames every 7 frames: accepted are multiples of 5"),
        (
            {"masked_tokens": False, "deferred_depth": 0},
            10,
            "no upsampling token: accepted is a 2D pose every 5",
        ),
    ],
)
def test_models_and_strides_that_do_not_fit_are_refused(videos, changes, s_in, message):
    config = ModelConfig(
        joints="uu17", input="screen", axes="camera", tokens=9, strided=(), paddings=(), spatial_depth=0,
        temporal_depth=1, temporal_width=16, heads=2,
    ).evolve(**changes)  # fmt: skip
    with pytest.raises(InputError, match=message):
        published.predict_with(create_lifter(create(config)), videos[:1], s_in)
    if not changes:
        with pytest.raises(InputError, match="no video to evaluate"):
            published.predict_with(create_lifter(create(config)), [], 10)


class Knows:
    """A lifter that is told the truth, plus an error in mm on every pose."""

    joints, rate_hz = "h36m17", 50.0

    def __init__(self, error_mm=0.0):
        self.error = np.float32(error_mm / 1000)

    def check(self, s_in):
        pass

    def grid(self, s_in):
        return 5

    def lift(self, video, s_in):
        poses = np.full((len(video), 17, 3), np.nan, np.float32)
        grid = slice(None, None, round(5 * video.rate_hz / self.rate_hz))
        poses[grid] = (video.positions_camera - video.positions_camera[:, :1])[grid]
        poses[grid, 1:, 0] += self.error  # every joint but the root
        return poses


def even_motion(name, frames, rate_hz, valid_every=1):
    """Every joint moves away from the pelvis at its own even speed."""
    rng = np.random.default_rng(len(name))
    speed, start = rng.normal(size=(2, 1, 17, 3))
    positions = start + speed * (np.arange(frames) / rate_hz)[:, None, None]
    return StoredVideo(
        *(name, name, name, "0", None, (2048, 2048), rate_hz, "annot3"),
        keypoints_px=np.zeros((frames, 17, 2), np.float32),
        confidence=None,
        positions_camera=positions.astype(np.float32),
        valid=np.arange(frames) % valid_every == 0,
    )


@pytest.mark.parametrize("rate_hz", [25.0, 50.0, 100.0])
@pytest.mark.parametrize("learned_upsampling", [True, False])
def test_even_motion_of_any_rate_is_met_exactly(rate_hz, learned_upsampling):
    seconds = 4
    frames = int(seconds * rate_hz) + 1
    videos = [even_motion("TS1", frames, rate_hz), even_motion("TS22", frames, rate_hz)]
    got = published.evaluate_lifter(
        Knows(), videos, 10, learned_upsampling=learned_upsampling, pck_joints=range(1, 17)
    )
    assert got.all_frames.frames == 2 * frames  # none of those put between two
    assert got.key_frames.frames == 2 * (seconds * 5 + 1)  # every 0.2 s
    for name, value in got.all_frames.frame_mean.items():
        want = {"pck": 100.0, "auc": 100 * 30 / 31}.get(name, 0.0)
        rounding = {"mpjve": 0.2, "acceleration": 20.0}.get(name, 2e-3)  # of float32 metres, per second (²)
        assert value == pytest.approx(want, abs=rounding), name
    assert list(got.all_frames.per_action) == ["TS1", "TS22"]
    assert "mpjve" not in got.key_frames.frame_mean


def test_known_errors_come_out():
    videos = [even_motion("TS1", 101, 25.0, valid_every=4)]
    got = published.evaluate_lifter(Knows(error_mm=152.0), videos, 10, pck_joints=[0, 1, 2, 3])
    assert got.all_frames.frames == 26
    assert got.all_frames.frame_mean["mpjpe"] == pytest.approx(152 * 16 / 17, rel=1e-5)
    assert got.all_frames.frame_mean["pck"] == pytest.approx(25)  # only the root is near enough
    assert np.isnan(got.all_frames.frame_mean["mpjve"])  # no two neighbours are valid


def test_key_frames_between_the_frames_of_a_slow_video_are_refused():
    with pytest.raises(
        InputError, match=r"every 5 frames of 50 Hz fall between the frames of TS1 TS1 \(25 Hz\): .* of 2"
    ):
        published.evaluate_lifter(Knows(), [even_motion("TS1", 30, 25.0)], 5)
    with pytest.raises(InputError, match="several frame rates above"):
        published.evaluate_lifter(Knows(), [even_motion("TS1", 30, 100.0), even_motion("TS2", 30, 50.0)], 10)
