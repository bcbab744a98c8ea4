"""The stage that every network has: 3D poses from 2D poses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Generator, Tensor

from uplift3d.model.network import LiftingNetwork, Network
from uplift3d.train.losses import lifting_loss
from uplift3d.train.networks import begin_with, create_network
from uplift3d.train.sources import Windows
from uplift3d.train.stages import Measures, Stage
from uplift3d.train.validate import errors_at, validation_views


class Lifting(Stage[LiftingNetwork[Any]]):
    """Train a network on position errors of centre and sequence, and whatever its authors add."""

    measures = Measures("loss_mm", ("mpjpe", "p_mpjpe", "sequence_mpjpe"), "MPJPE (P-MPJPE)", "mm")

    def create(self) -> LiftingNetwork[Any]:
        """See `Stage`."""
        config = self.config
        network = create_network(config.network)
        if config.initial_weights == "quick":
            network.start_quickly()
        if config.start_from is not None:
            begin_with(network, config.start_from)
        return network

    def loss(self, network: LiftingNetwork[Any], windows: Windows, random: Generator) -> Tensor:
        """See `Stage`; metres."""
        batch = self.draw(windows, random)
        sequence, centre = network.answer(batch.keypoints, batch.mask)
        counted = batch.counted if self.config.loss_on == "observable" else None
        middle, weights = network.answered_token, self.config.loss
        joints = self.config.network.joints
        loss = lifting_loss(sequence, centre, batch.target, counted, middle, batch.known, weights, joints)
        return loss + network.extra_loss(sequence, batch.target)

    def errors(self, network: LiftingNetwork[Any], windows: Windows, stride_in: int) -> Mapping[str, float]:
        """See `Stage`."""
        config = self.config
        views = validation_views(config.views.camera, config.validation_noise)
        errors = errors_at(network, windows, views, stride_in, config.validation_windows)
        return {name: getattr(errors, name) for name in self.measures.errors}

    def parts(self, network: LiftingNetwork[Any]) -> Mapping[str, Network[Any]]:
        """See `Stage`."""
        return {"model": network}
