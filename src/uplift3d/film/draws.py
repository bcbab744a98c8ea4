"""Random numbers on the training device, and the ranges that configurations give them."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import torch
from pydantic import AfterValidator
from torch import Generator, Tensor

LARGEST = 1e6
"""Of whatever a range is of: degrees, metres, seconds, millimetres."""


def _ordered(given: tuple[float, float]) -> tuple[float, float]:
    if not all(abs(end) <= LARGEST for end in given):
        raise ValueError(f"[{given[0]:g}, {given[1]:g}] given, both ends must be numbers up to {LARGEST:g}")
    if given[0] > given[1]:
        raise ValueError(f"[{given[0]:g}, {given[1]:g}] given, the lower end must come first")
    return given


def _positive(given: tuple[float, float]) -> tuple[float, float]:
    if given[0] <= 0:
        raise ValueError(f"[{given[0]:g}, {given[1]:g}] given, both ends must be above 0")
    return given


def _share(given: tuple[float, float]) -> tuple[float, float]:
    if given[0] < 0 or given[1] > 1:
        raise ValueError(f"[{given[0]:g}, {given[1]:g}] given, both ends must lie between 0 and 1")
    return given


def _positive_or_off(given: tuple[float, float]) -> tuple[float, float]:
    return given if given == (0, 0) else _positive(given)


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""Lowest and highest value; equal ends fix it."""
ShareRange = Annotated[Range, AfterValidator(_share)]
"""The same for a share or probability."""
LogRange = Annotated[Range, AfterValidator(_positive)]
"""The same for a value whose logarithm is uniform."""
SizeRange = Annotated[Range, AfterValidator(_positive_or_off)]
"""The same, where [0, 0] switches off what it measures."""


def gaussian(shape: tuple[int, ...], like: Tensor, random: Generator) -> Tensor:
    """Standard normal numbers on the device and in the dtype of `like`."""
    return torch.randn(shape, generator=random, device=like.device, dtype=like.dtype)


def uniform(shape: tuple[int, ...], low: float, high: float, like: Tensor, random: Generator) -> Tensor:
    """Uniform numbers on the device and in the dtype of `like`."""
    return torch.rand(shape, generator=random, device=like.device, dtype=like.dtype) * (high - low) + low


def log_uniform(shape: tuple[int, ...], low: float, high: float, like: Tensor, random: Generator) -> Tensor:
    """Numbers whose logarithm is uniform; 0 where both ends are 0."""
    if high == 0:
        return torch.zeros(shape, device=like.device, dtype=like.dtype)
    return uniform(shape, math.log(low), math.log(high), like, random).exp()


def seed_of(*numbers: int) -> int:
    """One seed for a random generator from several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
