"""What every rival is: a network that lifts windows of 2D poses, and a frozen record of its sizes.

Axes: B windows, F frames, J joints.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, TypeVar

from pydantic import Field
from torch import Tensor

from uplift3d.errors import InputError
from uplift3d.model.network import LiftingConfig, LiftingNetwork, NetworkConfig


class PartConfig(NetworkConfig):
    """What every part of a rival that has a checkpoint of its own says about itself."""

    rival: str
    """Name of the architecture, see `uplift3d.model.catalogue`."""
    joints: str = "h36m17"
    """Joint set of input and output, a name known to `uplift3d.skeletons`."""

    @classmethod
    def network_name(cls) -> str:
        """Name that `rival` has in every record of this class."""
        return str(cls.model_fields["rival"].default)


class RivalConfig(PartConfig, LiftingConfig):
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

    @classmethod
    def window_fields(cls, poses: int) -> dict[str, Any]:
        """Fields of a network whose windows hold so many poses, a power of three."""
        return {"frames": poses}

    @classmethod
    def small_fields(cls, width: int, depth: int) -> dict[str, Any]:
        """Fields of a network about so wide and deep, which learns something from little motion."""
        raise NotImplementedError


RivalConfigT_co = TypeVar("RivalConfigT_co", bound=RivalConfig, covariant=True)


class Rival(LiftingNetwork[RivalConfigT_co]):
    """A network that is trained and evaluated in place of `UpliftUpsample`, with the same two answers."""

    @property
    def receptive_field(self) -> int:
        """Frames F of a window that gives one centre pose."""
        return self.config.tokens

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

    def answer(self, keypoints: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """See `LiftingNetwork`; the mask says nothing new, there is a 2D pose everywhere."""
        answers: tuple[Tensor | None, Tensor] = self(keypoints)
        return answers

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
            f"keypoints have shape {tuple(keypoints.shape)}; {self.config.network_name()} takes "
            f"(windows, {frames} frames, {joints} joints, 2)"
        )
