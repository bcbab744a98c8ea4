"""From one joint set to another, by joint *name*.

A joint that both sets have is copied, one that only the target has is derived from the formulas in `DERIVED`,
and one that cannot be derived is NaN with confidence 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from uplift3d.arrays import IntArray, RealArray
from uplift3d.errors import InputError
from uplift3d.skeletons.sets import joint_set

__all__ = ["DERIVED", "convert_2d", "convert_3d", "reorder"]

# How a joint that a detector does not give follows from those it gives, best source first; weights sum to 1.
# S = mid-shoulder, E = ears, N = nose, P = mid-hip. Adult proportions (Drillis & Contini 1966; Human3.6M's
# own skeleton): the shoulder line lies 0.21 m below the ears, Human3.6M's neck joint 0.04 m above that line,
# its head joint 0.04 m below the ears and half-way to the nose, the top of the head 0.10 m above the ears.
# neck = S + 0.2 (E - S); head = 0.2 S + 0.8 (E + N) / 2; head_top = E + 0.45 (E - S); torso = (P + neck) / 2.
_SHOULDERS = ("left_shoulder", "right_shoulder")
_EARS = ("left_ear", "right_ear")


def _formula(*terms: tuple[float, tuple[str, ...]]) -> dict[str, float]:
    """Weighted mean-of-joints terms as one joint → weight table."""
    weights: dict[str, float] = {}
    for weight, joints in terms:
        for joint in joints:
            weights[joint] = weights.get(joint, 0.0) + weight / len(joints)
    return weights


_HIPS = ("left_hip", "right_hip")
DERIVED: dict[str, tuple[dict[str, float], ...]] = {
    "pelvis": (_formula((1.0, _HIPS)),),
    "mid_shoulder": (_formula((1.0, _SHOULDERS)),),
    "neck": (
        _formula((0.8, _SHOULDERS), (0.2, _EARS)),
        _formula((0.8, _SHOULDERS), (0.2, ("nose",))),
        _formula((1.0, _SHOULDERS)),
    ),
    "torso": (
        _formula((0.5, ("pelvis",)), (0.5, ("neck",))),
        _formula((0.5, _HIPS), (0.4, _SHOULDERS), (0.1, _EARS)),
        _formula((0.5, _HIPS), (0.4, _SHOULDERS), (0.1, ("nose",))),
        _formula((0.5, _HIPS), (0.5, _SHOULDERS)),
    ),
    "head": (
        _formula((0.2, _SHOULDERS), (0.4, _EARS), (0.4, ("nose",))),
        _formula((0.2, _SHOULDERS), (0.8, _EARS)),
        _formula((0.1, _SHOULDERS), (0.9, ("nose",))),
    ),
    "head_top": (
        _formula((-0.45, _SHOULDERS), (1.45, _EARS)),
        # The nose lies about as high as the ears.
        _formula((-0.45, _SHOULDERS), (1.45, ("nose",))),
    ),
    # A toe of h36m21 is the tip of the foot, in the middle of its width.
    **{
        f"{side}_toe": (
            _formula((1.0, (f"{side}_foot_index",))),
            _formula((1.0, (f"{side}_big_toe", f"{side}_small_toe"))),
            _formula((1.0, (f"{side}_big_toe",))),
        )
        for side in ("left", "right")
    },
}


def reorder(source: str, target: str) -> IntArray:
    """Indices that bring `source` joints into `target` order: `positions[..., reorder(a, b), :]`.

    Raises:
        InputError: when the target has a joint that the source lacks (see `convert_2d` for derived joints).
    """
    from_set, to_set = joint_set(source), joint_set(target)
    missing = [joint for joint in to_set.joints if joint not in from_set.joints]
    if missing:
        raise InputError(f"joint set {source!r} lacks {', '.join(missing)} of {target!r}")
    return np.array([from_set.joints.index(joint) for joint in to_set.joints])


@lru_cache(maxsize=64)
def conversion(source: str, target: str) -> tuple[tuple[RealArray, ...], ...]:
    """For every target joint, its (J_source,) weight rows, best first; empty where it cannot be derived."""
    from_set, to_set = joint_set(source), joint_set(target)
    table: list[tuple[RealArray, ...]] = []
    for joint in to_set.joints:
        options = ({joint: 1.0},) if joint in from_set.joints else DERIVED.get(joint, ())
        rows = []
        for weights in options:
            if all(name in from_set.joints for name in weights):
                row = np.zeros(len(from_set))
                row[[from_set.joints.index(name) for name in weights]] = list(weights.values())
                rows.append(row)
        table.append(tuple(rows))
    return tuple(table)


@lru_cache(maxsize=64)
def _parts(source: str, target: str) -> tuple[list[int], list[int], list[tuple[int, tuple[RealArray, ...]]]]:
    """The target's joints that the source has too, where those are there, and the other rows of
    `conversion`: most joints are copied, and all at once."""
    table = list(enumerate(conversion(source, target)))
    copied = [(j, rows) for j, rows in table if len(rows) == 1 and np.count_nonzero(rows[0]) == 1]
    same = [j for j, _ in copied]
    return same, [int(rows[0].argmax()) for _, rows in copied], [(j, r) for j, r in table if j not in same]


def convert_2d(
    positions: RealArray, confidence: RealArray, source: str, target: str
) -> tuple[RealArray, RealArray]:
    """Bring 2D (or 3D) joints from one joint set to another.

    Args:
        positions: (..., J_source, D) coordinates, NaN where unseen.
        confidence: (..., J_source) in [0, 1].
        source: name of the joint set given.
        target: name of the joint set wanted.

    Returns:
        positions (..., J_target, D) and confidence (..., J_target) in the input's dtype. A derived joint
        has the lowest confidence of the joints it was made from; one that cannot be derived is NaN with
        confidence 0.
    """
    if positions.shape[-2] != len(joint_set(source)) or confidence.shape != positions.shape[:-1]:
        raise InputError(
            f"positions {positions.shape} and confidence {confidence.shape} do not fit the "
            f"{len(joint_set(source))} joints of {source!r}"
        )
    if source == target:
        return positions.copy(), confidence.copy()
    count = len(joint_set(target))
    out = np.full((*positions.shape[:-2], count, positions.shape[-1]), np.nan, dtype=positions.dtype)
    out_confidence = np.zeros((*confidence.shape[:-1], count), dtype=confidence.dtype)
    seen = np.asarray(np.isfinite(positions).all(axis=-1))
    same, places, derived = _parts(source, target)
    out[..., same, :] = np.where(seen[..., places, None], positions[..., places, :], np.nan)
    out_confidence[..., same] = np.where(seen[..., places], confidence[..., places], 0)
    for j, rows in derived:
        open_places = np.ones(seen.shape[:-1], dtype=bool)
        for row in rows:
            used = np.flatnonzero(row)
            here = open_places & seen[..., used].all(axis=-1)
            value = np.einsum("...jd,j->...d", positions[..., used, :], row[used])
            out[..., j, :] = np.where(here[..., None], value, out[..., j, :])
            out_confidence[..., j] = np.where(
                here, confidence[..., used].min(axis=-1), out_confidence[..., j]
            )
            open_places = open_places & ~here
            if not open_places.any():
                break
    return out, out_confidence


def convert_3d(positions: RealArray, source: str, target: str) -> RealArray:
    """Bring 3D joints that are relative to the pelvis from one joint set to another.

    Args:
        positions: (..., J_source, 3) metres from the pelvis, NaN where there is none.
        source: name of the joint set given.
        target: name of the joint set wanted.

    Returns:
        (..., J_target, 3) in the input's dtype, from the target's own pelvis where that is known, else from
        the pelvis as given; NaN for joints that cannot be derived.
    """
    known = np.asarray(np.isfinite(positions).all(axis=-1), dtype=positions.dtype)
    out, _ = convert_2d(positions, known, source, target)
    root = joint_set(target).root
    if root is None:
        return out
    pelvis = out[..., root : root + 1, :]
    return np.asarray(out - np.where(np.isfinite(pelvis), pelvis, 0), dtype=positions.dtype)
