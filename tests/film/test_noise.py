from dataclasses import replace

import numpy as np
import pytest
import torch

from made_motion import H36M, standing
from uplift3d.film.cameras import View
from uplift3d.film.noise import JOINT_NOISE, REALISTIC_NOISE, NoiseConfig, correlated, detect

CLEAN = NoiseConfig(
    white_mm=(0, 0),
    drift_mm=(0, 0),
    bias_mm=0,
    outlier_rate=0,
    lost_rate=(0, 0),
    lost_outside=0,
    swap_rate=0,
    missed_rate=0,
)
TOKEN_S = 0.1
HIP, WRIST = H36M.index("left_hip"), H36M.index("left_wrist")
LEGS = [i for i, name in enumerate(H36M.joints) if any(k in name for k in ("hip", "knee", "ankle"))]


def view(batch: int = 200, tokens: int = 71) -> View:
    """Somebody who stands still, 0.5 image units per metre; pelvis and torso where detectors derive them."""
    pose = torch.from_numpy(standing()).float()
    keypoints = (0.5 * pose[:, [0, 2]]).expand(batch, tokens, 17, 2).clone()
    everywhere = torch.ones(batch, tokens, 17, dtype=torch.bool)
    return View(
        keypoints,
        torch.zeros(batch, tokens, 17, 3),
        everywhere,
        everywhere[..., 0],
        torch.full((batch, tokens), 0.5),
        torch.tensor([2.0, 2, 0, 0]).expand(batch, 4),
        torch.ones(batch),
        torch.full((batch, tokens), 4.0),
    )


def errors_mm(config: NoiseConfig, random: torch.Generator) -> torch.Tensor:
    seen = view()
    keypoints, *_ = detect(seen, H36M, config, TOKEN_S, random)
    return (keypoints - seen.keypoints) / 0.5 * 1000


def changed(**fields) -> NoiseConfig:
    return CLEAN.model_copy(update=fields)


def test_without_noise_the_projection_stays(random):
    seen = view()
    keypoints, known, *_ = detect(seen, H36M, CLEAN, TOKEN_S, random)
    torch.testing.assert_close(keypoints, seen.keypoints)
    assert known.all()


def test_without_a_detector_nothing_is_derived_or_lost_but_behind_the_camera(random):
    seen = view(batch=2, tokens=3)
    seen.keypoints[..., H36M.index("torso"), 0] += 0.1
    seen = replace(seen, visible=seen.visible & False, in_front=seen.in_front.clone())
    seen.in_front[1, 2] = False
    keypoints, known, *_ = detect(seen, H36M, None, TOKEN_S, random)
    assert torch.equal(keypoints, seen.keypoints)
    assert known.shape == (2, 3, 17)
    assert known.flatten(0, 1).all(-1).tolist() == [True] * 5 + [False]
    assert not known[1, 2].any()


def test_white_noise_has_its_size_at_the_person_and_no_memory(random):
    errors = errors_mm(changed(white_mm=(12, 12)), random)
    assert errors[:, :, HIP].std().item() == pytest.approx(12, rel=0.02)
    assert errors[:, :, WRIST].std().item() == pytest.approx(12 * JOINT_NOISE["wrist"], rel=0.02)
    product = (errors[:, 1:, HIP] * errors[:, :-1, HIP]).mean() / errors[:, :, HIP].var()
    assert abs(product) < 0.02


def test_noise_means_the_same_at_every_distance(random):
    seen = view()
    far = replace(seen, pixels_per_metre=seen.pixels_per_metre / 4)
    near_error, far_error = (
        detect(v, H36M, changed(white_mm=(12, 12)), TOKEN_S, torch.Generator().manual_seed(1))[0]
        - v.keypoints
        for v in (seen, far)
    )
    torch.testing.assert_close(far_error, near_error / 4, atol=1e-6, rtol=0)


def test_drift_forgets_at_its_time_constant(random):
    errors = errors_mm(changed(drift_mm=(14, 14), drift_s=(0.5, 0.5)), random)[:, :, HIP]
    assert errors.std().item() == pytest.approx(14, rel=0.05)
    for tokens in (1, 3, 5):
        together = (errors[:, tokens:] * errors[:, :-tokens]).mean() / errors.var()
        assert together.item() == pytest.approx(np.exp(-tokens * TOKEN_S / 0.5), abs=0.05)


def test_correlated_noise_has_unit_variance_from_the_first_token_on(random):
    noise = correlated((20000, 8, 1), torch.full((20000,), 0.3), TOKEN_S, random)[..., 0]
    np.testing.assert_allclose(noise.std(0).numpy(), 1, atol=0.03)
    matrix = np.corrcoef(noise.T.numpy())
    lag = np.abs(np.arange(8)[:, None] - np.arange(8))
    np.testing.assert_allclose(matrix, np.exp(-lag * TOKEN_S / 0.3), atol=0.03)


def test_bias_is_constant_in_a_window(random):
    errors = errors_mm(changed(bias_mm=15), random)
    torch.testing.assert_close(errors, errors[:, :1].expand_as(errors), atol=1e-3, rtol=0)
    assert errors[:, 0, HIP].std().item() == pytest.approx(15, rel=0.1)


def test_outliers_are_ten_times_as_wrong(random):
    errors = errors_mm(changed(white_mm=(10, 10), outlier_rate=0.1), random)[:, :, HIP]
    assert errors.std().item() == pytest.approx(10 * np.sqrt(0.9 + 0.1 * 100), rel=0.05)
    assert (errors.norm(dim=-1) > 60).float().mean().item() == pytest.approx(0.1, abs=0.03)


def test_lost_joints_have_their_share_and_come_in_runs(random):
    _, seen, *_ = detect(view(1000), H36M, changed(lost_rate=(0.1, 0.1), lost_s=0.3), TOKEN_S, random)
    lost = ~seen[:, :, WRIST]
    assert lost.float().mean().item() == pytest.approx(0.1, abs=0.01)
    again = (lost[:, 1:] & lost[:, :-1]).float().sum() / lost[:, :-1].float().sum()
    assert again > 0.4  # 0.1 if they were independent


def test_derived_joints_are_lost_with_their_sources_and_only_then(random):
    _, seen, *_ = detect(view(), H36M, changed(lost_rate=(0.2, 0.2)), TOKEN_S, random)
    hips, shoulders = (
        seen[..., [H36M.index(f"left_{name}"), H36M.index(f"right_{name}")]].all(-1)
        for name in ("hip", "shoulder")
    )
    assert torch.equal(seen[..., H36M.index("pelvis")], hips)
    assert torch.equal(seen[..., H36M.index("neck")], shoulders)
    assert torch.equal(seen[..., H36M.index("torso")], hips & shoulders)


def test_pelvis_and_torso_follow_from_the_noisy_joints(random):
    keypoints, *_ = detect(view(), H36M, changed(white_mm=(20, 20), bias_mm=10), TOKEN_S, random)
    named = {name: keypoints[:, :, index] for index, name in enumerate(H36M.joints)}
    torch.testing.assert_close(named["pelvis"], (named["left_hip"] + named["right_hip"]) / 2)
    torch.testing.assert_close(named["torso"], (named["pelvis"] + named["neck"]) / 2)


def test_a_swap_exchanges_the_legs_or_the_arms_as_a_whole(random):
    seen = view()
    keypoints, *_ = detect(seen, H36M, changed(swap_rate=0.2), TOKEN_S, random)
    swapped = (keypoints - seen.keypoints).abs().sum(-1) > 1e-6  # (B, N, J)
    sides = [index for index, side in enumerate(H36M.sides) if side != "middle"]
    legs, arms = (swapped[..., part] for part in (LEGS, [i for i in sides if i not in LEGS]))
    for limbs in (legs, arms):
        assert torch.equal(limbs.any(-1), limbs.all(-1))
        assert limbs.any(-1).float().mean().item() == pytest.approx(0.2, abs=0.02)
    both = (legs.any(-1) & arms.any(-1)).float().mean().item()
    assert both == pytest.approx(0.04, abs=0.01)  # independently
    assert not swapped[..., [i for i in range(17) if i not in sides]].any()
    exchanged = seen.keypoints[:, :, list(H36M.mirror)]
    torch.testing.assert_close(keypoints[swapped], exchanged[swapped])


def test_a_missed_pose_is_missed_whole(random):
    _, seen, *_ = detect(view(), H36M, changed(missed_rate=0.25), TOKEN_S, random)
    assert torch.equal(seen.any(-1), seen.all(-1))
    assert (~seen).float().mean().item() == pytest.approx(0.25, abs=0.02)


def test_joints_outside_the_image_are_lost_in_a_share_of_the_windows(random):
    seen = view()
    outside = seen.visible.clone()
    outside[..., WRIST] = False
    partly = replace(seen, visible=outside)
    _, known, *_ = detect(partly, H36M, changed(lost_outside=0.7), TOKEN_S, random)
    lost = ~known[..., WRIST]
    assert torch.equal(lost.any(1), lost.all(1))
    assert lost.float().mean().item() == pytest.approx(0.7, abs=0.1)
    assert known[..., HIP].all()


def test_poses_behind_the_camera_are_not_seen(random):
    seen = view()
    behind = replace(seen, in_front=torch.zeros(200, 71, dtype=torch.bool))
    assert not detect(behind, H36M, CLEAN, TOKEN_S, random)[1].any()


def test_realistic_noise_is_as_large_as_it_says(random):
    config = REALISTIC_NOISE.model_copy(update={"bias_mm": 0.0, "outlier_rate": 0.0, "swap_rate": 0.0})
    errors = errors_mm(config, random)
    assert errors[:, :, HIP].std().item() == pytest.approx(17, abs=1)
    assert errors[:, :, WRIST].std().item() == pytest.approx(28, abs=1.5)


def test_the_same_generator_gives_the_same_detections():
    first, second = (
        detect(view(), H36M, NoiseConfig(), TOKEN_S, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_a_detector_s_own_idea_of_a_joint_stays_for_the_window_and_differs_between_windows(random):
    error = errors_mm(changed(definitions=1.0), random)
    moved = error[:, :, H36M.index("head_top")]
    torch.testing.assert_close(moved, moved[:, :1].expand_as(moved))
    assert 10 < moved[:, 0].std(0).amax() < 60


def test_a_derived_joint_is_as_sure_as_its_least_sure_source(random):
    confidence = detect(view(), H36M, changed(known_spread=0.5), TOKEN_S, random).confidence
    hips = confidence[..., [H36M.index("left_hip"), H36M.index("right_hip")]]
    torch.testing.assert_close(confidence[..., H36M.index("pelvis")], hips.amin(-1))
