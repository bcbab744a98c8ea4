"""The colours of somebody's clothing, to tell people apart who cross each other between two key-frames."""

import numpy as np

from uplift3d.arrays import FloatArray, Image

LEVELS = 4
"""Into so many steps each of red, green and blue is divided."""
GRID = 10
"""Pixels along and across the trunk that are looked at."""
INSET = 0.15
"""Left out on every side of the trunk, in shares of it: background and arms."""


def trunk_colours(rgb: Image, trunk: FloatArray) -> FloatArray | None:
    """(64,) shares of the colours between shoulders and hips, adding up to 1.

    Args:
        rgb: (H, W, 3).
        trunk: (4, 2) left and right shoulder, left and right hip, in pixels.

    Returns:
        None where a joint is unseen or less than half of the trunk is in the image.
    """
    if len(trunk) != 4 or not np.isfinite(trunk).all():
        return None
    shares = np.linspace(INSET, 1 - INSET, GRID)
    across, down = shares[:, None], shares[:, None, None]
    shoulders, hips = (trunk[i] + across * (trunk[i + 1] - trunk[i]) for i in (0, 2))  # (GRID, 2)
    x, y = np.rint(shoulders + down * (hips - shoulders)).astype(int).reshape(-1, 2).T
    inside = (x >= 0) & (x < rgb.shape[1]) & (y >= 0) & (y < rgb.shape[0])
    return histogram(rgb[y[inside], x[inside]]) if inside.mean() >= 0.5 else None


def histogram(colours: Image) -> FloatArray:
    """(64,) shares of the colours (n, 3), each one divided among the steps it lies between."""
    steps = np.clip((colours.astype(np.float64) + 0.5) * (LEVELS / 256) - 0.5, 0, LEVELS - 1)  # (n, 3)
    low = np.minimum(steps.astype(int), LEVELS - 2)
    weights = np.stack([low + 1 - steps, steps - low], axis=-1)  # (n, 3, 2)
    out = np.zeros(LEVELS**3)
    for corner in np.ndindex(2, 2, 2):
        bins = (low + corner) @ (LEVELS**2, LEVELS, 1)
        out += np.bincount(bins, weights[:, range(3), corner].prod(axis=1), LEVELS**3)
    return (out / max(len(colours), 1)).astype(np.float32)


def unlike(one: FloatArray, other: FloatArray) -> float:
    """How different two distributions of colours are, in [0, 1]: Hellinger's distance."""
    return float(np.sqrt(max(0.0, 1 - np.sqrt(one * other).sum())))
