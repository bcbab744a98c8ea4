"""Feet that stay where they stand: the pelvis moves so that they rest, and legs bend by what is left.

Axes: T times, F points of the feet, C contacts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uplift3d.arrays import BoolArray, DoubleArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.post.contacts import FEET, Contacts, feet_in_the_room, find_contacts, runs
from uplift3d.post.resample import blocks, stretches
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

DEPTH_M = 0.1
"""How far the pelvis may be moved along the line of sight, where its place is least sure (standard
deviation)."""
ACROSS_M = 0.05
"""The same at right angles to it."""
ACCELERATION = 20.0
"""How unevenly it may be moved, in m/s² per root of Hz."""
POINT_M = 0.01
"""How far a resting point strays from where it stands by errors of the pose; three times that is believed
little."""
MOST_M = 0.0065
"""How far the joints of a pose are moved at most, on average over all of them. No pose of mocap films gets
worse by more than about 5 mm then."""
REACH_M = 0.035
"""How far a resting foot is taken from where the pose has it, half as far where both rest. What is beyond
slides, as little as it can."""
EASE_S = 0.06
"""A contact takes hold over so long after it begins, and lets go so long before it ends."""
ROUNDS = 3
PIECE_S = 120.0
"""What is longer is settled in pieces of so many seconds: the memory for a solution grows with its length."""
SEAM_S = 2.0
"""Pieces overlap by so much on either side of a seam."""


class Contact(NamedTuple):
    """One point of a foot that rests for a while."""

    point: int
    """Of F."""
    rows: slice
    """Times."""
    place: DoubleArray
    """(3,) metres, camera axes."""


def lock_feet(motion: Motion3D, contacts: Contacts | None = None) -> Motion3D:
    """The motion without sliding of feet that rest.

    The pelvis is moved first, by least squares between where it was seen and where resting feet want it,
    which leaves poses as they are. What is left is taken by the legs: each foot that rests is put on its
    place, hips stay, knees stay in their plane, and every bone keeps its length. Feet in the air are not
    moved against the pelvis. A foot that would be farther than `REACH_M` from its pose is dragged along by it
    until it rests again, and no pose is changed by more than `MOST_M`.

    Args:
        motion: with `root`, from a camera that does not move; without one it is returned as it is.
        contacts: default: `find_contacts`.
    """
    if motion.root is None:
        return motion
    found = find_contacts(motion) if contacts is None else contacts
    if found.resting.shape != (*motion.positions.shape[:2], len(found.joints)):
        raise InputError(f"contacts of shape {found.resting.shape} are not those of {motion!r}")
    root, positions = motion.root.astype(np.float64), motion.positions.copy()
    places = feet_in_the_room(motion, found.joints)
    names = joint_set(motion.joints).joints
    for person in range(len(positions)):
        there = np.isfinite(places[person]).all(axis=(-1, -2)) & motion.present[person]
        for part in stretches(there, motion.times):
            resting = found.resting[person, part]
            if not resting.any():
                continue
            moved, stands = _solved(motion.times[part], places[person, part], resting, root[person, part])
            root[person, part] += moved
            feet = places[person, part] + moved[:, None]
            shifts = _shifts(motion.times[part], feet, stands)  # (T, F, 3)
            for rows in blocks(part):
                pose, own = positions[person, rows].astype(np.float64), shifts[rows.start - part.start :]
                positions[person, rows] = _bent(pose, names, found.joints, own[: len(pose)])
    return replace(motion, positions=positions, root=root.astype(np.float32))


def _solved(
    times: TimeArray, feet: DoubleArray, resting: BoolArray, root: DoubleArray
) -> tuple[DoubleArray, list[Contact]]:
    """`solve_contacts` for stretches of any length: long ones in pieces, with a gradual change at the seams.

    A contact that lies across a seam becomes two.
    """
    moved, total, stands = np.zeros_like(root), np.zeros(len(times)), []
    starts = np.arange(times[0], max(times[-1] - PIECE_S / 2, times[0] + PIECE_S / 4), PIECE_S)
    seams = np.concatenate([starts, [np.inf]])
    for start, end in itertools.pairwise(seams.tolist()):
        wide = _rows_between(times, start - SEAM_S, end + SEAM_S)
        within = _rows_between(times, start, end)
        share = np.clip((end + SEAM_S - times[wide]) / (2 * SEAM_S), 0, 1)
        if start > times[0]:
            share = np.minimum(share, np.clip((times[wide] - start + SEAM_S) / (2 * SEAM_S), 0, 1))
        total[wide] += share
        if not resting[wide].any():
            continue
        shift, found = solve_contacts(times[wide], feet[wide], resting[wide], root[wide])
        moved[wide] += share[:, None] * shift
        for point, rows, place in found:
            first, last = rows.start + wide.start, rows.stop + wide.start
            first, last = max(first, within.start), min(last, within.stop)
            if first < last:
                stands.append(Contact(point, slice(first, last), place))
    return moved / total[:, None], stands


def _rows_between(times: TimeArray, start_s: float, end_s: float) -> slice:
    first, last = np.searchsorted(times, [start_s, end_s])
    return slice(int(first), int(last))


def solve_contacts(
    times: TimeArray, feet: DoubleArray, resting: BoolArray, root: DoubleArray
) -> tuple[DoubleArray, list[Contact]]:
    """How the pelvis is to be moved, and where feet stand.

    Unknown are the pelvis's shift at every time and the place of every contact; the sum of squares of shifts,
    of their second differences and of what resting points are off their place, each by its own standard
    deviation, is least. Points that stay far off count less (weights of Geman and McClure).

    Args:
        times: (T,) seconds.
        feet: (T, F, 3) metres, camera axes.
        resting: (T, F).
        root: (T, 3) the pelvis, camera axes.

    Returns:
        shifts (T, 3) and the contacts.
    """
    from scipy.sparse import block_diag, coo_matrix, diags, identity, kron  # slow to import
    from scipy.sparse.linalg import spsolve

    parts = runs(resting)
    count, total = len(times), len(times) + len(parts)
    rows = np.concatenate([np.arange(part.start, part.stop) for _, part in parts])
    points = np.concatenate([np.full(part.stop - part.start, point) for point, part in parts])
    contact = np.concatenate([np.full(p.stop - p.start, c) for c, (_, p) in enumerate(parts)])
    ray = root / np.linalg.norm(root, axis=-1, keepdims=True)
    along = ray[:, :, None] * ray[:, None, :]
    prior = np.eye(3) / ACROSS_M**2 + along * (1 / DEPTH_M**2 - 1 / ACROSS_M**2)  # (T, 3, 3)
    fixed = block_diag([*prior, *np.zeros((len(parts), 3, 3))], format="csc")
    if count > 2:
        step = float(np.median(np.diff(times)))
        bend = diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(count - 2, total)) * (step**-1.5 / ACCELERATION)
        fixed = fixed + kron(bend.T @ bend, identity(3))
    number = np.arange(len(rows))
    ends = (np.concatenate([number, number]), np.concatenate([rows, count + contact]))
    differ = coo_matrix((np.repeat([1.0, -1.0], len(rows)), ends), shape=(len(rows), total)).tocsr()
    off, weight = -feet[rows, points], np.full(len(rows), POINT_M**-2)
    for _ in range(ROUNDS):
        pulls = differ.T @ diags(weight)
        solved = spsolve((fixed + kron(pulls @ differ, identity(3))).tocsc(), (pulls @ off).ravel())
        unknown = np.asarray(solved).reshape(-1, 3)
        error = np.linalg.norm(differ @ unknown - off, axis=-1)
        weight = POINT_M**-2 / (1 + (error / (3 * POINT_M)) ** 2) ** 2
    stands = [
        Contact(point, part, place) for (point, part), place in zip(parts, unknown[count:], strict=True)
    ]
    return unknown[:count], stands


def _shifts(times: TimeArray, feet: DoubleArray, stands: Sequence[Contact]) -> DoubleArray:
    """(T, F, 3) how far every point is to be moved; 0 for a foot in the air.

    A point that does not rest goes with the other one of its foot.
    """
    wanted, hold, rests = np.zeros_like(feet), np.zeros(feet.shape[:2]), np.zeros(feet.shape[:2], dtype=bool)
    for point, rows, _ in stands:
        rests[rows, point] = True
    per_foot = rests.reshape(len(times), 2, -1).any(axis=-1)  # (T, left and right)
    reach = REACH_M / np.maximum(per_foot.sum(axis=-1), 1)
    for point, rows, place in stands:
        wanted[rows, point] = _dragged(place, feet[rows, point], reach[rows]) - feet[rows, point]
        hold[rows, point] = _eased(times[rows])
    pull = wanted * hold[..., None]
    if feet.shape[1] != len(FEET):
        return pull
    other = [1, 0, 3, 2]
    return np.asarray(pull + (1 - hold)[..., None] * pull[:, other])


def _dragged(place: DoubleArray, feet: DoubleArray, reach: DoubleArray) -> DoubleArray:
    """(n, 3) where a point stays, from the moment it is nearest to its place on, forwards and backwards.

    It rests while the pose's own point (n, 3) is within reach (n,) of it, and is dragged along where it is
    not: what trembles does not move it, only what goes on in one direction.
    """
    start = int(np.argmin(np.linalg.norm(feet - place, axis=-1)))
    out = np.empty_like(feet)
    for step, last in ((1, len(feet)), (-1, -1)):
        here = place.tolist()
        for row in range(start, last, step):
            point, most = feet[row].tolist(), reach[row]
            far = math.dist(here, point)
            if far > most:
                here = [p + (h - p) * most / far for h, p in zip(here, point, strict=True)]
            out[row] = here
    return out


def _eased(times: TimeArray) -> DoubleArray:
    """(n,) 0 at the ends of a contact, 1 within, smooth in between."""
    ease = min(EASE_S, (times[-1] - times[0]) / 3) or 1.0
    share = np.clip(np.minimum(times - times[0], times[-1] - times) / ease, 0, 1)
    return np.asarray(share**2 * (3 - 2 * share))


def _bent(pose: DoubleArray, names: Sequence[str], points: Sequence[str], shifts: DoubleArray) -> DoubleArray:
    """Poses (T, J, 3) with their feet shifted by (T, F, 3), or by as much as `MOST_M` allows.

    The knee of a straight leg goes as the root of what its foot does, so squares are taken of what is too
    much: two rounds are enough.
    """
    gain = np.ones(len(pose))
    for _ in range(3):
        new = pose.copy()
        for side in ("left", "right"):
            _bend(new, names, points, shifts * gain[:, None, None], side)
        moved = np.linalg.norm(new - pose, axis=-1).mean(axis=-1)
        if (moved <= MOST_M).all():
            break
        gain *= np.minimum(1, 0.99 * MOST_M / np.maximum(moved, 1e-9)) ** 2
    return new


def _bend(
    pose: DoubleArray, names: Sequence[str], points: Sequence[str], shifts: DoubleArray, side: str
) -> None:
    """Put a foot of poses (T, J, 3) where its shifts (T, F, 3) want it, and the knee where it belongs."""
    hip, knee, ankle = (names.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle"))
    feet = {names.index(name): shifts[:, n] for n, name in enumerate(points) if name.startswith(side)}
    moves = np.any(np.stack(list(feet.values())) != 0, axis=(0, -1))
    if not moves.any():
        return
    old = pose[moves]
    new = old.copy()
    new[:, ankle] += np.mean([shift[moves] for shift in feet.values()], axis=0)
    for joint, shift in feet.items():
        new[:, joint] = old[:, joint] + shift[moves]
    if ankle not in feet:
        heel, toe = feet
        rigid = ~_fits(old, new, ankle, heel, toe)[:, None]
        together = new[:, ankle] - old[:, ankle]
        for joint in (heel, toe):
            new[:, joint] = np.where(rigid, old[:, joint] + together, new[:, joint])
        new[:, ankle] = np.where(rigid, new[:, ankle], _meet(old, new, ankle, heel, toe))
    reach = _lengths(old, hip, knee) + _lengths(old, knee, ankle)
    leg = new[:, ankle] - new[:, hip]
    length = np.linalg.norm(leg, axis=-1)
    short = np.maximum(0, length - np.maximum(reach * (1 - 1e-6), _lengths(old, hip, ankle)))
    for joint in {ankle, *feet}:  # a leg that would have to grow lets its foot slide instead
        new[:, joint] -= leg * (short / np.maximum(length, 1e-9))[:, None]
    new[:, knee] = _meet(old, new, knee, hip, ankle)
    pose[moves] = new


def _meet(old: DoubleArray, new: DoubleArray, joint: int, first: int, second: int) -> DoubleArray:
    """(n, 3) where a joint goes whose two neighbours moved: as far from both as it was, near where it was."""
    a, b = _lengths(old, first, joint), _lengths(old, second, joint)
    base = new[:, second] - new[:, first]
    length = np.maximum(np.linalg.norm(base, axis=-1), 1e-9)
    unit = base / length[:, None]
    along = np.clip((a**2 - b**2 + length**2) / (2 * length), -a, a)
    aside = np.sqrt(np.maximum(a**2 - along**2, 0))
    near = (old[:, joint] - old[:, first] + old[:, joint] - old[:, second]) / 2
    across = near - unit * (near * unit).sum(axis=-1, keepdims=True)
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    return np.asarray(new[:, first] + unit * along[:, None] + across * aside[:, None])


def _fits(old: DoubleArray, new: DoubleArray, joint: int, first: int, second: int) -> BoolArray:
    """(n,) whether two moved neighbours leave a place for a joint as far from both as it was."""
    a, b, base = _lengths(old, first, joint), _lengths(old, second, joint), _lengths(new, first, second)
    return np.asarray((base < 0.999 * (a + b)) & (base > 1.001 * np.abs(a - b)))


def _lengths(pose: DoubleArray, first: int, second: int) -> DoubleArray:
    return np.asarray(np.linalg.norm(pose[:, first] - pose[:, second], axis=-1))
