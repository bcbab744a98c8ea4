"""What every network here is: a module with a frozen record of its sizes, and one way to ask those that lift.

`LiftingNetwork` is all that training and evaluation know of ours and of the rivals. What one method does
differently it says by overriding a member here, so nobody outside asks of which kind a network is.

Axes: B windows, N tokens, J joints.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor, nn

from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

Blocks = Annotated[int, Field(le=256)]
"""How many blocks follow one another. What a file says is built before its weights are compared, one block
after the other, so that a number in it must not decide how long that takes."""
LARGEST = 100_000
"""Of every number in a record: sizes multiply, and torch cannot count the products of larger ones."""


class NetworkConfig(BaseModel):
    """Sizes and conventions of a network, or of a part of one that has a checkpoint of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    if TYPE_CHECKING:  # a field of every record, in the place that its files have it in
        joints: str

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(f"{self.record_name()}: {findings(error)}") from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        joint_set(self.joints)
        if found := self._too_large() or self.problems():
            raise ValueError("; ".join(found))
        return self

    def _too_large(self) -> list[str]:
        values = {name: value if isinstance(value, tuple) else (value,) for name, value in self}
        return [
            f"{name} is {value}; accepted are numbers up to {LARGEST:,}"
            for name, numbers in values.items()
            for value in numbers
            if isinstance(value, int | float) and value > LARGEST
        ]

    @classmethod
    def network_name(cls) -> str:
        """Name of the architecture in messages, and in files of the rivals."""
        raise NotImplementedError

    @classmethod
    def record_name(cls) -> str:
        """What messages call a record of this class."""
        return f"configuration of {cls.network_name()}"

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


class LiftingConfig(NetworkConfig):
    """What networks that lift 2D poses have in common; `ModelConfig` says what the names mean."""

    if TYPE_CHECKING:  # fields, or computed from the sizes
        input: Literal["person", "screen"]
        axes: Literal["camera", "viewing_ray"]
        edges: Literal["repeat", "masked"]
        frame_rate_hz: float
        s_out: int

        @property
        def tokens(self) -> int:
            """2D poses, or places for them, per window N."""

        @property
        def strides_in(self) -> tuple[int, ...]:
            """Frames between 2D poses that the network is for."""

    @property
    def token_seconds(self) -> float:
        """Seconds between neighbouring tokens."""
        return self.s_out / self.frame_rate_hz

    @property
    def fills_in(self) -> bool:
        """Whether the network itself fills in tokens without a 2D pose; others need one at every token."""
        return False

    @property
    def takes_confidence(self) -> bool:
        """Whether the confidence of every joint is part of the input that it is trained on."""
        return False

    @property
    def takes_hints(self) -> bool:
        """Whether the picture's own guess in 3D is part of the input."""
        return False

    @property
    def untrainable(self) -> str:
        """Why networks of this configuration are not trained here; empty for those that are."""
        return ""


ConfigT_co = TypeVar("ConfigT_co", bound=NetworkConfig, covariant=True)
LiftingConfigT_co = TypeVar("LiftingConfigT_co", bound=LiftingConfig, covariant=True)


class Network(nn.Module, Generic[ConfigT_co]):
    """A network, or a part of one that is kept in a file of its own, with its configuration."""

    def __init__(self, config: ConfigT_co) -> None:
        super().__init__()
        self._config = config

    @property
    def config(self) -> ConfigT_co:
        """Sizes and conventions."""
        return self._config


class LiftingNetwork(Network[LiftingConfigT_co]):
    """Lifts windows of 2D poses to 3D: ours and every rival."""

    answers_all_alike: ClassVar[bool] = False
    """Whether every token of a window gets an answer as good as that of the middle one."""
    takes_whole_clips: ClassVar[bool] = False
    """Whether `forward` also takes more poses than a window has, and answers each that has a whole window."""

    @abstractmethod
    def answer(self, keypoints: Tensor, mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Lift every window.

        Args:
            keypoints: (B, N, J, channels) normalised image coordinates, and what else the network takes.
            mask: (B, N) bool, True where a 2D pose was observed; True everywhere for a network that does not
                fill in (`config.fills_in`).

        Returns:
            sequence (B, N, J, 3), None for a network that answers one token only, and the refined pose
            (B, J, 3) of `answered_token`: metres from the root, in the axes that `config.axes` names.
        """

    @property
    def answered_token(self) -> int:
        """Token of a window that the refined pose belongs to."""
        return self.config.tokens // 2

    def extra_loss(self, sequence: Tensor | None, target: Tensor) -> Tensor:
        """What the authors train on besides the position errors of sequence and refined pose.

        Args:
            sequence: (B, N, J, 3) answer.
            target: (B, N, J, 3) metres from the root.

        Returns:
            A scalar to add to the loss in metres; 0 for most.
        """
        return target.new_zeros(())

    def start_quickly(self) -> None:
        """Draw initial weights that get going in few steps, where the published ones do not."""


def findings(error: ValidationError) -> str:
    """All findings of pydantic in one line that names the fields."""
    lines = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        text = "unknown field" if item["type"] == "extra_forbidden" else text
        lines.append(f"{field}: {text}" if field else text)
    return "; ".join(lines)
