"""Both halves of a network as ONNX graphs that run without torch.

`STEM.embed.onnx` maps poses (M, J, channels) to pose_tokens (M, C); `STEM.uplift.onnx` maps pose_tokens
(B, M, C) and slots (B, M) to sequence (B, N, J, 3), where the network has one, and centre (B, J, 3). B and M
are free.
Their metadata hold the configuration and the model's hash: onnxruntime's `custom_metadata_map`.

Where both outputs exist, the optional input want_centre (a boolean, true unless given) decides whether the
strided Transformer runs: without it centre is empty, (0, J, 3), and a fifth of the work is saved. (A session
computes every output, asked for or not.)
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
WANT_CENTRE = "want_centre"
"""Name of the optional input that decides whether the centre is computed."""
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
            if len(part.outputs) == 2:
                _compute_centre_on_demand(graph.graph)
            onnx.checker.check_model(graph)
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
            {"poses": torch.zeros(poses, model.config.joint_count, model.config.channels)},
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


def _compute_centre_on_demand(graph: onnx.GraphProto) -> None:
    """Move what only the centre needs into a branch that runs if `want_centre` is true."""
    sequence, centre = graph.output
    needed = _needed_for(graph, sequence.name)
    outside = [node for index, node in enumerate(graph.node) if index in needed]
    inside = [node for index, node in enumerate(graph.node) if index not in needed]
    used_outside = {name for node in outside for name in node.input}
    weights_outside = [weight for weight in graph.initializer if weight.name in used_outside]
    weights_inside = [weight for weight in graph.initializer if weight.name not in used_outside]

    then_branch = helper.make_graph(inside, "centre", [], [_any_shape(centre.name)], weights_inside)
    else_branch = helper.make_graph([_no_poses(centre)], "no_centre", [], [_any_shape("no_poses")])
    decide = helper.make_node(
        "If", [WANT_CENTRE], [centre.name], then_branch=then_branch, else_branch=else_branch
    )
    default = numpy_helper.from_array(np.array(True), WANT_CENTRE)
    optional = helper.make_tensor_value_info(WANT_CENTRE, TensorProto.BOOL, [])
    lifting = helper.make_graph(
        [*outside, decide],
        graph.name,
        [*graph.input, optional],
        list(graph.output),
        [*weights_outside, default],
    )
    graph.CopyFrom(lifting)


def _needed_for(graph: onnx.GraphProto, output: str) -> set[int]:
    """Positions of the nodes that an output depends on."""
    maker = {name: index for index, node in enumerate(graph.node) for name in node.output}
    needed: set[int] = set()
    open_names = [output]
    while open_names:
        index = maker.get(open_names.pop())
        if index is not None and index not in needed:
            needed.add(index)
            open_names.extend(graph.node[index].input)
    return needed


def _no_poses(centre: onnx.ValueInfoProto) -> onnx.NodeProto:
    joints_and_axes = [axis.dim_value for axis in centre.type.tensor_type.shape.dim[1:]]
    nothing = numpy_helper.from_array(np.zeros((0, *joints_and_axes), np.float32))
    return helper.make_node("Constant", [], ["no_poses"], value=nothing)


def _any_shape(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
