"""Where the person is: people walking through the view of a camera whose place is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.camera import Camera
from uplift3d.post import place, resample, scale_to_height, statures_m
from uplift3d.post.root import locate, smooth_path
from uplift3d.types import Keypoints2D

CAMERA = Camera.pinhole(900.0, (640, 360))


def path(times):
    """(T, 3) metres: past the camera, four to six metres away."""
    return np.stack([0.8 * times - 1.5, 0.2 + 0 * times, 5 + np.sin(times)], axis=-1)


def filmed(motion, every=5, noise_px=0.0, seed=0):
    """What the camera sees of people on `path`."""
    positions = motion.positions + path(motion.times)[None, :, None]
    pixels = CAMERA.project(positions)[:, ::every]
    pixels = pixels + noise_px * np.random.default_rng(seed).normal(size=pixels.shape)
    return Keypoints2D(pixels, None, motion.times[::every], (1280, 720), motion.joints, motion.people)


def test_without_noise_the_pelvis_is_where_it_was(walk):
    placed = place(walk, filmed(walk, every=1), CAMERA)
    np.testing.assert_allclose(placed.root[0], path(walk.times), atol=0.02)
    np.testing.assert_array_equal(np.isfinite(placed.root).all(axis=-1), walk.present)
    np.testing.assert_array_equal(placed.positions, walk.positions)


def test_between_key_frames_the_path_is_joined(walk):
    placed = place(walk, filmed(walk), CAMERA)
    inside = walk.times <= walk.times[45]
    np.testing.assert_allclose(placed.root[0, inside], path(walk.times)[inside], atol=0.03)


def test_with_noise_it_is_nearly_there_and_says_how_nearly(walk):
    placed = place(walk, filmed(walk, every=1, noise_px=4), CAMERA)
    error = np.linalg.norm(placed.root[0] - path(walk.times), axis=-1)
    assert np.median(error) < 0.05 * 5
    sigma_m = placed.meta["root_sigma_m"][0]
    assert 0.1 < sigma_m < 0.5
    unsure = place(walk, filmed(walk, every=1, noise_px=4), CAMERA, focal_sigma=0.25)
    distance_m = np.median(placed.root[0, :, 2])
    np.testing.assert_allclose(
        unsure.meta["root_sigma_m"][0], np.hypot(sigma_m, 0.25 * distance_m), rtol=0.02
    )


def test_a_joint_in_a_wrong_place_hardly_matters(walk):
    keys = filmed(walk, every=1)
    pixels = keys.positions.copy()
    pixels[:, :, 13] += 150  # a wrist
    placed = place(walk, replace(keys, positions=pixels), CAMERA)
    assert np.abs(placed.root[0] - path(walk.times)).max() < 0.1


@given(seed=st.integers(0, 50), scale=st.floats(0.5, 2))
def test_a_person_twice_as_tall_is_twice_as_far(seed, scale):
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(3, 17, 3)) * 0.4
    there = np.array([0.5, 0.1, 4.0])
    pixels, weights = CAMERA.project(poses + there), np.ones((3, 17))
    np.testing.assert_allclose(locate(poses, pixels, weights, CAMERA)[0], [there] * 3, atol=1e-3)
    np.testing.assert_allclose(
        locate(scale * poses, pixels, weights, CAMERA)[0], [scale * there] * 3, atol=2e-3
    )


def test_the_path_trusts_what_is_certain():
    times = np.arange(21) / 10
    truth = np.stack([times, 0 * times, 4 + 0 * times], axis=-1)
    places = truth.copy()
    places[10, 2] += 2.0
    covariances = np.tile(np.eye(3) * 1e-4, (21, 1, 1))
    covariances[10] *= 1e6
    track = smooth_path(times, places, covariances)
    np.testing.assert_allclose(track.positions, truth, atol=0.02)
    np.testing.assert_allclose(track.velocities, [[1, 0, 0]] * 21, atol=0.07)
    assert (np.delete(track.sigma_m, 10) < 0.02).all()
    assert track.sigma_m[10] < 0.05


def test_somebody_who_falls_is_where_the_picture_shows_them(walk):
    """Off a wall, in 0.6 s: between two key-frames 0.4 s apart, velocity changes by 4 m/s."""
    times = walk.times
    down = 4.9 * np.clip(times - 0.7, 0, 0.6) ** 2
    place_m = np.stack([0.3 * times, down - 0.5, 6 + 0 * times], axis=-1)
    pixels = CAMERA.project(walk.positions[:1] + place_m[None, :, None])[:, ::20]
    keys = Keypoints2D(pixels, None, times[::20], (1280, 720), walk.joints, walk.people[:1])
    placed = place(walk.select(walk.people[:1]), keys, CAMERA)
    off = np.linalg.norm((placed.root[0] - place_m)[::20], axis=-1)
    assert off.max() < 0.05  # as far across as along: 0.3


def test_too_few_joints_and_nobody_leave_it_unknown(walk):
    keys = filmed(walk)
    pixels = keys.positions.copy()
    pixels[0, :, 5:] = np.nan
    placed = place(walk, replace(keys, positions=pixels, confidence=None), CAMERA)
    assert np.isnan(placed.root[0]).all()
    assert placed.meta["root_sigma_m"][0] is None
    assert np.isnan(resample(placed, walk.times + 0.01, "smooth").root[0]).all()
    heap = replace(keys, positions=np.full_like(pixels, 300.0), confidence=None)  # all joints in one place
    assert place(walk, heap, CAMERA).root is None


@pytest.mark.parametrize("height_m", [0.8, 1.7, 2.1])
def test_scaled_people_are_as_tall_as_said(walk, height_m):
    scaled = scale_to_height(replace(walk, root=np.ones((2, 50, 3))), height_m)
    np.testing.assert_allclose(statures_m(scaled), height_m, rtol=1e-5)
    np.testing.assert_allclose(scaled.root[0], height_m / statures_m(walk)[0], rtol=1e-5)


@pytest.mark.parametrize("leap_s", [1e3, 1e6, 1.7e9])
def test_a_leap_of_the_clock_leaves_both_sides_as_they_are(walk, leap_s):
    keys = filmed(walk, every=1)
    half = len(walk) // 2
    times = walk.times + np.where(np.arange(len(walk)) >= half, leap_s, 0)
    leapt = place(replace(walk, root=None, times=times), replace(keys, times=times), CAMERA)
    for part in (slice(0, half), slice(half, None)):
        alone = place(replace(walk[part], root=None), keys[part], CAMERA)
        np.testing.assert_allclose(leapt.root[:, part], alone.root, atol=1e-4)
