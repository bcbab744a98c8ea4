"""What formats for other programs share: y up, feet on the ground, even times, one body at a time.

Axes: P people, T times, J joints. World axes here are right-handed with y up: x right and z towards the
viewer of the picture, so that (x, y, z) is the camera's (x, −y, −z).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import BoolArray, FloatArray
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.post.resample import resample, stretches, usual_step_s
from uplift3d.skeletons import convert_3d, joint_set
from uplift3d.types import Motion3D
from uplift3d.types.checks import MAX_POSES, check_rate

Array = npt.NDArray[np.float64]

EVEN = 1e-3
"""Steps that differ by less than this share of them count as even."""
JOINT_SETS = ("h36m17", "h36m21")


def y_up(values: npt.NDArray[np.floating[Any]]) -> Array:
    """(..., 3) camera axes → world axes with y up; the same turns them back."""
    return np.asarray(values * np.array([1.0, -1.0, -1.0]), dtype=np.float64)


def with_known_joints(motion: Motion3D) -> Motion3D:
    """The motion in `h36m21`, or in `h36m17` where it has no feet; a derived joint says not how sure it is.

    Raises:
        InputError: joints that cannot be derived; they are named.
    """
    if motion.joints in JOINT_SETS:
        return motion
    positions, sigma = convert_3d(motion.positions, motion.joints, "h36m21"), _sigma_of_known(motion)
    unknown = np.asarray(np.isnan(positions).all(axis=(0, 1, 3)))
    names = joint_set("h36m21").joints
    body = len(joint_set("h36m17"))
    if len(motion) and unknown[:body].any():
        missing = [name for name, lacks in zip(names[:body], unknown[:body], strict=True) if lacks]
        raise InputError(
            f"joint set {motion.joints!r} has no {', '.join(missing)}; a body of bones needs those of h36m17"
        )
    if unknown[body:].any():
        sigma = None if sigma is None else sigma[:, :, :body]
        return replace(motion, positions=positions[:, :, :body], joints="h36m17", sigma_m=sigma)
    return replace(motion, positions=positions, joints="h36m21", sigma_m=sigma)


def _sigma_of_known(motion: Motion3D) -> FloatArray | None:
    """`sigma_m` of the joints of `h36m21` that the motion has under the same name, NaN of derived ones."""
    if motion.sigma_m is None:
        return None
    own, known = joint_set(motion.joints).joints, joint_set("h36m21")
    sigma = np.full((*motion.positions.shape[:2], len(known)), np.nan, dtype=np.float32)
    for place, name in enumerate(known.joints):
        if name in own:
            sigma[..., place] = motion.sigma_m[..., own.index(name)]
    return sigma


def evenly(motion: Motion3D) -> tuple[Motion3D, float]:
    """The motion at evenly spaced times, and their rate in Hz: its own times, or else its usual step.

    Raises:
        InputError: fewer than two times, which have no rate; or one that no file is for.
    """
    if len(motion) < 2:
        raise InputError(f"a motion of {len(motion)} poses has no frame rate; 2 and more are accepted")
    step = usual_step_s(motion.times)
    check_rate("the rate of these poses (--fps chooses one)", 1 / step)
    if is_even(motion):
        return motion, 1 / step
    count = int((motion.times[-1] - motion.times[0]) / step + 1e-6) + 1
    if count * len(motion.people) > MAX_POSES:
        raise InputError(
            f"evenly spaced, this motion has {count} poses of {len(motion.people)} people; accepted are up "
            f"to {MAX_POSES} altogether (--fps chooses a lower rate)"
        )
    return resample(motion, motion.times[0] + np.arange(count) * step, "smooth"), 1 / step


def is_even(motion: Motion3D) -> bool:
    """Whether the times have one rate."""
    steps = np.diff(motion.times)
    return bool(np.all(np.abs(steps - np.mean(steps)) <= EVEN * np.mean(steps))) if len(steps) else True


def hold_absences(present: BoolArray) -> npt.NDArray[np.int64]:
    """(T,) for every time the last one with a pose, or the first one before there is any."""
    places = np.where(present, np.arange(len(present)), -1)
    held = np.maximum.accumulate(places)
    return np.where(held < 0, int(np.argmax(present)), held)


def say_held(present: BoolArray, times: npt.NDArray[np.float64], who: str, suffix: str) -> None:
    """Warn of the absences that a format cannot hold."""
    if present.all():
        return
    share = float(np.mean(~present))
    first = float(times[int(np.argmin(present))])
    instead = "; split (--split) makes a file of each stretch instead" if suffix == ".bvh" else ""
    warnings.warn(
        f"{who} is absent for {100 * share:.0f} % of the time, first at {first:.2f} s; {suffix} has no place "
        f"for that, so the pose before it is held{instead}",
        UpliftWarning,
        stacklevel=2,
    )


def people_worth_writing(motion: Motion3D, least: int = 2, in_a_row: bool = False) -> Sequence[int]:
    """Track ids of the people with at least so many poses; the others are named in a warning.

    Raises:
        InputError: there is nobody else.
    """
    counts = motion.present.sum(axis=1)
    if in_a_row:
        runs = [[run.stop - run.start for run in stretches(present)] for present in motion.present]
        counts = np.array([max(lengths, default=0) for lengths in runs])
    kept = [int(who) for who, n in zip(motion.people, counts, strict=True) if n >= least]
    short = [int(who) for who, n in zip(motion.people, counts, strict=True) if n < least]
    if not kept:
        raise InputError(f"nobody has {least} poses or more, which a file of moving bones or markers needs")
    if short:
        warnings.warn(
            f"{'person' if len(short) == 1 else 'people'} {', '.join(map(str, short))} left out: fewer than "
            f"{least} poses",
            UpliftWarning,
            stacklevel=2,
        )
    return kept
