"""The systems that Uplift and Upsample is measured against, written from their papers.

Every rival is a `LiftingNetwork` like ours and goes through the same training and evaluation, without a mask:
it needs a 2D pose for every token. `uplift3d.model.catalogue` has all of them. A `Rival` has

- `config`: a frozen `RivalConfig`; what it has in common with `ModelConfig` has the same names there,
- `receptive_field`: frames of a window, `answered_token`: which of them the centre pose belongs to,
- `forward(keypoints (B, F, J, 2)) -> sequence (B, F, J, 3) | None, centre (B, J, 3)`,
- `extra_loss(sequence, target)`: what its authors train on besides position errors.

Joints are in the order of "h36m17"; the sizes beside each are the published ones.

Parity with the authors' networks is tested on stored outputs for VideoPose3D, PoseFormer, Strided Transformer
and P-STMO, their refinement and pre-training included; for U-GCN and MotionBERT there was nothing to compare.
"""

from uplift3d.model.rivals.base import PartConfig, Rival, RivalConfig
from uplift3d.model.rivals.motionbert import MotionBERT, MotionBERTConfig, scaled_error, velocity_error
from uplift3d.model.rivals.poseformer import PoseFormer, PoseFormerConfig
from uplift3d.model.rivals.pstmo import PSTMO, PSTMOConfig
from uplift3d.model.rivals.pstmo_pretraining import (
    PSTMOPretraining,
    PSTMOPretrainingConfig,
    draw_hidden,
    pretraining_loss,
    start_from,
    visible_first,
)
from uplift3d.model.rivals.refinement import Refinement, RefinementConfig, back_project
from uplift3d.model.rivals.strided_transformer import StridedTransformer, StridedTransformerConfig
from uplift3d.model.rivals.ugcn import UGCN, UGCNConfig, motion_loss
from uplift3d.model.rivals.videopose3d import VideoPose3D, VideoPose3DConfig

__all__ = [
    "PSTMO",
    "UGCN",
    "MotionBERT",
    "MotionBERTConfig",
    "PSTMOConfig",
    "PSTMOPretraining",
    "PSTMOPretrainingConfig",
    "PartConfig",
    "PoseFormer",
    "PoseFormerConfig",
    "Refinement",
    "RefinementConfig",
    "Rival",
    "RivalConfig",
    "StridedTransformer",
    "StridedTransformerConfig",
    "UGCNConfig",
    "VideoPose3D",
    "VideoPose3DConfig",
    "back_project",
    "draw_hidden",
    "motion_loss",
    "pretraining_loss",
    "scaled_error",
    "start_from",
    "velocity_error",
    "visible_first",
]
