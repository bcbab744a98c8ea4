"""What a network is made of, as one frozen record that travels with its weights.

Every checkpoint and every ONNX graph carries this record as JSON, so the input that a model wants (joint set,
normalisation, what stands beyond the ends of a clip) is never guessed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uplift3d.model.network import Blocks, LiftingConfig
from uplift3d.normalise import channel_names


class ModelConfig(LiftingConfig):
    """Sizes, switches and conventions of one network; the defaults are the uu-351 layout."""

    joints: str = "h36m17"
    """Joint set of input and output, a name known to `uplift3d.skeletons`."""
    input: Literal["person", "screen"] = "person"
    """2D normalisation: relative to the person's pelvis and size, or screen coordinates over the width."""
    axes: Literal["camera", "viewing_ray"] = "viewing_ray"
    """Axes of the 3D output: the camera's, or those of a camera turned to look straight at the pelvis."""
    edges: Literal["repeat", "masked"] = "masked"
    """Tokens beyond the clip: repeat the nearest frame on the window's grid (published), or carry no pose."""

    confidence: bool = False
    """Whether the detector's confidence of every joint is part of the input."""
    hint: bool = False
    """Whether the picture's own guess in 3D (`Keypoints2D.depth_hint`) is part of the input."""

    tokens: int = Field(default=71, ge=1)
    """Tokens per window N; odd, so that one is the centre."""
    frame_rate_hz: float = Field(default=50.0, gt=0)
    """Rate in Hz of the time base that strides count in."""
    s_out: int = Field(default=5, ge=1)
    """Frames between neighbouring tokens, and so between output poses."""
    strides_in: tuple[int, ...] = (5, 10, 20)
    """Frames between 2D poses that the model was trained for."""

    spatial_width: int = Field(default=32, ge=1)
    """Channels per joint inside the spatial Transformer."""
    spatial_depth: Blocks = Field(default=4, ge=0)
    """Blocks over the joints of one frame; 0: the raw 2D pose goes straight into a token."""
    temporal_width: int = Field(default=384, ge=1)
    """Channels C per token."""
    temporal_depth: Blocks = Field(default=4, ge=0)
    """Blocks over the tokens of a window; 0: no sequence output."""
    heads: int = Field(default=8, ge=1)
    """Attention heads everywhere; divides both widths."""
    mlp_ratio: float = Field(default=2.0, gt=0)
    """Hidden width of every MLP over its width."""
    qkv_bias: bool = True
    """Whether query, key and value projections have a bias."""
    strided: tuple[int, ...] = (3, 10, 3)
    """Stride of every stage of the strided Transformer; empty: the centre head reads the central token."""
    paddings: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0))
    """Zeros put (left, right) of the hidden sequence of every strided stage."""
    deferred_depth: Blocks = Field(default=1, ge=0)
    """Leading temporal blocks (strided ones, if temporal depth is 0) where upsampling tokens are no keys."""
    masked_tokens: bool = True
    """Whether there is a learned upsampling token; without it every token needs a 2D pose."""
    output_batch_norm: bool = False
    """Batch normalisation in front of both heads."""

    drop_path_spatial: float = Field(default=0.1, ge=0, lt=1)
    """Stochastic depth of the last spatial block (rising linearly from 0), drawn per frame."""
    drop_path_temporal: float = Field(default=0.1, ge=0, lt=1)
    """Stochastic depth of the last temporal block, drawn per window."""
    drop_path_strided: float = Field(default=0.0, ge=0, lt=1)
    """Stochastic depth of the last strided block, drawn per window."""

    block_epsilon: float = Field(default=1e-5, gt=0)
    """Epsilon of the layer norms inside blocks."""
    spatial_norm_epsilon: float = Field(default=1e-6, gt=0)
    """Epsilon of the layer norm that ends the spatial Transformer."""
    batch_norm_epsilon: float = Field(default=1e-5, gt=0)
    """Epsilon of the output batch norms."""

    @classmethod
    def network_name(cls) -> str:
        """Name of the method."""
        return "Uplift and Upsample"

    @classmethod
    def record_name(cls) -> str:
        """What messages call a record of this class."""
        return "model configuration"

    def problems(self) -> list[str]:
        """Say which fields contradict one another: layout, widths, switches."""
        return [*_layout_problems(self), *_width_problems(self), *_switch_problems(self)]

    @property
    def channels(self) -> int:
        """Numbers per joint in the input, see `normalise.channel_names`."""
        return len(channel_names(self.confidence, self.hint))

    @property
    def fills_in(self) -> bool:
        """Whether there is an upsampling token."""
        return self.masked_tokens

    @property
    def takes_confidence(self) -> bool:
        """See the field."""
        return self.confidence

    @property
    def takes_hints(self) -> bool:
        """See the field."""
        return self.hint

    @property
    def strided_lengths(self) -> tuple[int, ...]:
        """Sequence length in front of every strided stage and behind the last: `(71, 23, 3, 1)`."""
        return _strided_lengths(self.tokens, self.strided, self.paddings)


def _strided_lengths(
    tokens: int, strides: tuple[int, ...], paddings: tuple[tuple[int, int], ...]
) -> tuple[int, ...]:
    lengths = [tokens]
    for stride, (left, right) in zip(strides, paddings, strict=True):
        lengths.append(-(-(lengths[-1] + left + right - 2) // stride))  # kernel 3, rounded up
    return tuple(lengths)


def _layout_problems(config: ModelConfig) -> list[str]:
    problems = []
    if config.tokens % 2 == 0:
        problems.append(f"tokens is {config.tokens}, but a window needs an odd number to have a centre")
    if not config.strides_in or any(s < 1 or s % config.s_out for s in config.strides_in):
        problems.append(
            f"strides_in is {list(config.strides_in)}, but needs multiples of s_out ({config.s_out})"
        )
    if len(config.paddings) != len(config.strided):
        problems.append(
            f"strided has {len(config.strided)} stages, but paddings has {len(config.paddings)} pairs"
        )
    elif any(stride < 1 for stride in config.strided) or any(min(pair) < 0 for pair in config.paddings):
        problems.append("strides of the strided Transformer must be at least 1 and paddings at least 0")
    else:
        problems.extend(_stage_problems(config))
    return problems


def _stage_problems(config: ModelConfig) -> list[str]:
    """Check that every strided stage fits its residual and that the last one ends at a single token."""
    lengths = config.strided_lengths
    for stage, (stride, (left, right)) in enumerate(zip(config.strided, config.paddings, strict=True)):
        crop = 0 if stride == 1 else (left == 0) + (right == 0)
        residual = -(-(lengths[stage] - crop) // stride)
        if lengths[stage + 1] < 1 or residual != lengths[stage + 1]:
            return [
                f"strided stage {stage + 1} (stride {stride}, padding {left}, {right}) cannot add its "
                f"residual: of {lengths[stage]} tokens {residual} remain there, but {lengths[stage + 1]} "
                "after the convolution"
            ]
    if config.strided and lengths[-1] != 1:
        return [
            f"strided stages turn {config.tokens} tokens into {lengths[-1]} "
            f"({' → '.join(map(str, lengths))}), but must end at 1"
        ]
    return []


def _width_problems(config: ModelConfig) -> list[str]:
    widths = {"temporal_width": config.temporal_width}
    if config.spatial_depth:
        widths["spatial_width"] = config.spatial_width
    return [
        f"{name} is {width}, which {config.heads} heads do not divide"
        for name, width in widths.items()
        if width % config.heads
    ]


def _switch_problems(config: ModelConfig) -> list[str]:
    problems = []
    deferrable = config.temporal_depth or min(1, len(config.strided))  # later strided stages are shorter
    if config.deferred_depth > deferrable:
        problems.append(f"deferred_depth is {config.deferred_depth}, but only {deferrable} blocks can defer")
    if config.deferred_depth and not config.masked_tokens:
        problems.append(
            "without masked_tokens there is no upsampling token to defer, so deferred_depth must be 0"
        )
    return problems
