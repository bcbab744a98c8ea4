"""Protocols against the published evaluation (golden metrics.npz: interp_*, aw_*) and against laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.evaluate import metrics, protocols


@pytest.fixture(scope="module")
def golden(golden_dir: Path):
    with np.load(golden_dir / "pipeline" / "metrics.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_interpolation_matches_the_published_one(golden, case):
    stride, index = int(golden[f"interp_{case}_stride"]), golden[f"interp_{case}_frame_indices"]
    output = protocols.interpolate_keyframes(golden[f"interp_{case}_pred3d"], index, stride)
    np.testing.assert_allclose(output, golden[f"interp_{case}_output"], atol=1e-14)
    np.testing.assert_array_equal(protocols.keyframes(index, stride), golden[f"interp_{case}_keyframes"])


def test_frame_and_action_means_match_the_published_ones(golden):
    names = golden["aw_action_names"]
    gt = golden["aw_gt"]
    scores = protocols.score(
        golden["aw_pred"], gt[..., :3], names[golden["aw_actions"]], names=names, root=6, valid=gt[..., 3] > 0
    )
    assert scores.frames == 300
    assert list(scores.per_action) == list(names)
    assert list(scores.frame_mean.values()) == pytest.approx(list(golden["aw_frame_results_mm"]))
    assert list(scores.action_mean.values()) == pytest.approx(list(golden["aw_average_results_mm"]))
    per_action = [list(row.values()) for row in scores.per_action.values()]
    np.testing.assert_allclose(per_action, golden["aw_per_action_mm"], rtol=1e-12)


lengths = st.lists(st.integers(1, 60), min_size=1, max_size=5)


@given(lengths, st.integers(1, 25))
def test_linear_motion_is_restored_up_to_the_last_keyframe(lengths, every):
    index = np.concatenate([np.arange(length) for length in lengths])
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    slope = np.random.default_rng(0).normal(size=(len(lengths), 4, 3))[sequence]
    motion = slope * index[:, None, None] + sequence[:, None, None]
    seen = np.where(
        protocols.keyframes(index, every)[:, None, None], motion, np.nan
    )  # the rest is never read
    held = np.minimum(index, (np.array(lengths) - 1)[sequence] // every * every)
    want = slope * held[:, None, None] + sequence[:, None, None]
    got = protocols.interpolate_keyframes(seen, index, every, sequence)
    np.testing.assert_allclose(got, want, atol=1e-12)


def test_a_falling_frame_number_starts_a_new_sequence():
    np.testing.assert_array_equal(protocols.sequence_ids([0, 1, 2, 0, 0, 1, 5, 3]), [0, 0, 0, 1, 2, 2, 2, 3])


def test_frames_before_the_first_keyframe_repeat_it():
    poses = np.arange(6.0).reshape(6, 1, 1)
    got = protocols.interpolate_keyframes(poses, np.arange(3, 9), 5)
    np.testing.assert_array_equal(got.ravel(), [2, 2, 2, 2, 2, 2])


def test_the_type_of_the_poses_stays():
    poses = np.zeros((7, 17, 3), np.float32)
    assert protocols.interpolate_keyframes(poses, np.arange(7), 5).dtype == np.float32


def test_key_frame_scores_read_no_other_frame():
    rng = np.random.default_rng(1)
    gt, index = rng.normal(size=(40, 17, 3)), np.tile(np.arange(20), 2)
    actions = np.repeat(["Walking", "Eating"], 20)
    predicted = np.where((index % 10 == 0)[:, None, None], gt + rng.normal(size=gt.shape), np.nan)
    scores = protocols.key_frame_scores(
        predicted, gt, index, 10, actions=actions, names=["Eating", "Walking", "Posing"]
    )
    rows = np.flatnonzero(index % 10 == 0)
    direct = protocols.score(predicted[rows], gt[rows], actions[rows])
    assert scores.frames == 4
    assert scores.frame_mean == direct.frame_mean
    assert scores.per_action["Walking"] == direct.per_action["Walking"]
    assert scores.action_mean == pytest.approx(direct.action_mean)  # an action without frames does not count
    assert np.isnan(scores.per_action["Posing"]["mpjpe"])


def test_all_frame_scores_interpolate_first():
    rng = np.random.default_rng(2)
    gt, index = rng.normal(size=(21, 17, 3)), np.arange(21)
    dense = protocols.interpolate_keyframes(gt, index, 5)
    scores = protocols.all_frame_scores(gt, dense, index, 5)
    assert scores.frame_mean["mpjpe"] == 0
    assert scores.frames == 21
    assert protocols.all_frame_scores(gt, dense, index, 10).frame_mean["mpjpe"] > 0


def test_motion_and_threshold_measures_are_those_of_the_metrics(rng):
    gt = rng.normal(size=(30, 17, 3))
    pred = gt + rng.normal(scale=0.08, size=gt.shape)
    times = np.cumsum(rng.uniform(0.01, 0.05, size=30))
    joints = [1, 2, 5]
    scores = protocols.score(pred, gt, times=times, pck_joints=joints)
    counted = np.isin(np.arange(17), joints)
    assert list(scores.frame_mean) == list(protocols.UNITS)
    assert scores.frame_mean == pytest.approx(
        {
            "mpjpe": metrics.mpjpe(pred, gt),
            "n_mpjpe": metrics.n_mpjpe(pred, gt),
            "p_mpjpe": metrics.p_mpjpe(pred, gt),
            "mpjve": metrics.mpjve(pred, gt, times=times),
            "acceleration": metrics.acceleration_error(pred, gt, times=times),
            "pck": metrics.pck(pred, gt, valid=counted),
            "auc": metrics.auc(pred, gt, valid=counted),
        }
    )


def test_motion_is_not_measured_across_sequences_and_invalid_frames(rng):
    gt = rng.normal(size=(12, 17, 3))
    pred = gt + rng.normal(scale=0.1, size=gt.shape)
    times = np.tile(np.arange(6) / 50, 2)
    valid = np.ones((12, 1), dtype=bool)
    valid[2] = False
    scores = protocols.score(pred, gt, np.repeat(["a", "b"], 6), times=times, valid=valid)
    assert scores.frames == 11
    assert scores.per_action["b"]["mpjve"] == pytest.approx(metrics.mpjve(pred[6:], gt[6:], rate_hz=50))
    parts = [metrics.mpjve(pred[0:2], gt[0:2], rate_hz=50), metrics.mpjve(pred[3:6], gt[3:6], rate_hz=50)]
    assert scores.per_action["a"]["mpjve"] == pytest.approx((parts[0] + 2 * parts[1]) / 3)
    assert scores.per_action["a"]["acceleration"] == pytest.approx(
        metrics.acceleration_error(pred[3:6], gt[3:6], rate_hz=50)
    )


def test_rows_are_left_out_after_interpolation():
    index, rows = np.arange(21), np.arange(21) % 2 == 0
    gt = np.zeros((21, 17, 3))
    gt[:, 1, 0] = index
    seen = np.where((index % 5 == 0)[:, None, None], gt, np.nan)
    scores = protocols.all_frame_scores(seen, gt, index, 5, rows=rows, times=index / 50, valid=None)
    assert scores.frames == 11
    assert scores.frame_mean["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert scores.frame_mean["mpjve"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: protocols.interpolate_keyframes(np.zeros((3, 1, 3)), [6, 7, 8], 5),
            "sequence 0 has no key-frame",
        ),
        (
            lambda: protocols.interpolate_keyframes(np.zeros((3, 1, 3)), [0, 1], 5),
            "3 poses, 2 frame numbers, 2 sequence numbers",
        ),
        (
            lambda: protocols.score(np.zeros((3, 1, 3)), np.zeros((3, 1, 3)), ["Eating"]),
            "1 action names for 3 frames",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
