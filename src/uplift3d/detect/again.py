"""A second look: people who are known already, at moments between the key-frames that they were found in.

Axes: P people, K key-frames, J joints.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import Image
from uplift3d.detect.ahead import read_ahead
from uplift3d.detect.base import Detector, Follower
from uplift3d.detect.failures import Failures
from uplift3d.detect.keyframes import Frames
from uplift3d.detect.sighting import Sighting, distance, sightings
from uplift3d.types import Keypoints2D

SAME = 0.4
"""Joints of the same person lie no farther (mean, in sizes) from where they are expected."""


def look_again(
    source: Frames, frames: npt.ArrayLike, keypoints: Keypoints2D, detector: Detector
) -> Keypoints2D:
    """The same people at more key-frames of their video.

    A person is expected on the way from the sighting before to the one after. A detector that can be told
    where people should be looks there only; nobody new is looked for.

    Args:
        source: the opened video.
        frames: numbers of the frames to look at, increasing, none of them a key-frame already.
        keypoints: what `run` found in others, in the detector's joints.
        detector: the one that found it.

    Returns:
        Keypoints2D of all key-frames; NaN where somebody was not found again.
    """
    numbers = np.asarray(frames, dtype=np.int64)
    if len(numbers) == 0 or len(keypoints.people) == 0:
        return keypoints
    started = time.perf_counter()
    seen, failures = [], Failures(has_worked=bool(keypoints.observed.any()))
    for _, time_s, rgb in read_ahead(source.frames_at(numbers)):
        with failures.noted(time_s):
            seen.append(_Look(time_s, _found(rgb, keypoints, time_s, detector)))
    failures.say(source.path.name)
    spent = keypoints.meta.get("seconds", 0.0) + time.perf_counter() - started
    meta = {**keypoints.meta, "seconds": round(spent, 3)}
    if failures.count:
        meta["key_frames_failed"] = meta.get("key_frames_failed", 0) + failures.count
    return _merged(keypoints, seen, meta)


class _Look(NamedTuple):
    """Who was found at a time: row of the person → sighting."""

    time_s: float
    people: dict[int, Sighting]


def _found(rgb: Image, keypoints: Keypoints2D, time_s: float, detector: Detector) -> dict[int, Sighting]:
    expected = dict(_expected(keypoints, time_s))
    if not expected:
        return {}
    if isinstance(detector, Follower):
        people = detector.look_near(rgb, [one.place for one in expected.values()])
    else:
        people = detector.detect(rgb)
    found = sightings(people, detector.joints)
    pairs = sorted(
        (distance(one, seen), row, number)
        for row, one in expected.items()
        for number, seen in enumerate(found)
    )
    chosen: dict[int, int] = {}
    for apart, row, number in pairs:
        if apart <= SAME and row not in chosen and number not in chosen.values():
            chosen[row] = number
    return {row: found[number] for row, number in chosen.items()}


def _expected(keypoints: Keypoints2D, time_s: float) -> Iterator[tuple[int, Sighting]]:
    """Everybody who was seen at the key-frame before or after, by row: joints on straight lines between."""
    after = int(np.searchsorted(keypoints.times, time_s))
    ends = [k for k in (after - 1, after) if 0 <= k < len(keypoints)]
    for row in range(len(keypoints.people)):
        here = [k for k in ends if keypoints.observed[row, k]]
        if not here:
            continue
        first, last = keypoints.positions[row, here[0]], keypoints.positions[row, here[-1]]
        first, last = (np.where(np.isfinite(a), a, b) for a, b in ((first, last), (last, first)))
        start_s, end_s = keypoints.times[here[0]], keypoints.times[here[-1]]
        share = np.float32((time_s - start_s) / (end_s - start_s) if len(here) > 1 else 0)
        positions = (first + share * (last - first)).astype(np.float32)
        sure = np.isfinite(positions).all(axis=-1).astype(np.float32)
        yield row, Sighting(positions, sure, keypoints.joints)


def _merged(keypoints: Keypoints2D, looks: list[_Look], meta: dict[str, object]) -> Keypoints2D:
    """What was known and what was seen in addition, in the order of time."""
    times = np.concatenate([keypoints.times, [look.time_s for look in looks]])
    order = np.argsort(times, kind="stable")
    shape = (len(keypoints.people), len(looks), keypoints.positions.shape[2])
    positions = np.full((*shape, 2), np.nan, dtype=np.float32)
    confidence = np.zeros(shape, dtype=np.float32)
    hint = np.full((*shape, 3), np.nan, dtype=np.float32)
    for k, look in enumerate(looks):
        for row, one in look.people.items():
            positions[row, k], confidence[row, k] = one.positions, one.confidence
            if one.hint is not None:
                hint[row, k] = one.hint
    all_hints = None
    if keypoints.depth_hint is not None:
        all_hints = np.concatenate([keypoints.depth_hint, hint], axis=1)[:, order]
    return replace(
        keypoints,
        positions=np.concatenate([keypoints.positions, positions], axis=1)[:, order],
        confidence=np.concatenate([keypoints.confidence, confidence], axis=1)[:, order],
        times=times[order],
        depth_hint=all_hints,
        meta=meta,
    )
