"""The refinement that Strided Transformer and P-STMO train last: a pose meets its own back-projection.

A second version of the central pose takes x and y from the 2D pose, the camera and the depth of the person;
a small network mixes the two. Its authors take the depth of the root from the ground truth.

Axes: J joints.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from uplift3d.model.network import Network
from uplift3d.model.rivals.base import PartConfig
from uplift3d.skeletons import joint_set


class RefinementConfig(PartConfig):
    """Sizes of a refinement; the defaults are the published ones."""

    rival: Literal["refinement"] = "refinement"
    hidden: int = Field(default=1024, ge=1)
    """Width of the hidden layer."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Dropout on the hidden layer."""


class Refinement(Network[RefinementConfig]):
    """Mix x and y of two versions of a pose, joint by joint; z stays that of the first."""

    def __init__(self, config: RefinementConfig) -> None:
        super().__init__(config)
        joints = config.joint_count
        self.expand = nn.Linear(6 * joints, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.contract = nn.Linear(config.hidden, 2 * joints)

    def forward(self, lifted: Tensor, projected: Tensor) -> Tensor:
        """Mix poses (…, J, 3) of the network with those of `back_project`; returns (…, J, 3) metres."""
        both = torch.cat([lifted, projected], dim=-1).flatten(-2)  # (…, 6J)
        hidden = self.dropout(torch.relu(self.expand(both)))
        share = torch.sigmoid(self.contract(hidden)).view_as(lifted[..., :2])  # (…, J, 2)
        plane = share * lifted[..., :2] + (1 - share) * projected[..., :2]
        return torch.cat([plane, lifted[..., 2:]], dim=-1)

    def refine(self, lifted: Tensor, keypoints: Tensor, camera: Tensor, root_depth_m: Tensor) -> Tensor:
        """Mix poses with their own back-projections; arguments and result as for `back_project`."""
        refined: Tensor = self(
            lifted, back_project(lifted, keypoints, camera, root_depth_m, self.config.joints)
        )
        return refined


def back_project(
    lifted: Tensor, keypoints: Tensor, camera: Tensor, root_depth_m: Tensor, joints: str
) -> Tensor:
    """Place every joint on the ray of its 2D position, at the depth that the network gave it.

    Args:
        lifted: (…, J, 3) pose of the network, metres from the root; the root's own answer counts as 0.
        keypoints: (…, J, 2) normalised image coordinates of the same frame.
        camera: (…, ≥ 4) focal lengths and principal point (fx, fy, cx, cy), normalised like the keypoints;
            lens distortion that may follow is left out, as published.
        root_depth_m: (…) metres from the camera to the root.
        joints: joint set of the poses.

    Returns:
        (…, J, 3) metres from the root, camera axes.
    """
    root = joint_set(joints).root or 0
    depth = lifted[..., 2].clone()  # (…, J)
    depth[..., root] = 0
    depth = (depth + root_depth_m[..., None])[..., None]  # (…, J, 1)
    focal, centre = camera[..., None, :2], camera[..., None, 2:4]
    pose = torch.cat([(keypoints - centre) * depth / focal, depth], dim=-1)  # (…, J, 3)
    return pose - pose[..., root : root + 1, :]
