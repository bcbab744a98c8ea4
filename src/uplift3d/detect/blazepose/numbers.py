"""What the networks' answers pass through."""

import numpy as np

from uplift3d.arrays import FloatArray


def sigmoid(logits: FloatArray) -> FloatArray:
    """Logits → [0, 1]."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=logits.dtype)
