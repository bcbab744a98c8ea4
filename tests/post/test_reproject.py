"""Joints that were lifted beside where they are seen come nearer, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from footsteps import steps
from uplift3d import Keypoints2D
from uplift3d.camera import Camera
from uplift3d.post import reproject
from uplift3d.post.reproject import GAIN, MOST_M
from uplift3d.skeletons import joint_set

CAMERA = Camera.pinhole(1000.0, (640.0, 360.0))
NAMES = joint_set("h36m21").joints
ELBOW, WRIST, HIP = (NAMES.index(f"left_{name}") for name in ("elbow", "wrist", "hip"))


def seen(motion, every=5, noise_px=0.0):
    rows = slice(None, None, every)
    pixels = CAMERA.project(motion.positions[:, rows] + motion.root[:, rows, None])
    pixels = pixels + np.random.default_rng(0).normal(size=pixels.shape) * noise_px
    return Keypoints2D(pixels, None, motion.times[rows], (1280, 720), "h36m21")


def with_arm_turned(motion, degrees):
    """The left forearm lifted with an error: turned in the image plane."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    positions = motion.positions.copy()
    positions[..., WRIST, :] = (
        positions[..., ELBOW, :] + (positions[..., WRIST, :] - positions[..., ELBOW, :]) @ turn.T
    )
    return replace(motion, positions=positions)


def lengths(motion):
    bones = np.array(joint_set("h36m21").bones)
    return np.linalg.norm(motion.positions[:, :, bones[:, 0]] - motion.positions[:, :, bones[:, 1]], axis=-1)


def test_a_motion_that_is_seen_where_it_is_stays(walk):
    motion = steps()
    np.testing.assert_allclose(reproject(motion, seen(motion), CAMERA).positions, motion.positions, atol=1e-5)
    nowhere = replace(motion, root=None)
    assert reproject(nowhere, seen(motion), CAMERA) is nowhere


@pytest.mark.parametrize("degrees", [12, -12])
def test_a_joint_comes_nearer_to_where_it_is_seen_by_a_share_and_bones_keep_their_lengths(degrees):
    true = steps()
    wrong = with_arm_turned(true, degrees)
    better = reproject(wrong, seen(true), CAMERA)
    off, left = (
        np.linalg.norm((m.positions - true.positions)[0, :, WRIST], axis=-1) for m in (wrong, better)
    )
    np.testing.assert_allclose(left / off, 1 - GAIN, atol=0.06)
    np.testing.assert_allclose(lengths(better), lengths(wrong), atol=1e-5)
    others = [n for n in range(21) if n != WRIST]
    np.testing.assert_allclose(better.positions[:, :, others], wrong.positions[:, :, others], atol=1e-5)
    np.testing.assert_array_equal(better.root, wrong.root)


def test_pulls_are_bounded_and_joints_that_nobody_saw_stay():
    motion = steps()
    keys = seen(motion)
    pixels = keys.positions.copy()
    pixels[:, :, WRIST] += 500  # metres away
    far = reproject(motion, replace(keys, positions=pixels), CAMERA)
    assert (
        np.linalg.norm((far.positions - motion.positions)[..., WRIST, :], axis=-1).max() < GAIN * MOST_M * 1.2
    )
    pixels[:, :, WRIST] = np.nan
    unseen = reproject(motion, replace(keys, positions=pixels, confidence=None), CAMERA)
    np.testing.assert_allclose(unseen.positions, motion.positions, atol=1e-5)


def test_hips_are_not_turned_by_noise():
    motion = steps()
    noisy = reproject(motion, seen(motion, noise_px=6), CAMERA)
    np.testing.assert_allclose(noisy.positions[:, :, HIP], motion.positions[:, :, HIP], atol=1e-6)
    # Noise of 6 pixels at 5 m is 30 mm; an average over neighbours and a share of it arrive.
    moved = np.linalg.norm((noisy.positions - motion.positions)[..., WRIST, :], axis=-1)
    assert np.sqrt(np.mean(moved**2)) < 0.5 * GAIN * 6 / 1000 * 5 * np.sqrt(2) * 2


def test_absences_stay_and_each_stretch_is_its_own():
    true = steps()
    wrong = with_arm_turned(true, 12)
    positions = wrong.positions.copy()
    positions[0, 80:120] = np.nan
    gappy = replace(wrong, positions=positions)
    better = reproject(gappy, seen(true), CAMERA)
    np.testing.assert_array_equal(better.present, gappy.present)
    off = np.linalg.norm((better.positions - true.positions)[0, :, WRIST], axis=-1)
    whole = np.linalg.norm((wrong.positions - true.positions)[0, :, WRIST], axis=-1)
    np.testing.assert_allclose((off / whole)[gappy.present[0]], 1 - GAIN, atol=0.06)
