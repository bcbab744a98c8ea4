"""Several people on one floor, on held-out mocap films: `python benchmarks/floor.py STORE`.

Three people of different clips move on one level floor before one camera, each at their own size, up to 5 m
from the first. Prints, as lifted and with `post.one_floor`, how far apart the floors of the three are, how
wrong the distances between them and their sizes are, and how far up is from up. With `--raised 0.5` the third
one stands so much higher than the others, which `one_floor` does not know.
"""

from __future__ import annotations

import argparse
import datetime
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from lifted_films import HALVES, JOINTS, SEED, Array, Film, shown, up_of

from uplift3d import Keypoints2D, Lifter, Motion3D
from uplift3d.data.store import RATE_HZ, MotionStore, split_validation
from uplift3d.film.cameras import CameraConfig, look, view_of
from uplift3d.film.draws import seed_of
from uplift3d.film.noise import REALISTIC_NOISE
from uplift3d.post import find_up, one_floor, statures_m
from uplift3d.post.contacts import FEET
from uplift3d.rotations import matrix_about_axis
from uplift3d.skeletons import joint_set

PEOPLE = 3
FRAMES = 400
APART_M = (1.0, 5.0)
CAMERA = CameraConfig(person_height=(0.15, 0.5), off_centre=0.3)
SEEN = 0.7
"""Of everybody's joints, over time, must be in view."""
INTERVALS_S = (0.1, 0.4)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=80, help="drawn; about half have everybody in view")
    parser.add_argument("--raised", type=float, default=0.0, metavar="METRES")
    parser.add_argument("--half", choices=HALVES, default=HALVES[1])
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    drawn = list(films(MotionStore.open(args.store), args.half, args.films, args.raised))
    lifter = Lifter()
    print(f"{len(drawn)} films of {PEOPLE} people, {FRAMES / RATE_HZ:.0f} s each, {datetime.date.today()}\n")
    print("| every | people | floors apart m: median | mean | distance wrong by m | size off | up off by |")
    print("|---|---|---|---|---|---|---|")
    for every_s in INTERVALS_S:
        lifted = [lift(film, lifter, every_s) for film in drawn]
        for name, way in (("as lifted", lambda motion: motion), ("on one floor", one_floor)):
            rows = [
                errors(way(motion), film)
                for motion, film in zip(lifted, drawn, strict=True)
                if len(motion.people) == PEOPLE
            ]
            floors, apart, size, up = (np.array(column) for column in zip(*rows, strict=True))
            print(
                f"| {every_s:g} s | {name} | {np.median(floors):.2f} | {floors.mean():.2f} | "
                f"{apart.mean():.2f} | {np.sqrt(np.mean(size**2)):.1%} | {up.mean():.1f}° |"
            )


def films(store: MotionStore, half: str, count: int, raised_m: float = 0.0) -> Iterator[Film]:
    """Three clips in one room each time, always the same; the `truth` of a film is that of all three."""
    numbers = np.random.default_rng([SEED, HALVES.index(half)])
    _, held_out = split_validation(store)
    whole = [clip for clip in held_out if not store.clips[clip].lacks][HALVES.index(half) :: 2]
    whole = [clip for clip in whole if store.clips[clip].frames >= FRAMES]
    for number in range(count):
        room = [
            _in_the_room(
                store, int(clip), numbers, far=bool(row), raised_m=raised_m if row == PEOPLE - 1 else 0
            )
            for row, clip in enumerate(numbers.choice(whole, PEOPLE, replace=False))
        ]
        random = torch.Generator().manual_seed(seed_of(SEED, number, HALVES.index(half)))
        film = _filmed(np.concatenate(room, axis=1).astype(np.float32), random)
        if np.isfinite(film.keypoints.positions).all(axis=-1).mean(axis=(1, 2)).min() >= SEEN:
            yield film


def _in_the_room(
    store: MotionStore, clip: int, numbers: np.random.Generator, far: bool, raised_m: float
) -> Array:
    """(FRAMES, J, 3) metres: a piece of a clip, its floor at the room's, turned and moved."""
    start = int(numbers.integers(store.clips[clip].frames - FRAMES + 1))
    part = np.array(store[clip][start : start + FRAMES], dtype=np.float64)
    feet = [joint_set(JOINTS).index(name) for name in FEET]
    part[..., 2] += raised_m - np.percentile(part[:, feet, 2].min(axis=1), 2)
    part[..., :2] -= part[:, :1, :2].mean(axis=0)
    turn = matrix_about_axis("Z", numbers.uniform(0, 2 * np.pi))
    away = matrix_about_axis("Z", numbers.uniform(0, 2 * np.pi))[:, 0] * numbers.uniform(*APART_M) * far
    return np.asarray(part @ turn.T + away)


def _filmed(room: np.ndarray, random: torch.Generator) -> Film:
    """The people of a room (T, P * J, 3) before a random camera that looks at the first one."""
    count = len(joint_set(JOINTS))
    view = look(torch.from_numpy(room)[None], CAMERA, random, "camera")
    depth, focal = view.root_depth_m[..., None], view.intrinsics[0, 0]
    first = torch.cat([view.keypoints[:, :, 0] * depth / focal, depth], dim=-1)  # (1, T, 3)
    everybody = view.targets + first[:, :, None]
    people = []
    for joint in range(0, room.shape[1], count):
        part = slice(joint, joint + count)
        one = view_of(
            everybody[:, :, part], view.keypoints[:, :, part], view.intrinsics, view.aspect, "camera"
        )
        people.append(shown("", one, everybody[:, :, joint], True, REALISTIC_NOISE, random))
    keys, truths = [one.keypoints for one in people], [one.truth for one in people]
    hints = np.concatenate([one.depth_hint for one in keys if one.depth_hint is not None])
    keypoints = Keypoints2D(
        np.concatenate([one.positions for one in keys]),
        np.concatenate([one.confidence for one in keys]),
        keys[0].times,
        keys[0].image_size,
        JOINTS,
        depth_hint=hints,
    )
    truth = Motion3D(
        np.concatenate([one.positions for one in truths]),
        keys[0].times,
        np.concatenate([one.root for one in truths if one.root is not None]),
        np.ones((PEOPLE, len(room)), dtype=bool),
        joints=JOINTS,
    )
    return Film("", keypoints, truth, up_of(room[:, :count], people[0].truth), people[0].camera)


def lift(film: Film, lifter: Lifter, every_s: float) -> Motion3D:
    """At 25 Hz, the focal length known."""
    keys = replace(film.keypoints[:: round(every_s * RATE_HZ)], meta={})
    return lifter.lift(keys, output_times=film.truth.times[::2], focal_px=film.camera.focal_px[0])


def errors(motion: Motion3D, film: Film) -> tuple[float, float, list[float], float]:
    """Metres between the highest and the lowest floor; metres that a distance between two people is wrong by,
    median over time, mean of pairs; logarithm of each size over the true one; degrees that up is off."""
    up = find_up(motion).direction
    truth = film.truth[::2]
    assert motion.root is not None
    assert truth.root is not None
    soles = [joint_set(motion.joints).index(name) for name in FEET]
    heights = (motion.positions[:, :, soles] + motion.root[:, :, None]) @ up  # (P, T, F)
    floors = np.nanpercentile(heights.min(axis=-1), 5, axis=1)
    off = motion.root - truth.root
    apart = [
        np.nanmedian(np.linalg.norm(off[a] - off[b], axis=-1)) for a, b in combinations(range(PEOPLE), 2)
    ]
    sizes = np.log(statures_m(motion) / statures_m(truth))
    angle = np.degrees(np.arccos(np.clip(up @ film.up, -1, 1)))
    return float(np.ptp(floors)), float(np.mean(apart)), (sizes - sizes.mean()).tolist(), float(angle)


if __name__ == "__main__":
    main()
