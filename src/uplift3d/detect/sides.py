"""Left is left: exchanges of sides that a 2D detector makes are found over time and put back.

Detectors take a person's left for their right, for one look or for seconds: the whole body (is it a back or a
chest?), or legs that cross. Per person the most likely sequence of states (as detected, whole body exchanged,
legs, arms) is found by dynamic programming: what `side_evidence` says of every two looks in a row, a price
for every change of state, and a small one for every second that is not as detected, so that in doubt the
majority is right.

Axes: P people, K looks (key-frames), J joints, S states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from uplift3d.arrays import DoubleArray, IntArray, TimeArray
from uplift3d.detect.side_evidence import STATES, PairModel, left_minus_right
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D

LEG_WORDS = ("hip", "knee", "ankle", "foot", "toe", "heel")
ARM_WORDS = ("finger", "shoulder", "clavicle", "elbow", "wrist", "hand", "pinky", "index", "thumb")
STATE_NUMBERS = np.arange(len(STATES))
CHANGE = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
"""(S, S) the state that leads from one state to another: legs and arms together are the whole body."""


CLOSEST_S = 0.09
"""Looks closer together than this err alike, so that they are no evidence of their own: what every second or
third of them says holds, and those in between are fitted in."""


@dataclass(frozen=True)
class SidePrices:
    """What it costs, in nats, to think that the detector is wrong; chosen on training motion
    (docs/sides.md)."""

    change: float = 11.0
    """Every change of state from one look to the next; less of it after a longer time."""
    limbs: float = 1.0
    """More for legs or arms alone."""
    start: float = 0.5
    """To begin with an exchanged body; with exchanged legs or arms it is a change."""
    per_second: float = 1.0
    limbs_per_second: float = 3.0
    """Every second of an exchanged body, and of exchanged legs or arms, so that in doubt what lasts longer is
    taken to be right."""
    once_s: float = 0.4
    lasting: float = 9.0
    """Legs against arms say no more than this in that time."""
    most: float = 20.0
    """One pair of looks says no more than this: an outlier is no proof."""
    link_s: float = 2.0
    """Looks farther apart than this say nothing about each other."""


def settle_sides(
    keypoints: Keypoints2D, *, prices: SidePrices = SidePrices(), model: PairModel | None = None
) -> Keypoints2D:
    """Put sides back where the detector exchanged them, for every person by itself.

    Args:
        keypoints: 2D joints of any joint set at any times.
        prices: how much evidence a change needs.
        model: how bodies move; None takes the one that ships.

    Returns:
        The same people and times. Positions, confidence and depth hint of exchanged joints have changed
        places; `meta["sides"]` says how many poses that were, and for every person when and what (see
        `exchanges`).
    """
    states = np.stack(
        [side_states(keypoints, row, prices, model) for row in range(len(keypoints.people))]
        or [np.zeros((0, len(keypoints)), dtype=np.int64)]
    ).reshape(len(keypoints.people), len(keypoints))
    report = {
        "exchanged_poses": int((states > 0).sum()),
        "people": {
            str(person): found
            for person, row in zip(keypoints.people.tolist(), states, strict=True)
            if (found := exchanges(row, keypoints.times))
        },
    }
    settled = exchange(keypoints, states) if (states > 0).any() else keypoints
    return replace(settled, meta={**keypoints.meta, "sides": report})


def side_states(
    keypoints: Keypoints2D, person: int, prices: SidePrices = SidePrices(), model: PairModel | None = None
) -> IntArray:
    """(K,) most likely state of every look at one person (a row), as a number in `STATES`.

    A look that shows no pair of joints is as detected.
    """
    model = PairModel.shipped() if model is None else model
    vectors = left_minus_right(keypoints, person)
    looks = np.flatnonzero(np.isfinite(vectors).any(axis=1))
    states = np.zeros(len(vectors), dtype=np.int64)
    if len(looks) > 1:
        states[looks] = _most_likely(vectors[looks], keypoints.times[looks], prices, model)
    return states


def exchange(keypoints: Keypoints2D, states: IntArray) -> Keypoints2D:
    """Exchange the sides of joints: states (P, K), numbers in `STATES`."""
    joints = joint_set(keypoints.joints)
    order = np.stack([_order(keypoints.joints, state) for state in STATES])[states]  # (P, K, J)
    assert order.shape == (*states.shape, len(joints))
    hint = keypoints.depth_hint
    return replace(
        keypoints,
        positions=np.take_along_axis(keypoints.positions, order[..., None], axis=2),
        confidence=np.take_along_axis(keypoints.confidence, order, axis=2),
        depth_hint=None if hint is None else np.take_along_axis(hint, order[..., None], axis=2),
    )


def exchanges(states: IntArray, times: TimeArray) -> list[dict[str, Any]]:
    """Stretches that are not as detected, in words: part, from_s, to_s and how many poses."""
    found = []
    ends = (np.flatnonzero(np.diff(states, append=-1)) + 1).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        if states[start] > 0:
            seconds = (round(float(times[start]), 3), round(float(times[end - 1]), 3))
            part = STATES[states[start]]
            found.append({"part": part, "from_s": seconds[0], "to_s": seconds[1], "poses": end - start})
    return found


def _most_likely(vectors: DoubleArray, times: TimeArray, prices: SidePrices, model: PairModel) -> IntArray:
    """(n,) states of looks (n, D)."""
    anchors = _apart(times, CLOSEST_S)
    if len(anchors) in (1, len(times)):
        return _decided(vectors, times, prices, model)
    steps, own = _evidence(vectors, times, prices, model)
    pinned = np.full((len(anchors), len(STATES)), -np.inf)
    pinned[np.arange(len(anchors)), _decided(vectors[anchors], times[anchors], prices, model)] = 0
    own[anchors] = pinned
    return viterbi(steps, own)


def _apart(times: TimeArray, least_s: float) -> IntArray:
    """Looks that are at least so far apart, from the first one on."""
    chosen: list[int] = []
    for look, time in enumerate(times.tolist()):
        if not chosen or time - times[chosen[-1]] >= least_s:
            chosen.append(look)
    return np.array(chosen, dtype=np.int64)


def _decided(vectors: DoubleArray, times: TimeArray, prices: SidePrices, model: PairModel) -> IntArray:
    """(n,) states of looks (n, D) that are not too close together."""
    steps, own = _evidence(vectors, times, prices, model)
    states = viterbi(steps, own)
    # Limbs exchanged most of the time are a body unlike those that the model knows: the majority is right.
    for run in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > prices.link_s) + 1):
        if (states[run] > 1).mean() > 0.5:
            own[run, 2:] = -np.inf
    return viterbi(steps, own)


def viterbi(steps: DoubleArray, own: DoubleArray) -> IntArray:
    """The best path (n,) through states, of which a step (n - 1, S, S) and a stay (n, S) earn so much."""
    best = own[0]
    came_from = np.zeros(own.shape, dtype=np.int64)
    for look in range(1, len(own)):
        paths = best[:, None] + steps[look - 1]  # (S, S) from, to
        came_from[look] = paths.argmax(axis=0)
        best = paths.max(axis=0) + own[look]
    states = np.empty(len(own), dtype=np.int64)
    states[-1] = best.argmax()
    for look in range(len(own) - 1, 0, -1):
        states[look - 1] = came_from[look, states[look]]
    return states


def _evidence(
    vectors: DoubleArray, times: TimeArray, prices: SidePrices, model: PairModel
) -> tuple[DoubleArray, DoubleArray]:
    """In nats: for every two looks in a row (n - 1, S, S), from state to state; for every look (n, S)."""
    lags_s = np.diff(times)
    logs = model.two_looks(vectors[:-1], vectors[1:], lags_s)  # (n - 1, S, S)
    logs = np.maximum(logs - logs.max(axis=(1, 2), keepdims=True), -prices.most)
    # What fits or not whichever look it is in (legs against arms) is heard again with every look: it must not
    # grow with their number.
    changed = np.take_along_axis(logs, np.broadcast_to(CHANGE, logs.shape), axis=2).mean(axis=1)[:, CHANGE]
    share = np.minimum(lags_s / prices.once_s, 1)[:, None, None]
    logs = changed + share * np.clip(logs - changed, -prices.lasting, prices.lasting)
    price = prices.change * (STATE_NUMBERS > 0) + prices.limbs * (STATE_NUMBERS > 1)  # (S,)
    # A track may begin with an exchanged body for little: which half of it is right the majority decides.
    start = np.where(STATE_NUMBERS == 1, prices.start, price)
    linked = lags_s <= prices.link_s
    steps = np.where(linked[:, None, None], logs - price[CHANGE], 0)
    starts = np.concatenate([[True], ~linked])
    reach_s = np.minimum(lags_s, prices.link_s) / 2
    around_s = np.append(reach_s, 0) + np.insert(reach_s, 0, 0)
    stay = np.array([0, prices.per_second, prices.limbs_per_second, prices.limbs_per_second])
    own = -around_s[:, None] * stay - starts[:, None] * start
    return steps, own


def _order(joints: str, state: str) -> list[int]:
    """Which joint's place each joint takes in a state."""
    known = joint_set(joints)
    moved = [state == "whole body" or state == _limb(name) for name in known.joints]
    return [known.mirror[j] if moves else j for j, moves in enumerate(moved)]


def _limb(joint: str) -> str:
    """'legs', 'arms', or nothing for joints of head and trunk."""
    if any(word in joint for word in LEG_WORDS):
        return "legs"
    return "arms" if any(word in joint for word in ARM_WORDS) else ""
