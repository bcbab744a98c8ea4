import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from make_rival import create_rival

from .peers import random_keypoints, shaken

WIDTHS = st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=3).map(tuple)


def network(widths, causal=False):
    return shaken(create_rival("videopose3d", {"filter_widths": widths, "channels": 6, "causal": causal}))


def without_dead_ends(model):
    """Lift everything above the kink of the ReLUs, so that gradients show all ways through the network."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.constant_(module.bias, 10.0)
    return model


@settings(max_examples=25, deadline=None)
@given(WIDTHS, st.booleans(), st.integers(0, 6))
def test_a_long_sequence_is_answered_like_its_windows(widths, causal, more):
    model = network(widths, causal)
    field = math.prod(widths)
    keypoints = random_keypoints(2, field + more, 17)
    answers = model.dilated(keypoints)
    assert answers.shape == (2, more + 1, 17, 3)
    for start in range(more + 1):
        window = keypoints[:, start : start + field]
        torch.testing.assert_close(model(window)[1], answers[:, start], rtol=0, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(WIDTHS, st.booleans(), st.integers(1, 3))
def test_the_strided_form_answers_windows_without_overlap(widths, causal, windows):
    model = network(widths, causal)
    field = math.prod(widths)
    keypoints = random_keypoints(1, field * windows, 17)
    every = model.dilated(keypoints)[:, ::field]
    torch.testing.assert_close(model.strided(keypoints), every, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("causal", "frame"), [(False, 13), (True, 26)])
def test_the_shortest_way_through_the_network_leads_to_the_answered_token(causal, frame):
    """With all convolutions after the first switched off, only the residuals carry anything."""
    model = without_dead_ends(network((3, 3, 3), causal))
    assert model.answered_token == frame
    with torch.no_grad():
        model.expand.convolution.weight[:, :, :] = 0
        model.expand.convolution.weight[:, :, 2 if causal else 1] = 1
        for stage in model.stages:
            stage.pointwise.norm.weight.zero_()
            stage.pointwise.norm.bias.zero_()
    keypoints = random_keypoints(1, 27, 17).requires_grad_()
    model(keypoints)[1].sum().backward()
    assert keypoints.grad.abs().sum((0, 2, 3)).nonzero()[:, 0].tolist() == [frame]


def test_all_frames_of_the_receptive_field_count():
    keypoints = random_keypoints(1, 27, 17).requires_grad_()
    without_dead_ends(network((3, 3, 3))).dilated(keypoints).sum().backward()
    assert (keypoints.grad.abs().sum((0, 2, 3)) > 0).all()
