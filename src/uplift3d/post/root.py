"""Where the person is: the pelvis in camera axes, from 2D joints and the 3D pose that belongs to them.

Axes: K key-frames, T times, J joints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, RealArray, TimeArray
from uplift3d.camera import Camera
from uplift3d.post.resample import ROUNDING_S, interpolate, stretches
from uplift3d.skeletons import convert_2d
from uplift3d.types import Keypoints2D, Motion3D

MIN_JOINTS = 6
"""Fewer do not tell a distance from a pose."""
NEAREST_M = 0.3
"""Nobody is seen whole from nearer."""
ROUNDS = 6
"""Of reweighting: by then weights and distances change no more."""
BEND_M2_PER_S3, BEND_ACROSS_M2_PER_S3 = 1.0, 8.0
"""How much a person's velocity wanders along the line of sight, by 1 m/s within a second, and across it,
where jumps and turns are seen well enough to be followed."""
POSE_ERROR, ACROSS_ERROR = 0.02, 0.004
"""Errors of the 3D pose outlast a key interval: the distance, and the place across the line of sight, are
never known better than these shares of the distance."""
SIZE_ERROR = 0.035
"""The distance is as unsure as the person's size, which the picture hardly tells (median on mocap films)."""
CALIBRATION = 1.68
"""Times what filter and size say: so that 68 % of pelvises are within `root_sigma_m` on mocap films with the
picture's depth (`benchmarks/uncertainty.py --fit`; without it 1.8 would be right)."""
NEAR_KEY_S = 0.1
"""A key-frame counts where the motion has a pose within so many seconds of it."""


class Trajectory(NamedTuple):
    """A pelvis over time."""

    positions: DoubleArray
    """(K, 3) metres, camera axes."""
    velocities: DoubleArray
    """(K, 3) m/s."""
    sigma_m: DoubleArray
    """(K,) standard deviation along the most uncertain direction, nearly always the distance."""


def place(motion: Motion3D, keypoints: Keypoints2D, camera: Camera, focal_sigma: float = 0.0) -> Motion3D:
    """The motion with `root`: the pelvis in camera axes.

    At every key-frame the pelvis is put where the 3D pose projects onto the 2D joints (`locate`); the places
    are smoothed over time, each with its own uncertainty (`smooth_path`), and joined by cubic curves. Before
    the first and after the last key-frame of a stretch the pelvis stays where it is there. NaN where no
    key-frame has enough joints, and no root at all where nobody's is known. `meta["root_sigma_m"]` is the
    usual uncertainty of each person.

    Args:
        motion: positions in the axes of `camera`; the size of the person sets that of the distance.
        keypoints: the same people at key-frames.
        camera: intrinsics.
        focal_sigma: standard deviation of the focal length, relative to it: distances are as unsure.
    """
    root = np.full((*motion.positions.shape[:2], 3), np.nan)
    sigmas = []
    for person in range(len(motion.people)):
        pixels, weights = seen_joints(keypoints, person, motion.joints)
        known: list[float] = []
        for stretch in stretches(motion.present[person], motion.times):
            times, poses = motion.times[stretch], motion.positions[person, stretch].astype(np.float64)
            usable = ((weights > 0).sum(axis=-1) >= MIN_JOINTS) & _near(keypoints.times, times)
            moments = keypoints.times[usable]
            shown = np.asarray(interpolate(times, poses, moments), dtype=np.float64)
            places, covariances = locate(shown, pixels[usable], weights[usable], camera)
            ahead = places[:, 2] > NEAREST_M
            if ahead.any():
                trajectory = smooth_path(moments[ahead], places[ahead], covariances[ahead])
                root[person, stretch] = _between(moments[ahead], trajectory, times)
                distance_m = places[ahead, 2]
                seen_m = CALIBRATION * np.hypot(trajectory.sigma_m, SIZE_ERROR * distance_m)
                known += np.hypot(seen_m, focal_sigma * distance_m).tolist()
        sigmas.append(round(float(np.median(known)), 4) if known else None)
    if not np.isfinite(root).any():
        return motion
    return replace(motion, root=root.astype(np.float32), meta={**motion.meta, "root_sigma_m": sigmas})


def locate(
    poses: DoubleArray, pixels: RealArray, weights: RealArray, camera: Camera
) -> tuple[DoubleArray, DoubleArray]:
    """Put every pose where its joints project onto their pixels.

    A joint p of a pose at t is seen at (x, y) = ((p + t)_x, (p + t)_y) / (p + t)_z, which is linear in t:
    t_x − x t_z = x p_z − p_x, and so for y. Divided by the joint's distance, the least squares of these are
    those of the error in the image; the distances of one round serve the next. Joints that do not fit count
    less (weights of Geman and McClure).

    Args:
        poses: (K, J, 3) metres from the pelvis, camera axes.
        pixels: (K, J, 2), NaN where unseen.
        weights: (K, J) 0 where unseen.
        camera: intrinsics.

    Returns:
        places (K, 3) in metres and their covariances (K, 3, 3).
    """
    rays = camera.rays(np.where(weights[..., None] > 0, pixels, np.asarray(camera.principal_point_px)))
    plane = rays[..., :2] / rays[..., 2:]  # (K, J, 2)
    rows = np.zeros((*plane.shape, 3))  # (K, J, xy, 3)
    rows[..., 0, 0] = rows[..., 1, 1] = 1
    rows[..., 2] = -plane
    right = plane * poses[..., 2:] - poses[..., :2]  # (K, J, xy)
    distance = np.ones(len(poses))
    trust = weights.astype(np.float64)
    for _ in range(ROUNDS):
        scaled = trust / np.maximum(poses[..., 2] + distance[:, None], NEAREST_M) ** 2
        normal = np.einsum("kjai,kj,kjal->kil", rows, scaled, rows)
        normal += 1e-9 * np.eye(3)  # joints that are all in one place say nothing, and that is no error
        places = np.linalg.solve(normal, np.einsum("kjai,kj,kja->ki", rows, scaled, right)[..., None])[..., 0]
        error = np.linalg.norm(np.einsum("kjai,ki->kja", rows, places) - right, axis=-1)  # (K, J) metres
        usual = _median(error, weights > 0)[:, None]
        trust = weights / (1 + (error / (2.5 * usual + 1e-9)) ** 2) ** 2
        distance = np.maximum(places[:, 2], NEAREST_M)
    free = np.maximum(2 * (weights > 0).sum(axis=-1) - 3, 1)
    variance = (scaled * error**2).sum(axis=-1) / free
    floor = distance[:, None, None] ** 2 * _along_and_across(places, POSE_ERROR**2, ACROSS_ERROR**2)
    return places, np.linalg.inv(normal) * variance[:, None, None] + floor


def _along_and_across(places: DoubleArray, along: float, across: float) -> DoubleArray:
    """(K, 3, 3) variances along the lines of sight to places (K, 3) and at right angles to them."""
    sight = places / np.maximum(np.linalg.norm(places, axis=-1, keepdims=True), NEAREST_M)
    lines = sight[:, :, None] * sight[:, None, :]
    return np.asarray(along * lines + across * (np.eye(3) - lines))


def _median(values: DoubleArray, known: BoolArray) -> DoubleArray:
    """(K,) the median of the known values in (K, J), as `np.nanmedian`, which takes 20 times as long."""
    order = np.sort(np.where(known, values, np.inf), axis=-1)
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    middle = np.concatenate([(count - 1) // 2, count // 2], axis=-1)
    return np.asarray(np.take_along_axis(order, middle, axis=-1).mean(axis=-1))


def smooth_path(times: TimeArray, places: DoubleArray, covariances: DoubleArray) -> Trajectory:
    """The most likely path through uncertain places, for somebody whose velocity wanders.

    A Kalman filter forwards and the Rauch–Tung–Striebel smoother backwards, state (place, velocity),
    acceleration white noise of density `BEND_M2_PER_S3` along the line of sight and `BEND_ACROSS_M2_PER_S3`
    across it.

    Args:
        times: (K,) seconds, increasing.
        places: (K, 3) metres.
        covariances: (K, 3, 3).
    """
    count, see = len(times), np.eye(3, 6)
    means, spreads = np.zeros((count, 6)), np.zeros((count, 6, 6))
    ahead, ahead_spread = np.zeros((count, 6)), np.zeros((count, 6, 6))
    bends = _along_and_across(places, BEND_M2_PER_S3, BEND_ACROSS_M2_PER_S3)
    moves, noises = _moves(np.diff(times, prepend=times[0]), bends)
    mean, spread = np.concatenate([places[0], np.zeros(3)]), np.diag([1e4] * 3 + [4.0] * 3)
    for k in range(count):
        if k > 0:
            mean, spread = moves[k] @ mean, moves[k] @ spread @ moves[k].T + noises[k]
        ahead[k], ahead_spread[k] = mean, spread
        gain = np.linalg.solve(spread[:3, :3] + covariances[k], spread[:3]).T  # (6, 3)
        mean, spread = mean + gain @ (places[k] - mean[:3]), spread - gain @ see @ spread
        means[k], spreads[k] = mean, spread
    for k in range(count - 2, -1, -1):
        gain = np.linalg.solve(ahead_spread[k + 1], moves[k + 1] @ spreads[k]).T
        means[k] += gain @ (means[k + 1] - ahead[k + 1])
        spreads[k] += gain @ (spreads[k + 1] - ahead_spread[k + 1]) @ gain.T
    sigma = np.sqrt(np.linalg.eigvalsh(spreads[:, :3, :3])[:, -1].clip(0))
    return Trajectory(means[:, :3], means[:, 3:], sigma)


def _moves(steps_s: DoubleArray, bends: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Transitions (K, 6, 6) of (place, velocity) over times (K,), and the noise of densities (K, 3, 3)."""
    moves = np.tile(np.eye(6), (len(steps_s), 1, 1))
    moves[:, [0, 1, 2], [3, 4, 5]] = steps_s[:, None]
    step = steps_s[:, None, None]
    noises = np.empty((len(steps_s), 6, 6))
    noises[:, :3, :3], noises[:, 3:, 3:] = step**3 / 3 * bends, step * bends
    noises[:, :3, 3:] = noises[:, 3:, :3] = step**2 / 2 * bends
    return moves, noises


def _between(moments: TimeArray, trajectory: Trajectory, times: TimeArray) -> RealArray:
    """(T, 3): the cubic curves with the places and velocities of the trajectory, held beyond its ends."""
    return interpolate(moments, trajectory.positions, times, slopes=trajectory.velocities)


def seen_joints(keypoints: Keypoints2D, person: int, joints: str) -> tuple[RealArray, RealArray]:
    """Pixels (K, J, 2) and weights (K, J) of a person in the motion's joints, 0 where unseen."""
    confidence = keypoints.confidence[person]
    seen = np.where((confidence > 0)[..., None], keypoints.positions[person], np.float32(np.nan))
    pixels, confidence = convert_2d(seen, confidence, keypoints.joints, joints)
    return pixels, np.where(np.isfinite(pixels).all(axis=-1), confidence, 0)


def _near(moments: TimeArray, times: TimeArray) -> BoolArray:
    """(K,) True for moments with one of `times` within `NEAR_KEY_S`."""
    after = np.clip(np.searchsorted(times, moments), 1, max(len(times) - 1, 1))
    around = np.stack([times[after - 1], times[np.minimum(after, len(times) - 1)]])
    return np.asarray(np.abs(around - moments).min(axis=0) <= NEAR_KEY_S + ROUNDING_S)
