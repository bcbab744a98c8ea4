"""What a run can train: a stage gives the network, the loss of a batch, and the numbers of a validation.

The loop around it (schedule, moving average, checkpoints, logs, resuming) is the same for every stage.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from torch import Generator, Tensor, nn

from uplift3d.model.network import Network
from uplift3d.train.batches import Batch, draw_batch
from uplift3d.train.config import TrainConfig
from uplift3d.train.sources import Windows
from uplift3d.train.validate import validation_batches, validation_views

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True)
class Measures:
    """What a stage reports and how that is called; numbers are thousandths of the unit of its loss."""

    loss: str
    """Column of the loss, behind "train/"."""
    errors: tuple[str, ...]
    """Columns of a validation, between "val/" and the stride. The first finds the best weights; while
    training the first two are shown."""
    title: str
    """The first two errors in words, such as "MPJPE (P-MPJPE)"."""
    unit: str
    """Of loss and errors."""


@dataclass(frozen=True)
class Stage(ABC, Generic[NetworkT]):
    """One way to train the networks of a configuration."""

    config: TrainConfig
    measures: ClassVar[Measures]
    with_camera: ClassVar[bool] = False
    """Whether batches need the camera and the depth of the root, which not every data set knows."""

    @abstractmethod
    def create(self) -> NetworkT:
        """What is trained, with its initial weights (drawn from torch's global random generator).

        Raises:
            InputError: weights to start from that do not fit.
        """

    @abstractmethod
    def loss(self, network: NetworkT, windows: Windows, random: Generator) -> Tensor:
        """Loss of one batch drawn from `windows`, a scalar."""

    @abstractmethod
    def errors(self, network: NetworkT, windows: Windows, stride_in: int) -> Mapping[str, float]:
        """Errors on the same windows every time, named and ordered as in `measures`.

        Args:
            network: is left in the mode that it was in.
            windows: held out.
            stride_in: frames between key-frames.
        """

    @abstractmethod
    def parts(self, network: NetworkT) -> Mapping[str, Network[Any]]:
        """The networks to ship, by the names of their files; the first is "model"."""

    def draw(self, windows: Windows, random: Generator) -> Batch:
        """One training batch."""
        config = self.config
        return draw_batch(windows, config.network, config.views, config.batch, random, config.strides)

    def held_out(self, windows: Windows, stride_in: int) -> Iterator[tuple[Batch, Generator]]:
        """The validation batches of one stride, as `validate.validation_batches` draws them."""
        config = self.config
        views = validation_views(config.views.camera, config.validation_noise)
        return validation_batches(config.network, windows, views, stride_in, config.validation_windows)
