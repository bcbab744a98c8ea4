"""Heat maps of joints → where the joints are.

Axes: P people, J joints, h and w cells of a heat map.
"""

import numpy as np

from uplift3d.arrays import FloatArray
from uplift3d.skeletons import joint_set

SURE = 255.0
"""Height of a peak that CPN is trained to draw."""
FAINT = 0.1 * SURE
"""Lower peaks are no joints: whatever is highest in the heat map of a joint that is out of view."""
QUARTER = 0.25
"""How far a joint is placed off the middle of the highest cell, in cells."""
BLUR_SIGMA, BLUR_REACH = 3.5, 10
"""Standard deviation and reach in cells of the blur that the public test script of CPN applies."""


def decode(heatmaps: FloatArray, *, blur: bool = True) -> tuple[FloatArray, FloatArray]:
    """Place every joint in the highest cell, a quarter of a cell towards the higher neighbour on either axis.

    So a joint is off by a quarter of a cell at most on either axis, were the heat map a Gaussian around it.

    Args:
        heatmaps: (P, J, h, w), peaks up to about 255.
        blur: look for the peak in a blurred heat map, so that one bright cell does not outweigh a blob.

    Returns:
        positions (P, J, 2) x and y in shares of the width and height, NaN where the peak is faint, and
        confidence (P, J) in [0, 1], 0 there and else the root of the share that the peak (before the blur)
        has of `SURE`. A network trained on squared errors draws the mean of where a joint may be, so that a
        joint known to one standard deviation of the drawn Gaussian is half as high already; the root says
        per axis how much wider than that Gaussian the place is.
    """
    smooth = blurred(heatmaps) if blur else heatmaps
    height, width = heatmaps.shape[-2:]
    flat = smooth.reshape(*smooth.shape[:-2], height * width)
    peak = flat.argmax(axis=-1)[..., None]  # (P, J, 1)
    y, x = np.divmod(peak[..., 0], width)
    around = np.pad(smooth, [*[(0, 0)] * (smooth.ndim - 2), (1, 1), (1, 1)])
    place = np.ix_(*map(np.arange, y.shape))
    right, left = around[*place, y + 1, x + 2], around[*place, y + 1, x]
    below, above = around[*place, y + 2, x + 1], around[*place, y, x + 1]
    shift = QUARTER * np.sign(np.stack([right - left, below - above], axis=-1))
    cells = np.stack([x, y], axis=-1) + 0.5 + shift
    value = np.take_along_axis(heatmaps.reshape(flat.shape), peak, axis=-1)[..., 0]
    confidence = np.where(value < FAINT, 0, np.sqrt(np.clip(value / SURE, 0, 1))).astype(np.float32)
    positions = np.where(confidence[..., None] > 0, cells / (width, height), np.nan)
    return positions.astype(np.float32), confidence


def blurred(heatmaps: FloatArray) -> FloatArray:
    """Gaussian blur of (..., h, w), with nothing beyond the edges."""
    height, width = heatmaps.shape[-2:]
    return np.asarray(_band(height) @ heatmaps @ _band(width), dtype=heatmaps.dtype)


def mirror(heatmaps: FloatArray, joints: str) -> FloatArray:
    """Heat maps (..., J, h, w) of a mirrored image → of the image: turned back, left and right swapped."""
    return heatmaps[..., joint_set(joints).mirror, :, ::-1]


def _band(size: int) -> FloatArray:
    """Symmetric (size, size) matrix whose product with a column blurs it."""
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    kernel = np.exp(-(np.arange(-BLUR_REACH, BLUR_REACH + 1) ** 2) / (2 * BLUR_SIGMA**2))
    weight = np.exp(-(apart**2) / (2 * BLUR_SIGMA**2)) / kernel.sum()
    return np.where(apart <= BLUR_REACH, weight, 0).astype(np.float32)
