"""What every rival is: a network that lifts windows of 2D poses, and a frozen record of its sizes.

Axes: B windows, F frames, J joints.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, Literal, Self, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor, nn

from uplift3d.errors import InputError
from uplift3d.model.config import findings
from uplift3d.skeletons import joint_set


class PartConfig(BaseModel):
    """What every part of a rival that has a checkpoint of its own says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rival: str
    """Name of the network, as in `uplift3d.model.rivals.NAMES`."""
    joints: str = "h36m17"
    """Joint set of input and output, a name known to `uplift3d.skeletons`."""

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(f"configuration of {type(self).rival_name()}: {findings(error)}") from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        joint_set(self.joints)
        if found := self.problems():
            raise ValueError("; ".join(found))
        return self

    @classmethod
    def rival_name(cls) -> str:
        """Name that `rival` has in every record of this class."""
        return str(cls.model_fields["rival"].default)

    @property
    def joint_count(self) -> int:
        """Number of joints J of the joint set."""
        return len(joint_set(self.joints))

    def problems(self) -> list[str]:
        """Say which fields contradict one another; empty when all is well."""
        return []

    def evolve(self, **changes: Any) -> Self:
        """Return a checked copy with some fields replaced."""
        return type(self)(**(self.model_dump() | changes))


class RivalConfig(PartConfig):
    """Conventions that all rivals share; names as in `uplift3d.model.ModelConfig`.

    A rival takes a 2D pose at every token, so there is one stride: `s_out` frames between tokens, which are
    also the key-frames. The defaults are the published ones: every frame of 50 Hz video, screen coordinates.
    """

    input: Literal["person", "screen"] = "screen"
    """2D normalisation: relative to the person's pelvis and size, or screen coordinates over the width."""
    axes: Literal["camera", "viewing_ray"] = "camera"
    """Axes of the 3D output: the camera's, or those of a camera turned to look straight at the pelvis."""
    edges: Literal["repeat"] = "repeat"
    """Beyond the ends of a clip its nearest frame is repeated."""
    frame_rate_hz: float = Field(default=50.0, gt=0)
    """Rate in Hz of the time base that `s_out` counts in."""
    s_out: int = Field(default=1, ge=1)
    """Frames of the time base between neighbouring 2D poses; 1: every frame."""

    @property
    def tokens(self) -> int:
        """2D poses per window F."""
        raise NotImplementedError

    @property
    def strides_in(self) -> tuple[int, ...]:
        """Frames between 2D poses."""
        return (self.s_out,)

    @property
    def token_seconds(self) -> float:
        """Seconds between neighbouring 2D poses."""
        return self.s_out / self.frame_rate_hz


ConfigT_co = TypeVar("ConfigT_co", bound=PartConfig, covariant=True)
RivalConfigT_co = TypeVar("RivalConfigT_co", bound=RivalConfig, covariant=True)


class Part(nn.Module, Generic[ConfigT_co]):
    """A network, or a part of one that the authors keep in a file of its own, with its configuration."""

    def __init__(self, config: ConfigT_co) -> None:
        super().__init__()
        self._config = config

    @property
    def config(self) -> ConfigT_co:
        """Sizes and conventions."""
        return self._config


class Rival(Part[RivalConfigT_co]):
    """A network that is trained and evaluated in place of `UpliftUpsample`, with the same two answers."""

    @property
    def receptive_field(self) -> int:
        """Frames F of a window that gives one centre pose."""
        return self.config.tokens

    @property
    def answered_frame(self) -> int:
        """Frame of a window of `receptive_field` frames that the centre pose belongs to."""
        return self.receptive_field // 2

    @abstractmethod
    def forward(self, keypoints: Tensor) -> tuple[Tensor | None, Tensor]:
        """Lift every window.

        Args:
            keypoints: (B, F, J, 2) normalised image coordinates, one pose per frame.

        Returns:
            sequence (B, F, J, 3), None for a network that answers the centre only, and centre (B, J, 3):
            metres from the root, in the axes that `config.axes` names.

        Raises:
            InputError: keypoints of another shape.
        """

    def extra_loss(self, sequence: Tensor | None, target: Tensor) -> Tensor:
        """Add what the authors train on besides the position errors of sequence and centre.

        Args:
            sequence: (B, F, J, 3) answer of `forward`.
            target: (B, F, J, 3) metres from the root.

        Returns:
            A scalar to add to the loss in metres; 0 for most.
        """
        return target.new_zeros(())

    def check(self, keypoints: Tensor, at_least: int | None = None) -> None:
        """Refuse keypoints that are not (B, F, J, 2), with F the receptive field or `at_least` so many."""
        joints = self.config.joint_count
        fits = keypoints.ndim == 4 and keypoints.shape[2:] == (joints, 2)
        if fits and at_least is None:
            fits = keypoints.shape[1] == self.receptive_field
        elif fits and at_least is not None:
            fits = keypoints.shape[1] >= at_least
        if fits:
            return
        frames = self.receptive_field if at_least is None else f"at least {at_least}"
        raise InputError(
            f"keypoints have shape {tuple(keypoints.shape)}; {self.config.rival} takes "
            f"(windows, {frames} frames, {joints} joints, 2)"
        )


def mirrored(poses: Tensor, joints: str) -> Tensor:
    """Mirror 2D or 3D poses (…, J, 2 or 3) of a joint set: negate x, swap left and right."""
    order = torch.tensor(joint_set(joints).mirror, device=poses.device)
    sign = torch.ones(poses.shape[-1], dtype=poses.dtype, device=poses.device)
    sign[0] = -1
    return poses.index_select(-2, order) * sign


def flip_average(model: Rival[RivalConfig], keypoints: Tensor) -> tuple[Tensor | None, Tensor]:
    """Answer as `model(keypoints)`, averaged with the mirrored answer to the mirrored input."""
    joints = model.config.joints
    sequence, centre = model(keypoints)
    other_sequence, other_centre = model(mirrored(keypoints, joints))
    if sequence is not None:
        sequence = (sequence + mirrored(other_sequence, joints)) / 2
    return sequence, (centre + mirrored(other_centre, joints)) / 2
