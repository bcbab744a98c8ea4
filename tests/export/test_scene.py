"""What formats for other programs share."""

import numpy as np
import pytest

from uplift3d.export.scene import with_known_joints
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
