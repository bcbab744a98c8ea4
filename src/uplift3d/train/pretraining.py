"""P-STMO's first stage: draw 2D poses that are partly hidden (see `model.rivals.pstmo_pretraining`).

Loss and errors are distances in the unit of the network's input: half the image's width, or the size of the
person. Reported are thousandths of it (‰).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from uplift3d.model.network import Network
from uplift3d.model.rivals import (
    PSTMOPretraining,
    PSTMOPretrainingConfig,
    draw_hidden,
    pretraining_loss,
    visible_first,
)
from uplift3d.train.batches import Batch
from uplift3d.train.networks import take_weights
from uplift3d.train.sources import Windows
from uplift3d.train.stages import Measures, Stage
from uplift3d.train.validate import collected


class Pretraining(Stage[PSTMOPretraining]):
    """Train P-STMO's encoder to see what is hidden, all windows of a batch hiding the same."""

    measures = Measures("loss_2d", ("error_2d", "hidden_error_2d"), "2D error (of hidden frames)", "‰")

    def create(self) -> PSTMOPretraining:
        """See `Stage`."""
        config = self.config.network
        assert isinstance(config, PSTMOPretrainingConfig)  # `TrainConfig` sees to it
        network = PSTMOPretraining(config)
        if self.config.start_from is not None:
            take_weights(network, self.config.start_from)
        return network

    def loss(self, network: PSTMOPretraining, windows: Windows, random: Generator) -> Tensor:
        """See `Stage`; mean over all joints, hidden or not, as published."""
        keypoints = self.draw(windows, random).keypoints
        frames, joints = draw_hidden(network.config, random)
        return pretraining_loss(network(keypoints, frames, joints), keypoints, frames)

    def errors(self, network: PSTMOPretraining, windows: Windows, stride_in: int) -> Mapping[str, float]:
        """See `Stage`; of all frames (as published), and of those that were hidden as a whole."""

        def distances(batch: Batch, random: Generator) -> tuple[Tensor, ...]:
            frames, joints = draw_hidden(network.config, random)
            drawn = network(batch.keypoints, frames, joints)
            true = batch.keypoints[:, visible_first(frames)]
            each = 1000 * torch.linalg.vector_norm(drawn - true, dim=-1)  # (B, F, J) visible frames first
            return each.mean((1, 2)), each[:, int((~frames).sum()) :].mean((1, 2))

        found = collected(network, self.held_out(windows, stride_in), distances)
        return {name: float(each.mean()) for name, each in zip(self.measures.errors, found, strict=True)}

    def parts(self, network: PSTMOPretraining) -> Mapping[str, Network[Any]]:
        """See `Stage`."""
        return {"model": network}
