"""What runs the network: the two-part interface.

Axes: B windows, N slots, M pose tokens, J joints, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np

from uplift3d.arrays import FloatArray, IntArray

Part = Literal["centre", "sequence"]
LICENCE_KEY, UNKNOWN_LICENCE = "licence", "unknown"


def describe(runtime: Runtime, name: str) -> dict[str, Any]:
    """What a result says about the network of this name that made it."""
    return {
        "versions": {"numpy": np.__version__, runtime.name: runtime.version},
        "model": {
            "name": name,
            "hash": runtime.model_hash,
            "runtime": runtime.name,
            "licence": runtime.licence,
        },
    }


class Runtime(Protocol):
    """A loaded network, in two parts so that windows share the tokens of their key-frames."""

    name: str
    """The package that computes, e.g. "onnxruntime"."""
    version: str
    """Its version."""
    config: Mapping[str, Any]
    """The configuration that travels with the weights (fields of `model.ModelConfig`)."""
    model_hash: str
    """Identifies the weights."""
    licence: str
    """Licence of the weights, as their file states it; "unknown" where it does not."""

    def embed(self, poses: FloatArray) -> FloatArray:
        """Normalised 2D poses (M, J, 2) → pose tokens (M, C); M may be any number from 1."""
        ...

    def uplift(self, pose_tokens: FloatArray, slots: IntArray, part: Part) -> FloatArray:
        """Windows → 3D poses in metres.

        Args:
            pose_tokens: (B, M, C).
            slots: (B, M) position in its window of every pose token, N for padding.
            part: "centre" for the refined pose of the central slot (B, J, 3), "sequence" for a pose per slot
                (B, N, J, 3).
        """
        ...
