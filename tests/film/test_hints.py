"""The picture's own guess: its errors have the sizes asked for, and it follows what the detector saw."""

import pytest
import torch

from uplift3d.film.hints import HintConfig, guess
from uplift3d.film.noise import Detections
from uplift3d.skeletons import joint_set

JOINTS = joint_set("h36m17")
TOKEN_S = 0.1
EXACT = HintConfig(absent_rate=0, size=0, depth=0, turn_deg=0, drift_mm=(1e-6, 1e-6), white_mm=(1e-6, 1e-6))


@pytest.fixture
def random():
    return torch.Generator().manual_seed(5)


def targets(batch=40, tokens=21):
    poses = torch.randn((batch, 1, 17, 3), generator=torch.Generator().manual_seed(1)) * 0.3
    poses = poses - poses[:, :, :1]
    return poses.expand(-1, tokens, -1, -1)


def seen_all(truth, exchanged=False):
    shape = truth.shape[:3]
    seen = torch.ones(shape, dtype=torch.bool)
    swapped = torch.full(shape, exchanged)
    return Detections(truth[..., :2], seen, seen.float(), swapped)


def changed(**fields):
    return EXACT.model_copy(update=fields)


def test_without_errors_it_is_the_truth(random):
    truth = targets()
    hint, told = guess(truth, seen_all(truth), JOINTS, EXACT, TOKEN_S, random)
    torch.testing.assert_close(hint, truth, atol=1e-5, rtol=0)
    assert told.all()


def test_it_is_told_where_the_joint_is_seen_and_never_for_absent_windows(random):
    truth = targets(batch=400)
    seen = torch.rand(truth.shape[:3], generator=random) < 0.7
    detections = seen_all(truth)._replace(seen=seen)
    hint, told = guess(truth, detections, JOINTS, changed(absent_rate=0.34), TOKEN_S, random)
    assert (hint[~told] == 0).all()
    assert not (told & ~seen).any()
    whole = told.flatten(1).any(1)
    assert 0.55 < whole.double().mean() < 0.77
    assert torch.equal(told[whole], seen[whole])


def test_exchanged_sides_are_exchanged_in_3d_too(random):
    truth = targets()
    hint, _ = guess(truth, seen_all(truth, exchanged=True), JOINTS, EXACT, TOKEN_S, random)
    torch.testing.assert_close(hint, truth[:, :, list(JOINTS.mirror)], atol=1e-5, rtol=0)


def test_size_and_depth_are_constant_factors_of_a_window(random):
    truth = targets(batch=4000, tokens=2)
    hint, _ = guess(truth, seen_all(truth), JOINTS, changed(size=0.1, depth=0.2), TOKEN_S, random)
    factor = (hint / truth)[:, :, 1:].log()
    torch.testing.assert_close(factor.std(dim=(1, 2)).amax(0), torch.zeros(3), atol=1e-3, rtol=0)
    spread = factor[:, 0, 0].std(dim=0)
    torch.testing.assert_close(spread, torch.tensor([0.1, 0.1, 0.05**0.5]), atol=0.01, rtol=0)


def test_a_turn_keeps_the_pose_and_changes_slowly(random):
    truth = targets(batch=300, tokens=30)
    config = changed(turn_deg=9, drift_s=(1, 1))
    hint, _ = guess(truth, seen_all(truth), JOINTS, config, TOKEN_S, random)
    torch.testing.assert_close(hint.norm(dim=-1), truth.norm(dim=-1), atol=1e-5, rtol=0)
    error = (hint - truth)[:, :, 1:]
    step = error.diff(dim=1)
    assert 0.01 < step.norm(dim=-1).mean() < 0.5 * error.norm(dim=-1).mean()


def test_drift_is_larger_in_depth_and_the_pelvis_stays_zero(random):
    truth = targets(batch=500, tokens=5)
    hint, _ = guess(truth, seen_all(truth), JOINTS, changed(drift_mm=(30, 30)), TOKEN_S, random)
    assert (hint[:, :, JOINTS.index("pelvis")] == 0).all()
    spread = (hint - truth)[:, :, JOINTS.index("left_shoulder")].flatten(0, 1).std(dim=0)
    torch.testing.assert_close(spread * 1000, torch.tensor([42.4, 42.4, 84.9]), atol=4, rtol=0)


def test_joints_that_the_motion_lacks_are_never_told(random):
    truth = targets().clone()
    truth[:, :, JOINTS.index("head_top")] = torch.nan
    hint, told = guess(truth, seen_all(truth), JOINTS, HintConfig(absent_rate=0), TOKEN_S, random)
    assert hint.isfinite().all()
    assert not told[..., JOINTS.index("head_top")].any()
    assert told[..., JOINTS.index("head")].all()
