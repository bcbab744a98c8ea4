"""Named sizes: small functions with visible numbers.

`uu_351` and `uu_81` are the published models; `base_351` and `small` take person-centred input, answer in
viewing-ray axes and leave what is beyond the ends of a clip unobserved.
"""

from __future__ import annotations

from typing import Any

from uplift3d.model.config import ModelConfig

_PUBLISHED: dict[str, Any] = {"joints": "uu17", "input": "screen", "axes": "camera", "edges": "repeat"}


def uu_351() -> ModelConfig:
    """Return the published 7-second model: 71 tokens 0.1 s apart, 10.4 M parameters."""
    return base_351().evolve(**_PUBLISHED)


def uu_81() -> ModelConfig:
    """Return the published 1.6-second model: 41 tokens 0.04 s apart."""
    return uu_351().evolve(
        tokens=41,
        s_out=2,
        strides_in=(4, 10, 20),
        strided=(4, 4, 3),
        paddings=((1, 1), (0, 0), (0, 0)),
    )


def base_351() -> ModelConfig:
    """Return the sizes of uu-351 with this project's own input and output conventions."""
    return ModelConfig(
        tokens=71,
        s_out=5,
        strides_in=(5, 10, 20),
        spatial_width=32,
        spatial_depth=4,
        temporal_width=384,
        temporal_depth=4,
        heads=8,
        strided=(3, 10, 3),
        paddings=((0, 0), (0, 0), (0, 0)),
    )


def small() -> ModelConfig:
    """Return the token layout of `base_351` with narrow blocks, for CPUs."""
    return base_351().evolve(spatial_depth=2, temporal_width=160)
