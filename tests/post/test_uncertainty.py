"""What is said of joints: more where 2D and 3D disagree, long after a key-frame, and at the hands."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footsteps import steps
from uplift3d import Keypoints2D
from uplift3d.camera import Camera
from uplift3d.post import resample, with_uncertainty
from uplift3d.skeletons import joint_set

CAMERA = Camera.pinhole(1000.0, (640.0, 360.0))
NAMES = joint_set("h36m21").joints


def seen(motion, every=10, noise_px=3.0, hint=None):
    """The motion as key-frames."""
    rows = slice(None, None, every)
    pixels = CAMERA.project(motion.positions[:, rows] + motion.root[:, rows, None])
    pixels = pixels + np.random.default_rng(0).normal(size=pixels.shape) * noise_px
    return Keypoints2D(pixels, None, motion.times[rows], (1280, 720), "h36m21", depth_hint=hint)


def test_every_joint_has_a_size_and_the_pelvis_none():
    motion = with_uncertainty(steps(), seen(steps()), CAMERA)
    assert motion.sigma_m.shape == (1, len(motion), 21)
    assert (motion.sigma_m[..., 0] == 0).all()
    assert ((motion.sigma_m[..., 1:] > 0.005) & (motion.sigma_m[..., 1:] < 0.3)).all()
    usual = np.median(motion.sigma_m[0], axis=0)
    wrist, shoulder, hip = (usual[NAMES.index(f"left_{name}")] for name in ("wrist", "shoulder", "hip"))
    assert wrist > shoulder > hip


def test_disagreement_and_distance_from_key_frames_make_unsure():
    motion = steps()
    good = with_uncertainty(motion, seen(motion), CAMERA).sigma_m
    keys = seen(motion)
    wrong = keys.positions.copy()
    wrong[:, :, NAMES.index("left_wrist")] += 60
    bad = with_uncertainty(motion, replace(keys, positions=wrong), CAMERA).sigma_m
    wrist = NAMES.index("left_wrist")
    assert (bad[..., wrist] > 1.3 * good[..., wrist]).all()
    assert (bad[..., 1:] >= good[..., 1:]).all()
    gone = keys.positions.copy()
    gone[:, 5:15, wrist] = np.nan  # from 1.0 to 2.8 s
    lost = with_uncertainty(motion, replace(keys, positions=gone, confidence=None), CAMERA).sigma_m
    assert lost[0, 100, wrist] > 1.2 * lost[0, 40, wrist]


def test_the_pictures_depth_makes_surer():
    motion = steps()
    hint = motion.positions[:, ::10]
    told = with_uncertainty(motion, seen(motion, hint=hint), CAMERA).sigma_m
    assert (told[..., 1:] < with_uncertainty(motion, seen(motion), CAMERA).sigma_m[..., 1:]).all()


def test_nothing_is_said_of_who_is_nowhere_or_absent():
    motion = steps()
    assert with_uncertainty(replace(motion, root=None), seen(motion), CAMERA).sigma_m is None
    gap, root = motion.positions.copy(), motion.root.copy()
    gap[:, 40:80], root[:, 40:80] = np.nan, np.nan
    sigma = with_uncertainty(replace(motion, positions=gap, root=root), seen(motion), CAMERA).sigma_m
    np.testing.assert_array_equal(np.isfinite(sigma[0, :, 1]), np.isfinite(root[0, :, 0]))
    unseen = replace(seen(motion), positions=np.full((1, 24, 21, 2), np.nan), confidence=None)
    assert np.isnan(with_uncertainty(motion, unseen, CAMERA).sigma_m[..., 1:]).all()


@given(every=st.integers(1, 60), noise=st.floats(0, 200))
def test_sizes_are_finite_whatever_the_key_frames(every, noise):
    motion = steps(count=2)
    assert np.isfinite(with_uncertainty(motion, seen(motion, every, noise), CAMERA).sigma_m).all()


def test_it_travels_with_the_motion():
    motion = with_uncertainty(steps(), seen(steps()), CAMERA)
    np.testing.assert_array_equal(motion[3:9].sigma_m, motion.sigma_m[:, 3:9])
    np.testing.assert_array_equal(motion.select([0]).sigma_m, motion.sigma_m)
    slow = resample(motion, motion.times[::2])
    np.testing.assert_allclose(slow.sigma_m, motion.sigma_m[:, ::2])
    assert slow.sigma_m.dtype == np.float32
    with pytest.raises(ValueError, match="sigma_m has shape"):
        replace(motion, sigma_m=motion.sigma_m[:, 1:])
    with pytest.raises(ValueError, match="negative or infinite"):
        replace(motion, sigma_m=-motion.sigma_m - 1)
