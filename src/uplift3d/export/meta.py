"""What a file says about itself: units, axes and how the motion was made."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uplift3d.files.json_text import parse_object
from uplift3d.types import Motion3D
from uplift3d.version import __version__

UNITS = {"positions": "m", "root": "m", "times": "s"}
AXES = (
    "camera axes: x right, y down, z away from the camera; positions are relative to the person's pelvis, "
    "root is the pelvis from the camera"
)


def described(motion: Motion3D) -> dict[str, Any]:
    """The motion's meta, plus units, axes and the writing version where it does not give them; JSON-able."""
    defaults = {"units": UNITS, "axes": AXES, "uplift3d": __version__}
    meta: dict[str, Any] = plain({**defaults, **motion.meta})
    return meta


def meta_to_json(motion: Motion3D) -> str:
    """`described` as one line of strict JSON."""
    return json.dumps(described(motion), allow_nan=False, ensure_ascii=False)


def meta_from_json(text: str, source: object) -> dict[str, Any]:
    """The inverse of `meta_to_json`; InputError naming `source` when it is not a JSON object."""
    return parse_object(text, f"{source}: 'meta'")


def plain(value: Any) -> Any:
    """`value` in JSON's own types: numpy numbers and arrays unwrapped, NaN and infinity as None."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
