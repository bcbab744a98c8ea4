"""The stage that every network has: 3D poses from 2D poses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Generator, Tensor

from uplift3d.errors import InputError
from uplift3d.model import UpliftUpsample, checkpoints, load_checkpoint
from uplift3d.model.rivals import PSTMO, PSTMOPretraining, start_from
from uplift3d.train.initialise import initialise
from uplift3d.train.losses import lifting_loss
from uplift3d.train.networks import (
    Network,
    answer,
    answered_token,
    create_network,
    extra_loss,
    take_weights,
)
from uplift3d.train.sources import Windows
from uplift3d.train.stages import Measures, Stage
from uplift3d.train.validate import errors_at, validation_views


class Lifting(Stage[Network]):
    """Train a network on position errors of centre and sequence, and whatever its authors add."""

    measures = Measures("loss_mm", ("mpjpe", "p_mpjpe", "sequence_mpjpe"), "MPJPE (P-MPJPE)", "mm")

    def create(self) -> Network:
        """See `Stage`."""
        config = self.config
        network = create_network(config.network)
        if isinstance(network, UpliftUpsample) and config.initial_weights == "quick":
            initialise(network)
        if config.start_from is not None:
            begin_with(network, config.start_from)
        return network

    def loss(self, network: Network, windows: Windows, random: Generator) -> Tensor:
        """See `Stage`; metres."""
        batch = self.draw(windows, random)
        sequence, centre = answer(network, batch.keypoints, batch.mask)
        counted = batch.counted if self.config.loss_on == "observable" else None
        loss = lifting_loss(
            sequence, centre, batch.target, counted, answered_token(network), batch.known, self.config.loss
        )
        return loss + extra_loss(network, sequence, batch.target)

    def errors(self, network: Network, windows: Windows, stride_in: int) -> Mapping[str, float]:
        """See `Stage`."""
        config = self.config
        views = validation_views(config.views.camera, config.validation_noise)
        errors = errors_at(network, windows, views, stride_in, config.validation_windows)
        return {name: getattr(errors, name) for name in self.measures.errors}

    def parts(self, network: Network) -> Mapping[str, checkpoints.Network]:
        """See `Stage`."""
        return {"model": network}


def begin_with(network: Network, path: Path) -> None:
    """Start from the weights of another run, or a P-STMO from those parts that its pre-training has.

    Raises:
        InputError: no such checkpoint, or one of a network of other sizes or conventions.
    """
    if isinstance(network, PSTMO):
        given = load_checkpoint(path)
        if isinstance(given, PSTMOPretraining):
            try:
                start_from(network, given)
            except InputError as error:
                raise InputError(f"start_from: {path}: {error}") from None
            return
    take_weights(network, path)
