"""Errors of a network on held-out motion seen by virtual cameras, with stated 2D noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from uplift3d.data.kinds import KINDS, kinds_of
from uplift3d.data.store import JOINTS, RATE_HZ, MotionStore, split_validation, whole_clips
from uplift3d.errors import InputError
from uplift3d.evaluate.metrics import mpjpe, n_mpjpe, p_mpjpe
from uplift3d.film.bodies import BodyConfig
from uplift3d.film.cameras import CameraConfig
from uplift3d.film.draws import seed_of
from uplift3d.film.h36m_cameras import Cameras
from uplift3d.film.hints import REALISTIC_HINT, HintConfig
from uplift3d.film.noise import REALISTIC_NOISE, NoiseConfig
from uplift3d.film.windows import FilmedWindows
from uplift3d.model import load
from uplift3d.model.network import LiftingConfig, LiftingNetwork
from uplift3d.skeletons import joint_set
from uplift3d.train.batches import Batch, ViewConfig, draw_batch
from uplift3d.train.networks import motion_joints
from uplift3d.train.sampler import MotionWindows, SamplerConfig

SEED = 7
CHUNK = 64
ALL = "all"


@dataclass(frozen=True)
class Errors:
    """Mean errors in mm over `poses` window centres; `sequence_mpjpe` is the sequence head's on the same."""

    mpjpe: float
    p_mpjpe: float
    n_mpjpe: float
    sequence_mpjpe: float
    poses: int


def validate(
    model: LiftingNetwork[Any] | str | Path,
    store: MotionStore | str | Path,
    *,
    windows: int = 2048,
    strides_in: Sequence[int] | None = None,
    noise: NoiseConfig = REALISTIC_NOISE,
    hint: HintConfig = REALISTIC_HINT,
) -> dict[str, dict[int, Errors]]:
    """Errors on the validation split, the same windows every time.

    Args:
        model: a network, or the name or file of one.
        store: motion store, or its folder.
        windows: windows per stride and data set, rounded up to multiples of 64.
        strides_in: frames between key-frames; default: those that the network was trained for.
        noise: 2D noise.
        hint: errors of the picture's own guess, for a network that takes it; `NO_HINT`: there is none.

    Returns:
        By part and stride. Parts are "all" (clips with all 17 joints, frames equally likely), each data set
        over the joints that it has, and each kind of motion (`data.kinds`) in "all".

    Raises:
        InputError: no such model or store, or nothing to validate on in it.
    """
    model = load(model) if isinstance(model, (str, Path)) else model
    store = MotionStore.open(store) if isinstance(store, (str, Path)) else store
    _, held_out = split_validation(store)
    if not held_out:
        raise InputError(
            f"{store.path}: no clips in this split, nothing is held out ('data import --validation PATTERN')"
        )
    device = next(model.parameters()).device

    def loaded(clips: Sequence[int]) -> MotionWindows:
        return MotionWindows.from_store(store, clips, SamplerConfig(), device, motion_joints(model.config))

    whole = whole_clips(store, held_out)
    parts = {ALL: (loaded(whole), whole)} if whole else {}
    for dataset in sorted({store.clips[index].dataset for index in held_out}):
        clips = tuple(index for index in held_out if store.clips[index].dataset == dataset)
        parts[dataset] = (loaded(clips), clips)
    if whole:
        parts |= {kind: (motion, whole) for kind, motion in _by_kind(store, whole, parts[ALL][0]).items()}
    views = validation_views(noise=noise, hint=hint)
    return {
        name: {
            stride: errors_at(model, motion, views, stride, windows, _known_joints(store, clips))
            for stride in strides_in or model.config.strides_in
        }
        for name, (motion, clips) in parts.items()
    }


def _by_kind(store: MotionStore, clips: Sequence[int], motion: MotionWindows) -> dict[str, MotionWindows]:
    """Windows of the clips by the kind of motion in their middle; without kinds of less than a second."""
    kinds = torch.from_numpy(np.concatenate([kinds_of(store[index], RATE_HZ) for index in clips]))
    shown = ((name, kinds == place) for place, name in enumerate(KINDS))
    return {name: motion.centred_on(chosen) for name, chosen in shown if chosen.sum() >= RATE_HZ}


def _known_joints(store: MotionStore, clips: Sequence[int]) -> tuple[str, ...]:
    """The joints of h36m17 that all these clips have."""
    lacking = {joint for index in clips for joint in store.clips[index].lacks}
    return tuple(joint for joint in joint_set(JOINTS).joints if joint not in lacking)


def validation_views(
    camera: Cameras | None = None,
    noise: NoiseConfig | None = REALISTIC_NOISE,
    hint: HintConfig = REALISTIC_HINT,
) -> ViewConfig:
    """Real bodies at their real speed, through random cameras and fixed noise (None: without any)."""
    return ViewConfig(
        sampler=SamplerConfig(speed=(1.0, 1.0)),
        body=BodyConfig(stature=0, segment=0, width=0, width_mean=0),
        camera=camera or CameraConfig(),
        noise=noise,
        hint=hint,
        mirror="none",
        switch_rate=0,
    )


def errors_at(
    network: LiftingNetwork[Any],
    motion: MotionWindows | FilmedWindows,
    views: ViewConfig,
    stride_in: int,
    windows: int,
    joints: Sequence[str] = joint_set(JOINTS).joints,
) -> Errors:
    """Errors of the pose in the middle of random windows whose key-frames are `stride_in` frames apart.

    Measured over `joints`, by default the 17 of h36m17. Windows without a pose near their middle are left
    out, as at inference.
    """
    middle = network.answered_token
    names = joint_set(network.config.joints).joints
    body = [names.index(name) for name in joints]

    def poses(batch: Batch, _: Generator) -> tuple[Tensor, ...]:
        sequence, centre = network.answer(batch.keypoints, batch.mask)
        beside = centre if sequence is None else sequence[:, middle]
        counted = batch.counted[:, middle] & batch.known[:, middle][:, body].all(-1)
        answers = (centre, beside, batch.target[:, middle])
        return tuple(poses[counted][:, body] for poses in answers)

    batches = validation_batches(network.config, motion, views, stride_in, windows)
    centre_m, sequence_m, target_m = collected(network, batches, poses)
    root = list(joints).index("pelvis")
    return Errors(
        mpjpe=mpjpe(centre_m, target_m, root=root),
        p_mpjpe=p_mpjpe(centre_m, target_m),
        n_mpjpe=n_mpjpe(centre_m, target_m, root=root),
        sequence_mpjpe=mpjpe(sequence_m, target_m, root=root),
        poses=len(target_m),
    )


def validation_batches(
    config: LiftingConfig,
    motion: MotionWindows | FilmedWindows,
    views: ViewConfig,
    stride_in: int,
    windows: int,
) -> Iterator[tuple[Batch, Generator]]:
    """The same batches every time, each with the generator that it came from, to draw more."""
    for part in range(-(-windows // CHUNK)):
        random = torch.Generator(motion.device)
        random.manual_seed(seed_of(SEED, part))
        yield draw_batch(motion, config, views, CHUNK, random, strides_in=(stride_in,)), random


@torch.no_grad()
def collected(
    network: nn.Module,
    batches: Iterator[tuple[Batch, Generator]],
    ask: Callable[[Batch, Generator], tuple[Tensor, ...]],
) -> list[NDArray[np.float64]]:
    """What `ask` says of all batches, joined; full precision, the network in evaluation mode meanwhile."""
    training = network.training
    network.eval()
    parts = []
    for batch, random in batches:
        with torch.autocast(random.device.type, enabled=False):
            parts.append([said.double().cpu().numpy() for said in ask(batch, random)])
    network.train(training)
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
