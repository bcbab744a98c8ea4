"""The network in torch: for checkpoints that were not exported, and to test the graphs against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift3d.arrays import FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.lift.runtime import LICENCE_KEY, UNKNOWN_LICENCE, Part

if TYPE_CHECKING:
    from uplift3d.model import UpliftUpsample


class TorchRuntime:
    """A torch network on the CPU; implements `Runtime`.

    Args:
        model: the network; it is put into evaluation mode.
        threads: CPU threads, for the whole process as torch has it; None leaves torch's setting.
        licence: of the weights.

    Raises:
        InputError: torch is not installed, or a network that needs a 2D pose on every token.
    """

    name = "torch"

    def __init__(
        self, model: UpliftUpsample, threads: int | None = None, licence: str = UNKNOWN_LICENCE
    ) -> None:
        torch = _import_torch()
        from uplift3d.model.checkpoints import fingerprint

        if not model.config.masked_tokens:
            raise InputError(
                "this model has no upsampling token, so it needs a 2D pose on every token; accepted are "
                "models with masked_tokens"
            )
        if threads is not None:
            torch.set_num_threads(threads)
        self.version = str(torch.__version__)
        self.config: Mapping[str, Any] = model.config.model_dump()
        self.model_hash = fingerprint(model)
        self.licence = licence
        self._torch = torch
        self._model = model.eval()

    @classmethod
    def open(cls, checkpoint: Path, threads: int | None = None) -> TorchRuntime:
        """Load a checkpoint; InputError when torch is missing or the file is none of ours."""
        _import_torch()
        from uplift3d import model
        from uplift3d.model.checkpoints import read_metadata

        network = model.load(checkpoint)
        notes = read_metadata(checkpoint) if checkpoint.suffix == ".safetensors" else {}
        return cls(network, threads, notes.get(LICENCE_KEY) or UNKNOWN_LICENCE)

    def embed(self, poses: FloatArray) -> FloatArray:
        """See `Runtime`."""
        with self._torch.inference_mode():
            tokens = self._model.embed(self._tensor(poses))
        return np.asarray(tokens.numpy())

    def uplift(self, pose_tokens: FloatArray, slots: IntArray, part: Part) -> FloatArray:
        """See `Runtime`."""
        with self._torch.inference_mode():
            sequence, centre = self._model.uplift(self._tensor(pose_tokens), self._torch.from_numpy(slots))
        poses = centre if part == "centre" else sequence
        if poses is None:
            raise InputError(f"this model has no temporal blocks and so no {part} output; use hop 1")
        return np.asarray(poses.numpy())

    def _tensor(self, values: FloatArray) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise InputError(
            "runtime 'torch' needs torch, which is not installed: pip install 'uplift3d[train]', or use "
            "runtime 'onnx'"
        ) from error
    return torch
