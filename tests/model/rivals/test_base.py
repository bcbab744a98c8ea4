import pytest
import torch

from make_rival import create_rival
from uplift3d.errors import InputError
from uplift3d.model.catalogue import all_presets, config_of, create, rivals
from uplift3d.model.rivals import VideoPose3DConfig
from uplift3d.skeletons import joint_set

from .peers import flip_average, mirrored, random_keypoints, shaken

TINY = {
    "videopose3d": {"filter_widths": (3, 3), "channels": 16},
    "poseformer": {"frames": 9, "joint_width": 8, "depth": 1},
    "strided_transformer": {"frames": 9, "strides": (3, 3), "width": 16, "hidden": 24, "depth": 1},
    "pstmo": {"frames": 9, "strides": (3, 3), "width": 16, "hidden": 24, "depth": 1, "pose_width": 20},
    "ugcn": {"frames": 9, "channels": (4, 6, 8)},
    "motionbert": {"frames": 9, "width": 16, "depth": 1, "representation": 12},
}


def tiny(name, **changes):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return create_rival(name, TINY[name] | changes)


def test_every_rival_is_tested_here():
    assert set(TINY) == set(rivals())


@pytest.mark.parametrize("name", TINY)
def test_windows_go_in_and_poses_come_out(name):
    model = tiny(name).eval()
    sequence, centre = model(random_keypoints(2, model.receptive_field, 17))
    assert centre.shape == (2, 17, 3)
    assert sequence is None or sequence.shape == (2, model.receptive_field, 17, 3)
    assert model.receptive_field == model.config.tokens == 9
    assert model.answered_token == 4


@pytest.mark.parametrize("name", TINY)
def test_windows_of_a_batch_do_not_mix(name):
    model = shaken(tiny(name)).double()
    keypoints = random_keypoints(3, model.receptive_field, 17).double()
    whole, part = model(keypoints), model(keypoints[1:2])
    torch.testing.assert_close(whole[1][1:2], part[1], rtol=0, atol=1e-12)
    if part[0] is not None:
        torch.testing.assert_close(whole[0][1:2], part[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", TINY)
def test_every_weight_is_trained_and_the_loss_falls(name):
    model = tiny(name, **({"dropout": 0.0} if "dropout" in type(tiny(name).config).model_fields else {}))
    keypoints = random_keypoints(8, model.receptive_field, 17)
    target = 0.3 * torch.cat([keypoints, keypoints[..., :1]], dim=-1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        sequence, centre = model(keypoints)
        loss = (centre - target[:, model.answered_token]).square().mean()
        if sequence is not None:
            loss = loss + (sequence - target).square().mean() + 0.01 * model.extra_loss(sequence, target)
        optimiser.zero_grad()
        loss.backward()
        untouched = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        assert untouched == [] or losses == []  # encodings may start where their gradient is zero
        optimiser.step()
        losses.append(loss.item())
    assert untouched == []
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", TINY)
def test_the_flip_average_of_a_mirrored_window_is_the_mirrored_average(name):
    model = shaken(tiny(name))
    keypoints = random_keypoints(2, model.receptive_field, 17)
    joints = model.config.joints
    straight, reverse = flip_average(model, keypoints), flip_average(model, mirrored(keypoints, joints))
    for a, b in zip(straight, reverse, strict=True):
        if a is not None:
            torch.testing.assert_close(mirrored(b, joints), a, rtol=0, atol=1e-5)
    assert not torch.allclose(straight[1], model(keypoints)[1], atol=1e-3)


def test_mirroring_swaps_sides_and_negates_x_only():
    joints = joint_set("h36m17")
    poses = torch.randn(4, 17, 3)
    flipped = mirrored(poses, "h36m17")
    left, right = joints.index("left_wrist"), joints.index("right_wrist")
    torch.testing.assert_close(flipped[:, left], poses[:, right] * torch.tensor([-1.0, 1, 1]))
    torch.testing.assert_close(mirrored(flipped, "h36m17"), poses)


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("shape", [(9, 17), (2, 9, 16), (2, 0, 17)])
def test_keypoints_of_another_shape_are_refused(name, shape):
    with pytest.raises(InputError, match=rf"{name} takes \(windows, .*17 joints, 2"):
        tiny(name)(random_keypoints(*shape))


@pytest.mark.parametrize(
    ("name", "frames"), [("videopose3d", 8), ("poseformer", 10), ("pstmo", 8), ("motionbert", 10)]
)
def test_windows_of_another_length_are_refused(name, frames):
    with pytest.raises(InputError, match=rf"shape \(1, {frames}, 17, 2\); {name} takes"):
        tiny(name)(random_keypoints(1, frames, 17))


def test_configurations_travel_as_fields():
    config = VideoPose3DConfig(filter_widths=(3, 5), s_out=5)
    assert config_of(config.model_dump(mode="json")) == config
    assert config.token_seconds == 0.1
    assert config.strides_in == (5,)
    assert config.joint_count == 17


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("videopose3d", {"filter_widths": (3, 4)}, "every width must be odd"),
        ("videopose3d", {"frames": 27}, "videopose3d: frames: unknown field"),
        ("poseformer", {"joint_width": 12}, "12, which 8 heads do not divide"),
        ("strided_transformer", {"frames": 27, "strides": (3, 3)}, r"leave 3 of 27 frames"),
        ("strided_transformer", {"strides": (3, 0)}, "at least 1"),
        ("strided_transformer", {"width": 20}, "20, which 8 heads do not divide"),
        ("pstmo", {"frames": 300}, "leave 2 of 300 frames"),
        ("ugcn", {"kernel": 4}, "must be odd"),
        ("motionbert", {"width": 20}, "20, which 8 heads do not divide"),
        ("pstmo", {"joints": "h36m18"}, "h36m18"),
    ],
)
def test_impossible_configurations_are_refused(name, fields, message):
    with pytest.raises(InputError, match=message):
        create_rival(name, fields)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match=r"called 'mixste'; there are videopose3d, poseformer"):
        create_rival("mixste")
    with pytest.raises(InputError, match=r"called None; there are"):
        config_of({})


@pytest.mark.parametrize(
    ("preset", "millions"),
    [
        ("videopose3d-243", 16.95),
        ("videopose3d-27", 8.56),
        ("poseformer-81", 9.60),
        ("poseformer-27", 9.57),
        ("strided-transformer-351", 4.35),
        ("motionbert-243", 42.47),
        ("motionbert-lite-243", 16.00),
    ],
)
def test_presets_have_the_published_number_of_parameters(preset, millions):
    with torch.device("meta"):
        model = create(all_presets()[preset].config())
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 2) == millions
