import pytest
import torch

from uplift3d.errors import InputError
from uplift3d.model.catalogue import all_presets
from uplift3d.model.rivals import (
    PSTMO,
    PSTMOConfig,
    PSTMOPretraining,
    PSTMOPretrainingConfig,
    draw_hidden,
    pretraining_loss,
    start_from,
    visible_first,
)

from .peers import random_keypoints, shaken

SIZES = {"frames": 9, "width": 16, "hidden": 24, "depth": 1, "pose_width": 20}
CONFIG = PSTMOPretrainingConfig(**SIZES, decoder_width=8, decoder_hidden=12, hidden_frames=0.5)


@pytest.fixture
def hidden():
    return draw_hidden(CONFIG, torch.Generator().manual_seed(0))


def test_so_much_is_hidden_as_the_configuration_says(hidden):
    frames, joints = hidden
    assert frames.shape == (9,)
    assert frames.sum() == 4
    assert joints.shape == (9, 17)
    assert (joints.sum(1) == 2).all()
    others = draw_hidden(CONFIG, torch.Generator().manual_seed(1))
    assert not torch.equal(others[0], frames)
    assert not torch.equal(others[1], joints)


def test_what_is_hidden_is_not_seen(hidden):
    frames, joints = hidden
    model = shaken(PSTMOPretraining(CONFIG))
    keypoints = random_keypoints(2, 9, 17)
    answer = model(keypoints, frames, joints)
    changed = torch.where((frames[:, None] | joints)[..., None], torch.tensor(7.0), keypoints)
    torch.testing.assert_close(model(changed, frames, joints), answer)
    assert not torch.allclose(model(keypoints + 1, frames, joints), answer, atol=1e-3)


def test_visible_frames_come_first_each_group_in_order_of_time():
    hidden = torch.tensor([True, False, True, True, False])
    assert visible_first(hidden).tolist() == [1, 4, 0, 2, 3]


def test_the_loss_compares_in_that_order(hidden):
    keypoints = random_keypoints(2, 9, 17)
    drawn = keypoints[:, visible_first(hidden[0])]
    assert pretraining_loss(drawn, keypoints, hidden[0]) == 0
    offset = torch.tensor([0.3, 0.4])
    torch.testing.assert_close(pretraining_loss(drawn + offset, keypoints, hidden[0]), torch.tensor(0.5))


def test_pretraining_learns(hidden):
    torch.manual_seed(0)
    model = PSTMOPretraining(CONFIG.evolve(dropout=0.0, embedding_dropout=0.0))
    keypoints = random_keypoints(8, 9, 17)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(20):
        loss = pretraining_loss(model(keypoints, *hidden), keypoints, hidden[0])
        optimiser.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.95 * losses[0]


def test_the_later_network_starts_from_the_pretrained_one():
    pretrained = shaken(PSTMOPretraining(CONFIG))
    model = PSTMO(PSTMOConfig(**SIZES, strides=(3, 3)))
    head = model.centre_head.linear.weight.clone()
    start_from(model, pretrained)
    for part in ("pose_encoder", "temporal"):
        ours, theirs = getattr(model, part).state_dict(), getattr(pretrained, part).state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert torch.equal(model.centre_head.linear.weight, head)


def test_the_later_network_must_have_the_same_sizes():
    model = PSTMO(PSTMOConfig(**SIZES | {"depth": 2}, strides=(3, 3)))
    with pytest.raises(InputError, match=r"different: depth 1 in place of 2"):
        start_from(model, PSTMOPretraining(CONFIG))


@pytest.mark.parametrize(
    "changes", [{"s_out": 2}, {"dropout": 0.0}, {"axes": "viewing_ray"}, {"frame_rate_hz": 25.0}]
)
def test_what_the_weights_do_not_depend_on_may_differ(changes):
    model = PSTMO(PSTMOConfig(**SIZES | changes, strides=(3, 3)))
    pretrained = shaken(PSTMOPretraining(CONFIG))
    start_from(model, pretrained)
    assert torch.equal(model.temporal.encoding, pretrained.temporal.encoding)


def test_poses_must_be_normalised_alike():
    model = PSTMO(PSTMOConfig(**SIZES | {"input": "person"}, strides=(3, 3)))
    with pytest.raises(InputError, match="different: input screen in place of person"):
        start_from(model, PSTMOPretraining(CONFIG))


def test_impossible_requests_are_refused(hidden):
    with pytest.raises(InputError, match="all 9 frames are hidden"):
        PSTMOPretraining(CONFIG)(random_keypoints(1, 9, 17), torch.ones(9, dtype=torch.bool), hidden[1])
    with pytest.raises(InputError, match="hidden_joints is 17, but a pose has 17 joints"):
        CONFIG.evolve(hidden_joints=17)
    with pytest.raises(InputError, match="decoder_width is 12, which 8 heads do not divide"):
        CONFIG.evolve(decoder_width=12)


def test_presets_of_both_stages_fit():
    presets = [preset for preset in all_presets().values() if preset.pretraining]
    assert len(presets) == 2
    sizes = set(PSTMOPretrainingConfig.model_fields) & set(PSTMOConfig.model_fields) - {"rival"}
    for preset in presets:
        first, second = preset.pretraining(), preset.config()
        assert first.model_dump(include=sizes) == second.model_dump(include=sizes)
