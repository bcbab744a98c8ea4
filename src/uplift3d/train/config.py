"""The configuration file of a training run; `uplift3d train CONFIG.yaml` reads one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from uplift3d.errors import InputError
from uplift3d.model import presets
from uplift3d.model.config import ModelConfig
from uplift3d.train.batches import ViewConfig
from uplift3d.train.noise import NoiseConfig

PRESETS = {"small": presets.small, "base-351": presets.base_351}

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


class OptimiserConfig(BaseModel):
    """AdamW and its schedule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest learning rate."""
    weight_decay: float = Field(default=0.05, ge=0)
    """Decoupled weight decay, multiplied by the learning rate as PyTorch does."""
    schedule: Literal["cosine", "paper"] = "cosine"
    """'cosine' to zero at the last step, or the published ×0.99 every 6000 steps."""
    warm_up_steps: int = Field(default=500, ge=0)
    """Steps of linear warm-up."""
    clip_norm: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the moving average of the weights that is validated and shipped; 0 switches it off."""


class TrainConfig(BaseModel):
    """One training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Path
    """Motion store made by `uplift3d data import`; relative to the configuration file."""
    output: Path
    """Folder of the run: checkpoints, logs; relative to the working directory."""
    preset: Literal["small", "base-351"] = "small"
    """Named network size."""
    model: Mapping[str, Any] = Field(default_factory=dict)
    """Fields of the network's configuration that differ from the preset."""
    views: ViewConfig = ViewConfig()
    """How motion becomes network input."""
    validation_noise: NoiseConfig = REALISTIC_NOISE
    """Noise of the validation batches."""
    validation_windows: int = Field(default=768, ge=1)
    """Windows validated at every stride; the same ones each time."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """How weights change."""
    steps: int = Field(gt=0)
    """Optimiser steps of the whole run."""
    batch: int = Field(default=32, ge=1)
    """Windows per step and device, mirror images included."""
    validate_every: int = Field(default=1000, ge=1)
    """Steps between validations."""
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints; a killed run goes on from the last one."""
    seed: int = 0
    """All randomness follows from it."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads; default: torch's own choice."""

    @property
    def model_config_full(self) -> ModelConfig:
        """The network's configuration: preset and changes."""
        return PRESETS[self.preset]().evolve(**self.model)


def load_config(path: str | Path) -> TrainConfig:
    """Read and check a configuration file.

    Raises:
        InputError: no such file, not YAML, or fields that do not fit, all of them named.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a YAML file ({str(error).splitlines()[0]})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a table of fields (store, output, steps, …)")
    try:
        config = TrainConfig(**content)
    except ValidationError as error:
        raise InputError(f"{path}: {_sentence(error)}") from None
    config.model_config_full  # noqa: B018  raises InputError for impossible sizes before anything starts
    return config.model_copy(update={"store": (path.parent / config.store).resolve()})


def _sentence(error: ValidationError) -> str:
    findings = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"]) or "configuration"
        text = "unknown field" if item["type"] == "extra_forbidden" else item["msg"]
        findings.append(f"{field}: {text.removeprefix('Value error, ')}")
    return "; ".join(findings)
