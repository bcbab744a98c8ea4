"""Metrics against the published evaluation (golden pipeline/metrics.npz) and against laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.evaluate import metrics as m

CASES = ["random", "reflected", "collinear", "coplanar", "similarity", "identical", "partial_valid", "point"]
ROOT = 6
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def golden(golden_dir: Path):
    with np.load(golden_dir / "pipeline" / "metrics.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(params=CASES)
def case(request, golden):
    gt = golden[f"{request.param}_gt"]
    wanted = {
        name.removeprefix(f"{request.param}_"): value
        for name, value in golden.items()
        if name.startswith(request.param)
    }
    return golden[f"{request.param}_pred"], gt[..., :3], gt[..., 3] > 0, wanted


def test_scalars_match_the_published_evaluation(case):
    pred, gt, valid, wanted = case
    got = [
        m.mpjpe(pred, gt, root=ROOT, valid=valid),
        m.n_mpjpe(pred, gt, root=ROOT, valid=valid),
        m.p_mpjpe(pred, gt, valid=valid),
    ]
    want = [1000 * wanted[name] for name in ("mpjpe", "nmpjpe", "pmpjpe")]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("align", "name"), [("root", "mpjpe"), ("scale", "nmpjpe"), ("similarity", "pmpjpe")]
)
def test_every_joint_matches_the_published_evaluation(case, align, name):
    pred, gt, valid, wanted = case
    errors = m.joint_errors(pred, gt, align, root=ROOT, valid=valid)
    per_joint = wanted[f"{name}_per_joint"]
    np.testing.assert_array_equal(per_joint == -1, ~valid)
    np.testing.assert_allclose(errors[valid], 1000 * per_joint[valid], rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("name", ["random", "reflected"])
def test_similarity_alignment_matches_the_published_transform(golden, name):
    aligned = m.similarity_align(golden[f"{name}_pred"], golden[f"{name}_gt"][..., :3])
    np.testing.assert_allclose(aligned, golden[f"procrustes_{name}_Z"], atol=1e-12)


def rotation(rng):
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def poses(seed, *shape):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(*shape, 17, 3)), rng.normal(size=(*shape, 17, 3))


@given(seeds, st.floats(0.01, 100))
def test_p_mpjpe_ignores_any_similarity_of_the_prediction(seed, scale):
    rng, pred, gt = poses(seed, 3)
    moved = scale * pred @ rotation(rng).T + rng.normal(size=3)
    assert m.p_mpjpe(moved, gt) == pytest.approx(m.p_mpjpe(pred, gt), rel=1e-9)
    assert m.p_mpjpe(scale * gt @ rotation(rng).T + 1, gt) == pytest.approx(0, abs=1e-8)


@given(seeds)
def test_p_mpjpe_does_not_forgive_a_mirror_image(seed):
    _, _, gt = poses(seed, 2)
    assert m.p_mpjpe(gt * [-1, 1, 1], gt) > 50


@given(seeds, st.floats(0.01, 100))
def test_n_mpjpe_ignores_scale_and_place_and_mpjpe_ignores_place(seed, scale):
    rng, pred, gt = poses(seed, 3)
    place = rng.normal(size=(3, 1, 3))
    assert m.n_mpjpe(scale * pred + place, gt) == pytest.approx(m.n_mpjpe(pred, gt), rel=1e-9)
    assert m.n_mpjpe(scale * gt + place, gt) == pytest.approx(0, abs=1e-8)
    assert m.mpjpe(pred + place, gt) == pytest.approx(m.mpjpe(pred, gt), rel=1e-9)


@given(seeds)
def test_more_freedom_never_raises_the_squared_error(seed):
    _, pred, gt = poses(seed, 4)
    rooted, scaled, similar = (
        (m.joint_errors(pred, gt, align) ** 2).sum(axis=-1) for align in ("root", "scale", "similarity")
    )
    assert np.all(scaled <= rooted * (1 + 1e-12))
    assert np.all(similar <= scaled * (1 + 1e-12))


@given(seeds)
def test_identical_motion_has_no_error(seed):
    _, pose, _ = poses(seed, 5)
    assert m.mpjpe(pose, pose) == m.n_mpjpe(pose, pose) == 0
    assert m.p_mpjpe(pose, pose) == pytest.approx(0, abs=1e-9)
    assert m.mpjve(pose, pose, rate_hz=50) == m.acceleration_error(pose, pose, rate_hz=50) == 0
    assert m.pck(pose, pose) == 100
    assert m.auc(pose, pose) == pytest.approx(100 * 30 / 31)


@given(seeds)
def test_leading_axes_do_not_matter(seed):
    _, pred, gt = poses(seed, 2, 3)
    flat = pred.reshape(6, 17, 3), gt.reshape(6, 17, 3)
    for metric in (m.mpjpe, m.n_mpjpe, m.p_mpjpe, m.pck, m.auc):
        assert metric(pred, gt) == metric(*flat)
        assert metric(pred[0, 0], gt[0, 0]) == pytest.approx(metric(pred[:1, :1], gt[:1, :1]))


def test_a_known_error_in_millimetres():
    gt = np.zeros((10, 17, 3))
    pred = gt.copy()
    pred[:, 5] = [0.03, 0.04, 0.0]  # 50 mm off on one joint of 17
    assert m.mpjpe(pred, gt) == pytest.approx(50 / 17)
    assert m.mpjpe(pred, gt, root=5) == pytest.approx(50 * 16 / 17)
    assert m.mpjpe(pred, gt, valid=np.arange(17) == 5) == pytest.approx(50)
    assert m.pck(pred, gt, threshold_mm=40) == pytest.approx(100 * 16 / 17)
    assert m.pck(pred, gt, threshold_mm=50.001) == 100
    # 16 joints are right at 30 of 31 thresholds, one at the 20 above 50 mm
    assert m.auc(pred + 1e-9, gt) == pytest.approx(100 * (16 * 30 + 20) / (17 * 31))


def test_velocity_and_acceleration_of_a_known_motion():
    times = np.array([0.0, 0.1, 0.15, 0.4, 0.5])  # variable rate
    gt = np.zeros((5, 2, 3))
    pred = gt.copy()
    pred[:, 1, 0] = 0.5 * 3.0 * times**2  # joint 1 accelerates at 3 m/s², joint 0 is the root
    assert m.acceleration_error(pred, gt, times=times) == pytest.approx(1000 * 3.0 / 2)
    steady = gt.copy()
    steady[:, 1, 2] = 2.0 * times
    assert m.mpjve(steady, gt, times=times) == pytest.approx(1000 * 2.0 / 2)
    assert m.acceleration_error(steady, gt, times=times) == pytest.approx(0, abs=1e-9)
    walking = steady + times[:, None, None]  # the root's own path does not count
    assert m.mpjve(walking, gt, times=times) == pytest.approx(1000 * 2.0 / 2)


def test_a_rate_is_the_same_as_its_times():
    _, pred, gt = poses(1, 2, 9)
    times = np.arange(9) / 59.94
    assert m.mpjve(pred, gt, rate_hz=59.94) == pytest.approx(m.mpjve(pred, gt, times=times))
    assert m.mpjve(pred, gt, rate_hz=2) == pytest.approx(2 * m.mpjve(pred, gt, rate_hz=1))


def test_invalid_joints_may_hold_anything():
    _, pred, gt = poses(2, 6)
    valid = np.ones((6, 17), bool)
    valid[2, 4] = False
    spoilt = pred.copy()
    spoilt[2, 4] = np.nan
    for metric in (m.mpjpe, m.n_mpjpe, m.pck, m.auc):
        assert metric(spoilt, gt, valid=valid) == metric(pred, gt, valid=valid)
        assert np.isnan(metric(spoilt, gt))
    assert m.mpjve(spoilt, gt, rate_hz=50, valid=valid) == m.mpjve(pred, gt, rate_hz=50, valid=valid)


def test_a_nan_spoils_only_its_own_pose_in_the_alignment():
    _, pred, gt = poses(3, 4)
    spoilt = pred.copy()
    spoilt[1, 3, 0] = np.nan
    errors = m.joint_errors(spoilt, gt, "similarity")
    assert np.isnan(errors[1]).all()
    rest = [0, 2, 3]
    np.testing.assert_array_equal(errors[rest], m.joint_errors(pred, gt, "similarity")[rest])


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e3])
def test_a_prediction_without_extent_is_scored_where_it_is(offset):
    _, _, gt = poses(4, 1)
    point = np.broadcast_to(np.array([0.1, 0.7, 0.3]) + offset, gt.shape)
    want = 1000 * np.linalg.norm(point - gt, axis=-1).mean()
    assert m.p_mpjpe(point, gt) == pytest.approx(want)
    assert np.isnan(m.n_mpjpe(point, gt))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p: m.mpjpe(p, p[:1]),
            r"predicted \(3, 17, 3\) and target \(1, 17, 3\): accepted are two equal",
        ),
        (lambda p: m.p_mpjpe(p[..., :2], p[..., :2]), r"accepted are two equal shapes \(…, joints, 3\)"),
        (lambda p: m.mpjpe(p, p, root=17), "root joint 17: accepted are 0 … 16"),
        (lambda p: m.mpjpe(p, p, valid=np.zeros((3, 17))), "no valid joint to average"),
        (
            lambda p: m.mpjpe(p, p, valid=np.ones((3, 16))),
            r"valid has shape \(3, 16\): accepted is \(3, 17\)",
        ),
        (lambda p: m.mpjve(p, p), "either times .* or rate_hz"),
        (lambda p: m.mpjve(p, p, rate_hz=50, times=[0, 1, 2]), "either times .* or rate_hz"),
        (lambda p: m.mpjve(p, p, rate_hz=0), "a rate of 0 Hz"),
        (lambda p: m.mpjve(p, p, times=[0, 1, 1]), "accepted are 3 increasing seconds"),
        (lambda p: m.mpjve(p[0], p[0], rate_hz=1), "at least 2 frames"),
        (lambda p: m.acceleration_error(p[:2], p[:2], rate_hz=1), "at least 3 frames"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(np.random.default_rng(0).normal(size=(3, 17, 3)))
