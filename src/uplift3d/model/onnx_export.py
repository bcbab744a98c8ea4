"""Both halves of a network as ONNX graphs that run without torch.

`STEM.embed.onnx` maps poses (M, J, 2) to pose_tokens (M, C); `STEM.uplift.onnx` maps pose_tokens (B, M, C)
and slots (B, M) to sequence (B, N, J, 3), where the network has one, and centre (B, J, 3). B and M are free.
Their metadata hold the configuration and the model's hash: onnxruntime's `custom_metadata_map`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable
from uplift3d.model.checkpoints import CONFIG_KEY, fingerprint
from uplift3d.model.uplift_upsample import UpliftUpsample

OPSET = 17
"""First with LayerNormalization as one operator."""
MODEL_KEY = "uplift3d.model"
"""Metadata key of the hash of configuration and weights."""
HALF_FROM_SIZE = 1024
"""Smaller arrays stay float32: they weigh nothing."""


def export_onnx(
    model: UpliftUpsample, stem: str | Path, metadata: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Write `STEM.embed.onnx` and `STEM.uplift.onnx`.

    Weights that float16 can hold exactly, as those of a network saved with `half`, take half the space;
    sessions turn them back into float32 when they load.

    Args:
        model: any network with an upsampling token; it is not changed.
        stem: folder and first part of the file names.
        metadata: more entries for the metadata of both files.

    Returns:
        The two paths.

    Raises:
        InputError: a network without upsampling token, or files that cannot be written.
    """
    if model.upsampling_token is None:
        raise InputError("a network without upsampling token has no two-part form to export")
    embed, uplift = (check_writable(f"{stem}.{part}.onnx") for part in ("embed", "uplift"))
    notes = {**(metadata or {}), CONFIG_KEY: model.config.model_dump_json(), MODEL_KEY: fingerprint(model)}
    parts = _parts(copy.deepcopy(model).cpu().float())
    for path, part in ((embed, parts["embed"]), (uplift, parts["uplift"])):
        with atomic_write(path) as temporary:
            _trace(part, temporary)
            graph = onnx.load(temporary)
            _halve_exact_weights(graph.graph)
            helper.set_model_props(graph, notes)
            onnx.save(graph, temporary)
    return embed, uplift


@dataclass(frozen=True)
class _Part:
    """One graph: what to trace, with which example inputs, and which axes stay free."""

    module: nn.Module
    example: dict[str, Tensor]
    free_axes: dict[str, dict[int, str]]
    outputs: list[str]


class _Embed(nn.Module):
    def __init__(self, model: UpliftUpsample) -> None:
        super().__init__()
        self.model = model

    def forward(self, poses: Tensor) -> Tensor:
        return self.model.embed(poses)


class _Uplift(nn.Module):
    def __init__(self, model: UpliftUpsample) -> None:
        super().__init__()
        self.model = model

    def forward(self, pose_tokens: Tensor, slots: Tensor) -> tuple[Tensor, ...]:
        return tuple(output for output in self.model.uplift(pose_tokens, slots) if output is not None)


def _parts(model: UpliftUpsample) -> dict[str, _Part]:
    batch, poses = 2, 3
    tokens = torch.zeros(batch, poses, model.config.temporal_width)
    slots = torch.arange(poses).repeat(batch, 1)
    outputs = ["centre"] if model.sequence_head is None else ["sequence", "centre"]
    free = {"pose_tokens": {0: "B", 1: "M"}, "slots": {0: "B", 1: "M"}} | {name: {0: "B"} for name in outputs}
    return {
        "embed": _Part(
            _Embed(model),
            {"poses": torch.zeros(poses, model.config.joint_count, 2)},
            {"poses": {0: "M"}, "pose_tokens": {0: "M"}},
            ["pose_tokens"],
        ),
        "uplift": _Part(_Uplift(model), {"pose_tokens": tokens, "slots": slots}, free, outputs),
    }


def _trace(part: _Part, path: Path) -> None:
    """Write one graph; tracing is the exporter that needs no package beyond torch and onnx."""
    with warnings.catch_warnings(action="ignore"), torch.no_grad():
        torch.onnx.export(
            part.module.eval(),
            tuple(part.example.values()),
            str(path),
            input_names=list(part.example),
            output_names=part.outputs,
            dynamic_axes=part.free_axes,
            opset_version=OPSET,
            dynamo=False,
        )


def _halve_exact_weights(graph: onnx.GraphProto) -> None:
    """Put float32 weights that lose nothing as float16 behind a cast, which sessions fold when they load."""
    for index, weight in enumerate(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALF_FROM_SIZE:
            continue
        with np.errstate(over="ignore"):
            halved = values.astype(np.float16)
        if not np.array_equal(halved.astype(np.float32), values):
            continue
        cast = helper.make_node("Cast", [f"{weight.name}.half"], [weight.name], to=TensorProto.FLOAT)
        graph.initializer[index].CopyFrom(numpy_helper.from_array(halved, f"{weight.name}.half"))
        graph.node.insert(0, cast)
