"""The configuration file of a training run; `uplift3d train CONFIG.yaml` reads one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from uplift3d.errors import InputError
from uplift3d.files.guards import reason
from uplift3d.film.noise import REALISTIC_NOISE, NoiseConfig
from uplift3d.model.catalogue import all_presets, check_refinable
from uplift3d.model.network import LiftingConfig, findings
from uplift3d.train.batches import ViewConfig
from uplift3d.train.losses import PUBLISHED, Weights
from uplift3d.train.optimiser import OptimiserConfig
from uplift3d.train.recipe import recipe_names, recipe_text

MAX_WEIGHT = 1000.0
"""Of a part of the loss."""

__all__ = [
    "TrainConfig",
    "load_config",
]


class TrainConfig(BaseModel):
    """One training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Path
    """Motion store made by `uplift3d data import`, or for another `source` the folder with its files;
    relative to the working directory."""
    output: Path
    """Folder of the run: checkpoints, logs; relative to the working directory."""
    source: Literal["motion", "h36m", "mpi-inf-3dhp"] = "motion"
    """'motion': a motion store before virtual cameras; else a data set with cameras and 2D of its own, of
    which `views` then varies the mirror image alone. Validated on its test subjects, as published."""
    detections: str = "cpn_ft_h36m_dbb"
    """Which 2D file of Human3.6M, as for `uplift3d evaluate --detections`."""
    ground_truth: Literal["annot3", "univ_annot3"] | None = None
    """Which 3D annotation of MPI-INF-3DHP; there is no default, since the literature uses both."""
    datasets: tuple[str, ...] = ()
    """Data sets of the store to train and validate on; default: all of them."""
    preset: str = "small"
    """Network of `model.catalogue`: the layout, and for 'uu-…' and rivals the published input and output
    conventions."""
    stage: Literal["lifting", "pretraining", "refinement"] = "lifting"
    """'lifting': the network itself. 'pretraining' (P-STMO, before): its encoder, on hidden 2D poses.
    'refinement' (Strided Transformer and P-STMO, last): the lifter that `start_from` names and the refinement
    behind it, which is given the camera and the true depth of the root."""
    model: Mapping[str, Any] = Field(default_factory=dict)
    """Fields of the configuration of the stage's network that differ from the preset."""
    initial_weights: Literal["quick", "published"] = "quick"
    """'quick' to learn from (see `model/initialise.py`), or drawn as published; rivals have their own."""
    start_from: Path | None = None
    """Weights of another run (model.safetensors) in place of fresh ones, or shipped ones by their name
    ("base", "base-free"), to fine-tune them; their licence counts beside that of the motion (a network of
    ours may have more joints, input channels and temporal blocks than they have, and no strided stages); or
    of P-STMO's pre-training, ours or its authors', whose encoder is then taken over."""
    strides_in: tuple[int, ...] = ()
    """Frames between key-frames to train and validate with; default: those of the network. For a network
    without upsampling token, 2D poses are interpolated between key-frames farther apart than its tokens."""
    views: ViewConfig = ViewConfig()
    """How motion becomes network input."""
    validation_noise: NoiseConfig | None = REALISTIC_NOISE
    """Noise of the validation batches; null: none."""
    validation_windows: int = Field(default=768, ge=1)
    """Windows validated at every stride, rounded up to multiples of 64; the same ones each time."""
    loss_on: Literal["observable", "all"] = "observable"
    """Tokens that count: inside the clip and within half a second of a pose, or all of them (published, and
    always so in pre-training)."""
    loss: Weights = PUBLISHED
    """How much the parts of the loss count."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """How weights change."""
    steps: int = Field(gt=0, le=10**9)
    """Optimiser steps of the whole run."""
    batch: int = Field(default=32, ge=1, le=100_000)
    """Windows per step and device, mirror images included."""
    validate_every: int = Field(default=1000, ge=1)
    """Steps between validations."""
    checkpoint_every: int = Field(default=200, ge=1)
    """Steps between checkpoints; a killed run goes on from the last one."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """All randomness follows from it."""
    licence: str = ""
    """Licence of the weights; default: the strictest of the motion's and of the weights to start from."""
    graphs: bool = True
    """Write ONNX graphs beside the weights in the end."""
    threads: int | None = Field(default=None, ge=1, le=1024)
    """CPU threads; default: torch's own choice."""

    @field_validator("preset")
    @classmethod
    def _check_preset(cls, name: str) -> str:
        if name not in all_presets():
            raise ValueError(f"{name!r} given; there are {', '.join(all_presets())}")
        return name

    @field_validator("loss")
    @classmethod
    def _check_loss(cls, loss: Weights) -> Weights:
        if not all(0 <= weight <= MAX_WEIGHT for weight in loss) or loss.centre > 1 or loss.any_size > 1:
            raise ValueError(
                f"{list(loss)} given, accepted are numbers from 0 to {MAX_WEIGHT:g}, and up to 1 for centre "
                "and any_size"
            )
        return loss

    @model_validator(mode="after")
    def _check_ground_truth(self) -> TrainConfig:
        if self.source == "mpi-inf-3dhp" and self.ground_truth is None:
            raise ValueError("source: mpi-inf-3dhp needs ground_truth: annot3 or univ_annot3")
        return self

    @model_validator(mode="after")
    def _check_stage(self) -> TrainConfig:
        if self.stage == "pretraining" and all_presets()[self.preset].pretraining is None:
            known = " or ".join(name for name, preset in all_presets().items() if preset.pretraining)
            raise ValueError(f"stage: pretraining is for preset {known}, not {self.preset}")
        if self.stage == "refinement":
            check_refinable(self.network)
            if self.start_from is None:
                raise ValueError("stage: refinement needs start_from, the weights of a trained lifter")
        return self

    @property
    def network(self) -> LiftingConfig:
        """The configuration of the stage's network (refinement: of the lifter): preset and changes."""
        preset = all_presets()[self.preset]
        if self.stage == "pretraining":
            assert preset.pretraining is not None  # seen to above
            return preset.pretraining().evolve(**self.model)
        return preset.config().evolve(**self.model)

    @property
    def strides(self) -> tuple[int, ...]:
        """Frames between key-frames; InputError where they are no multiples of the token spacing."""
        spacing = self.network.s_out
        if wrong := [stride for stride in self.strides_in if stride < 1 or stride % spacing]:
            raise InputError(f"strides_in: {wrong[0]} given, multiples of s_out ({spacing}) needed")
        return self.strides_in or self.network.strides_in


def load_config(path: str | Path, **changes: Any) -> TrainConfig:
    """Read and check a configuration file.

    Args:
        path: YAML file, or the name of a recipe of `train/recipes`.
        changes: fields that replace those of the file, where they are not None.

    Raises:
        InputError: no such file or recipe, not YAML, or fields that do not fit, all of them named.
    """
    path = Path(path)
    try:
        is_recipe = str(path) in recipe_names() and not path.exists()
        text = recipe_text(str(path)) if is_recipe else path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except OSError as error:
        known = "" if path.suffix else f"; recipes are called {', '.join(recipe_names())}"
        raise InputError(f"{path}: cannot be read ({error.strerror}){known}") from error
    except Exception as error:  # yaml passes on what int(), float(), dates and deep nesting raise
        raise InputError(f"{path}: not a YAML file ({reason(error)})") from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise InputError(f"{path}: expected a table of fields (store, output, steps, …)")
    try:
        config = TrainConfig(
            **content | {name: value for name, value in changes.items() if value is not None}
        )
        config.strides  # noqa: B018  impossible sizes are found before anything starts
    except ValidationError as error:
        raise InputError(f"{path}: {findings(error)}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return config
