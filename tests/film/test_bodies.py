import pytest
import torch

from made_motion import H36M, moving
from uplift3d.film.bodies import BodyConfig, vary_body


@pytest.fixture
def motion():
    return torch.stack([torch.from_numpy(moving(30, seed)) for seed in range(400)])


def bones(positions):
    parents, children = (list(part) for part in zip(*H36M.bones, strict=True))
    return positions[:, :, children] - positions[:, :, parents]


def names():
    return [H36M.joints[child] for _, child in H36M.bones]


def test_bones_keep_their_directions(motion, random):
    varied = vary_body(motion, H36M, BodyConfig(), random)
    before, after = (torch.nn.functional.normalize(bones(x), dim=-1) for x in (motion, varied))
    torch.testing.assert_close(after, before)


def test_every_bone_has_one_factor_for_both_sides(motion, random):
    varied = vary_body(motion, H36M, BodyConfig(), random)
    factors = bones(varied).norm(dim=-1) / bones(motion).norm(dim=-1)  # (B, N, bones)
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors))
    by_name = dict(zip(names(), factors[:, 0].unbind(-1), strict=True))
    for name, factor in by_name.items():
        if name.startswith("left"):
            torch.testing.assert_close(factor, by_name[name.replace("left", "right")])
    assert (by_name["left_knee"] - by_name["left_elbow"]).abs().median() > 0.02


def test_factors_have_the_spread_that_is_asked_for(motion, random):
    config = BodyConfig(stature=0.1, segment=0.0, width=0.2, width_mean=0.3)
    varied = vary_body(motion, H36M, config, random)
    factors = (bones(varied).norm(dim=-1) / bones(motion).norm(dim=-1))[:, 0].log()
    by_name = dict(zip(names(), factors.unbind(-1), strict=True))
    assert by_name["left_knee"].std().item() == pytest.approx(0.1, rel=0.15)
    assert by_name["left_knee"].mean().item() == pytest.approx(0, abs=0.02)
    wider = by_name["left_hip"] - by_name["left_knee"]
    assert wider.std().item() == pytest.approx(0.2, rel=0.15)
    assert wider.mean().item() == pytest.approx(0.3, abs=0.03)


def test_steps_keep_their_length_in_legs(motion, random):
    varied = vary_body(motion, H36M, BodyConfig(stature=0.2, segment=0, width=0, width_mean=0), random)
    factor = varied[:, -1, 0, 1] / motion[:, -1, 0, 1]
    torch.testing.assert_close(varied, motion * factor[:, None, None, None])


def test_without_spread_bodies_stay_as_they_are(motion, random):
    config = BodyConfig(stature=0, segment=0, width=0, width_mean=0)
    torch.testing.assert_close(vary_body(motion, H36M, config, random), motion)
