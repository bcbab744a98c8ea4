"""The published network once more: float64 numpy, straight from Keras arrays, one window and head at a time.

Slow and literal on purpose. It shares no code with the package, so that switches without stored outputs
(no spatial or temporal Transformer, no qkv bias, odd paddings) have something to agree with.
"""

import math
from collections.abc import Iterator

import h5py
import numpy as np
from numpy import ndarray as Array
from scipy.special import erf

DUMP = {
    "ARCH": "UpliftUpsampleTransformer",
    "SEQUENCE_LENGTH": 41,
    "SEQUENCE_STRIDE": 2,
    "MASK_STRIDE": [4, 10, 20],
    "SPATIAL_EMBED_DIM": 8,
    "SPATIAL_TRANSFORMER_BLOCKS": 2,
    "TEMPORAL_EMBED_DIM": 32,
    "TEMPORAL_TRANSFORMER_BLOCKS": 2,
    "NUM_HEADS": 4,
    "NUM_KEYPOINTS": 17,
    "MLP_RATIO": 2,
    "QKV_BIAS": True,
    "STRIDES": [4, 4, 3],
    "PADDINGS": [[1, 1], [0, 0], [0, 0]],
    "FIRST_STRIDED_TOKEN_ATTENTION_LAYER": 1,
    "OUTPUT_BN": False,
    "DROP_PATH_RATE": [0.1, 0.1, 0.0],
}
"""A published configuration, less the fields that say nothing about the network."""


def layer_shapes(dump: dict) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    """Outer layers and the shapes of their arrays, in the order the published code builds them."""
    n, d, c = dump["SEQUENCE_LENGTH"], dump["SPATIAL_EMBED_DIM"], dump["TEMPORAL_EMBED_DIM"]
    spatial, temporal = dump["SPATIAL_TRANSFORMER_BLOCKS"], dump["TEMPORAL_TRANSFORMER_BLOCKS"]
    if spatial:
        yield "keypoint_embedding", [(2, d), (d,)]
    yield "token_dropout", []
    if spatial:
        yield "spatial_pe", [(17, d)]
    yield "temporal_pe", [(n, c)]
    for i, length in enumerate(lengths(dump)[:-1]):
        yield f"strided_temporal_pe_{i + 1}", [(length, c)]
    if dump["MASK_STRIDE"]:
        yield "strided_input_token_layer", [(c,)]
    for i in range(spatial):
        yield f"spatial_block_{i + 1}", block_shapes(d, dump)
    if spatial:
        yield "spatial_norm", [(d,), (d,)]
    yield "spatial_to_temporal_fc", [(17 * (d if spatial else 2), c), (c,)]
    for i in range(temporal):
        yield f"temporal_block_{i + 1}", block_shapes(c, dump)
    for i in range(len(dump["STRIDES"])):
        yield f"strided_temporal_block_{i + 1}", block_shapes(c, dump, strided=True)
    for head in ["temporal"] * bool(temporal) + ["strided_temporal"]:
        if dump["OUTPUT_BN"]:
            yield f"{head}_norm", [(c,)] * 4
        yield f"{head}_fc", [(c, 51), (51,)]


def block_shapes(c: int, dump: dict, strided: bool = False) -> list[tuple[int, ...]]:
    hidden = int(c * dump["MLP_RATIO"])
    projection = [(c, c), (c,)] if dump["QKV_BIAS"] else [(c, c)]
    mlp = (
        [(1, c, hidden), (hidden,), (3, hidden, c), (c,)]
        if strided
        else [(c, hidden), (hidden,), (hidden, c), (c,)]
    )
    return [(c,), (c,), *projection * 3, (c, c), (c,), (c,), (c,), *mlp]


def random_layers(dump: dict, rng: np.random.Generator) -> dict[str, list[Array]]:
    """Weights large enough that every part of the network shows in the output."""
    layers = {}
    for name, shapes in layer_shapes(dump):
        arrays = [rng.normal(size=shape) * (1.2 / np.sqrt(np.prod(shape[:-1]) or 1)) for shape in shapes]
        arrays = [a if a.ndim > 1 else 0.2 * a for a in arrays]
        if "block" in name or "norm" in name:
            arrays[0] = arrays[0] + 1
        if name.endswith("temporal_norm"):
            arrays[3] = rng.uniform(0.4, 1.8, size=shapes[3])
        layers[name] = [a.astype(np.float32) for a in arrays]
    return layers


def write_h5(path: str, layers: dict[str, list[Array]], names_as: type = bytes) -> None:
    """Keras' layout: layer_names, weight_names, and inner names that say nothing."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [names_as(n, "utf8") if names_as is bytes else n for n in layers]
        for layer, arrays in layers.items():
            group = file.create_group(layer)
            names = [
                f"{layer}/dense_{100 - i}/kernel:0" for i in range(len(arrays))
            ]  # falls as the order rises
            group.attrs["weight_names"] = [names_as(n, "utf8") if names_as is bytes else n for n in names]
            for name, array in zip(names, arrays, strict=True):
                group[name] = array


def forward(
    layers: dict[str, list[Array]], dump: dict, keypoints: Array, mask: Array
) -> tuple[Array | None, Array]:
    """Lift one window (N, 17, 2) with mask (N,): sequence (N, 17, 3) or None, centre (17, 3)."""
    w = {name: [np.asarray(a, dtype=np.float64) for a in arrays] for name, arrays in layers.items()}
    heads, deferred = dump["NUM_HEADS"], dump["FIRST_STRIDED_TOKEN_ATTENTION_LAYER"]
    has_token = bool(dump["MASK_STRIDE"])
    x = np.stack(
        [spatial(w, dump, pose) for pose in np.where(mask[:, None, None], keypoints, 0).astype(float)]
    )
    if has_token:
        x[~mask] = w["strided_input_token_layer"][0]
    x = x + w["temporal_pe"][0]
    keys = np.where(mask, 0.0, -1e9) if has_token else np.zeros(len(mask))
    depth = dump["TEMPORAL_TRANSFORMER_BLOCKS"]
    for i in range(depth):
        logits = keys if i < deferred else 0 * keys
        x = attend(x, w[f"temporal_block_{i + 1}"], heads, logits)
        x = x + mlp(x, w[f"temporal_block_{i + 1}"], relu)
    sequence = head(x, w, "temporal") if depth else None
    for i, (stride, (left, right)) in enumerate(zip(dump["STRIDES"], paddings(dump), strict=True)):
        x = x + w[f"strided_temporal_pe_{i + 1}"][0]
        logits = keys if depth == 0 and i < deferred else np.zeros(len(x))
        x = attend(x, w[f"strided_temporal_block_{i + 1}"], heads, logits)
        residual = x
        if stride > 1:
            residual = residual[1:] if left == 0 else residual
            residual = residual[:-1] if right == 0 else residual
        x = residual[::stride] + strided_mlp(x, w[f"strided_temporal_block_{i + 1}"], stride, left, right)
    return sequence, head(x[len(x) // 2][None], w, "strided_temporal")[0]


def spatial(w: dict, dump: dict, pose: Array) -> Array:
    x = pose
    if dump["SPATIAL_TRANSFORMER_BLOCKS"]:
        kernel, bias = w["keypoint_embedding"]
        x = x @ kernel + bias + w["spatial_pe"][0]
        for i in range(dump["SPATIAL_TRANSFORMER_BLOCKS"]):
            x = attend(x, w[f"spatial_block_{i + 1}"], dump["NUM_HEADS"], np.zeros(17))
            x = x + mlp(x, w[f"spatial_block_{i + 1}"], gelu)
        x = layer_norm(x, *w["spatial_norm"], 1e-6)
    kernel, bias = w["spatial_to_temporal_fc"]
    return x.reshape(-1) @ kernel + bias


def attend(x: Array, block: list[Array], heads: int, key_logits: Array) -> Array:
    """The attention half of a block with its residual."""
    normed = layer_norm(x, block[0], block[1], 1e-5)
    projections = block[2:-8]
    step = len(projections) // 3
    q, k, v = (
        normed @ projections[i * step] + (projections[i * step + 1] if step == 2 else 0) for i in range(3)
    )
    size = x.shape[1] // heads
    mixed = np.zeros_like(x)
    for h in range(heads):
        part = slice(h * size, (h + 1) * size)
        logits = q[:, part] @ k[:, part].T / math.sqrt(size)
        logits = (logits + key_logits).astype(np.float32)  # float32, where -1e9 swallows the logits
        weights = np.exp((logits - logits.max(1, keepdims=True)).astype(float))
        mixed[:, part] = weights / weights.sum(1, keepdims=True) @ v[:, part]
    return x + mixed @ block[-8] + block[-7]


def mlp(x: Array, block: list[Array], activation) -> Array:
    normed = layer_norm(x, block[-6], block[-5], 1e-5)
    return activation(normed @ block[-4] + block[-3]) @ block[-2] + block[-1]


def strided_mlp(x: Array, block: list[Array], stride: int, left: int, right: int) -> Array:
    normed = layer_norm(x, block[-6], block[-5], 1e-5)
    hidden = relu(normed @ block[-4][0] + block[-3])
    hidden = np.pad(hidden, ((left, right), (0, 0)))
    starts = range(0, len(hidden) - 2, stride)
    return np.stack([sum(hidden[s + i] @ block[-2][i] for i in range(3)) + block[-1] for s in starts])


def head(x: Array, w: dict, name: str) -> Array:
    if f"{name}_norm" in w:
        gamma, beta, mean, variance = w[f"{name}_norm"]
        x = (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta
    kernel, bias = w[f"{name}_fc"]
    return (x @ kernel + bias).reshape(len(x), 17, 3)


def layer_norm(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon) * gamma + beta


def gelu(x: Array) -> Array:
    return x * (1 + erf(x / math.sqrt(2))) / 2


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def paddings(dump: dict) -> list:
    return dump["PADDINGS"] or [(1, 1)] * len(dump["STRIDES"])


def lengths(dump: dict) -> list[int]:
    out = [dump["SEQUENCE_LENGTH"]]
    for stride, (left, right) in zip(dump["STRIDES"], paddings(dump), strict=True):
        out.append(math.ceil((out[-1] + left + right - 2) / stride))
    return out
