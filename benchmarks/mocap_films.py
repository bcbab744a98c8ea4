"""Motion capture as a camera and a 2D detector would show it, for benchmarks: 2D key-frames and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from uplift3d import Keypoints2D
from uplift3d.data.store import JOINTS, RATE_HZ, MotionStore, split_validation, whole_clips
from uplift3d.film.bodies import BodyConfig, vary_body
from uplift3d.film.cameras import CameraConfig, look
from uplift3d.film.hints import HintConfig, guess
from uplift3d.film.noise import REALISTIC_NOISE, NoiseConfig, detect
from uplift3d.skeletons import joint_set

WIDTH_PX = 1000
STEADY = REALISTIC_NOISE.model_copy(update={"swap_rate": 0.0})
"""The noise of validation, which keeps left and right apart."""
REAL_WIDTHS = BodyConfig(stature=0.05, segment=0.05, width=0.15, width_mean=0.3)
"""The capture's skeletons have narrow hips and shoulders; detectors see people wider."""


class Film(NamedTuple):
    """One clip seen by one camera."""

    name: str
    keypoints: Keypoints2D
    """One person, h36m17, at 50 Hz."""
    truth: npt.NDArray[np.float32]
    """(T, 17, 3) metres from the pelvis, viewing-ray axes."""


def films(
    store: MotionStore,
    *,
    held_out: bool,
    count: int,
    seed: int,
    least_s: float = 4.0,
    most_s: float = 20.0,
    noise: NoiseConfig = STEADY,
    hint: HintConfig | None = None,
) -> Iterator[Film]:
    """Clips drawn by their length, each with a random camera, body and detector noise.

    Args:
        store: motion store.
        held_out: of the validation split, or of the training split.
        count: how many films.
        seed: of clips, cameras, bodies and noise.
        least_s, most_s: shorter clips are left out, longer ones cut at a random place.
        noise: of the detector.
        hint: errors of its own guess in 3D; None: it makes none.
    """
    random = torch.Generator().manual_seed(seed)
    numbers = np.random.default_rng(seed)
    split = whole_clips(store, split_validation(store)[1 if held_out else 0])
    clips = [index for index in split if store.clips[index].frames >= least_s * RATE_HZ]
    frames = np.array([store.clips[index].frames for index in clips], dtype=np.float64)
    for index in numbers.choice(clips, size=count, p=frames / frames.sum()):
        positions = np.array(store[int(index)])[:, : len(joint_set(JOINTS))]
        first = int(numbers.integers(max(1, len(positions) - int(most_s * RATE_HZ) + 1)))
        positions = positions[first : first + int(most_s * RATE_HZ)]
        yield film(store.clips[index].name, positions, random, noise, hint)


def film(
    name: str,
    positions: npt.NDArray[np.float32],
    random: torch.Generator,
    noise: NoiseConfig,
    hint: HintConfig | None,
) -> Film:
    """One clip (T, 17, 3) in the world through a random camera."""
    joints = joint_set(JOINTS)
    world = vary_body(torch.from_numpy(positions)[None], joints, REAL_WIDTHS, random)
    view = look(world, CameraConfig(), random)
    detections = detect(view, joints, noise, 1 / RATE_HZ, random)
    aspect = float(view.aspect[0])
    pixels = (detections.keypoints[0].numpy() + np.array([1, aspect])) * (WIDTH_PX / 2)
    pixels[~detections.seen[0].numpy()] = np.nan
    told = None
    if hint is not None:
        said, known = guess(view.targets, detections, joints, hint, 1 / RATE_HZ, random)
        told = np.where(known[..., None].numpy(), said.numpy(), np.nan)
    size = (WIDTH_PX, round(WIDTH_PX * aspect))
    times = np.arange(len(positions)) / RATE_HZ
    keypoints = Keypoints2D(pixels[None], None, times, size, JOINTS, depth_hint=told)  # type: ignore[arg-type]
    return Film(name, keypoints, view.targets[0].numpy())


def every(film: Film, interval_s: float) -> Film:
    """The film at key-frames so far apart."""
    step = round(interval_s * RATE_HZ)
    return Film(film.name, film.keypoints[::step], film.truth[::step])
