"""Translator for the published weights: Keras `.h5` files and the JSON dumps of their configuration.

Keras numbers its layers over a whole process (`dense_7`, `mha_3`), so inner names differ between files of the
same model. What can be relied on are the names of the outer layers and the order of weights in each of them.
Dense kernels are stored (in, out), convolution kernels (width, in, out); PyTorch has the reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from uplift3d.arrays import AnyArray
from uplift3d.errors import InputError
from uplift3d.files.hdf5 import dataset
from uplift3d.model.config import ModelConfig

Layers = Mapping[str, Sequence[AnyArray]]
"""Arrays of every outer layer, in the order Keras lists them."""
Reader = tuple[int, Callable[[Sequence[AnyArray]], dict[str, AnyArray]]]
"""How many arrays a layer holds and how they become parameters."""


def read_h5(path: Path) -> dict[str, list[AnyArray]]:
    """Read a Keras weight file as the arrays of every outer layer, in the order Keras lists them.

    Raises:
        InputError: not an HDF5 file, a damaged one, or one that Keras did not write.
    """
    try:
        with h5py.File(path, "r") as file:
            if "layer_names" not in file.attrs:
                raise InputError(f"{path} is an HDF5 file, but not a Keras weight file: it lists no layers")
            return {name: _layer_arrays(file[name], path) for name in _strings(file.attrs["layer_names"])}
    except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a readable HDF5 weight file: {_first_line(error)}") from None


def config_from_published(dump: Mapping[str, Any]) -> ModelConfig:
    """Translate a dump of the published configuration class.

    Raises:
        InputError: fields that are absent, or that describe a network this package does not have.
    """
    absent = [name for name in _NEEDED if name not in dump]
    if absent:
        raise InputError(f"the published configuration lacks {', '.join(absent)}")
    if dump.get("ARCH", _ARCHITECTURE) != _ARCHITECTURE:
        raise InputError(f"the published configuration is for {dump['ARCH']}; accepted is {_ARCHITECTURE}")
    if dump.get("NUM_KEYPOINTS", 17) != 17:
        raise InputError(f"the published configuration has {dump['NUM_KEYPOINTS']} joints; accepted is 17")
    strided = tuple(dump["STRIDES"] or ())
    spatial_drop, temporal_drop, strided_drop = _drop_rates(dump.get("DROP_PATH_RATE", 0.0))
    masked = _mask_strides(dump)
    return ModelConfig(
        joints="uu17",
        input="screen",
        axes="camera",
        edges="repeat",
        tokens=dump["SEQUENCE_LENGTH"],
        s_out=dump["SEQUENCE_STRIDE"],
        strides_in=masked or (dump["SEQUENCE_STRIDE"],),
        spatial_width=dump["SPATIAL_EMBED_DIM"],
        spatial_depth=dump["SPATIAL_TRANSFORMER_BLOCKS"],
        temporal_width=dump["TEMPORAL_EMBED_DIM"],
        temporal_depth=dump["TEMPORAL_TRANSFORMER_BLOCKS"],
        heads=dump["NUM_HEADS"],
        mlp_ratio=dump["MLP_RATIO"],
        qkv_bias=dump["QKV_BIAS"],
        strided=strided,
        paddings=_paddings(dump.get("PADDINGS"), len(strided)),
        deferred_depth=_deferred_depth(dump, len(strided)) if masked else 0,
        masked_tokens=bool(masked),
        output_batch_norm=dump["OUTPUT_BN"],
        drop_path_spatial=spatial_drop,
        drop_path_temporal=temporal_drop,
        drop_path_strided=strided_drop,
    )


def translate(layers: Layers, config: ModelConfig) -> dict[str, Tensor]:
    """Turn Keras arrays into the parameters of `UpliftUpsample(config)`.

    The translation is linear in the arrays, so it also serves for gradients and optimiser moments.

    Raises:
        InputError: layers that are missing, unexpected or of another make; all of them are named.
    """
    layers = {name: arrays for name, arrays in layers.items() if arrays}
    readers = _readers(config)
    missing = [name for name in readers if name not in layers]
    unexpected = [name for name in layers if name not in readers]
    miscounted = [
        f"{name} with {len(layers[name])} arrays in place of {count}"
        for name, (count, _) in readers.items()
        if name in layers and len(layers[name]) != count
    ]
    groups = {"missing": missing, "unexpected": unexpected, "different": miscounted}
    problems = [f"{kind}: {', '.join(names)}" for kind, names in groups.items() if names]
    if problems:
        raise InputError(f"the weights do not fit the configuration; {'; '.join(problems)}")
    state: dict[str, AnyArray] = {}
    for name, (_, read) in readers.items():
        state |= read(layers[name])
    return {name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}


_ARCHITECTURE = "UpliftUpsampleTransformer"
_NEEDED = (
    "SEQUENCE_LENGTH",
    "SEQUENCE_STRIDE",
    "SPATIAL_EMBED_DIM",
    "SPATIAL_TRANSFORMER_BLOCKS",
    "TEMPORAL_EMBED_DIM",
    "TEMPORAL_TRANSFORMER_BLOCKS",
    "NUM_HEADS",
    "MLP_RATIO",
    "QKV_BIAS",
    "STRIDES",
    "OUTPUT_BN",
)


def _strings(attribute: Any) -> list[str]:
    """Names as str: older h5py wrote bytes."""
    return [name.decode() if isinstance(name, bytes) else str(name) for name in attribute]


def _layer_arrays(group: Any, path: Path) -> list[AnyArray]:
    names = _strings(group.attrs["weight_names"])
    return [dataset(group, name, str(path)).astype(np.float32) for name in names]


def _first_line(error: Exception) -> str:
    return str(error).strip("'\"").splitlines()[0] if str(error) else type(error).__name__


def _drop_rates(rate: float | Sequence[float]) -> tuple[float, float, float]:
    if isinstance(rate, Sequence):
        spatial, temporal, strided = rate
        return spatial, temporal, strided
    return rate, rate, rate


def _mask_strides(dump: Mapping[str, Any]) -> tuple[int, ...]:
    """Trained strides; empty for a model without upsampling token (the published rule looks at the first)."""
    strides = dump.get("MASK_STRIDE")
    strides = () if strides is None else (strides,) if isinstance(strides, int) else tuple(strides)
    return () if strides[:1] == (1,) else strides


def _paddings(paddings: Sequence[Any] | None, stages: int) -> tuple[tuple[int, int], ...]:
    """One (left, right) pair per stage: null means 1 on both sides, a single number counts for both."""
    each = [None] * stages if paddings is None else paddings
    pairs = [(1, 1) if pad is None else (pad, pad) if isinstance(pad, int) else tuple(pad) for pad in each]
    return tuple((left, right) for left, right in pairs)


def _deferred_depth(dump: Mapping[str, Any], stages: int) -> int:
    """Depth of deferred attention, at most as many blocks as there are to defer in."""
    available = int(dump["TEMPORAL_TRANSFORMER_BLOCKS"] or min(1, stages))
    return min(available, int(dump.get("FIRST_STRIDED_TOKEN_ATTENTION_LAYER", 0)))


def _readers(config: ModelConfig) -> dict[str, Reader]:
    """List the outer layers that a published model of this configuration has."""
    block_arrays = 16 if config.qkv_bias else 13
    readers: dict[str, Reader] = {}
    if config.spatial_depth:
        readers["keypoint_embedding"] = (2, partial(_linear, "spatial.joints.embedding"))
        readers["spatial_pe"] = (1, partial(_parameter, "spatial.joints.encoding"))
        readers["spatial_norm"] = (2, partial(_norm, "spatial.joints.norm"))
    readers["spatial_to_temporal_fc"] = (2, partial(_linear, "spatial.to_token"))
    readers["temporal_pe"] = (1, partial(_parameter, "temporal_encoding"))
    if config.masked_tokens:
        readers["strided_input_token_layer"] = (1, partial(_parameter, "upsampling_token"))
    for i in range(config.spatial_depth):
        readers[f"spatial_block_{i + 1}"] = (block_arrays, partial(_block, f"spatial.joints.blocks.{i}"))
    for i in range(config.temporal_depth):
        readers[f"temporal_block_{i + 1}"] = (block_arrays, partial(_block, f"temporal.blocks.{i}"))
    for i in range(len(config.strided)):
        readers[f"strided_temporal_pe_{i + 1}"] = (1, partial(_parameter, f"strided.blocks.{i}.encoding"))
        readers[f"strided_temporal_block_{i + 1}"] = (block_arrays, partial(_block, f"strided.blocks.{i}"))
    heads = {"temporal": "sequence_head"} if config.temporal_depth else {}
    for layer, key in (heads | {"strided_temporal": "centre_head"}).items():
        readers[f"{layer}_fc"] = (2, partial(_linear, f"{key}.linear"))
        if config.output_batch_norm:
            readers[f"{layer}_norm"] = (4, partial(_batch_norm, f"{key}.norm"))
    return readers


def _parameter(key: str, arrays: Sequence[AnyArray]) -> dict[str, AnyArray]:
    return {key: arrays[0]}


def _linear(key: str, arrays: Sequence[AnyArray]) -> dict[str, AnyArray]:
    """Kernel and, if there is one, bias; a width-1 convolution kernel counts as a linear one."""
    kernel, *bias = arrays
    kernel = kernel[0] if kernel.ndim == 3 and len(kernel) == 1 else kernel
    return {f"{key}.weight": kernel.T} | {
        f"{key}.bias": value for value in bias
    }  # convolution: (out, in, width)


def _norm(key: str, arrays: Sequence[AnyArray]) -> dict[str, AnyArray]:
    gamma, beta = arrays
    return {f"{key}.weight": gamma, f"{key}.bias": beta}


def _batch_norm(key: str, arrays: Sequence[AnyArray]) -> dict[str, AnyArray]:
    *affine, mean, variance = arrays
    return _norm(key, affine) | {
        f"{key}.running_mean": mean,
        f"{key}.running_var": variance,
        f"{key}.num_batches_tracked": np.array(0),
    }


def _block(key: str, arrays: Sequence[AnyArray]) -> dict[str, AnyArray]:
    """First norm; query, key, value and output projections; second norm; both layers of the MLP."""
    norm1, projections, out = arrays[:2], arrays[2:-8], arrays[-8:-6]
    norm2, expand, contract = arrays[-6:-4], arrays[-4:-2], arrays[-2:]
    per_projection = len(projections) // 3  # kernel and perhaps bias
    fused = [np.concatenate(projections[i::per_projection], axis=-1) for i in range(per_projection)]
    return {
        **_norm(f"{key}.norm1", norm1),
        **_linear(f"{key}.attention.qkv", fused),
        **_linear(f"{key}.attention.out", out),
        **_norm(f"{key}.norm2", norm2),
        **_linear(f"{key}.mlp.expand", expand),
        **_linear(f"{key}.mlp.contract", contract),
    }
