"""Rotations as 3×3 matrices, and conversions from and to the other ways of writing them.

Matrices act on column vectors, `y = R @ x`. All functions work on any number of leading axes `...`.
Angles carry their unit in the function's name. Euler orders are *intrinsic*: "ZXY" means
`R = Rz(a0) @ Rx(a1) @ Ry(a2)`, the convention of BVH channels; the extrinsic order "xyz" (first about the
fixed x) is the intrinsic order "ZYX" with the angles reversed. Quaternions are (w, x, y, z).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray
from uplift3d.errors import InputError

_AXES = "XYZ"
_GIMBAL_EPS = 1e-9


def matrix_about_axis(axis: str, radians: npt.ArrayLike) -> DoubleArray:
    """Rotation about one coordinate axis "X", "Y" or "Z": angles (...) → (..., 3, 3)."""
    angle = np.asarray(radians, dtype=np.float64)
    i = _axis_index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., i, i] = 1.0
    matrix[..., j, j] = matrix[..., k, k] = np.cos(angle)
    matrix[..., k, j] = np.sin(angle)
    matrix[..., j, k] = -matrix[..., k, j]
    return matrix


def matrix_from_euler_radians(angles: npt.ArrayLike, order: str) -> DoubleArray:
    """Intrinsic Euler angles (..., len(order)) in radians → (..., 3, 3).

    Args:
        angles: (..., n) one angle per letter of `order`.
        order: letters of "XYZ" in any case and any number, e.g. "ZXY", "ZXZ", "Y", "" (the identity).
    """
    values = np.asarray(angles, dtype=np.float64)
    if values.shape[-1:] != (len(order),):
        raise InputError(
            f"angles of shape {values.shape} given for the Euler order {order!r}, one per letter needed"
        )
    matrix = np.broadcast_to(np.eye(3), (*values.shape[:-1], 3, 3))
    for index, axis in enumerate(order):
        step = matrix_about_axis(axis, values[..., index])
        matrix = step if index == 0 else matrix @ step
    return np.array(matrix)


def matrix_from_euler_degrees(angles: npt.ArrayLike, order: str) -> DoubleArray:
    """Like `matrix_from_euler_radians`, with angles in degrees."""
    return matrix_from_euler_radians(np.radians(np.asarray(angles, dtype=np.float64)), order)


def euler_radians_from_matrix(matrix: npt.ArrayLike, order: str) -> DoubleArray:
    """(..., 3, 3) → intrinsic Euler angles (..., 3) in radians, for all 12 three-letter orders.

    The middle angle lies in [−π/2, π/2] for orders of three different axes and in [0, π] for orders like
    "ZXZ". In gimbal lock, where only the sum or difference of the outer angles is defined, the third is 0.
    Formula: factor R = R_i(a) R_j(b) R_k(c) with c read from the rows or columns that hold only two factors
    (Shoemake, "Euler Angle Conversion", Graphics Gems IV, 1994).
    """
    R = np.asarray(matrix, dtype=np.float64)
    if len(order) != 3 or order[0].upper() == order[1].upper() or order[1].upper() == order[2].upper():
        raise InputError(
            f"Euler order {order!r} given, three letters of XYZ with no axis twice in a row needed"
        )
    i, j, last = (_axis_index(axis) for axis in order)
    k = 3 - i - j
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    if last == i:
        sin_b = np.hypot(R[..., i, j], R[..., i, k])
        b = np.arctan2(sin_b, R[..., i, i])
        a = np.arctan2(R[..., j, i], -sign * R[..., k, i])
        c = np.arctan2(R[..., i, j], sign * R[..., i, k])
        locked = sin_b < _GIMBAL_EPS
    else:
        cos_b = np.hypot(R[..., i, i], R[..., i, j])
        b = np.arctan2(sign * R[..., i, k], cos_b)
        a = np.arctan2(-sign * R[..., j, k], R[..., k, k])
        c = np.arctan2(-sign * R[..., i, j], R[..., i, i])
        locked = cos_b < _GIMBAL_EPS
    # With c = 0 the j-th column of R is R_i(a) e_j, whatever b is.
    a = np.where(locked, np.arctan2(sign * R[..., k, j], R[..., j, j]), a)
    c = np.where(locked, 0.0, c)
    return np.stack([a, b, c], axis=-1)


def euler_degrees_from_matrix(matrix: npt.ArrayLike, order: str) -> DoubleArray:
    """Like `euler_radians_from_matrix`, with angles in degrees."""
    return np.degrees(euler_radians_from_matrix(matrix, order))


def matrix_from_rotation_vector(vector: npt.ArrayLike) -> DoubleArray:
    """Axis times angle in radians (..., 3) → (..., 3, 3), by Rodrigues' formula; exact at zero."""
    v = np.asarray(vector, dtype=np.float64)
    angle = np.linalg.norm(v, axis=-1)[..., None, None]
    K = _cross_matrix(v)
    # sinc keeps both coefficients finite and smooth at angle 0; np.sinc(x) is sin(πx)/(πx).
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.asarray(np.eye(3) + first * K + second * (K @ K))


def matrix_from_axis_angle(axis: npt.ArrayLike, radians: npt.ArrayLike) -> DoubleArray:
    """Rotation about `axis` (..., 3), of any length but zero, by `radians` (...) → (..., 3, 3)."""
    unit = _unit(np.asarray(axis, dtype=np.float64), "a rotation axis")
    return matrix_from_rotation_vector(unit * np.asarray(radians, dtype=np.float64)[..., None])


def matrix_from_quaternion(quaternion: npt.ArrayLike) -> DoubleArray:
    """(w, x, y, z) (..., 4), of any length but zero → (..., 3, 3)."""
    q = _unit(np.asarray(quaternion, dtype=np.float64), "a quaternion")
    K = _cross_matrix(q[..., 1:])
    return np.asarray(np.eye(3) + 2.0 * q[..., :1, None] * K + 2.0 * (K @ K))


def quaternion_from_matrix(matrix: npt.ArrayLike) -> DoubleArray:
    """(..., 3, 3) → unit quaternion (w, x, y, z) (..., 4) with w ≥ 0.

    Of the four equivalent formulas the one with the largest divisor is taken per matrix (Shepperd, 1978).
    """
    R = np.asarray(matrix, dtype=np.float64)
    xx, yy, zz = R[..., 0, 0], R[..., 1, 1], R[..., 2, 2]
    wx, wy, wz = R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]
    xy, xz, yz = R[..., 0, 1] + R[..., 1, 0], R[..., 0, 2] + R[..., 2, 0], R[..., 1, 2] + R[..., 2, 1]
    rows = [
        np.stack([1 + xx + yy + zz, wx, wy, wz], axis=-1),
        np.stack([wx, 1 + xx - yy - zz, xy, xz], axis=-1),
        np.stack([wy, xy, 1 - xx + yy - zz, yz], axis=-1),
        np.stack([wz, xz, yz, 1 - xx - yy + zz], axis=-1),
    ]
    outer = np.stack(rows, axis=-2)  # (..., 4, 4) = 4 q qᵀ, so every row is a multiple of q
    best = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    q = np.take_along_axis(outer, best[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.asarray(np.where(q[..., :1] < 0, -q, q))


def quaternion_product(first: npt.ArrayLike, second: npt.ArrayLike) -> DoubleArray:
    """Hamilton product of (..., 4) and (..., 4): the rotation `second`, then `first`."""
    p, q = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    w = p[..., 0] * q[..., 0] - np.sum(p[..., 1:] * q[..., 1:], axis=-1)
    v = p[..., :1] * q[..., 1:] + q[..., :1] * p[..., 1:] + np.cross(p[..., 1:], q[..., 1:])
    return np.concatenate([w[..., None], v], axis=-1)


def matrix_aligning(source: npt.ArrayLike, target: npt.ArrayLike) -> DoubleArray:
    """The smallest rotation that turns the direction `source` (..., 3) into `target` (..., 3) → (..., 3, 3).

    For opposite directions, where the axis is not defined, some axis at right angles to them is taken.
    """
    a = _unit(np.asarray(source, dtype=np.float64), "a direction")
    b = _unit(np.asarray(target, dtype=np.float64), "a direction")
    a, b = np.broadcast_arrays(a, b)
    # Two reflections, a → −h → b with h halfway, make one rotation; h vanishes only for opposite vectors.
    half = a + b
    opposite = np.linalg.norm(half, axis=-1, keepdims=True) < 1e-8
    half = np.where(opposite, _any_perpendicular(a), half)
    half = half / np.linalg.norm(half, axis=-1, keepdims=True)
    w = np.sum(a * half, axis=-1, keepdims=True)
    q = np.concatenate([np.where(opposite, 0.0, w), np.where(opposite, half, np.cross(a, half))], axis=-1)
    return matrix_from_quaternion(q)


def _axis_index(axis: str) -> int:
    index = _AXES.find(axis.upper()) if len(axis) == 1 else -1
    if index < 0:
        raise InputError(f"rotation axis {axis!r} given, one of X, Y, Z needed")
    return index


def _cross_matrix(v: DoubleArray) -> DoubleArray:
    """(..., 3) → (..., 3, 3) with `K @ x == cross(v, x)`."""
    K = np.zeros((*v.shape[:-1], 3, 3))
    K[..., 2, 1], K[..., 0, 2], K[..., 1, 0] = v[..., 0], v[..., 1], v[..., 2]
    return K - np.swapaxes(K, -1, -2)


def _unit(v: DoubleArray, what: str) -> DoubleArray:
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    if not np.all(length > 0):
        raise InputError(f"{what} of length zero (or NaN) given, any other length is accepted")
    return np.asarray(v / length)


def _any_perpendicular(v: DoubleArray) -> DoubleArray:
    smallest = np.eye(3)[np.argmin(np.abs(v), axis=-1)]
    return np.cross(v, smallest)
