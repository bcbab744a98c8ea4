import json

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from uplift3d.errors import InputError
from uplift3d.model import ModelConfig, create, presets

PRESETS = [presets.uu_351, presets.uu_81, presets.base_351, presets.small]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_configuration_survives_json(preset):
    config = preset()
    assert ModelConfig(**json.loads(config.model_dump_json())) == config


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        presets.small().tokens = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": 70}, "tokens is 70, but a window needs an odd number"),
        ({"strides_in": (5, 12)}, r"strides_in is \[5, 12\], but needs multiples of s_out \(5\)"),
        ({"strides_in": ()}, r"strides_in is \[\], but needs multiples"),
        ({"strided": (3, 10)}, "strided has 2 stages, but paddings has 3 pairs"),
        ({"strided": (3, 10, 0)}, "strides of the strided Transformer must be at least 1"),
        (
            {"strided": (3, 10, 1)},
            "strided stage 3 .* cannot add its residual: of 3 tokens 3 remain there, but 1",
        ),
        ({"strided": (3, 3, 3)}, r"turn 71 tokens into 2 \(71 → 23 → 7 → 2\), but must end at 1"),
        ({"paddings": ((0, 0), (0, 0), (3, 3))}, "strided stage 3 .* cannot add its residual"),
        ({"heads": 7}, "temporal_width is 384, which 7 heads do not divide"),
        ({"spatial_width": 20}, "spatial_width is 20, which 8 heads do not divide"),
        ({"deferred_depth": 5}, "deferred_depth is 5, but only 4 blocks can defer"),
        ({"deferred_depth": 2, "temporal_depth": 0}, "deferred_depth is 2, but only 1 blocks can defer"),
        ({"masked_tokens": False}, "there is no upsampling token to defer, so deferred_depth must be 0"),
        ({"joints": "coco18"}, "coco18"),
        ({"input": "crop"}, "input: .*'person' or 'screen'"),
        ({"drop_path_spatial": 1.0}, "drop_path_spatial: .*less than 1"),
        ({"width": 3}, "width: unknown field"),
    ],
)
def test_impossible_networks_are_refused_in_one_sentence(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        presets.base_351().evolve(**changes)
    assert str(caught.value).startswith("model configuration: ")
    assert "\n" not in str(caught.value)


def test_all_problems_are_named_at_once():
    with pytest.raises(InputError, match=r"odd number.*multiples of s_out.*heads do not divide"):
        ModelConfig(tokens=70, strides_in=(7,), heads=7)


@given(
    stages=st.lists(
        st.tuples(st.integers(2, 5), st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]), st.integers(0, 4)),
        min_size=1,
        max_size=3,
    )
)
def test_every_layout_that_ends_at_one_token_is_accepted_and_runs(stages):
    """Stage lengths are built from the end: what the residual needs always fits the convolution."""
    tokens = 1
    for stride, padding, slack in reversed(stages):
        tokens = stride * tokens + 2 - sum(padding) - slack % stride
    assume(tokens % 2 == 1)
    config = ModelConfig(
        tokens=tokens,
        strided=[stride for stride, _, _ in stages],
        paddings=[padding for _, padding, _ in stages],
        spatial_depth=0,
        temporal_depth=0,
        temporal_width=8,
        heads=2,
    )
    assert config.strided_lengths[-1] == 1
    _, centre = create(config)(torch.zeros(1, tokens, 17, 2))
    assert centre.shape == (1, 17, 3)


def test_lengths_of_the_published_layouts():
    assert presets.uu_351().strided_lengths == (71, 23, 3, 1)
    assert presets.uu_81().strided_lengths == (41, 11, 3, 1)


def test_token_spacing_in_seconds():
    assert presets.uu_351().token_seconds == pytest.approx(0.1)
    assert presets.uu_81().token_seconds == pytest.approx(0.04)
