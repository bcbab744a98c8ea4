"""How well poses fit together if left and right are as detected, or exchanged.

Exchanging the sides of a limb changes nothing but the sign of its left-minus-right part. So the
left-minus-right parts of two looks at the same person are modelled together, as a mixture of Gaussians around
zero, fitted to motion capture seen by virtual cameras (tools/fit_sides.py): some of its components are people
seen from the front, some from the side, standing, walking, waving. Joints that were not seen are left out of
the Gaussians exactly.

Axes: K looks, S states, L lags, C components of the mixture, D = pairs × xyz numbers of one look.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray, IntArray, TimeArray
from uplift3d.skeletons import convert_2d, convert_3d, joint_set
from uplift3d.types import Keypoints2D

JOINTS = "h36m17"
LEGS, ARMS = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
PAIRS = (*LEGS, *ARMS)
STATES = ("as detected", "whole body", "legs", "arms")
LIMB_SIGNS = ((1, 1), (-1, -1), (-1, 1), (1, -1))
"""Of legs and arms in every state."""
EARLIER = [0, 2]
"""States of the first of two looks that differ: a mixture around zero does not know a body from its
opposite."""
SAME_AS = np.array([[0] * 4, [0] * 4, [1] * 4, [1] * 4])
OPPOSITE = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [0, 1, 2, 3], [1, 0, 3, 2]])
"""Where every pair of states (S, S) is found among those with an earlier state of `EARLIER`."""
TYPICAL_SPREAD_M = 0.45
"""Root mean square distance of the paired joints from their middle, in the image plane, of an adult."""
SIZE_HALF_WIDTH_S = 1.75
"""The size of a person in the image is averaged over this long on either side."""
CHUNK = 1024
"""Pairs of looks at a time: bounds the memory of tracks of any length."""
UNSURE = 0.3
"""A joint with less confidence is a guess from the rest of the body and shows nothing."""
DETECTOR_ERROR_M = 0.04
"""Standard deviation added to every number of the mixture: people who turn fast before a real detector fool
it more than the films' noise does."""


def left_minus_right(keypoints: Keypoints2D, person: int) -> DoubleArray:
    """(K, D) left-minus-right vectors (x, y, z) of every pair of joints in metres, NaN where unseen.

    x and y are pixels over the person's size in the image, z is the depth hint's.
    """
    sure = keypoints.confidence[person] >= UNSURE
    seen = np.where(sure[..., None], keypoints.positions[person], np.float32(np.nan))
    flat, _ = convert_2d(seen, keypoints.confidence[person], keypoints.joints, JOINTS)
    left, right = _sides()
    both = np.concatenate([flat[:, left], flat[:, right]], axis=1).astype(np.float64)
    size = person_size(both, keypoints.times)
    out = np.full((len(flat), len(PAIRS), 3), np.nan)
    out[..., :2] = (flat[:, left] - flat[:, right]) / size[:, None, None]
    if keypoints.depth_hint is not None:
        hint = convert_3d(keypoints.depth_hint[person], keypoints.joints, JOINTS)
        out[..., 2] = hint[:, left, 2] - hint[:, right, 2]
    return out.reshape(len(flat), 3 * len(PAIRS))


def person_size(limbs: DoubleArray, times: TimeArray) -> DoubleArray:
    """(K,) pixels per metre at the person, from joints of arms and legs (K, J, 2); NaN far from any pose.

    Root mean square distance from their middle over `TYPICAL_SPREAD_M`, averaged over a few seconds.
    """
    count = np.isfinite(limbs).all(axis=-1).sum(axis=-1)
    known = count >= len(PAIRS)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.nansum(limbs, axis=1, keepdims=True) / count[:, None, None]
        square = np.nansum((limbs - middle) ** 2, axis=(1, 2)) / count
    total = np.concatenate([[0.0], np.cumsum(np.where(known, square, 0))])
    number = np.concatenate([[0], np.cumsum(known)])
    low = np.searchsorted(times, times - SIZE_HALF_WIDTH_S)
    high = np.searchsorted(times, times + SIZE_HALF_WIDTH_S, side="right")
    looks = number[high] - number[low]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(looks > 0, (total[high] - total[low]) / looks, np.nan)
    return np.asarray(np.where(mean > 0, np.sqrt(mean) / TYPICAL_SPREAD_M, np.nan))


def state_signs() -> DoubleArray:
    """(S, D) what every state does to a left-minus-right vector."""
    rows = [[sign[0]] * len(LEGS) * 3 + [sign[1]] * len(ARMS) * 3 for sign in LIMB_SIGNS]
    return np.array(rows, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PairModel:
    """Mixtures of zero-mean Gaussians over the left-minus-right vectors of two looks, one for every lag."""

    lags_s: DoubleArray
    """(L,) seconds between the looks, increasing."""
    shares: DoubleArray
    """(L, C) of the components."""
    covariances: DoubleArray
    """(L, C, 2 D, 2 D) square metres; the earlier look first."""

    @classmethod
    def shipped(cls) -> PairModel:
        """The one inside the package."""
        return _shipped()

    def nearest(self, lags_s: DoubleArray) -> IntArray:
        """Which mixture stands for looks that far apart, (n,)."""
        steps = np.abs(np.log(np.maximum(lags_s, 1e-3))[:, None] - np.log(self.lags_s))
        return np.asarray(np.argmin(steps, axis=1))

    def two_looks(self, earlier: DoubleArray, later: DoubleArray, lags_s: DoubleArray) -> DoubleArray:
        """Log density of later looks given earlier ones, both (n, D), in every pair of states, (n, S, S)."""
        signs = state_signs()
        count, size = earlier.shape
        shape = (count, len(EARLIER), len(signs), size)
        first = np.broadcast_to((earlier[:, None] * signs[EARLIER])[:, :, None], shape)
        second = np.broadcast_to(later[:, None, None] * signs, shape)
        both = np.concatenate([first, second], axis=-1).reshape(count, -1, 2 * size)
        out = np.empty((count, len(signs), len(signs)))
        which = self.nearest(lags_s)
        for lag in np.unique(which).tolist():
            rows = which == lag
            joint = self._log_mixture(both[rows], lag).reshape(-1, len(EARLIER), len(signs))
            alone = self._log_mixture(first[rows, :, 0], lag)
            out[rows] = (joint - alone[..., None])[:, SAME_AS, OPPOSITE]
        return out

    def _log_mixture(self, vectors: DoubleArray, lag: int) -> DoubleArray:
        """Log density of vectors (n, m, D or 2 D), NaN where unseen alike in all m; (n, m)."""
        out = np.zeros(vectors.shape[:2])
        seen = np.isfinite(vectors[:, 0])
        patterns, which = np.unique(seen, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            if not pattern.any():
                continue
            constant, whiten = _marginal(self, lag, pattern.tobytes())
            rows = np.flatnonzero(which.reshape(-1) == number)
            for part in np.array_split(rows, -(-len(rows) // CHUNK)):
                out[part] = _log_sum(vectors[part][..., pattern], constant, whiten)
        return out


@lru_cache(maxsize=256)
def _marginal(model: PairModel, lag: int, seen: bytes) -> tuple[DoubleArray, DoubleArray]:
    """Of one mixture over the numbers that are seen, all of the earlier look or of both: the logarithm of its
    factors (C,) and what makes its components white (C, d, d). Streams ask for the same few with every look.
    """
    pattern = np.flatnonzero(np.frombuffer(seen, dtype=bool))
    marginal = model.covariances[lag][:, pattern][:, :, pattern]
    whiten = np.linalg.inv(np.linalg.cholesky(marginal))
    return np.log(model.shares[lag]) + np.log(np.diagonal(whiten, axis1=1, axis2=2)).sum(axis=1), whiten


def _log_sum(vectors: DoubleArray, constant: DoubleArray, whiten: DoubleArray) -> DoubleArray:
    """Log of a sum of Gaussians without missing numbers: vectors (n, m, d) → (n, m)."""
    components, size = whiten.shape[:2]
    white = vectors.reshape(-1, size) @ whiten.reshape(-1, size).T  # (n m, C d)
    squares = (white.reshape(-1, components, size) ** 2).sum(axis=-1)
    logs = constant - 0.5 * squares  # (n m, C)
    top = logs.max(axis=-1, keepdims=True)
    total: DoubleArray = top[:, 0] + np.log(np.exp(logs - top).sum(axis=-1))
    return total.reshape(vectors.shape[:2])


def _sides() -> tuple[list[int], list[int]]:
    """Joints of the left and of the right side, in the order of `PAIRS`."""
    known = joint_set(JOINTS)
    left, right = ([known.index(f"{side}_{name}") for name in PAIRS] for side in ("left", "right"))
    return left, right


@lru_cache(maxsize=1)
def _shipped() -> PairModel:
    with np.load(Path(__file__).with_name("sides.npz")) as file:
        arrays: dict[str, Any] = {name: file[name].astype(np.float64) for name in file.files}
    size = 2 * 3 * len(PAIRS)
    rows, columns = np.tril_indices(size)
    covariances = np.zeros((*arrays["triangles"].shape[:2], size, size))
    covariances[..., rows, columns] = covariances[..., columns, rows] = arrays["triangles"]
    covariances += DETECTOR_ERROR_M**2 * np.eye(size)
    return PairModel(arrays["lags_s"], arrays["shares"], covariances)
