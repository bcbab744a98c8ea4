import numpy as np
import pytest
import torch

from uplift3d.model.layers import Attention
from uplift3d.model.rivals.encoders import (
    DeviationNorm,
    DroppingAttention,
    EncoderBlock,
    StridedEncoder,
    stride_problems,
)

from .peers import shaken


def test_the_norm_divides_by_the_unbiased_deviation_plus_epsilon(rng):
    tokens = 1e-5 * rng.normal(size=(4, 6))
    expected = (tokens - tokens.mean(1, keepdims=True)) / (tokens.std(1, ddof=1, keepdims=True) + 1e-6)
    norm = DeviationNorm(6).double()
    np.testing.assert_allclose(norm(torch.from_numpy(tokens)).detach(), expected, rtol=1e-9)


def test_attention_without_dropout_is_that_of_the_main_network():
    torch.manual_seed(0)
    ours, plain = DroppingAttention(16, 4, dropout=0.5), Attention(16, 4)
    plain.load_state_dict(ours.state_dict())
    tokens = torch.randn(2, 5, 16)
    torch.testing.assert_close(ours.eval()(tokens), plain(tokens), rtol=0, atol=1e-6)
    assert not torch.allclose(ours.train()(tokens), plain(tokens), atol=1e-3)


@pytest.mark.parametrize("stride", [1, 2, 3, 9])
@pytest.mark.parametrize("length", [1, 2, 9, 10])
def test_a_strided_block_keeps_every_so_many_tokens(stride, length):
    block = shaken(EncoderBlock(16, 24, 8, 0.1, stride))
    tokens = torch.randn(2, length, 16)
    assert block(tokens).shape == (2, -(-length // stride), 16)
    with torch.no_grad():
        for part in (block.attention.out, block.mlp.contract):
            part.weight.zero_()
            part.bias.zero_()
    torch.testing.assert_close(block(tokens), tokens[:, ::stride])


def test_only_the_first_three_shortening_blocks_have_an_encoding():
    encoder = StridedEncoder(81, 16, 24, 8, (3, 3, 3, 3), 0.1)
    assert len(encoder.encodings) == 3
    assert encoder(torch.randn(2, 81, 16)).shape == (2, 1, 16)
    assert len(StridedEncoder(9, 16, 24, 8, (3, 3), 0.1).encodings) == 2


def test_strides_must_end_at_one_token():
    assert stride_problems(351, (3, 9, 13)) == []
    assert stride_problems(350, (3, 9, 13)) == []  # rounded up
    assert "leave 2 of 352" in stride_problems(352, (3, 9, 13))[0]
