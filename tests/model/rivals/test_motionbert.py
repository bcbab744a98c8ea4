import pytest
import torch

from make_rival import create_rival
from uplift3d.errors import InputError
from uplift3d.model.catalogue import config_of
from uplift3d.model.rivals import MotionBERTConfig, scaled_error, velocity_error

from .peers import random_keypoints, shaken

TINY = {"frames": 9, "width": 16, "depth": 2, "representation": 12}


@pytest.fixture
def model():
    return shaken(create_rival("motionbert", TINY))


@pytest.mark.parametrize("frames", [1, 4, 9])
def test_shorter_windows_are_answered(model, frames):
    sequence, centre = model(random_keypoints(2, frames, 17))
    assert sequence.shape == (2, frames, 17, 3)
    assert torch.equal(centre, sequence[:, frames // 2])


def test_without_confidence_all_joints_count_as_sure(model):
    keypoints = random_keypoints(2, 9, 17)
    sure = torch.cat([keypoints, torch.ones(2, 9, 17, 1)], dim=-1)
    assert torch.equal(model(keypoints)[0], model(sure)[0])
    assert not torch.allclose(model(keypoints)[0], model(sure * torch.tensor([1, 1, 0.5]))[0], atol=1e-4)


def test_every_joint_of_every_frame_counts_for_every_answer(model):
    keypoints = random_keypoints(1, 9, 17).requires_grad_()
    model(keypoints)[0][0, 2, 5].sum().backward()
    assert (keypoints.grad.abs().sum(-1) > 0).all()


def test_a_new_network_trusts_both_streams_alike():
    model = create_rival("motionbert", TINY).eval()
    layer = model.layers[0]
    features = torch.randn(1, 9, 17, 16)
    first = layer.space_first.over_frames(layer.space_first.over_joints(features))
    second = layer.time_first.over_joints(layer.time_first.over_frames(features))
    torch.testing.assert_close(layer(features), (first + second) / 2)


def test_the_streams_differ_in_order(model):
    layer = model.layers[0]
    layer.time_first.load_state_dict(layer.space_first.state_dict())
    features = torch.randn(1, 9, 17, 16)
    a = layer.space_first.over_frames(layer.space_first.over_joints(features))
    b = layer.time_first.over_joints(layer.time_first.over_frames(features))
    assert not torch.allclose(a, b, atol=1e-4)


def test_velocity_and_scale_errors_of_known_motions():
    pose = torch.randn(1, 1, 17, 3)
    steps = torch.arange(5.0)[None, :, None, None]
    moving = pose + steps * torch.tensor([0.03, 0.0, 0.04])
    torch.testing.assert_close(velocity_error(moving, pose.expand_as(moving)), torch.tensor(0.05))
    assert velocity_error(pose, pose + 1) == 0
    torch.testing.assert_close(scaled_error(3 * moving, moving), torch.tensor(0.0), atol=1e-5, rtol=0)
    assert scaled_error(torch.zeros_like(pose), pose) > 0


def test_training_adds_both(model):
    a, b = torch.randn(1, 9, 17, 3), torch.randn(1, 9, 17, 3)
    torch.testing.assert_close(model.extra_loss(a, b), 20 * velocity_error(a, b) + 0.5 * scaled_error(a, b))


def test_longer_windows_are_refused(model):
    with pytest.raises(InputError, match=r"at most 9 frames"):
        model(random_keypoints(1, 10, 17))


def test_two_channels_where_the_network_has_no_third():
    model = shaken(create_rival("motionbert", TINY | {"confidence": "none"}))
    assert model.embedding.weight.shape == (16, 2)
    assert model(random_keypoints(1, 9, 17))[0].shape == (1, 9, 17, 3)
    with pytest.raises(InputError, match=r"at most 9 frames, 17 joints, 2\)"):
        model(torch.zeros(1, 9, 17, 3))


def test_records_from_before_the_authors_kinds_mean_the_same_network(model):
    config = MotionBERTConfig(**TINY)
    assert (config.confidence, config.output, config.as_published) == ("ones", "metres", False)
    fields = config.model_dump(exclude={"confidence", "output"})
    assert config_of(fields) == config
    create_rival("motionbert", fields).load_state_dict(model.state_dict())


@pytest.mark.parametrize("changes", [{"confidence": "detected"}, {"output": "image"}])
def test_what_is_as_published_takes_the_published_input(changes):
    assert MotionBERTConfig(**TINY, **changes).as_published
    with pytest.raises(InputError, match="confidence and image units need input 'screen' and axes 'camera'"):
        MotionBERTConfig(**TINY, **changes, input="person")
    with pytest.raises(InputError, match="width is 17, which 8 heads do not divide; detected confidence"):
        MotionBERTConfig(**TINY | {"width": 17}, **changes, axes="viewing_ray")
