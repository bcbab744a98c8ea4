"""People whose every joint swings by itself, as 2D key-frames."""

from dataclasses import replace

import numpy as np

from uplift3d import Keypoints2D

SIZE = (640, 480)


def moving_person(times, seed=0):
    """(K, 17, 2) pixels: every joint swings by a sine of its own around a standing person."""
    rng = np.random.default_rng(seed)
    rest = np.array([320, 240]) + rng.uniform(-80, 80, (17, 2))
    phase, amplitude = rng.uniform(0, 6, (17, 2)), rng.uniform(2, 15, (17, 2))
    return rest + amplitude * np.sin(2 * np.pi * 0.7 * np.asarray(times)[:, None, None] + phase)


def clip(times, people=1, **changes):
    positions = np.stack([moving_person(times, seed) for seed in range(people)])
    return replace(Keypoints2D(positions, None, times, SIZE, "h36m17"), **changes)


def regular(seconds, rate):
    return np.arange(round(seconds * rate) + 1) / rate
