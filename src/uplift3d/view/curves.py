"""What a page plots over time: speeds and joint angles, as whole numbers for the script.

Axes: P people, T times, F shown frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray, IntArray
from uplift3d.errors import InputError
from uplift3d.post.angles import LIMB_ANGLES, TRUNK_ANGLES, Angles, joint_angles
from uplift3d.types import Motion3D
from uplift3d.view.stage import joint_speeds

Curve = dict[str, Any]
"""name, unit, scale (divide by it), digits to show, signed (whether zero is inside, not the bottom), and
sides: one, or left and right, with a row of whole numbers or null for each person."""


def curves(motion: Motion3D, frames: IntArray) -> list[Curve]:
    """Speeds of joints and pelvis, how unsure joints are, and every angle that anybody has."""
    found = [_speed("speed of the joints", joint_speeds(motion)[:, frames])]
    if motion.root is not None and np.isfinite(motion.root).any():
        found.append(_speed("speed over ground", _pelvis_speeds(motion)[:, frames]))
    if motion.sigma_m is not None:
        found.append(_unsure(motion, frames))
    try:
        angles = joint_angles(motion)
    except InputError:  # a joint set without hips or shoulders
        return found
    for name in TRUNK_ANGLES:
        found.append(_angle(name, {"": _of(angles, name)[:, frames]}))
    for name in LIMB_ANGLES:
        sides = {side: _of(angles, f"{side}_{name}")[:, frames] for side in ("left", "right")}
        found.append(_angle(name, sides))
    return [curve for curve in found if _has_values(curve)] or found[:1]


def mean_sigma_m(motion: Motion3D) -> DoubleArray:
    """(P, T) how far off joints are to be expected, on average; NaN where nobody says."""
    if motion.sigma_m is None:
        return np.full(motion.observed.shape, np.nan)
    sigma = motion.sigma_m.astype(np.float64)
    count = np.isfinite(sigma).sum(axis=-1)
    return np.where(count > 0, np.nansum(sigma, axis=-1) / np.maximum(count, 1), np.nan)


def _unsure(motion: Motion3D, frames: IntArray) -> Curve:
    sides = [{"side": "", "values": _rows(mean_sigma_m(motion)[:, frames], 1000)}]
    name = "how unsure joints are"
    return {"name": name, "unit": "cm", "scale": 10, "digits": 0, "signed": False, "sides": sides}


def _of(angles: Angles, name: str) -> DoubleArray:
    return angles.degrees[..., angles.names.index(name)]


def _speed(name: str, values: DoubleArray) -> Curve:
    sides = [{"side": "", "values": _rows(values, 100)}]
    return {"name": name, "unit": "m/s", "scale": 100, "digits": 1, "signed": False, "sides": sides}


def _angle(name: str, sides: dict[str, DoubleArray]) -> Curve:
    rows = [{"side": side, "values": _rows(values, 10)} for side, values in sides.items()]
    title = name.replace("_", " ")
    return {"name": title, "unit": "°", "scale": 10, "digits": 0, "signed": True, "sides": rows}


def _has_values(curve: Curve) -> bool:
    return any(value is not None for side in curve["sides"] for row in side["values"] for value in row)


def _rows(values: DoubleArray, scale: int) -> list[list[int | None]]:
    """(P, F) → whole numbers of 1 / scale, None for NaN."""
    return [
        [round(value * scale) if np.isfinite(value) else None for value in row] for row in values.tolist()
    ]


def _pelvis_speeds(motion: Motion3D) -> DoubleArray:
    """(P, T) m/s; NaN where the place is not known now or was not just before."""
    speeds = np.full(motion.observed.shape, np.nan)
    if motion.root is not None and len(motion) > 1:
        steps = np.linalg.norm(np.diff(motion.root.astype(np.float64), axis=1), axis=-1)
        speeds[:, 1:] = steps / np.diff(motion.times)
        speeds[:, 0] = speeds[:, 1]
    return speeds
