"""How large: from plumbing to the published sizes. Token layouts are the published ones at every scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from uplift3d.errors import InputError
from uplift3d.model.catalogue import OURS
from uplift3d.model.rivals import RivalConfig
from uplift3d.train.recipe import recipe_settings


@dataclass(frozen=True)
class Scale:
    """Sizes of networks, runs and measurements."""

    name: str
    steps: int
    """Optimiser steps of a run from scratch; pre-training and fine-tuning share as many 5 : 1."""
    batch: int
    """Windows per step, mirror images included."""
    videos: int | None
    """Ten-second pieces of held-out motion to measure on; None: all."""
    validation_windows: int
    model: Mapping[str, Any] = field(default_factory=dict)
    """Fields that make the network smaller than the published one."""
    rival_size: tuple[int, int] | None = None
    """Width and depth that rivals are brought to; None: their published sizes."""
    optimiser: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of `TrainConfig`."""

    def rival_fields(self, config: type[RivalConfig]) -> dict[str, Any]:
        """Fields that make a rival smaller than the published one."""
        return {} if self.rival_size is None else config.small_fields(*self.rival_size)

    @property
    def finetuning_steps(self) -> int:
        """Steps after pre-training."""
        return max(1, self.steps // 6)

    @property
    def pretraining_steps(self) -> int:
        """Steps of pre-training, so that both together are as long as a run from scratch."""
        return max(1, self.steps - self.finetuning_steps)


def _short(steps: int, rate: float) -> dict[str, Any]:
    """This project's own optimiser, which gets somewhere in few steps."""
    return {"learning_rate": rate, "warm_up_steps": max(1, steps // 20), "ema": 0.99}


def _published(recipe: str) -> Scale:
    """Everything as a recipe has it: for the rivals and other data, too."""
    fields = recipe_settings(recipe)
    more = ("initial_weights", "loss_on", "validate_every")
    return Scale(
        name="full",
        steps=fields["steps"],
        batch=fields["batch"],
        videos=None,
        validation_windows=fields["validation_windows"],
        optimiser=fields["optimiser"],
        settings={name: fields[name] for name in more},
    )


SCALES = {
    "tiny": Scale(
        name="tiny",
        steps=500,
        batch=16,
        videos=24,
        validation_windows=64,
        model={
            "spatial_width": 16,
            "spatial_depth": 1,
            "temporal_width": 48,
            "temporal_depth": 2,
            "heads": 4,
        },
        rival_size=(48, 1),
        optimiser=_short(500, 2e-3),
    ),
    "small": Scale(
        name="small",
        steps=3000,
        batch=32,
        videos=100,
        validation_windows=192,
        model={
            "spatial_width": 16,
            "spatial_depth": 1,
            "temporal_width": 64,
            "temporal_depth": 2,
        },
        rival_size=(64, 2),
        optimiser=_short(3000, 4e-3),
    ),
    "medium": Scale(
        name="medium",
        steps=7500,
        batch=32,
        videos=200,
        validation_windows=384,
        model={"spatial_depth": 1, "temporal_width": 160},
        rival_size=(160, 2),
        optimiser=_short(7500, 1.2e-3) | {"ema": 0.999},
    ),
    "full": _published(OURS.presets["uu-351"].recipes["scratch"]),
}


def scale_named(name: str, steps: int | None = None) -> Scale:
    """A scale, with another number of steps if given.

    Raises:
        InputError: an unknown name.
    """
    if name not in SCALES:
        raise InputError(f"scale {name!r} given; there are {', '.join(SCALES)}")
    scale = SCALES[name]
    if steps is None:
        return scale
    optimiser = dict(scale.optimiser)
    if optimiser["warm_up_steps"]:
        optimiser["warm_up_steps"] = max(1, steps // 20)
    return replace(scale, steps=steps, optimiser=optimiser)
