"""What the networks' answers pass through."""

import numpy as np

from uplift3d.arrays import FloatArray


def sigmoid(logits: FloatArray) -> FloatArray:
    """Logits → [0, 1]."""
    with np.errstate(over="ignore"):
        out: FloatArray = 1 / (1 + np.exp(-logits))
    return out
