"""2D noise that looks like a detector's, drawn on the training device.

Detector errors are not white: a wrist stays wrong for a while, whole joints go missing behind the body, left
and right change places, and every detector has its own idea of where a hip or a neck is. Sizes are in
millimetres at the person, so they mean the same at every distance. Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Generator, Tensor

from uplift3d.film.cameras import View
from uplift3d.film.definitions import displacements, draw_shares
from uplift3d.film.draws import LogRange, ShareRange, SizeRange, gaussian, log_uniform, uniform
from uplift3d.skeletons import JointSet

JOINT_NOISE = {
    "toe": 1.7,
    "heel": 1.6,
    "wrist": 1.6,
    "ankle": 1.5,
    "elbow": 1.2,
    "knee": 1.2,
    "head": 0.9,
    "neck": 0.8,
    "torso": 0.8,
}
"""Noise of a joint relative to hips and shoulders (COCO's annotators disagree in about these proportions)."""
LEGS = ("hip", "knee", "ankle", "heel", "toe")
"""How the names of leg joints end."""


class NoiseConfig(BaseModel):
    """The noise of 2D poses; all zero gives clean projections, but for the joints that detectors derive
    from others (pelvis and torso)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    white_mm: SizeRange = (3.0, 20.0)
    """Standard deviation per axis of the error that changes from frame to frame, log-uniform per window."""
    drift_mm: SizeRange = (3.0, 30.0)
    """Standard deviation per axis of the error that changes slowly, log-uniform per window."""
    drift_s: LogRange = (0.2, 2.0)
    """Time constant of the slow error, log-uniform per window."""
    bias_mm: float = Field(default=15.0, ge=0)
    """Standard deviation of a joint's constant displacement: every detector defines joints its own way."""
    definitions: float = Field(default=0.0, ge=0)
    """How far joints are moved along their bones, constant in a window, as a multiple of
    `film.definitions.DEFINITIONS`."""
    outlier_rate: float = Field(default=0.005, ge=0, le=1)
    """Share of joints whose white error is ten times as large."""
    lost_rate: ShareRange = (0.0, 0.08)
    """Share of joints lost for a while, uniform per window."""
    lost_s: float = Field(default=0.3, gt=0)
    """Time constant of such losses."""
    lost_outside: float = Field(default=0.7, ge=0, le=1)
    """Share of windows in which joints outside the image are lost; in the others they are guessed."""
    swap_rate: float = Field(default=0.01, ge=0, le=1)
    """Share of poses whose legs (and, independently, arms) have left and right exchanged."""
    body_swap_rate: float = Field(default=0.0, ge=0, le=1)
    """Share of poses whose whole body has left and right exchanged."""
    swap_s: float = Field(default=0.0, ge=0)
    """Time constant of exchanges, which then come in runs; 0: every pose by itself."""
    missed_rate: float = Field(default=0.03, ge=0, le=1)
    """Share of poses that the detector misses altogether."""
    known_spread: float = Field(default=0.0, ge=0)
    """Standard deviation of the logarithm of a joint's error that the detector knows about and tells as
    confidence; it changes slowly. 0: every joint that is seen has confidence 1."""
    untold_rate: float = Field(default=0.0, ge=0, le=1)
    """Share of windows whose confidences are not told (1 where seen), as in many 2D files."""
    footless_rate: float = Field(default=0.0, ge=0, le=1)
    """Share of windows from a detector that does not know heels and toes."""


REALISTIC_NOISE = NoiseConfig(
    white_mm=(10.0, 10.0),
    drift_mm=(14.0, 14.0),
    drift_s=(0.5, 0.5),
    bias_mm=8.0,
    outlier_rate=0.005,
    lost_rate=(0.03, 0.03),
    swap_rate=0.005,
    missed_rate=0.01,
)
"""Fixed noise of validation: about 17 mm per axis at the person on hips and shoulders, 28 mm on wrists, as a
good detector shows on Human3.6M (about 5 pixels where a person is 450 pixels tall)."""


class Detections(NamedTuple):
    """What a detector reports of windows of views."""

    keypoints: Tensor
    """(B, N, J, 2) in half image widths."""
    seen: Tensor
    """(B, N, J)."""
    confidence: Tensor
    """(B, N, J) 0 … 1, 0 where unseen."""
    exchanged: Tensor
    """(B, N, J) True where the joint's other side was reported."""
    shares: Tensor | None = None
    """(B, lines of `DEFINITIONS`) how far this detector puts joints along their bones; None: nowhere else."""


def detect(
    view: View, joints: JointSet, config: NoiseConfig | None, token_s: float, random: Generator
) -> Detections:
    """What a detector would report of a view.

    Args:
        view: clean projections; NaN for joints that the motion does not have.
        joints: joint set of the projections.
        config: sizes of the errors; None: every joint is seen where it is projected, also outside the image.
        token_s: seconds between tokens.
        random: generator on the view's device.
    """
    clean = view.keypoints
    known = clean.isfinite().all(-1)
    if config is None:
        seen = view.in_front[..., None] & known
        return Detections(clean.nan_to_num(), seen, seen.to(clean), torch.zeros_like(known))
    batch, tokens = clean.shape[:2]
    scale = (view.pixels_per_metre / 1000)[..., None, None]  # (B, N, 1, 1) image units per millimetre
    error_mm = _white(clean, config, random) + _drift(clean, config, token_s, random)
    error_mm = error_mm * _joint_noise(joints, clean)[:, None]
    trouble = _trouble(clean, config, token_s, random)
    if trouble is not None:
        error_mm = error_mm * (config.known_spread * trouble).exp()[..., None]
    error_mm = error_mm + _bias(view, config.bias_mm, random)
    exchanged = _exchanged(clean, joints, config, token_s, random)
    shares = draw_shares(config.definitions, batch, clean, random) if config.definitions else None
    defined = clean if shares is None else clean + displacements(clean, joints, shares)
    noisy = torch.where(exchanged[..., None], defined[:, :, list(joints.mirror)], defined) + error_mm * scale
    noisy = derive(noisy, joints).nan_to_num()
    lost = _lost(clean, config, token_s, random) | ~known
    strict = uniform((batch, 1, 1), 0, 1, clean, random) < config.lost_outside
    seen = ~_with_derived(lost | (strict & ~view.visible), joints)
    missed = uniform((batch, tokens, 1), 0, 1, clean, random) < config.missed_rate
    seen = seen & ~missed & view.in_front[..., None]
    seen = seen & ~_footless(clean, joints, config, random)
    confidence = seen.to(clean)
    if trouble is not None:
        confidence = confidence * _lowest(_told(trouble, config, random), joints)
    return Detections(noisy, seen, confidence, exchanged, shares)


def correlated(shape: tuple[int, ...], time_s: Tensor, token_s: float, random: Generator) -> Tensor:
    """First-order autoregressive noise of unit variance along axis 1: (B, N, …), time constants (B,)."""
    batch, tokens = shape[:2]
    rho = torch.exp(-token_s / time_s)[:, None, None]
    lag = torch.arange(tokens, device=time_s.device)
    lag = lag[:, None] - lag[None]
    # Cholesky factor of rho^|i-j|: the first column carries the stationary start.
    factor = torch.where(lag >= 0, rho ** lag.clamp(min=0), 0)
    factor[..., 1:] *= torch.sqrt(1 - rho**2)
    white = gaussian((batch, tokens, int(torch.Size(shape[2:]).numel())), time_s, random)
    noise: Tensor = (factor @ white).reshape(shape)
    return noise


def derive(noisy: Tensor, joints: JointSet) -> Tensor:
    """Poses (B, N, J, D) with pelvis and torso as `skeletons.DERIVED` makes them from what detectors really
    give (hips, neck)."""
    noisy = noisy.clone()
    pelvis, neck = joints.index("pelvis"), joints.index("neck")
    hips = [joints.index("left_hip"), joints.index("right_hip")]
    noisy[:, :, pelvis] = noisy[:, :, hips].mean(2)
    noisy[:, :, joints.index("torso")] = (noisy[:, :, pelvis] + noisy[:, :, neck]) / 2
    return noisy


def _white(clean: Tensor, config: NoiseConfig, random: Generator) -> Tensor:
    size = log_uniform((len(clean), 1, 1, 1), *config.white_mm, clean, random)
    outlier = uniform((*clean.shape[:3], 1), 0, 1, clean, random) < config.outlier_rate
    return gaussian(tuple(clean.shape), clean, random) * size * torch.where(outlier, 10.0, 1.0)


def _drift(clean: Tensor, config: NoiseConfig, token_s: float, random: Generator) -> Tensor:
    size = log_uniform((len(clean), 1, 1, 1), *config.drift_mm, clean, random)
    time_s = log_uniform((len(clean),), *config.drift_s, clean, random)
    return correlated(tuple(clean.shape), time_s, token_s, random) * size


def _joint_noise(joints: JointSet, like: Tensor) -> Tensor:
    factors = [next((f for key, f in JOINT_NOISE.items() if key in name), 1.0) for name in joints.joints]
    return torch.tensor(factors, device=like.device, dtype=like.dtype)


def _bias(view: View, size_mm: float, random: Generator) -> Tensor:
    """Constant displacement of every joint, (B, 1, J, 2) mm."""
    batch, _, count, _ = view.keypoints.shape
    return gaussian((batch, 1, count, 2), view.keypoints, random) * size_mm


def _exchanged(
    clean: Tensor, joints: JointSet, config: NoiseConfig, token_s: float, random: Generator
) -> Tensor:
    """Joints (B, N, J) whose other side is reported: legs, arms or the whole body."""
    legs = torch.tensor([name.endswith(LEGS) for name in joints.joints], device=clean.device)
    halves = _runs(2, config.swap_rate, clean, config, token_s, random)
    exchanged = torch.where(legs, halves[..., :1], halves[..., 1:])
    if config.body_swap_rate:
        exchanged = exchanged.logical_xor(_runs(1, config.body_swap_rate, clean, config, token_s, random))
    return exchanged


def _runs(
    count: int, rate: float, clean: Tensor, config: NoiseConfig, token_s: float, random: Generator
) -> Tensor:
    """So many events (B, N, count) at a rate, in runs of about `swap_s` where that is given."""
    shape = (*clean.shape[:2], count)
    if not config.swap_s:
        return uniform(shape, 0, 1, clean, random) < rate
    time_s = torch.full((len(clean),), config.swap_s, device=clean.device, dtype=clean.dtype)
    events: Tensor = correlated(shape, time_s, token_s, random) < torch.special.ndtri(clean.new_tensor(rate))
    return events


def _trouble(clean: Tensor, config: NoiseConfig, token_s: float, random: Generator) -> Tensor | None:
    """How much harder than usual every joint is to see, (B, N, J) standard normal, changing slowly."""
    if not config.known_spread:
        return None
    time_s = log_uniform((len(clean),), *config.drift_s, clean, random)
    return correlated(tuple(clean.shape[:3]), time_s, token_s, random)


def _told(trouble: Tensor, config: NoiseConfig, random: Generator) -> Tensor:
    """Confidences (B, N, J): fall with the trouble, each detector on a scale of its own."""
    batch = len(trouble)
    middle = uniform((batch, 1, 1), 0.5, 3.0, trouble, random)
    slope = uniform((batch, 1, 1), 0.7, 2.0, trouble, random)
    jitter = gaussian(tuple(trouble.shape), trouble, random) * 0.3
    told = torch.sigmoid(middle - slope * (trouble + jitter)).clamp(min=0.02)
    untold = uniform((batch, 1, 1), 0, 1, trouble, random) < config.untold_rate
    return torch.where(untold, 1.0, told)


def _footless(clean: Tensor, joints: JointSet, config: NoiseConfig, random: Generator) -> Tensor:
    """Heels and toes (B, 1, J) of windows whose detector does not know them."""
    feet = torch.tensor([name.endswith(("heel", "toe")) for name in joints.joints], device=clean.device)
    if not bool(feet.any()) or not config.footless_rate:
        return torch.zeros((1, 1, len(feet)), dtype=torch.bool, device=clean.device)
    return feet & (uniform((len(clean), 1, 1), 0, 1, clean, random) < config.footless_rate)


def _lost(clean: Tensor, config: NoiseConfig, token_s: float, random: Generator) -> Tensor:
    shape = tuple(clean.shape[:3])
    rate = uniform((len(clean), 1, 1), *config.lost_rate, clean, random)
    threshold = torch.special.ndtri(rate)  # -inf where nothing is lost
    time_s = torch.full((len(clean),), config.lost_s, device=clean.device, dtype=clean.dtype)
    lost: Tensor = correlated(shape, time_s, token_s, random) < threshold
    return lost


def _with_derived(lost: Tensor, joints: JointSet) -> Tensor:
    """A joint that detectors derive from others (pelvis, torso, neck) is lost with any of them."""
    lost = lost.clone()
    for name, used in _sources(joints).items():
        lost[..., joints.index(name)] = lost[..., used].any(-1)
    return lost


def _lowest(told: Tensor, joints: JointSet) -> Tensor:
    """A joint that detectors derive from others has the lowest of their confidences."""
    told = told.clone()
    for name, used in _sources(joints).items():
        told[..., joints.index(name)] = told[..., used].amin(-1)
    return told


def _sources(joints: JointSet) -> dict[str, list[int]]:
    hips = [joints.index("left_hip"), joints.index("right_hip")]
    shoulders = [joints.index("left_shoulder"), joints.index("right_shoulder")]
    return {"pelvis": hips, "torso": hips + shoulders, "neck": shoulders}
