"""Velocities, switching and binning on motion whose answer is known by hand."""

import numpy as np
import pytest

from uplift3d.reproduce.series import by_velocity, switched, velocities


def test_the_velocity_of_uniform_motion():
    times = np.arange(6) / 50
    poses = np.zeros((6, 4, 3))
    poses[:, 1, 0] = 2.0 * times  # one joint of four moves at 2 m/s
    poses[:, 2, 2] = -1.0 * times
    np.testing.assert_allclose(velocities(poses, times), 0.75)


def test_switching_lasts_until_enough_frames_were_calm():
    fast = np.array([0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], dtype=bool)
    assert switched(fast, 3).astype(int).tolist() == [0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0]
    assert not switched(np.zeros(5, dtype=bool), 3).any()


def test_errors_are_averaged_within_intervals_of_velocity():
    errors, speed = np.array([10.0, 20.0, 60.0, 99.0]), np.array([0.05, 0.15, 0.19, 0.9])
    means, count = by_velocity(errors, speed, np.array([0, 0.1, 0.2, 0.3]))
    assert means[:2] == pytest.approx([10, 40])
    assert np.isnan(means[2])
    assert count.tolist() == [1, 2, 0]
