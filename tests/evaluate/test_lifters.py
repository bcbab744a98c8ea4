"""Networks with person-centred input in the evaluation: the same answers as the pipeline gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch (the train extra)")

from uplift3d.camera import Camera
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.evaluate import published
from uplift3d.evaluate.lifters import PersonLifter, WindowLifter, create_lifter
from uplift3d.lift.torch_runtime import TorchRuntime
from uplift3d.lifter import Lifter
from uplift3d.model import load
from uplift3d.types import Keypoints2D

FRAMES, FOCAL = 83, 1100.0


@pytest.fixture(scope="module")
def model(tiny_model):
    return load(f"{tiny_model}.safetensors")


@pytest.fixture(scope="module")
def video():
    """Somebody who stands, sways and is seen off the camera's axis."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.4, -0.8, -0.3], [0.4, 0.8, 0.3], size=(17, 3))
    sway = 0.1 * np.sin(np.arange(FRAMES) / 8)[:, None, None] * rng.normal(size=(17, 3))
    positions = (body + sway + [0.9, 0.2, 4.0]).astype(np.float32)
    camera = Camera((FOCAL, FOCAL), (640.0, 360.0), (1280, 720))
    return StoredVideo(
        *("S1", "walk", "walk", "0", camera, (1280, 720), 50.0, "made up"),
        keypoints_px=camera.project(positions).astype(np.float32),
        confidence=np.ones((FRAMES, 17), np.float32),
        positions_camera=positions,
        valid=np.ones(FRAMES, dtype=bool),
    )


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("s_in", [5, 20])
def test_the_same_poses_as_the_pipeline(model, video, s_in, flip):
    got = published.predict_with(create_lifter(model, flip=flip), [video], s_in)
    rows = np.arange(0, FRAMES, s_in)
    keys = Keypoints2D(
        video.keypoints_px[rows][None], video.confidence[rows][None], rows / 50, (1280, 720), "h36m17"
    )
    pipeline = Lifter(TorchRuntime(model), hop=1, flip=flip, raw=True, settle_sides=False)
    grid = np.arange(0, rows[-1] + 1, model.config.s_out)  # the pipeline ends near the last key-frame
    motion = pipeline.lift(keys, output_times=grid / 50, focal_px=FOCAL)
    inner = slice(0, -2)  # where neither knows that the other goes on
    np.testing.assert_allclose(got.poses[grid[inner]], motion.positions[0, inner], rtol=1e-4, atol=1e-4)
    assert np.isnan(got.poses[1 :: model.config.s_out]).all()


def test_windows_for_screen_input_and_the_pipelines_way_for_person_input(model):
    assert isinstance(create_lifter(model), PersonLifter)
    screen = model.config.evolve(input="screen", axes="camera")
    from uplift3d.model import create

    assert isinstance(create_lifter(create(screen)), WindowLifter)


def test_both_protocols_score_it(model, video):
    got = published.evaluate_lifter(create_lifter(model, flip=False), [video], 10)
    assert (got.all_frames.frames, got.key_frames.frames) == (FRAMES, 9)
    assert set(got.all_frames.frame_mean) == {"mpjpe", "n_mpjpe", "p_mpjpe", "mpjve", "acceleration"}
    assert got.all_frames.frame_mean["mpjpe"] > 0


def test_videos_that_such_a_model_cannot_use(model, video):
    with pytest.raises(
        InputError, match="S1 walk camera 0 has no camera, but this model needs one to answer in"
    ):
        published.predict_with(create_lifter(model), [replace(video, camera=None)], 10)
    unseen = replace(video, keypoints_px=np.full_like(video.keypoints_px, np.nan))
    with pytest.raises(InputError, match="S1 walk camera 0 shows nobody in any of its 9 key-frames"):
        published.predict_with(create_lifter(model), [unseen], 10)
