import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.resample import resample, resample_skeleton
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

rates = st.sampled_from([24, 25, 30, 50, 60, 100, 120])


@given(st.integers(4, 60), rates, st.integers(0, 2**32 - 1))
def test_cubic_motion_is_reproduced(frames, rate, seed):
    c = np.random.default_rng(seed).normal(size=(4, 2, 3))

    def motion(t):
        return sum(c[k] * t[:, None, None] ** k for k in range(4))

    result = resample(motion(np.arange(frames) / rate), 1 / rate)
    np.testing.assert_allclose(result, motion(np.arange(len(result)) / 50), atol=1e-9)


@given(st.integers(2, 400), rates)
def test_length_covers_the_motion_and_no_more(frames, rate):
    count = len(resample(np.zeros((frames, 1)), 1 / rate))
    duration = (frames - 1) / rate
    assert (count - 1) / 50 <= duration + 1e-4
    assert count / 50 > duration


@pytest.mark.parametrize(
    ("frame_time", "frames", "expected"), [(0.0333333, 31, 51), (0.016667, 61, 51), (0.02, 7, 7)]
)
def test_rounded_frame_times_lose_no_frame(frame_time, frames, expected):
    assert len(resample(np.zeros((frames, 3)), frame_time)) == expected


def test_same_rate_changes_nothing(rng):
    motion = rng.normal(size=(20, 17, 3))
    np.testing.assert_allclose(resample(motion, 0.02), motion, atol=1e-12)
    np.testing.assert_allclose(
        resample_skeleton(motion, joint_set("h36m17").parents, 0.02), motion, atol=1e-12
    )


def test_fast_pendulum_keeps_its_length_and_place():
    """A 0.5 m arm at 20 rad/s, filmed at 30 Hz: a spline through positions alone errs by millimetres."""

    def swing(t):
        angle = 1.2 * np.sin(20 / 1.2 * t)
        tip = 0.5 * np.stack([np.sin(angle), 0 * angle, -np.cos(angle)], axis=-1)
        return np.stack([np.zeros_like(tip), tip], axis=1)

    motion = swing(np.arange(61) / 30)
    plain, kept = resample(motion, 1 / 30), resample_skeleton(motion, (-1, 0), 1 / 30)
    truth = swing(np.arange(len(kept)) / 50)
    lengths = np.linalg.norm(kept[:, 1] - kept[:, 0], axis=-1)
    np.testing.assert_allclose(lengths, 0.5, atol=1e-9)
    assert np.ptp(np.linalg.norm(plain[:, 1] - plain[:, 0], axis=-1)) > 0.002
    inner = slice(5, -5)  # at the ends a spline knows less
    assert np.abs(kept - truth)[inner].max() < np.abs(plain - truth)[inner].max() < 0.05


def test_parents_may_come_after_their_children(rng):
    motion = np.cumsum(rng.normal(size=(20, 3, 3)), axis=0)
    chain = resample_skeleton(motion, (-1, 0, 1), 1 / 30)
    backward = resample_skeleton(motion[:, ::-1], (1, 2, -1), 1 / 30)
    np.testing.assert_allclose(backward[:, ::-1], chain, atol=1e-12)


def test_coinciding_joints_stay_together():
    motion = np.zeros((10, 2, 3))
    motion[:, :, 0] = np.arange(10)[:, None] ** 2
    result = resample_skeleton(motion, (-1, 0), 1 / 30)
    np.testing.assert_allclose(result[:, 0], result[:, 1])


def test_one_frame_is_no_motion():
    with pytest.raises(InputError, match="1 frame given, at least 2 needed"):
        resample(np.zeros((1, 17, 3)), 0.02)


def test_without_scipy_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.interpolate", None)
    with pytest.raises(InputError, match=r"needs scipy: pip install 'uplift3d\[train\]'"):
        resample(np.zeros((3, 17, 3)), 0.02)
