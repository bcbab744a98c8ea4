"""Names for the arrays that functions take and give: the only place that spells numpy's types."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""What travels between stages: positions, confidences, network input and output."""
DoubleArray = npt.NDArray[np.float64]
"""What geometry and scores are computed in."""
RealArray = npt.NDArray[np.floating[Any]]
"""Of whatever precision came in."""
TimeArray = npt.NDArray[np.float64]
"""Seconds."""
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Image = npt.NDArray[np.uint8]
"""(H, W, 3) RGB."""
AnyArray = npt.NDArray[Any]
