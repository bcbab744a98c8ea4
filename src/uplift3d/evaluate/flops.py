"""How much arithmetic every network takes: per window, per output pose and per frame of video.

Counted are multiply-adds of matrix products and convolutions, attention's products included; additions,
norms, softmax and activations are not. A FLOP count as papers give it is twice that, see docs/cost.md.

Letters: N tokens of a window, M pose tokens, J joints.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from uplift3d.detect.cpn.network import CPN, CPNConfig
from uplift3d.errors import InputError
from uplift3d.evaluate.cost import embed_cost, uplift_cost
from uplift3d.evaluate.report import Table
from uplift3d.lift.offline import usual_hop
from uplift3d.model import ModelConfig, UpliftUpsample
from uplift3d.model.catalogue import all_presets, method_of
from uplift3d.model.network import LiftingConfig, LiftingNetwork

__all__ = [
    "PAPER_MFLOPS",
    "Cost",
    "as_csv",
    "as_table",
    "costs",
    "cpn_cost",
    "multiply_adds",
    "parameters",
    "pose_tokens",
]

STRIDES = (5, 10, 20)
"""Frames between key-frames at which the rivals are counted too."""
PAPER_MFLOPS = {
    "uu-351": {5: 1062, 10: 999, 20: 966},
    "uu-81": {4: 564, 10: 543, 20: 535},
}
"""Table 4 of the paper: million FLOPs of a forward pass, by s_in; two per multiply-add of `Cost.window`."""


@dataclass(frozen=True)
class Cost:
    """What one network takes at one stride, in one way of using it; counts are multiply-adds."""

    model: str
    """Name in the catalogue."""
    use: str
    """Which answers of which windows become output poses."""
    s_in: int
    """Frames of 50 Hz between 2D poses."""
    s_out: int
    """Frames of 50 Hz between output poses; those between are interpolated."""
    parameters: int
    """Weights that are trained."""
    window: float
    """One forward pass over one window with the most 2D poses that it can hold, all embedded for it."""
    pose: float
    """One output pose, in this use."""

    @property
    def video_frame(self) -> float:
        """Multiply-adds per frame of video, without 2D detection."""
        return self.pose / self.s_out

    def with_detector(self, detection: float) -> float:
        """Multiply-adds per frame of video with a detector that takes so many for one person in one image."""
        return self.video_frame + detection / self.s_in


def costs(names: Sequence[str] | None = None) -> list[Cost]:
    """What networks take at all strides, in every way that they are used.

    Args:
        names: of the catalogue; None takes all.

    Raises:
        InputError: a name that is none of them.
    """
    known = all_presets()
    names = tuple(known) if names is None else names
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"no model is called {unknown[0]!r}; there are {', '.join(known)}")
    rows: list[Cost] = []
    for name in names:
        config = known[name].config()
        rows += _ours(name, config) if isinstance(config, ModelConfig) else _rival(name, config)
    return rows


def multiply_adds(compute: Callable[[], object]) -> float:
    """Count what torch does while this runs; on device "meta" it does nothing, and the count is the same."""
    # Torch knows the products inside attention only where they are products, not one fused kernel.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        compute()
    return float(counter.get_total_flops()) / 2


def parameters(network: nn.Module) -> int:
    """Number of trained weights."""
    return sum(weight.numel() for weight in network.parameters())


def pose_tokens(config: ModelConfig, s_in: int) -> int:
    """Pose tokens M of a window that begins with a key-frame: the most that there can be."""
    return len(range(0, config.tokens, s_in // config.s_out))


def cpn_cost() -> float:
    """Multiply-adds of the CPN 2D detector (ResNet-50, 384 × 288) for one person in one image, no flip."""
    with torch.device("meta"):
        network = CPN(CPNConfig()).eval()
        return multiply_adds(partial(network, torch.empty(1, 3, 384, 288)))


def as_table(rows: Sequence[Cost], detection: float) -> Table:
    """The costs in million multiply-adds, as text.

    Args:
        rows: what `costs` returns.
        detection: multiply-adds of one 2D detection, see `cpn_cost`.
    """
    columns = ("model", "use", "s_in", "s_out", "M parameters", "window", "pose", "frame", "frame with CPN")
    body = tuple(
        (
            row.model,
            row.use,
            str(row.s_in),
            str(row.s_out),
            f"{row.parameters / 1e6:.2f}",
            *(_millions(n) for n in (row.window, row.pose, row.video_frame, row.with_detector(detection))),
        )
        for row in rows
    )
    return Table("million multiply-adds per window, output pose and frame of 50 Hz video", columns, body)


def as_csv(rows: Sequence[Cost], detection: float) -> str:
    """The costs as CSV with whole counts; arguments as for `as_table`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    counts = ("window", "pose", "video_frame", "video_frame_with_cpn")
    writer.writerow(
        ["model", "use", "s_in", "s_out", "parameters", *(f"{count}_multiply_adds" for count in counts)]
    )
    for row in rows:
        numbers = (row.window, row.pose, row.video_frame, row.with_detector(detection))
        writer.writerow(
            [row.model, row.use, row.s_in, row.s_out, row.parameters, *(round(n) for n in numbers)]
        )
    return out.getvalue()


def _ours(name: str, config: ModelConfig) -> Iterator[Cost]:
    """A network of this method: as published, and as this package runs it."""
    with torch.random.fork_rng(devices=()):
        # Deferred or not, the published first block computes keys and values of all tokens.
        network = UpliftUpsample(config.evolve(deferred_depth=0)).eval()
    weights = parameters(network)
    hop = 1 if config.edges == "repeat" else usual_hop(config.tokens)
    for s_in in config.strides_in:
        whole = multiply_adds(partial(_pass, network, pose_tokens(config, s_in)))
        yield Cost(name, "own window", s_in, config.s_out, weights, whole, whole)
        shared = _shared(config, s_in, hop)
        use = "shared tokens" if hop == 1 else f"shared tokens, hop {hop}"
        yield Cost(name, use, s_in, config.s_out, weights, whole, shared)


def _pass(network: UpliftUpsample, count: int) -> object:
    """Run one window with so many 2D poses."""
    tokens = network.embed(torch.zeros(count, network.config.joint_count, 2))
    return network.uplift(tokens[None], torch.arange(count)[None])


def _shared(config: ModelConfig, s_in: int, hop: int) -> float:
    """Multiply-adds per pose where windows `hop` tokens apart share embedded poses.

    The first block computes keys and values of pose tokens only, and no output that is not read.
    """
    fields = config.model_dump()
    window = uplift_cost(fields, pose_tokens(config, s_in), "centre" if hop == 1 else "sequence")
    return embed_cost(fields) * config.s_out / s_in + window / hop


def _rival(name: str, config: LiftingConfig) -> Iterator[Cost]:
    """A rival on every frame that it wants, and on key-frames with its 3D poses interpolated."""
    with torch.device("meta"):
        network = method_of(config).network(config).eval()
        window = multiply_adds(partial(network, torch.empty(1, config.tokens, config.joint_count, 2)))
    own, weights = config.s_out, parameters(network)
    for s_in in (own, *(stride for stride in STRIDES if stride > own and stride % own == 0)):
        use = "own window" if s_in == own else "own window, 3D interpolated"
        yield Cost(name, use, s_in, s_in, weights, window, window)
    if network.takes_whole_clips:
        yield Cost(name, "whole clip", own, own, weights, window, _one_more(network))
    if network.answers_all_alike:
        yield Cost(name, "clip by clip", own, own, weights, window, window / config.tokens)


def _one_more(network: LiftingNetwork[LiftingConfig]) -> float:
    """Multiply-adds of one more pose of a long clip."""
    frames, more = network.config.tokens, 100
    with torch.device("meta"):
        clips = [torch.empty(1, frames + count * more, network.config.joint_count, 2) for count in (1, 2)]
    shorter, longer = (multiply_adds(partial(network, clip)) for clip in clips)
    return (longer - shorter) / more


def _millions(count: float) -> str:
    return f"{count / 1e6:.1f}" if count < 1e9 else f"{count / 1e6:.0f}"
