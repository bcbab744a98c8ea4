"""The last stage of Strided Transformer and P-STMO: a lifter and its refinement, trained together.

The refinement is given the camera and the true depth of the root (see `model.rivals.refinement`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from uplift3d.evaluate.metrics import mpjpe, p_mpjpe
from uplift3d.model.network import LiftingNetwork, Network
from uplift3d.model.rivals import Refinement, RefinementConfig
from uplift3d.skeletons import joint_set
from uplift3d.train.batches import Batch
from uplift3d.train.losses import mean_joint_error
from uplift3d.train.networks import create_network, take_weights
from uplift3d.train.sources import Windows
from uplift3d.train.stages import Measures, Stage
from uplift3d.train.validate import collected


class RefinedLifter(nn.Module):
    """A lifter and the refinement of its central pose; what its refinement does not need is frozen."""

    def __init__(self, lifter: LiftingNetwork[Any], refinement: Refinement) -> None:
        super().__init__()
        self.lifter, self.refinement = lifter, refinement
        lifter.get_submodule("sequence_head").requires_grad_(False)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Central poses (B, J, 3) in metres: the lifter's, and refined in full precision."""
        assert batch.camera is not None
        assert batch.root_depth_m is not None
        place = self.lifter.answered_token
        _, centre = self.lifter.answer(batch.keypoints, batch.mask)
        with torch.autocast(centre.device.type, enabled=False):
            centre = centre.float()
            keypoints, depth = batch.keypoints[:, place], batch.root_depth_m[:, place]
            return centre, self.refinement.refine(centre, keypoints, batch.camera, depth)


class Refining(Stage[RefinedLifter]):
    """Train on the position error of the refined central pose, the lifter's own pose being free."""

    measures = Measures("loss_mm", ("mpjpe", "lifted_mpjpe", "p_mpjpe"), "MPJPE (before refinement)", "mm")
    with_camera = True

    def create(self) -> RefinedLifter:
        """See `Stage`."""
        config = self.config.network
        assert self.config.start_from is not None  # `TrainConfig` sees to it
        lifter = create_network(config)
        take_weights(lifter, self.config.start_from)
        return RefinedLifter(lifter, Refinement(RefinementConfig(joints=config.joints)))

    def loss(self, network: RefinedLifter, windows: Windows, random: Generator) -> Tensor:
        """See `Stage`; metres."""
        batch = self.draw(windows, random)
        place = network.lifter.answered_token
        _, refined = network(batch)
        counted = batch.counted[:, place] if self.config.loss_on == "observable" else None
        return mean_joint_error(refined, batch.target[:, place], counted, batch.known[:, place])

    def errors(self, network: RefinedLifter, windows: Windows, stride_in: int) -> Mapping[str, float]:
        """See `Stage`."""
        place = network.lifter.answered_token
        root = joint_set(self.config.network.joints).index("pelvis")

        def poses(batch: Batch, _: Generator) -> tuple[Tensor, ...]:
            lifted, refined = network(batch)
            refined[:, root] = 0  # as in the published evaluation
            counted = batch.counted[:, place]
            return lifted[counted], refined[counted], batch.target[:, place][counted]

        lifted, refined, target = collected(network, self.held_out(windows, stride_in), poses)
        return {
            "mpjpe": mpjpe(refined, target, root=root),
            "lifted_mpjpe": mpjpe(lifted, target, root=root),
            "p_mpjpe": p_mpjpe(refined, target),
        }

    def parts(self, network: RefinedLifter) -> Mapping[str, Network[Any]]:
        """See `Stage`."""
        return {"model": network.lifter, "refinement": network.refinement}
