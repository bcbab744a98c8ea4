import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.model.layers import (
    Attention,
    Block,
    DropPath,
    Head,
    StridedBlock,
    StridedMlp,
    encoding,
    key_bias,
    rising,
)


def plain_attention(layer: Attention, tokens: torch.Tensor, bias: torch.Tensor | float = 0.0) -> torch.Tensor:
    q, k, v = layer.qkv(tokens).chunk(3, dim=-1)
    out = []
    for head in torch.arange(tokens.shape[-1]).chunk(layer.heads):
        logits = q[..., head] @ k[..., head].transpose(1, 2) / len(head) ** 0.5 + bias
        out.append(logits.softmax(-1) @ v[..., head])
    return layer.out(torch.cat(out, dim=-1))


@pytest.mark.parametrize("qkv_bias", [True, False])
@torch.no_grad()
def test_attention_is_softmax_of_scaled_products_per_head(qkv_bias):
    layer, tokens = Attention(12, 3, qkv_bias), torch.randn(2, 5, 12)
    torch.testing.assert_close(layer(tokens), plain_attention(layer, tokens))


@torch.no_grad()
def test_masked_keys_do_not_matter():
    layer, tokens = Attention(8, 2), torch.randn(1, 6, 8)
    mask = torch.tensor([[True, False, True, True, False, True]])
    disturbed = torch.where(mask[..., None], tokens, torch.randn(1, 6, 8))
    out, other = layer(tokens, key_bias(mask)), layer(disturbed, key_bias(mask))
    torch.testing.assert_close(out[mask], other[mask])
    assert (out[~mask] - other[~mask]).abs().min() > 1e-4  # they still ask


@torch.no_grad()
def test_a_row_without_keys_attends_uniformly():
    layer, tokens = Attention(8, 2), torch.randn(1, 6, 8)
    values = layer.qkv(tokens)[..., 16:]
    expected = layer.out(values.mean(1, keepdim=True)).expand(1, 6, 8)
    torch.testing.assert_close(layer(tokens, key_bias(torch.zeros(1, 6, dtype=torch.bool))), expected)


@torch.no_grad()
def test_attending_to_chosen_sources_equals_masking_the_others():
    layer, tokens = Attention(8, 2), torch.randn(3, 6, 8)
    mask = torch.tensor([True, False, True, False, False, True]).expand(3, -1)
    torch.testing.assert_close(layer(tokens, None, tokens[:, [5, 0, 2]]), layer(tokens, key_bias(mask)))


@pytest.mark.parametrize("rows", [0, 1])
def test_layers_take_empty_batches(rows):
    block = Block(8, 2, 2.0, activation=torch.relu)
    assert block(torch.zeros(rows, 5, 8)).shape == (rows, 5, 8)
    assert Head(8, 17)(torch.zeros(rows, 5, 8)).shape == (rows, 5, 17, 3)


@given(length=st.integers(3, 30), stride=st.integers(1, 10), left=st.integers(0, 1), right=st.integers(0, 1))
@torch.no_grad()
def test_strided_mlp_is_the_convolution_written_out(length, stride, left, right):
    layer, tokens = StridedMlp(4, 2.0, stride, (left, right)), torch.randn(2, length, 4)
    hidden = torch.relu(layer.expand(tokens))
    hidden = torch.cat([hidden.new_zeros(2, left, 8), hidden, hidden.new_zeros(2, right, 8)], dim=1)
    starts = range(0, hidden.shape[1] - 2, stride)
    expected = [
        layer.contract.bias + sum(hidden[:, s + i] @ layer.contract.weight[:, :, i].T for i in range(3))
        for s in starts
    ]
    out = layer(tokens)
    assert out.shape[1] == -(-(length + left + right - 2) // stride)
    torch.testing.assert_close(out, torch.stack(expected, dim=1))


@pytest.mark.parametrize(
    ("stride", "padding", "kept"),
    [
        (3, (0, 0), [1, 4, 7, 10]),
        (3, (1, 0), [0, 3, 6, 9]),
        (3, (0, 1), [1, 4, 7, 10]),
        (3, (1, 1), [0, 3, 6, 9]),
        (1, (1, 1), list(range(12))),
        (4, (0, 0), [1, 5, 9]),
    ],
)
@torch.no_grad()
def test_the_strided_residual_sits_where_the_convolution_is_centred(stride, padding, kept):
    length = 12
    block = StridedBlock(length, 8, 2, 2.0, stride=stride, padding=padding)
    for layer in (block.attention.out, block.mlp.contract):
        torch.nn.init.zeros_(layer.weight)
    tokens = torch.randn(2, length, 8)
    torch.testing.assert_close(block(tokens), (tokens + block.encoding)[:, kept])


def test_drop_path_drops_whole_rows_and_keeps_the_mean():
    torch.manual_seed(0)
    layer = DropPath(0.25).train()
    out = layer(torch.ones(4000, 3, 2))
    rows = out[:, 0, 0]
    assert torch.equal(out, rows[:, None, None].expand_as(out))
    assert set(rows.tolist()) == {0.0, np.float32(1 / 0.75).item()}
    assert rows.mean().item() == pytest.approx(1.0, abs=0.03)


def test_drop_path_does_nothing_in_evaluation_or_at_rate_zero():
    branch = torch.randn(5, 3, 2)
    assert DropPath(0.9).eval()(branch) is branch
    assert DropPath(0.0).train()(branch) is branch
    assert "0.9" in repr(DropPath(0.9))


def test_head_normalises_over_all_tokens_like_keras():
    head = Head(4, 17, batch_norm=True).train()
    tokens = 3 + 2 * torch.randn(6, 5, 4)
    head(tokens)
    mean = tokens.flatten(0, 1).mean(0)
    torch.testing.assert_close(head.norm.running_mean, 0.9 * mean)  # Keras momentum 0.1


def test_drop_rates_rise_linearly():
    assert rising(0.1, 5) == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])
    assert rising(0.1, 1) == [0.0]
    assert rising(0.1, 0) == []


def test_encodings_are_truncated_normal():
    values = encoding(100, 100).detach()
    assert values.abs().max() <= 0.04
    assert values.std().item() == pytest.approx(
        0.02 * 0.88, rel=0.03
    )  # 0.88: deviation after cutting at 2 sigma
