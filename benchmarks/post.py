"""What is done to poses after the network, on held-out mocap films: `python benchmarks/post.py STORE`.

The films of `lifted_films.py`, half "measured on", with feet and depth as our detector tells them. The
network's own poses, 0.1 s apart, are turned into 50 poses per second in different ways, people are placed,
and their feet locked. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from lifted_films import HALVES, Film, films

from uplift3d import Lifter, Motion3D
from uplift3d.camera import Camera
from uplift3d.data.store import RATE_HZ, MotionStore
from uplift3d.evaluate.metrics import acceleration_error, mpjpe, mpjve, p_mpjpe
from uplift3d.lift.axes import ASSUMED_FOCAL, ASSUMED_SIGMA
from uplift3d.post import (
    find_contacts,
    find_up,
    fix_bones,
    lock_feet,
    place,
    posture_up,
    reproject,
    resample,
    smooth,
)
from uplift3d.post.contacts import feet_in_the_room
from uplift3d.post.posture import CAMERA_UP

INTERVALS_S = (0.1, 0.4)
Array = npt.NDArray[np.float64]


class Lifted(NamedTuple):
    """One film and what the network makes of it."""

    film: Film
    every_s: float
    motion: Motion3D
    """Raw, in camera axes, at the network's own times."""
    camera: Camera
    focal_sigma: float

    @property
    def times(self) -> Array:
        """(T,) seconds, 50 per second."""
        return self.film.truth.times

    def smooth(self) -> Motion3D:
        """The motion at these times."""
        return resample(self.motion, self.times, "smooth")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=48, help="pieces of at most 10 s, evenly spread")
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    drawn = list(films(MotionStore.open(args.store), HALVES[1], args.films))
    lifter = Lifter(args.model, raw=True)
    print(
        f"{len(drawn)} films, {sum(len(f.truth) for f in drawn) / RATE_HZ:.0f} s, {datetime.date.today()}\n"
    )
    known = {every: [lift(film, lifter, every, film.camera) for film in drawn] for every in INTERVALS_S}
    print_poses(known)
    assumed = [lift(film, lifter, 0.4, assumed_camera(film)) for film in drawn]
    print_places({(0.1, "known"): known[0.1], (0.4, "known"): known[0.4], (0.4, "assumed"): assumed})
    print_ups(known)
    print_feet(known)


def assumed_camera(film: Film) -> Camera:
    """What is taken for the camera where nobody knows its focal length."""
    focal_px = ASSUMED_FOCAL * max(film.keypoints.image_size)
    return Camera.pinhole(focal_px, film.camera.principal_point_px)


def lift(film: Film, lifter: Lifter, every_s: float, camera: Camera) -> Lifted:
    """Lift every so many seconds of a film."""
    keys = replace(film.keypoints[:: round(every_s * RATE_HZ)], meta={})
    grid = film.keypoints.times[:: round(lifter.spec.spacing_s * RATE_HZ)]
    motion = lifter.lift(keys, output_times=grid, focal_px=camera.focal_px[0])
    return Lifted(film, every_s, motion, camera, 0.0 if camera is film.camera else ASSUMED_SIGMA)


WAYS: dict[str, Callable[[Lifted], Motion3D]] = {
    "straight lines (`--raw`)": lambda one: resample(one.motion, one.times, "linear"),
    "smooth": lambda one: one.smooth(),
    "smooth, constant bones": lambda one: fix_bones(one.smooth()),
    "… nearer to the 2D (`reproject`)": lambda one: placed(one),
    "… and `--smooth 3`": lambda one: placed(one, 3.0),
    "… and `--smooth 2`": lambda one: placed(one, 2.0),
}


def print_poses(lifted: dict[float, list[Lifted]]) -> None:
    """Errors of the poses for every way of making them, means over films."""
    print("| every | poses | MPJPE mm | P-MPJPE mm | velocity mm/s | acceleration mm/s² |")
    print("|---|---|---|---|---|---|")
    for every, made in lifted.items():
        for name, way in WAYS.items():
            rows = [errors(way(one), one.film) for one in made]
            print(f"| {every:g} s | {name} | {' | '.join(f'{c:.1f}' for c in np.nanmean(rows, axis=0))} |")


def errors(motion: Motion3D, film: Film) -> tuple[float, float, float, float]:
    """MPJPE, P-MPJPE, velocity and acceleration error of all 21 joints while there are poses."""
    there = np.flatnonzero(motion.present[0])
    if len(there) < 3:
        return (np.nan,) * 4
    rows = slice(there[0], there[-1] + 1)
    poses, truth = (m.positions[0, rows].astype(np.float64) for m in (motion, film.truth))
    known = np.isfinite(poses).all(axis=(-1, -2))
    poses, truth = poses[known], truth[known]
    return (
        mpjpe(poses, truth),
        p_mpjpe(poses, truth),
        mpjve(poses, truth, rate_hz=RATE_HZ),
        acceleration_error(poses, truth, rate_hz=RATE_HZ),
    )


def placed(one: Lifted, smooth_hz: float | None = None) -> Motion3D:
    """As `lift` makes it by default, but for the feet."""
    motion = one.smooth()
    motion = fix_bones(motion if smooth_hz is None else smooth(motion, smooth_hz))
    keys = one.film.keypoints[:: round(one.every_s * RATE_HZ)]
    return reproject(place(motion, keys, one.camera, one.focal_sigma), keys, one.camera)


def print_places(lifted: dict[tuple[float, str], list[Lifted]]) -> None:
    """How far the pelvis is from where it was."""
    print(
        "\n| every | focal length | pelvis: median error | 90 % are below | across the line of sight | "
        "within the stated uncertainty |\n|---|---|---|---|---|---|"
    )
    for (every, focal), made in lifted.items():
        shares, across, within = [], [], []
        for one in made:
            motion = placed(one)
            if motion.root is None:
                continue
            truth = one.film.truth.root[0]
            off = np.linalg.norm(motion.root[0] - truth, axis=-1)
            known = np.isfinite(off)
            shares.append((off / np.linalg.norm(truth, axis=-1))[known])
            seen, should = (p[:, :2] / p[:, 2:] for p in (motion.root[0], truth))
            across.append((np.linalg.norm(seen - should, axis=-1) * truth[:, 2])[known])
            within.append(off[known] < (motion.meta["root_sigma_m"][0] or np.nan))
        share = np.concatenate(shares)
        print(
            f"| {every:g} s | {focal} | {np.median(share):.1%} of the distance | "
            f"{np.quantile(share, 0.9):.1%} | {1000 * np.median(np.concatenate(across)):.0f} mm | "
            f"{np.concatenate(within).mean():.0%} |"
        )


def print_ups(lifted: dict[float, list[Lifted]]) -> None:
    """How far up is from up."""
    print("\n| every | up from | median | 90 % are below |\n|---|---|---|---|")
    for every, made in lifted.items():
        motions = [placed(one) for one in made]
        for name, way in UPS.items():
            off = [angle_deg(way(motion), one.film.up) for motion, one in zip(motions, made, strict=True)]
            print(f"| {every:g} s | {name} | {np.median(off):.1f}° | {np.quantile(off, 0.9):.1f}° |")


UPS: dict[str, Callable[[Motion3D], Array]] = {
    "the camera": lambda motion: CAMERA_UP,
    "posture": lambda motion: posture_up(motion).direction,
    "posture and feet (`find_up`)": lambda motion: find_up(motion).direction,
}


def angle_deg(first: Array, second: Array) -> float:
    """Between two directions."""
    return float(np.degrees(np.arccos(np.clip(first @ second, -1, 1))))


def print_feet(lifted: dict[float, list[Lifted]]) -> None:
    """What locking does to feet that are told to rest, and to poses."""
    print("\n| every | feet | slide: median | mean mm/s | P-MPJPE mm | worst pose | pelvis: median error m |")
    print("|---|---|---|---|---|---|---|")
    for every, made in lifted.items():
        rows: dict[str, list[list[Array]]] = {"as placed": [], "locked": []}
        for one in made:
            free = placed(one)
            if free.root is None:
                continue
            contacts = find_contacts(free)
            for name, motion in (("as placed", free), ("locked", lock_feet(free, contacts))):
                places = feet_in_the_room(motion, contacts.joints)[0]
                speed = np.linalg.norm(np.gradient(places, motion.times, axis=0), axis=-1)
                there = motion.present[0]
                pose, truth = motion.positions[0, there], one.film.truth.positions[0, there]
                each = np.array([p_mpjpe(a[None], b[None]) for a, b in zip(pose, truth, strict=True)])
                off = np.linalg.norm(motion.root[0] - one.film.truth.root[0], axis=-1)[there]
                rows[name].append([speed[contacts.resting[0]], each, off])
        before = np.concatenate([row[1] for row in rows["as placed"]])
        for name, row in rows.items():
            slide, pose, off = (np.concatenate(part) for part in zip(*row, strict=True))
            slide = slide[np.isfinite(slide)] * 1000
            print(
                f"| {every:g} s | {name} | {np.median(slide):.0f} | {slide.mean():.0f} | {pose.mean():.2f} | "
                f"{(pose - before).max():+.1f} | {np.nanmedian(off):.3f} |"
            )


if __name__ == "__main__":
    main()
