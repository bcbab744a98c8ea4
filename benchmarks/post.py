"""What is done to poses after the network, on held-out mocap films: `python benchmarks/post.py STORE`.

Every film is one piece of a held-out clip seen by a virtual camera through a detector's noise
(`film.held_out`, the films of `uplift3d evaluate --dataset open-mocap`). The network's own poses,
0.1 s apart, are turned into 50 poses per second in different ways. Prints Markdown.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from uplift3d import Keypoints2D, Lifter, Motion3D
from uplift3d.camera import Camera
from uplift3d.data.store import MotionStore
from uplift3d.data.videos import StoredVideo
from uplift3d.evaluate.metrics import acceleration_error, mpjpe, mpjve, p_mpjpe
from uplift3d.film.held_out import evenly, film, pieces_of
from uplift3d.post import fix_bones, interpolate, place, smooth

RATE_HZ = 50
INTERVALS_S = (0.1, 0.4)
Array = npt.NDArray[np.float64]


class Lifted(NamedTuple):
    """One film and what the network makes of it."""

    video: StoredVideo
    keys: Keypoints2D
    motion: Motion3D
    """Raw, in camera axes, at the network's own times."""
    times: npt.NDArray[np.float64]
    """(T,) seconds at 50 Hz, none after the last pose."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--films", type=int, default=40, help="pieces of at most 10 s, evenly spread")
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    store = MotionStore.open(args.store)
    pieces = evenly(pieces_of(store), args.films)
    videos = [film(store, piece) for piece in pieces]
    lifter = Lifter(args.model, raw=True, settle_sides=False, use_hint=False)
    print(f"{len(videos)} films, {datetime.date.today()}\n")
    lifted = {every: [lift(video, lifter, every) for video in videos] for every in INTERVALS_S}
    print_poses(lifted)
    print_places(lifted)


def lift(video: StoredVideo, lifter: Lifter, interval_s: float) -> Lifted:
    """Lift every so many seconds of a film."""
    times = np.arange(len(video)) / RATE_HZ
    step = round(interval_s * RATE_HZ)
    keys = Keypoints2D(video.keypoints_px[None, ::step], None, times[::step], video.image_size, "h36m17")  # type: ignore[arg-type]
    grid = times[:: round(lifter.spec.spacing_s * RATE_HZ)]
    motion = lifter.lift(keys, output_times=grid, focal_px=video.camera.focal_px[0])
    return Lifted(video, keys, motion, times[times <= grid[-1]])


WAYS: dict[str, Callable[[Motion3D, Array], Array]] = {
    "straight lines (`--raw`)": lambda motion, times: between(motion, times, "linear"),
    "smooth": lambda motion, times: between(motion, times, "smooth"),
    "smooth, constant bones (default)": lambda motion, times: between(fix_bones(motion), times, "smooth"),
    "… and `--smooth 3`": lambda motion, times: between(fix_bones(smooth(motion, 3.0)), times, "smooth"),
    "… and `--smooth 2`": lambda motion, times: between(fix_bones(smooth(motion, 2.0)), times, "smooth"),
}


def between(motion: Motion3D, times: Array, method: str) -> Array:
    """(T, J, 3) poses of the only person."""
    return interpolate(motion.times, motion.positions[0].astype(np.float64), times, method)


def print_poses(lifted: dict[float, list[Lifted]]) -> None:
    """Errors of the poses for every way of making them, means over films."""
    print("| every | poses | MPJPE mm | P-MPJPE mm | velocity mm/s | acceleration mm/s² |")
    print("|---|---|---|---|---|---|")
    for every, films in lifted.items():
        for name, way in WAYS.items():
            rows = [errors(way(one.motion, one.times), truth_of(one)) for one in films]
            cells = " | ".join(f"{cell:.1f}" for cell in np.mean(rows, axis=0))
            print(f"| {every:g} s | {name} | {cells} |")


def print_places(lifted: dict[float, list[Lifted]]) -> None:
    """How far the pelvis is from where it was, with the focal length known."""
    print("\n| every | pelvis: median error | 90 % are below | within the stated uncertainty |")
    print("|---|---|---|---|")
    for every, films in lifted.items():
        errors_, within = [], []
        for one in films:
            size = one.video.image_size
            camera = Camera.pinhole(one.video.camera.focal_px[0], (size[0] / 2, size[1] / 2))
            motion = place(fix_bones(one.motion), one.keys, camera)
            rows = np.round(motion.times * RATE_HZ).astype(int)
            pelvis = one.video.positions_camera[rows, 0]
            off = np.linalg.norm(motion.root[0] - pelvis, axis=-1)
            known = np.isfinite(off)
            errors_.append((off / np.linalg.norm(pelvis, axis=-1))[known])
            within.append(off[known] < (motion.meta["root_sigma_m"][0] or np.nan))
        share = np.concatenate(errors_)
        print(
            f"| {every:g} s | {np.median(share):.1%} of the distance | {np.quantile(share, 0.9):.1%} | "
            f"{np.concatenate(within).mean():.0%} |"
        )


def truth_of(lifted: Lifted) -> Array:
    """(T, 17, 3) metres from the pelvis, camera axes."""
    poses = lifted.video.positions_camera[: len(lifted.times), :17].astype(np.float64)
    return poses - poses[:, :1]


def errors(poses: Array, truth: Array) -> tuple[float, float, float, float]:
    """MPJPE, P-MPJPE, velocity and acceleration error of the 17 joints that are filmed."""
    poses = poses[:, : truth.shape[1]]
    return (
        mpjpe(poses, truth),
        p_mpjpe(poses, truth),
        mpjve(poses, truth, rate_hz=RATE_HZ),
        acceleration_error(poses, truth, rate_hz=RATE_HZ),
    )


if __name__ == "__main__":
    main()
