"""Where a model's files are, and the runtime that loads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from uplift3d import weights
from uplift3d.errors import InputError
from uplift3d.lift.runtime import Runtime

RuntimeName = Literal["onnx", "torch"]
ModelPath = str | os.PathLike[str]
GRAPHS = (".embed.onnx", ".uplift.onnx")
MOST_THREADS = 1024
CHECKPOINTS = (".safetensors", ".h5", ".ckpt", ".pt", ".pth", ".bin")


def open_runtime(model: ModelPath, runtime: str = "onnx", threads: int | None = None) -> Runtime:
    """Load a model.

    Args:
        model: "base" (the weights in the package), or a path: a checkpoint, one of the two ONNX graphs, what
            both have in common before `.embed.onnx` and `.uplift.onnx`, or a folder holding one such pair.
        runtime: "onnx" or "torch".
        threads: CPU threads; None takes all.

    Raises:
        InputError: an unknown runtime, or files that are not there; the message says what would be accepted.
    """
    if runtime not in get_args(RuntimeName):
        raise InputError(f"runtime is {runtime!r}; accepted are {', '.join(get_args(RuntimeName))}")
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise InputError(f"threads is {threads}; accepted are 1 to {MOST_THREADS}, or None for all")
    if runtime == "torch":
        from uplift3d.lift.torch_runtime import TorchRuntime

        return TorchRuntime.open(find_checkpoint(model), threads)
    from uplift3d.lift.onnx_runtime import OnnxRuntime

    return OnnxRuntime(*find_graphs(model), threads)


def find_graphs(model: ModelPath) -> tuple[Path, Path]:
    """Paths of the embed and the uplift graph; InputError when they are not there."""
    path = _stem(model)
    if path.is_dir():
        path = _only_stem(path, GRAPHS[0], model)
    for suffix in (*GRAPHS, *CHECKPOINTS):
        path = path.with_name(path.name.removesuffix(suffix))
    graphs = (path.with_name(path.name + GRAPHS[0]), path.with_name(path.name + GRAPHS[1]))
    missing = [graph for graph in graphs if not graph.is_file()]
    if not missing:
        return graphs
    if str(model) in weights.NAMES:
        raise InputError(
            f"this installation of uplift3d lacks the weights of {str(model)!r} ({missing[0]}); install a "
            "released package, or give the path of a model"
        )
    names = " and ".join(graph.name for graph in missing)
    if Path(model).is_file() and str(model).endswith(CHECKPOINTS):
        raise InputError(
            f"{model}: runtime 'onnx' needs {names} beside it, which are not there; export them from the "
            "checkpoint, or choose runtime 'torch'"
        )
    raise InputError(
        f"no model at {model}: {names} not found in {path.parent}; accepted are "
        f"{', '.join(map(repr, weights.NAMES))}, a checkpoint, or the stem of two ONNX graphs"
    )


def find_checkpoint(model: ModelPath) -> Path:
    """Path of the weights for torch; InputError when they are not there."""
    path = _stem(model)
    if path.is_dir():
        path = _only_stem(path, CHECKPOINTS[0], model)
    for graph in GRAPHS:
        path = path.with_name(path.name.removesuffix(graph))
    if not path.is_file():
        path = path.with_name(path.name + CHECKPOINTS[0])
    if path.is_file():
        return path
    if str(model) in weights.NAMES:
        raise InputError(
            f"this installation of uplift3d lacks the weights of {str(model)!r} ({path}); install a released "
            "package, or give the path of a checkpoint"
        )
    raise InputError(
        f"no model at {model}: {path.name} not found in {path.parent}; runtime 'torch' accepts "
        f"{', '.join(map(repr, weights.NAMES))} or a checkpoint ({' '.join(CHECKPOINTS)})"
    )


def _stem(model: ModelPath) -> Path:
    return weights.stem(str(model)) if str(model) in weights.NAMES else Path(model)


def _only_stem(folder: Path, suffix: str, model: ModelPath) -> Path:
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise InputError(f"the folder {model} must hold one model (*{suffix}), but holds {names}")
    return found[0].with_name(found[0].name.removesuffix(suffix))
