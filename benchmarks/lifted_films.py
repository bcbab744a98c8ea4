"""Held-out motion as a camera and a detector with feet and depth would show it, and what lifting makes of it.

For benchmarks of everything after the network. The films of validation (`REALISTIC_NOISE`, `REALISTIC_HINT`),
with heels, toes and the whole truth in the axes of the camera. Clips are dealt into two halves, so that what
is chosen on one is measured on the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from uplift3d import Keypoints2D, Lifter, Motion3D
from uplift3d.camera import Camera
from uplift3d.data.store import RATE_HZ, MotionStore, split_validation
from uplift3d.film.cameras import CameraConfig, View, look, rotation_looking_at
from uplift3d.film.draws import seed_of
from uplift3d.film.held_out import LEAST_S, PIECE_S, WIDTH_PX, evenly
from uplift3d.film.hints import REALISTIC_HINT, guess
from uplift3d.film.noise import REALISTIC_NOISE, NoiseConfig, detect
from uplift3d.skeletons import joint_set

SEED = 17
HALVES = ("chosen on", "measured on")
JOINTS = "h36m21"
Array = npt.NDArray[np.float64]


class Film(NamedTuple):
    """A piece of a clip before a camera."""

    name: str
    keypoints: Keypoints2D
    """At 50 Hz."""
    truth: Motion3D
    """Of the same times, with its root, in camera axes."""
    up: Array
    """(3,) against gravity, in camera axes."""
    camera: Camera


def films(
    store: MotionStore,
    half: str,
    most: int | None,
    *,
    hint: bool = True,
    noise: NoiseConfig = REALISTIC_NOISE,
) -> Iterator[Film]:
    """Pieces of at most 10 s of held-out clips with all 21 joints, evenly spread, always the same."""
    _, held_out = split_validation(store)
    whole = [clip for clip in held_out if not store.clips[clip].lacks]
    pieces = [
        (index, start)
        for index in whole[HALVES.index(half) :: 2]
        for start in range(0, store.clips[index].frames, round(PIECE_S * RATE_HZ))
        if store.clips[index].frames - start >= LEAST_S * RATE_HZ
    ]
    for clip, start in evenly(pieces, most):
        yield _film(store, clip, start, hint, noise)


def lift(film: Film, lifter: Lifter, interval_s: float, focal_px: float | None = None) -> Motion3D:
    """What `lifter` makes of key-frames so far apart, at 50 Hz; the focal length known, or the one given."""
    keys = film.keypoints[:: round(interval_s * RATE_HZ)]
    focal = film.camera.focal_px[0] if focal_px is None else focal_px
    return lifter.lift(replace(keys, meta={}), output_times=film.keypoints.times, focal_px=focal)


def _film(store: MotionStore, clip: int, start: int, hint: bool, noise: NoiseConfig) -> Film:
    random = torch.Generator().manual_seed(seed_of(SEED, clip, start))
    part = np.array(store[clip][start : start + round(PIECE_S * RATE_HZ)], dtype=np.float32)
    view = look(torch.from_numpy(part)[None], CameraConfig(), random, "camera")
    depth, focal = view.root_depth_m[..., None], view.intrinsics[0, 0]
    pelvis = torch.cat([view.keypoints[:, :, 0] * depth / focal, depth], dim=-1)  # (1, T, 3)
    film = shown(f"{store.clips[clip].name} from {start}", view, pelvis, hint, noise, random)
    return film._replace(up=up_of(part, film.truth))


def shown(
    name: str, view: View, pelvis: torch.Tensor, hint: bool, noise: NoiseConfig, random: torch.Generator
) -> Film:
    """What a detector makes of one person in view, whose pelvis (1, T, 3) is in camera axes; without up."""
    joints = joint_set(JOINTS)
    found = detect(view, joints, noise, 1 / RATE_HZ, random)
    told = None
    if hint:
        to_ray = rotation_looking_at(pelvis)  # (1, T, 3, 3)
        targets = torch.einsum("btij,btki->btkj", to_ray, view.targets)
        said, known = guess(targets, found, joints, REALISTIC_HINT, 1 / RATE_HZ, random)
        told = np.where(known[..., None].numpy(), said.numpy(), np.nan)
    size = (WIDTH_PX, round(WIDTH_PX * float(view.aspect)))
    pixels = (found.keypoints.numpy() + np.array([1, size[1] / size[0]])) * (WIDTH_PX / 2)
    times = np.arange(pelvis.shape[1]) / RATE_HZ
    keypoints = Keypoints2D(
        np.where(found.seen[..., None].numpy(), pixels, np.nan),
        found.confidence.numpy(),
        times,
        size,
        JOINTS,
        depth_hint=told,
    )
    there = np.ones((1, len(times)), dtype=bool)
    truth = Motion3D(view.targets.numpy(), times, pelvis.numpy(), there, joints=JOINTS)
    focal_px = float(view.intrinsics[0, 0]) * WIDTH_PX / 2
    camera = Camera.pinhole(focal_px, (size[0] / 2, size[1] / 2))
    return Film(name, keypoints, truth, np.full(3, np.nan), camera)


def up_of(world: npt.NDArray[np.float32], truth: Motion3D) -> Array:
    """(3,) the world's z in camera axes: the rotation that brings one set of bones onto the other."""
    source = (world - world[:, :1]).reshape(-1, 3).astype(np.float64)
    u, _, vt = np.linalg.svd(truth.positions[0].reshape(-1, 3).T.astype(np.float64) @ source)
    return np.asarray((u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt)[:, 2])
