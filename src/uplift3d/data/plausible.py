"""Checks of imported motion: signs of a wrong frame rate or unit, before anybody trains on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

FASTEST_M_S = 9.0
"""Of the pelvis for a tenth of a clip: sprinters in a motion capture hall stay below."""
GRAVITY_M_S2 = (5.0, 16.0)
"""What a jump's fall may measure, with the noise of one skeleton's joints for the body's centre."""
LEGS_M = (0.5, 1.15)
"""Hip to ankle of people of 1.1 to 2.2 m."""
LONGEST_LEGS_M = 20.0
"""Longer ones are other units that were taken for metres; of shorter ones a note tells."""
UPRIGHT = 0.5
"""Heads of people who stand or sit are higher above their ankles, in lengths of the leg, at some time."""
UNITS = {"metres": 1.0, "centimetres": 0.01, "inches": 0.0254, "millimetres": 0.001}
FARTHEST_M = 10_000.0
_FLIGHT_M = 0.10
_FLIGHT_S = 0.15
_OFF_PARABOLA = 0.1
"""Of the spread in height. In 3,500 clips of mocap at the right rate 5 of 62 flights are doubted with it, 22
of 86 without; at twice the rate 39 of 43, and 60 of 61."""
_JOINTS = joint_set("h36m21")


def check_places(world: DoubleArray, source: Path) -> None:
    """Refuse (T, 21, 3) metres in which the pelvis is missing, somebody is nowhere on Earth, or no person."""
    pelvis = world[:, _JOINTS.index("pelvis")]
    if not np.isfinite(pelvis).all():
        raise InputError(f"{source}: the pelvis is not known in all frames, so it cannot be placed")
    if np.nanmax(np.abs(world)) > FARTHEST_M:
        raise InputError(
            f"{source}: joints are more than {FARTHEST_M:g} m away; is the unit of length right?"
        )
    legs = leg_length(world)
    if legs > LONGEST_LEGS_M:
        raise InputError(f"{source}: the legs are {legs:.3g} m long; is the unit of length right?")


def leg_length(joints: DoubleArray) -> float:
    """Hip to knee to ankle of (T, 21, 3), mean of both legs, median over time, in the unit of the joints."""

    def apart(one: str, other: str) -> DoubleArray:
        step = joints[:, _JOINTS.index(one)] - joints[:, _JOINTS.index(other)]
        return np.asarray(np.linalg.norm(step, axis=-1))

    both = [apart(f"{s}_hip", f"{s}_knee") + apart(f"{s}_knee", f"{s}_ankle") for s in ("left", "right")]
    return float(np.nanmedian(np.mean(both, axis=0))) if len(joints) else float("nan")


def unit_by_size(joints: DoubleArray) -> tuple[str, float] | None:
    """The unit (name, metres) that makes a person of usual size of (T, 21, 3) joints; None where none does.

    Units differ by more than people do, so it is never two.
    """
    legs = leg_length(joints)
    fitting = [(name, scale) for name, scale in UNITS.items() if LEGS_M[0] < legs * scale < LEGS_M[1]]
    return fitting[0] if fitting else None


def doubts(positions: DoubleArray, rate_hz: float) -> list[str]:
    """What does not look like people in (T, 21, 3) metres, z up, a sentence each."""
    said = []
    legs = leg_length(positions)
    if not LEGS_M[0] < legs < LEGS_M[1]:
        said.append(f"the legs are {legs:.2f} m long; is the unit of length right?")
    ankles = [_JOINTS.index(f"{side}_ankle") for side in ("left", "right")]
    stands = positions[:, _JOINTS.index("head"), 2] - positions[:, ankles, 2].mean(axis=1)
    stands = stands[np.isfinite(stands)]
    if len(stands) and float(np.quantile(stands, 0.99)) < UPRIGHT * legs:
        said.append("nobody is ever upright; is the vertical axis right?")
    pelvis = positions[:, _JOINTS.index("pelvis")]
    speed = np.linalg.norm(np.diff(pelvis, axis=0), axis=-1) * rate_hz
    if len(speed) and (fast := float(np.quantile(speed, 0.9))) > FASTEST_M_S:
        said.append(f"the pelvis moves at {fast:.1f} m/s; are frame rate (--rate) and unit right?")
    fall = measured_gravity(positions, rate_hz)
    if fall is not None and not GRAVITY_M_S2[0] < fall < GRAVITY_M_S2[1]:
        said.append(f"jumps fall at {fall:.1f} m/s² instead of 9.8; is the frame rate right (--rate)?")
    return said


def measured_gravity(positions: DoubleArray, rate_hz: float) -> float | None:
    """Downward m/s² of the body's centre while nothing touches the ground; None where nobody jumps.

    A flight is a time of at least 0.15 s in which the lowest joint is 0.10 m above the floor (its 5th
    percentile over the clip) and the mean of all joints rises and falls along a parabola; the median counts.
    Somebody who stands on a step is as high, but moves otherwise.
    """
    height = positions[..., 2]
    known = np.isfinite(height).all(axis=0)
    lowest, centre = height[:, known].min(axis=1), height[:, known].mean(axis=1)
    in_air = lowest > np.quantile(lowest, 0.05) + _FLIGHT_M
    edges = np.flatnonzero(np.diff(np.concatenate([[0], in_air, [0]])))
    falls = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if start > 0 and end < len(height) and _FLIGHT_S <= (end - start) / rate_hz <= 1.5:
            time = np.arange(end - start) / rate_hz
            path = np.polyfit(time, centre[start:end], 2)
            off = np.std(centre[start:end] - np.polyval(path, time)) > _OFF_PARABOLA * np.std(
                centre[start:end]
            )
            if not off and path[1] > 0 > path[1] + 2 * path[0] * time[-1]:
                falls.append(-2 * path[0])
    return float(np.median(falls)) if falls else None
