"""How often two people filmed crossing are taken for each other: `python benchmarks/identity.py STORE`.

Two walks of a motion store meet in front of a camera and pass, turn back, or go on side by side. A detector
sees their joints with noise and the colours of their shirts in changing light; who is hidden behind the other
is not seen. Prints how many times per minute somebody's track changes, at several key intervals, by place
alone and with each further cue of `detect.tracks`; then how often somebody who left and comes back, or
somebody else in their place, is taken for the one who left.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import numpy.typing as npt

from uplift3d.data.store import JOINTS, RATE_HZ, MotionStore
from uplift3d.detect import tracks
from uplift3d.detect.clothing import histogram
from uplift3d.detect.returning import joined
from uplift3d.detect.sighting import Sighting, box_overlap, distance

KEY_INTERVALS_S = (0.1, 0.2, 0.4)
SECONDS = 6.0
SIZE_PX, FOCAL_PX = (1280, 720), 1000.0
CAMERA_M = np.array([0.0, 0.0, 1.3])
NEAREST_M, GAP_M = (4.5, 6.5), (0.5, 1.5)
NOISE_SIZES = 0.012
"""Standard deviation of a joint's place, in sizes of the person; every 30th look is five times as bad."""
HIDDEN_DISTANCE, HIDDEN_OVERLAP = 0.12, 0.7
PIXELS, FOLDS, LIGHT = 100, 22.0, 0.12
"""Of a shirt: pixels looked at, spread of their levels, and of the light from look to look (in shares)."""
AWAY_S = (1.6, 8.0)
LIGHT_OF_VISIT = 0.12
"""Spread of the light from visit to visit, in shares."""
SIMILAR = 30.0
"""Spread of a level of red, green or blue between two shirts that are similar."""
WALKS = 60
"""So many are drawn from the store."""
KINDS = ("pass", "turn back", "side by side")
CUES: dict[str, dict[str, float]] = {
    "place": {"SIZE_COST": 0.0, "POSE_COST": 0.0, "COLOUR_COST": 0.0},
    "place, size, pose": {"COLOUR_COST": 0.0},
    "place, size, pose, colours": {},
}


class Film(NamedTuple):
    """Two people in front of a camera."""

    kind: str
    pixels: npt.NDArray[np.float32]
    """(2, T, 17, 2), at 50 Hz; the first is the nearer one."""
    shirts: npt.NDArray[np.float64]
    """(2, 3) mean levels of red, green and blue."""


def main() -> None:
    args = read_arguments()
    films = list(crossings(MotionStore.open(args.store), args.films, args.seed))
    print(
        f"{len(films)} films of {SECONDS:g} s; changes of track per minute of film (both people together)\n"
    )
    print("| clothes | told by | " + " | ".join(f"{interval:g} s" for interval in KEY_INTERVALS_S) + " |")
    print("|---" * (2 + len(KEY_INTERVALS_S)) + "|")
    for clothes in ("different", "alike"):
        rates = [rates_by_cue(films, interval, clothes == "alike") for interval in KEY_INTERVALS_S]
        for row, cues in enumerate(CUES):
            print(
                f"| {clothes} | {cues} | " + " | ".join(f"{one[row]:.1f}" for one in rates) + " |", flush=True
            )
    print_returns(MotionStore.open(args.store), args.films, args.seed)


def print_returns(store: MotionStore, count: int, seed: int) -> None:
    """Per cent of the second visits that are taken for the person of the first one."""
    print(
        "\n| comes after the first | " + " | ".join(f"{interval:g} s" for interval in KEY_INTERVALS_S) + " |"
    )
    print("|---" * (1 + len(KEY_INTERVALS_S)) + "|")
    order = np.random.default_rng(seed).permutation(len(store.clips)).tolist()
    walks = list(islice((one for index in order if (one := walk(store[index])) is not None), WALKS))
    for who in ("the same", "somebody in other clothes", "somebody in similar clothes"):
        rates = [taken_for_the_first(walks, who, interval, count, seed) for interval in KEY_INTERVALS_S]
        print(f"| {who} | " + " | ".join(f"{rate:.0%}" for rate in rates) + " |", flush=True)


def taken_for_the_first(
    walks: list[npt.NDArray[np.float64]], who: str, interval_s: float, count: int, seed: int
) -> float:
    """Share of `count` pairs of visits that end up in one track."""
    taken = 0
    for number in range(count):
        random = np.random.default_rng([seed, number])
        shirt = random.uniform(25, 230, 3)
        other = random.uniform(25, 230, 3)
        if who != "somebody in other clothes":
            other = np.clip(shirt + (who != "the same") * random.normal(0, SIMILAR, 3), 0, 255)
        tracker, back = tracks.Tracker(), 0
        for worn in (shirt, other):
            heading, at_m, depth_m = (
                random.choice([0, np.pi]),
                random.normal(0, 0.3),
                random.uniform(*NEAREST_M),
            )
            path = placed(walks[random.integers(len(walks))], heading, at_m, depth_m)
            lit, back = worn * random.normal(1, LIGHT_OF_VISIT), tracker.key_frames
            for here in project(path).astype(np.float32)[:: round(interval_s * RATE_HZ)]:
                seen = [one for _, one in sightings(here[None], lit[None], random)]
                tracker.add(tracker.key_frames * interval_s, seen)
            for _ in range(round(random.uniform(*AWAY_S) / interval_s)):
                tracker.add(tracker.key_frames * interval_s, [])
        taken += any(one.frames[0] < back <= one.frames[-1] for one in joined(tracker.people()))
    return taken / count


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="motion store (uplift3d data import)")
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def crossings(store: MotionStore, count: int, seed: int) -> Iterator[Film]:
    """Films of two walks, every kind in turn."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(store.clips)).tolist()
    found = (stretch for index in order if (stretch := walk(store[index])) is not None)
    walks = list(islice(found, WALKS))
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        near_m = random.uniform(*NEAREST_M)
        depths_m = near_m, near_m + random.uniform(*GAP_M)
        first, second = (walks[index] for index in random.choice(len(walks), 2, replace=False))
        headings = np.array([0.0, 0.0 if kind == "side by side" else np.pi]) + random.normal(0, 0.25, 2)
        shift_m = random.normal(0, 0.15) + (0.5 if kind == "side by side" else 0)
        world = [
            placed(one, heading, at, depth)
            for one, heading, at, depth in zip((first, second), headings, (0, shift_m), depths_m, strict=True)
        ]
        if kind == "turn back":
            world = [np.concatenate([one[: len(one) // 2], one[: len(one) // 2][::-1]]) for one in world]
        pixels = np.stack([project(one) for one in world])
        yield Film(kind, pixels.astype(np.float32), random.uniform(25, 230, (2, 3)))


def walk(clip: npt.NDArray[np.float32]) -> npt.NDArray[np.float64] | None:
    """(T, 17, 3) the first stretch of a clip on which somebody walks about straight on; None without one."""
    frames = round(SECONDS * RATE_HZ)
    for first in range(0, len(clip) - frames, frames):
        positions = np.asarray(clip[first : first + frames, :17], dtype=np.float64)
        path = positions[:, 0, :2]
        length = np.linalg.norm(np.diff(path[::25], axis=0), axis=1).sum()
        if np.isfinite(positions).all() and 3 < length < 1.2 * np.linalg.norm(path[-1] - path[0]):
            return positions
    return None


def placed(
    walk: npt.NDArray[np.float64], heading: float, at_m: float, depth_m: float
) -> npt.NDArray[np.float64]:
    """A walk turned towards `heading` (0: to the right), half-way through it at (at_m, depth_m)."""
    middle, way = walk[len(walk) // 2, 0, :2], walk[-1, 0, :2] - walk[0, 0, :2]
    turn = heading - np.arctan2(way[1], way[0])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    out = walk.copy()
    out[..., :2] = (walk[..., :2] - middle) @ rotation.T + (at_m, depth_m)
    return out


def project(world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(..., 3) metres, y away from the camera and z up → (..., 2) pixels."""
    right, away, up = np.moveaxis(world - CAMERA_M, -1, 0)
    away = np.maximum(away, 0.5)
    middle = np.array(SIZE_PX) / 2
    pixels: npt.NDArray[np.float64] = np.stack([right / away, -up / away], axis=-1) * FOCAL_PX + middle
    return pixels


def rates_by_cue(films: list[Film], interval_s: float, alike: bool) -> list[float]:
    """Changes of track per minute, for each of `CUES`."""
    changes = [0] * len(CUES)
    for number, film in enumerate(films):
        random = np.random.default_rng(number)
        shirts = film.shirts[[0, 0]] if alike else film.shirts
        frames = range(0, film.pixels.shape[1], round(interval_s * RATE_HZ))
        seen = [(frame / RATE_HZ, sightings(film.pixels[:, frame], shirts, random)) for frame in frames]
        for row, costs in enumerate(CUES.values()):
            with mock.patch.dict(vars(tracks), costs):
                changes[row] += changes_of_track(seen)
    return [count / (len(films) * SECONDS / 60) for count in changes]


def changes_of_track(seen: list[tuple[float, list[tuple[int, Sighting]]]]) -> int:
    """How often a person's sightings go from one track to another."""
    tracker = tracks.Tracker()
    owners = {id(one): person for _, people in seen for person, one in people}
    for frame, (time_s, people) in enumerate(seen):
        tracker.add(time_s, [one for _, one in people[:: 1 if frame % 2 else -1]])
    ids: list[list[tuple[float, int]]] = [[], []]
    for number, track in enumerate(tracker.tracks):
        for time_s, one in zip(track.times, track.sightings, strict=True):
            ids[owners[id(one)]].append((time_s, number))
    return sum(before != after for row in ids for (_, before), (_, after) in pairwise(sorted(row)))


def sightings(
    pixels: npt.NDArray[np.float32], shirts: npt.NDArray[np.float64], random: np.random.Generator
) -> list[tuple[int, Sighting]]:
    """Who is seen in a frame, as the detector sees them: (person, sighting)."""
    seen: list[tuple[int, Sighting]] = []
    for person, truth in enumerate(pixels):
        size = np.ptp(truth, axis=0).max()
        spread = NOISE_SIZES * size * (5 if random.random() < 1 / 30 else 1)
        joints = (truth + random.normal(0, spread, truth.shape)).astype(np.float32)
        inside = ((truth >= 0) & (truth <= SIZE_PX)).all(axis=1)
        levels = shirts[person] * random.normal(1, LIGHT) + random.normal(0, FOLDS, (PIXELS, 3))
        colours = histogram(np.clip(levels, 0, 255).astype(np.uint8))
        one = Sighting(joints, np.where(inside, 0.9, 0).astype(np.float32), JOINTS, colours=colours)
        hidden = any(
            distance(one, two) < HIDDEN_DISTANCE or box_overlap(one, two) > HIDDEN_OVERLAP for _, two in seen
        )
        if one.score >= tracks.MIN_SCORE and not hidden:
            seen.append((person, one))
    return seen


if __name__ == "__main__":
    main()
