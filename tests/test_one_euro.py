"""The filter of streams against its formula, and against motion whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.streaming.one_euro import HZ_PER_M_PER_S, SPEED_HZ, OneEuro
from uplift3d.types import Motion3D


def motion_of(values, times, root=None):
    """One person, all of whose joints move by values (T, 3) beside each other."""
    positions = np.repeat(np.asarray(values, np.float32)[None, :, None], 17, axis=2)
    observed = np.ones((1, len(times)), dtype=bool)
    return Motion3D(positions, times, root, observed, np.array([3]))


def published(values, times, cutoff_hz):
    """The filter as its authors write it, for one coordinate."""

    def alpha(hz, step):
        return 1 / (1 + 1 / (2 * np.pi * hz * step))

    out, speed = [values[0]], 0.0
    for step, value in zip(np.diff(times), values[1:], strict=True):
        share = alpha(SPEED_HZ, step)
        speed = share * (value - out[-1]) / step + (1 - share) * speed
        share = alpha(cutoff_hz + HZ_PER_M_PER_S * abs(speed), step)
        out.append(share * value + (1 - share) * out[-1])
    return np.array(out)


@given(seed=st.integers(0, 30), count=st.integers(1, 40), cutoff_hz=st.floats(0.2, 8))
def test_one_coordinate_is_filtered_as_published_at_any_times(seed, count, cutoff_hz):
    random = np.random.default_rng(seed)
    times = np.cumsum(random.uniform(0.01, 0.3, count))
    values = np.zeros((count, 3))
    values[:, 1] = np.cumsum(random.normal(0, 0.1, count))
    result = OneEuro(cutoff_hz)(motion_of(values, times)).positions[0, :, 4]
    np.testing.assert_allclose(result[:, 1], published(values[:, 1], times, cutoff_hz), atol=1e-5)
    assert not result[:, [0, 2]].any()


def test_in_chunks_or_at_once_it_is_the_same():
    times = np.arange(60) / 30
    whole = motion_of(np.random.default_rng(0).normal(size=(60, 3)), times, np.ones((1, 60, 3), np.float32))
    calm = OneEuro(1.0)
    chunks = [calm(whole[part]) for part in (slice(0, 1), slice(1, 20), slice(20, 20), slice(20, 60))]
    once = OneEuro(1.0)(whole)
    np.testing.assert_array_equal(np.concatenate([c.positions for c in chunks], axis=1), once.positions)
    np.testing.assert_array_equal(once.root, whole.root)


def test_rest_trembles_less_and_fast_movement_is_hardly_late():
    times = np.arange(0, 4, 1 / 30)
    noise = np.random.default_rng(1).normal(0, 0.003, (len(times), 3))
    calm = OneEuro(0.5)(motion_of(noise, times)).positions[0, :, 0]
    assert calm[30:].std() < 0.4 * noise[30:].std()
    path = np.zeros((len(times), 3))
    path[:, 0] = 2.0 * times  # 2 m/s
    late_m = path - OneEuro(0.5)(motion_of(path, times)).positions[0, :, 0]
    assert 0 < late_m[-1, 0] < 2.0 * 0.02  # 20 ms; 320 ms with a cut-off of 0.5 Hz throughout


def test_who_was_away_begins_anew():
    values = np.zeros((40, 3))
    values[20:] = 5.0
    motion = motion_of(values, np.arange(40) / 30)
    gone = motion.positions.copy()
    gone[:, 15:20] = np.nan
    away = OneEuro(0.5)(replace(motion, positions=gone, observed=np.isfinite(gone).all(axis=(-1, -2))))
    np.testing.assert_array_equal(away.positions[0, 20:], motion.positions[0, 20:])
    calm = OneEuro(0.5)
    calm(motion[:15])
    calm(motion[15:20].select([]))
    np.testing.assert_array_equal(calm(motion[20:]).positions, motion[20:].positions)


def test_a_pelvis_that_becomes_known_is_where_it_is():
    root = np.full((1, 10, 3), np.nan, np.float32)
    root[:, 5:] = 4.0
    result = OneEuro(1.0)(motion_of(np.zeros((10, 3)), np.arange(10) / 30, root))
    np.testing.assert_array_equal(result.root, root)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_a_single_pose_stay(count):
    motion = motion_of(np.ones((count, 3)), np.arange(count) / 30)
    np.testing.assert_array_equal(OneEuro(1.0)(motion).positions, motion.positions)
