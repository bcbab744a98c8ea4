"""What formats for other programs share."""

import numpy as np
import pytest

from uplift3d.export.scene import evenly, with_known_joints
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D


@pytest.mark.parametrize(("joints", "becomes"), [("coco17", "h36m17"), ("halpe26", "h36m21")])
def test_joints_that_stay_the_same_stay_as_sure(rng, joints, becomes):
    own = joint_set(joints)
    sigma = rng.uniform(0.01, 0.2, size=(2, 4, len(own))).astype(np.float32)
    motion = Motion3D(
        rng.normal(size=(2, 4, len(own), 3)), np.arange(4) / 4, None, np.ones((2, 4)), None, joints, {}, sigma
    )
    known = with_known_joints(motion)
    assert known.joints == becomes
    for place, name in enumerate(known.joint_names):
        if name in own.joints:
            np.testing.assert_array_equal(known.sigma_m[..., place], sigma[..., own.index(name)])
        else:
            assert np.isnan(known.sigma_m[..., place]).all()


@pytest.mark.parametrize("dropped", [[], [5], [3, 4, 30]])
def test_times_in_whole_milliseconds_are_30_frames_a_second(rng, dropped):
    times = np.delete(np.round(np.arange(61) / 30, 3), dropped)
    motion = Motion3D(rng.normal(size=(1, len(times), 17, 3)), times, None, np.ones((1, len(times))))
    even, rate_hz = evenly(motion)
    assert rate_hz == pytest.approx(30, abs=0.02)
    assert np.ptp(np.diff(even.times)) < 1e-9
    assert even.times[-1] == pytest.approx(2, abs=0.04)
