"""Published sizes of the rivals, as small functions with visible numbers."""

from __future__ import annotations

from uplift3d.model.rivals.motionbert import MotionBERTConfig
from uplift3d.model.rivals.poseformer import PoseFormerConfig
from uplift3d.model.rivals.pstmo import PSTMOConfig
from uplift3d.model.rivals.pstmo_pretraining import PSTMOPretrainingConfig
from uplift3d.model.rivals.strided_transformer import StridedTransformerConfig
from uplift3d.model.rivals.ugcn import UGCNConfig
from uplift3d.model.rivals.videopose3d import VideoPose3DConfig


def videopose3d_243() -> VideoPose3DConfig:
    """Return the published network of 243 frames: 46.8 mm with CPN input, 16.95 M parameters."""
    return VideoPose3DConfig(filter_widths=(3, 3, 3, 3, 3), channels=1024)


def videopose3d_27() -> VideoPose3DConfig:
    """Return the published small network of 27 frames: 48.8 mm, 8.56 M parameters."""
    return VideoPose3DConfig(filter_widths=(3, 3, 3), channels=1024)


def poseformer_81() -> PoseFormerConfig:
    """Return the published network of 81 frames: 44.3 mm."""
    return PoseFormerConfig(frames=81, joint_width=32, depth=4, heads=8, mlp_ratio=2)


def poseformer_27() -> PoseFormerConfig:
    """Return the published network of 27 frames: 47.0 mm."""
    return poseformer_81().evolve(frames=27)


def poseformer_9() -> PoseFormerConfig:
    """Return the published network of 9 frames: 49.9 mm."""
    return poseformer_81().evolve(frames=9)


def strided_transformer_351() -> StridedTransformerConfig:
    """Return the published network of 351 frames: 43.7 mm with refinement."""
    return StridedTransformerConfig(frames=351, strides=(3, 9, 13), width=256, hidden=512, depth=3)


def strided_transformer_27() -> StridedTransformerConfig:
    """Return the published network of 27 frames."""
    return strided_transformer_351().evolve(frames=27, strides=(3, 3, 3))


def pstmo_243() -> PSTMOConfig:
    """Return the published network: 243 poses, one of every second frame; 42.8 mm."""
    return PSTMOConfig(
        frames=243,
        s_out=2,
        strides=(3, 3, 3, 3, 3),
        width=256,
        hidden=512,
        depth=4,
        pose_width=512,
        pose_depth=1,
    )


def pstmo_small_243() -> PSTMOConfig:
    """Return the published "P-STMO-S" with three blocks over all frames: 43.0 mm."""
    return pstmo_243().evolve(depth=3)


def pstmo_pretraining_243() -> PSTMOPretrainingConfig:
    """Return the pre-training of `pstmo_243`: 60 % of the frames and 3 joints in the others are hidden."""
    sizes = pstmo_243().model_dump(exclude={"rival", "strides"})
    return PSTMOPretrainingConfig(
        **sizes,
        decoder_width=128,
        decoder_hidden=256,
        decoder_depth=2,
        hidden_frames=0.6,
        hidden_joints=3,
    )


def pstmo_small_pretraining_243() -> PSTMOPretrainingConfig:
    """Return the pre-training of `pstmo_small_243`: 80 % of the frames and 2 joints are hidden."""
    return pstmo_pretraining_243().evolve(depth=3, hidden_frames=0.8, hidden_joints=2)


def ugcn_96() -> UGCNConfig:
    """Return a network for the published windows of 96 frames; the paper gives no widths."""
    return UGCNConfig(frames=96, channels=(16, 32, 64, 128, 256), kernel=5)


def motionbert_243() -> MotionBERTConfig:
    """Return the published network of 243 frames, 42.5 M parameters."""
    return MotionBERTConfig(frames=243, width=512, depth=5, heads=8, mlp_ratio=2, representation=512)


def motionbert_lite_243() -> MotionBERTConfig:
    """Return the published "MotionBERT-Lite", 16.0 M parameters."""
    return motionbert_243().evolve(width=256, mlp_ratio=4)
