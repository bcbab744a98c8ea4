"""Files of Strided Transformer, P-STMO, its pre-training, and the refinement that both share (`.pth`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uplift3d.model.foreign.source import (
    Fields,
    Rules,
    Source,
    State,
    count,
    joints_of,
    size,
    strides_of,
)
from uplift3d.model.rivals.pstmo import PSTMOConfig
from uplift3d.model.rivals.pstmo_pretraining import PSTMOPretrainingConfig
from uplift3d.model.rivals.refinement import RefinementConfig
from uplift3d.model.rivals.strided_transformer import StridedTransformerConfig

ENCODER, REDUCER, DECODER = "Transformer.model", "Transformer_reduce.model", "Transformer_dec.model"


def block_rules(ours: str, theirs: str) -> Rules:
    """Names inside the blocks of one encoder; query, key and value are three layers there."""
    block, layer = rf"{ours}\.(\d+)\.", rf"{theirs}.layers.\1."
    attention = rf"{layer}self_attn.linears."
    return (
        (rf"{block}attention\.qkv\.", *(f"{attention}{part}." for part in range(3))),
        (rf"{block}attention\.out\.", f"{attention}3."),
        (rf"{block}norm1\.weight", f"{layer}sublayer.0.norm.a_2"),
        (rf"{block}norm1\.bias", f"{layer}sublayer.0.norm.b_2"),
        (rf"{block}norm2\.weight", f"{layer}sublayer.1.norm.a_2"),
        (rf"{block}norm2\.bias", f"{layer}sublayer.1.norm.b_2"),
        (rf"{block}mlp\.expand\.", f"{layer}feed_forward.w_1."),
        (rf"{block}mlp\.contract\.", f"{layer}feed_forward.w_2."),
    )


def head_rules(ours: str, theirs: str) -> Rules:
    """Names of a batch norm and a linear layer."""
    return ((rf"{ours}\.norm\.", f"{theirs}.0."), (rf"{ours}\.linear\.", f"{theirs}.1."))


def dense_rules(ours: str, linear: str, norm: str) -> Rules:
    """Names of a dense layer of the pose encoder."""
    return ((rf"{ours}\.linear\.", linear), (rf"{ours}\.norm\.", norm))


TEMPORAL_RULES: Rules = (
    (r"temporal\.encoding", "Transformer.pos_embedding"),
    *block_rules(r"temporal\.blocks", ENCODER),
)
LIFTING_RULES: Rules = (
    *TEMPORAL_RULES,
    *((rf"strided\.encodings\.{index}", f"{REDUCER}.pos_embedding_{index + 1}") for index in range(3)),
    *block_rules(r"strided\.blocks", REDUCER),
    *head_rules("centre_head", "fcn"),
    *head_rules("sequence_head", "fcn_1"),
)
POSE_ENCODER_RULES: Rules = (
    *dense_rules(r"pose_encoder\.expand", "encoder.fc_1.", "encoder.bn_1."),
    *dense_rules(
        r"pose_encoder\.blocks\.(\d+)\.0", r"encoder.layers.\1.w1.", r"encoder.layers.\1.batch_norm1."
    ),
    *dense_rules(
        r"pose_encoder\.blocks\.(\d+)\.1", r"encoder.layers.\1.w2.", r"encoder.layers.\1.batch_norm2."
    ),
    (r"pose_encoder\.contract\.", "encoder.fc_2."),
)
UNUSED_NORM = r"Transformer(_reduce|_dec)?\.model\.norm\."


def infer_temporal(state: State) -> Fields:
    """Sizes of the encoder over all frames; the number of heads shows nowhere, 8 in every published file."""
    block = f"{ENCODER}.layers.0"
    encodings = ("Transformer.pos_embedding", f"{REDUCER}.pos_embedding_1", "dec_pos_embedding")
    norms = (f"{block}.sublayer.0.norm.a_2", f"{block}.sublayer.0.norm.b_2")
    hidden = (f"{block}.feed_forward.w_1.bias", 0), (f"{block}.feed_forward.w_2.weight", 1)
    return {
        "frames": size(state, *((name, 1) for name in encodings), default=243),
        "width": size(state, *((name, 0) for name in norms), default=256),
        "hidden": size(state, *hidden, default=512),
        "depth": count(state, rf"{ENCODER}\.layers\.(\d+)\.") or 1,
    }


def infer_lifting(state: State, given: Mapping[str, Any]) -> Fields:
    """Sizes of a Strided Transformer."""
    fields = infer_temporal(state)
    blocks = count(state, rf"{REDUCER}\.layers\.(\d+)\.")
    joints = joints_of(size(state, ("fcn.1.weight", 0), ("fcn.1.bias", 0), default=51) // 3, given)
    return fields | strides_of(given.get("frames", fields["frames"]), blocks, given) | joints


def infer_pose_encoder(state: State) -> Fields:
    """Sizes of the encoder of single poses."""
    return {
        "pose_width": size(state, ("encoder.bn_1.weight", 0), ("encoder.bn_1.bias", 0), default=512),
        "pose_depth": count(state, r"encoder\.layers\.(\d+)\."),
    }


def infer_pstmo(state: State, given: Mapping[str, Any]) -> Fields:
    """Sizes of a P-STMO."""
    return infer_lifting(state, given) | infer_pose_encoder(state)


def infer_pretraining(state: State, given: Mapping[str, Any]) -> Fields:
    """Sizes of the pre-training."""
    hidden = f"{DECODER}.layers.0.feed_forward"
    joints = size(state, ("fcn_dec.1.weight", 0), ("fcn_dec.1.bias", 0), default=34) // 2
    decoder = {
        "decoder_width": size(state, ("fcn_dec.0.weight", 0), ("fcn_dec.0.bias", 0), default=128),
        "decoder_hidden": size(state, (f"{hidden}.w_1.bias", 0), (f"{hidden}.w_2.weight", 1), default=256),
        "decoder_depth": count(state, rf"{DECODER}\.layers\.(\d+)\.") or 1,
    }
    return infer_temporal(state) | infer_pose_encoder(state) | decoder | joints_of(joints, given)


def infer_refinement(state: State, given: Mapping[str, Any]) -> Fields:
    """Sizes of a refinement."""
    first, last = "post_refine.0", "post_refine.3"
    joints = size(state, (f"{last}.weight", 0), (f"{last}.bias", 0), default=34) // 2
    hidden = size(state, (f"{first}.bias", 0), (f"{last}.weight", 1), default=1024)
    return {"hidden": hidden} | joints_of(joints, given)


STRIDED_TRANSFORMER = Source(
    title="Strided Transformer",
    pattern=r"encoder\.[01]\.|Transformer(_reduce)?\.|fcn(_1)?\.",
    config=StridedTransformerConfig,
    infer=infer_lifting,
    rules=(
        (r"embedding\.linear\.", "encoder.0."),
        (r"embedding\.norm\.", "encoder.1."),
        *LIFTING_RULES,
    ),
    unused=UNUSED_NORM,
)
PSTMO = Source(
    title="P-STMO",
    pattern=r"encoder\.(fc_|bn_|layers\.)|Transformer(_reduce)?\.|fcn(_1)?\.",
    config=PSTMOConfig,
    infer=infer_pstmo,
    rules=(*POSE_ENCODER_RULES, *LIFTING_RULES),
    unused=UNUSED_NORM,
)
PSTMO_PRETRAINING = Source(
    title="P-STMO pre-training",
    pattern=r"encoder\.(fc_|bn_|layers\.)|encoder_(LN|to_decoder)\.|Transformer(_dec)?\.|fcn_dec\.|"
    r"dec_pos_embedding|(spatial_)?mask_token",
    config=PSTMOPretrainingConfig,
    infer=infer_pretraining,
    rules=(
        (r"joint_token", "spatial_mask_token"),
        (r"frame_token", "mask_token"),
        (r"decoder_encoding", "dec_pos_embedding"),
        (r"norm\.weight", "encoder_LN.a_2"),
        (r"norm\.bias", "encoder_LN.b_2"),
        (r"to_decoder\.", "encoder_to_decoder."),
        *POSE_ENCODER_RULES,
        *TEMPORAL_RULES,
        *block_rules("decoder", DECODER),
        *head_rules("head", "fcn_dec"),
    ),
    unused=UNUSED_NORM,
)
REFINEMENT = Source(
    title="refinement of Strided Transformer or P-STMO",
    pattern=r"post_refine\.",
    config=RefinementConfig,
    infer=infer_refinement,
    rules=((r"expand\.", "post_refine.0."), (r"contract\.", "post_refine.3.")),
)
