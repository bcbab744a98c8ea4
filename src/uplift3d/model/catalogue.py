"""Every network there is: names, titles, sizes, stages and recipes, all in one place.

A rival is added by its module and one more entry of `RIVALS`; training, evaluation, the counting of
arithmetic and the reproduction then know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, overload

from uplift3d.errors import InputError
from uplift3d.model import presets
from uplift3d.model.config import ModelConfig
from uplift3d.model.network import LiftingConfig, LiftingNetwork, Network, NetworkConfig
from uplift3d.model.rivals import (
    motionbert,
    poseformer,
    pstmo,
    pstmo_pretraining,
    strided_transformer,
    ugcn,
    videopose3d,
)
from uplift3d.model.rivals.base import PartConfig, RivalConfig
from uplift3d.model.rivals.refinement import Refinement, RefinementConfig
from uplift3d.model.uplift_upsample import UpliftUpsample
from uplift3d.model.widen import widened

Stage = Literal["scratch", "pretraining", "finetuning", "refinement"]
"""What a recipe does: trains fresh weights, comes first, follows a pre-training, comes last."""
ConfigT_co = TypeVar("ConfigT_co", bound=LiftingConfig, covariant=True)


@dataclass(frozen=True)
class Preset:
    """One network."""

    config: Callable[[], LiftingConfig]
    """Its sizes."""
    pretraining: Callable[[], RivalConfig] | None = None
    """Sizes of the network of its pre-training, where that has one of its own."""
    recipes: Mapping[Stage, str] = field(default_factory=dict)
    """How it is trained as published: files in `train/recipes`."""


@dataclass(frozen=True)
class Pretraining:
    """The network of a stage before lifting."""

    config: type[PartConfig]
    network: type[Network[Any]]
    hand_over: Callable[[Any, Any], object]
    """Gives a network the weights of its pre-training; InputError where they do not fit."""


@dataclass(frozen=True)
class Method(Generic[ConfigT_co]):
    """All networks of one architecture."""

    title: str
    """As pages have it."""
    config: type[ConfigT_co]
    network: type[LiftingNetwork[Any]]
    presets: Mapping[str, Preset]
    """By name; the first is the one that tables compare with."""
    pretraining: Pretraining | None = None
    widened: Callable[[Any, Any], Network[Any]] = lambda network, config: network
    """Makes of a trained network one of another configuration, where it can; else it stays as it is."""
    has_refinement: bool = False
    """Whether its poses are refined last, see `uplift3d.model.rivals.refinement`."""


OURS = Method(
    "Uplift and Upsample",
    ModelConfig,
    UpliftUpsample,
    {
        "small": Preset(presets.small),
        "base-351": Preset(presets.base_351),
        "uu-351": Preset(
            presets.uu_351,
            recipes={
                "scratch": "h36m-uu-351",
                "pretraining": "amass-uu-351",
                "finetuning": "h36m-uu-351-finetune",
            },
        ),
        "uu-81": Preset(
            presets.uu_81,
            recipes={
                "scratch": "h36m-uu-81",
                "pretraining": "amass-uu-81",
                "finetuning": "h36m-uu-81-finetune",
            },
        ),
    },
    widened=widened,
)
RIVALS: list[Method[RivalConfig]] = [
    Method(
        "VideoPose3D",
        videopose3d.VideoPose3DConfig,
        videopose3d.VideoPose3D,
        {
            "videopose3d-243": Preset(
                videopose3d.videopose3d_243, recipes={"scratch": "h36m-videopose3d-243"}
            ),
            "videopose3d-27": Preset(videopose3d.videopose3d_27),
        },
    ),
    Method(
        "PoseFormer",
        poseformer.PoseFormerConfig,
        poseformer.PoseFormer,
        {
            "poseformer-81": Preset(poseformer.poseformer_81, recipes={"scratch": "h36m-poseformer-81"}),
            "poseformer-27": Preset(poseformer.poseformer_27),
            "poseformer-9": Preset(poseformer.poseformer_9),
        },
    ),
    Method(
        "Strided Transformer",
        strided_transformer.StridedTransformerConfig,
        strided_transformer.StridedTransformer,
        {
            "strided-transformer-351": Preset(
                strided_transformer.strided_transformer_351,
                recipes={
                    "scratch": "h36m-strided-transformer-351",
                    "refinement": "h36m-strided-transformer-351-refinement",
                },
            ),
            "strided-transformer-27": Preset(strided_transformer.strided_transformer_27),
        },
        has_refinement=True,
    ),
    Method(
        "P-STMO",
        pstmo.PSTMOConfig,
        pstmo.PSTMO,
        {
            "pstmo-243": Preset(
                pstmo.pstmo_243,
                pstmo_pretraining.pstmo_pretraining_243,
                {
                    "pretraining": "h36m-pstmo-243-pretraining",
                    "finetuning": "h36m-pstmo-243",
                    "refinement": "h36m-pstmo-243-refinement",
                },
            ),
            "pstmo-small-243": Preset(pstmo.pstmo_small_243, pstmo_pretraining.pstmo_small_pretraining_243),
        },
        Pretraining(
            pstmo_pretraining.PSTMOPretrainingConfig,
            pstmo_pretraining.PSTMOPretraining,
            pstmo_pretraining.start_from,
        ),
        has_refinement=True,
    ),
    Method(
        "U-GCN",
        ugcn.UGCNConfig,
        ugcn.UGCN,
        {"ugcn-96": Preset(ugcn.ugcn_96, recipes={"scratch": "h36m-ugcn-96"})},
    ),
    Method(
        "MotionBERT",
        motionbert.MotionBERTConfig,
        motionbert.MotionBERT,
        {
            "motionbert-243": Preset(motionbert.motionbert_243, recipes={"scratch": "h36m-motionbert-243"}),
            "motionbert-lite-243": Preset(motionbert.motionbert_lite_243),
        },
    ),
]


def rivals() -> dict[str, Method[RivalConfig]]:
    """All rivals, by the name of their architecture: "videopose3d", …"""
    return {method.config.network_name(): method for method in RIVALS}


def all_presets() -> dict[str, Preset]:
    """All networks, by name: "uu-351", "videopose3d-243", …"""
    return {name: preset for method in (OURS, *RIVALS) for name, preset in method.presets.items()}


def method_of(config: LiftingConfig) -> Method[LiftingConfig]:
    """The method that a configuration is for."""
    for method in (OURS, *RIVALS):
        if method.config is type(config):
            return method
    raise InputError(f"{config.network_name()} does not lift 2D poses by itself")


def check_refinable(config: LiftingConfig) -> None:
    """Refuse networks whose poses cannot be refined.

    Raises:
        InputError: a network without refinement, or one with other input than screen coordinates or other
            output than camera axes.
    """
    refined = [name for name, method in rivals().items() if method.has_refinement]
    if config.network_name() not in refined:
        raise InputError(f"refinement is for {' and '.join(refined)}, not {config.network_name()}")
    if (config.input, config.axes) != ("screen", "camera"):
        raise InputError(
            "refinement needs screen input and camera axes; the network has "
            f"input {config.input} and axes {config.axes}"
        )


def config_of(fields: Mapping[str, Any]) -> NetworkConfig:
    """Make the configuration that fields with a `rival` describe.

    Raises:
        InputError: an unknown name, unknown fields, sizes that do not go together.
    """
    known = {config.network_name(): config for config in _networks() if config is not ModelConfig}
    name = fields.get("rival")
    if name not in known:
        raise InputError(f"no rival is called {name!r}; there are {', '.join(known)}")
    return known[name](**fields)


@overload
def create(config: ModelConfig) -> UpliftUpsample: ...
@overload
def create(config: NetworkConfig) -> Network[NetworkConfig]: ...
def create(config: NetworkConfig) -> Network[NetworkConfig]:
    """Build a network with fresh weights (drawn from torch's global random generator)."""
    return _networks()[type(config)](config)


def _networks() -> dict[type[NetworkConfig], type[Network[Any]]]:
    """Everything that has checkpoints of its own."""
    first = (method.pretraining for method in RIVALS if method.pretraining is not None)
    return {
        OURS.config: OURS.network,
        **{method.config: method.network for method in RIVALS},
        **{stage.config: stage.network for stage in first},
        RefinementConfig: Refinement,
    }
