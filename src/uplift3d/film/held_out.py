"""Held-out motion of a store as videos: virtual cameras, a detector's noise, everything known.

Axes: T frames, J joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from uplift3d.camera import Camera, pixels_from_screen
from uplift3d.data.store import JOINTS, RATE_HZ, MotionStore, split_of, whole_clips
from uplift3d.data.videos import StoredVideo
from uplift3d.errors import InputError
from uplift3d.film.cameras import CameraConfig, look
from uplift3d.film.draws import seed_of
from uplift3d.film.noise import REALISTIC_NOISE, detect
from uplift3d.skeletons import joint_set

ItemT = TypeVar("ItemT")
SEED = 11
WIDTH_PX = 1000
PIECE_S = 10.0
LEAST_S = 2.0
"""Shorter pieces are not filmed: a window would see more of their ends than of them."""
NOISE = REALISTIC_NOISE.model_copy(update={"lost_rate": (0.0, 0.0), "lost_outside": 0.0, "missed_rate": 0.0})
"""As in validation, but nothing is lost: not every network measured here can do without a joint."""


class Piece(NamedTuple):
    """A part of a clip that is filmed by one camera."""

    clip: int
    """Index in the store."""
    start: int
    """First frame within the clip."""
    longest: int
    """Number of frames, or as many as the clip still has."""


def virtual_videos(
    store: MotionStore, datasets: Sequence[str] = (), *, piece_s: float = PIECE_S, most: int | None = None
) -> list[StoredVideo]:
    """Film the validation split, the same way every time.

    Args:
        store: motion store.
        datasets: of the store; default: all.
        piece_s: clips are cut into pieces of at most this many seconds, each with a camera of its own.
        most: number of pieces, evenly spread over all of them; default: all.

    Raises:
        InputError: as for `pieces_of`.
    """
    return [film(store, piece) for piece in evenly(pieces_of(store, datasets, piece_s), most)]


def pieces_of(store: MotionStore, datasets: Sequence[str] = (), piece_s: float = PIECE_S) -> list[Piece]:
    """What there is to film of the validation split.

    Args:
        store, datasets, piece_s: as for `virtual_videos`.

    Raises:
        InputError: nothing long enough is held out.
    """
    _, held_out = split_of(store, datasets)
    longest, least = round(piece_s * RATE_HZ), round(LEAST_S * RATE_HZ)
    pieces = [
        Piece(clip, start, longest)
        for clip in whole_clips(store, held_out)
        for start in range(0, store.clips[clip].frames, longest)
        if store.clips[clip].frames - start >= least
    ]
    if not pieces:
        raise InputError(f"{store.path}: no held-out clip of at least {LEAST_S:g} s to measure on")
    return pieces


def noise_in_words() -> str:
    """What a report says about the 2D poses."""
    white, drift, seconds = NOISE.white_mm[0], NOISE.drift_mm[0], NOISE.drift_s[0]
    return (
        f"projections with noise at the person and per axis: {white:g} mm that change with every frame, "
        f"{drift:g} mm that change within {seconds:g} s, {NOISE.bias_mm:g} mm constant per joint, more on "
        f"limbs; {NOISE.outlier_rate:.1%} outliers, {NOISE.swap_rate:.1%} left/right swaps, nothing lost"
    )


def evenly(items: Sequence[ItemT], most: int | None) -> Sequence[ItemT]:
    """So many of them, first and last included, evenly spread; all where there are no more, or for None."""
    if most is None or most >= len(items):
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def film(store: MotionStore, piece: Piece) -> StoredVideo:
    """One piece of a clip seen by its own camera, the same way every time."""
    index, start, longest = piece
    random = torch.Generator()
    random.manual_seed(seed_of(SEED, index, start))
    joints = joint_set(JOINTS)
    part = store[index][start : start + longest, : len(joints)]
    world = torch.from_numpy(part.copy())[None]  # (1, T, J, 3)
    view = look(world, CameraConfig(), random, "camera")
    screen = detect(view, joints, NOISE, 1 / RATE_HZ, random).keypoints
    size = (WIDTH_PX, round(WIDTH_PX * float(view.aspect)))
    focal = view.intrinsics[0, 0]
    depth = view.root_depth_m[..., None]  # (1, T, 1)
    pelvis = torch.cat([view.keypoints[:, :, 0] * depth / focal, depth], dim=-1)  # (1, T, 3)
    clip = store.clips[index]
    # In half image widths from the centre, which is what "screen" coordinates are.
    return StoredVideo(
        subject=clip.subject or clip.dataset,
        take=f"{clip.name} from frame {start}",
        action=clip.dataset,
        camera_id="virtual",
        camera=Camera.pinhole(float(focal) * WIDTH_PX / 2, (size[0] / 2, size[1] / 2)),
        image_size=size,
        rate_hz=RATE_HZ,
        ground_truth="motion capture",
        keypoints_px=pixels_from_screen(screen[0].double().numpy(), size).astype(np.float32),
        confidence=None,
        positions_camera=(view.targets + pelvis[:, :, None])[0].numpy(),
        valid=view.in_front[0].numpy(),
    )
