"""The systems that Uplift and Upsample is measured against, written from their papers.

Every rival is a `Rival`: `create_rival(name, config)` or `load_checkpoint(path)` gives a module with

- `config`: a frozen `RivalConfig`; what it has in common with `ModelConfig` has the same names there,
- `receptive_field`: frames of a window, `answered_frame`: which of them the centre pose belongs to,
- `forward(keypoints (B, F, J, 2)) -> sequence (B, F, J, 3) | None, centre (B, J, 3)`,
- `extra_loss(sequence, target)`: what its authors train on besides position errors,

so it goes through the same training and evaluation as `UpliftUpsample`, without a mask: a rival needs a 2D
pose for every token. Joints are in the order of "h36m17"; presets hold the published sizes.

Parity with the authors' networks is tested on stored outputs for VideoPose3D, PoseFormer, Strided Transformer
and P-STMO, their refinement and pre-training included; for U-GCN and MotionBERT there was nothing to compare.
"""

from uplift3d.model.rivals import presets
from uplift3d.model.rivals.base import Part, PartConfig, Rival, RivalConfig, flip_average, mirrored
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
from uplift3d.model.rivals.refinement import Refinement, RefinementConfig, back_project, check_refinable
from uplift3d.model.rivals.registry import NAMES, build, config_of, create_rival
from uplift3d.model.rivals.strided_transformer import StridedTransformer, StridedTransformerConfig
from uplift3d.model.rivals.ugcn import UGCN, UGCNConfig, motion_loss
from uplift3d.model.rivals.videopose3d import VideoPose3D, VideoPose3DConfig

__all__ = [
    "NAMES",
    "PSTMO",
    "UGCN",
    "MotionBERT",
    "MotionBERTConfig",
    "PSTMOConfig",
    "PSTMOPretraining",
    "PSTMOPretrainingConfig",
    "Part",
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
    "build",
    "check_refinable",
    "config_of",
    "create_rival",
    "draw_hidden",
    "flip_average",
    "mirrored",
    "motion_loss",
    "presets",
    "pretraining_loss",
    "scaled_error",
    "start_from",
    "velocity_error",
    "visible_first",
]
