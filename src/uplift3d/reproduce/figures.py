"""Figures 1–5: what the trained networks of the cells do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uplift3d.arrays import AnyArray, BoolArray
from uplift3d.data.videos import LabelledVideo
from uplift3d.evaluate.lifters import key_frames
from uplift3d.evaluate.report import Table
from uplift3d.evaluate.rivals import lifter_of
from uplift3d.evaluate.video_lifter import VideoLifter
from uplift3d.film.held_out import evenly
from uplift3d.model import UpliftUpsample
from uplift3d.model.network import Network
from uplift3d.reproduce import drawings
from uplift3d.reproduce.cells import Cell
from uplift3d.reproduce.pages import Number, Page
from uplift3d.reproduce.plans import STRIDES_81, Plan
from uplift3d.reproduce.series import Series, by_velocity, series, switched, velocities
from uplift3d.tokens import InputSpec, tokenise

THRESHOLD_MPS = 0.5
CALM_FRAMES = 50
EXAMPLES = 4
EDGES = np.arange(0, 2.01, 0.1)
"""Velocities in m/s between which errors are averaged."""
Networks = Callable[[Cell], Network[Any]]


def figure_1(plan: Plan, networks: Networks, facts: dict[str, str], folder: Path) -> Page:
    """Attention in the first temporal block, with and without deferred attention."""
    stride = STRIDES_81[0]
    rows: dict[str, AnyArray] = {}
    lines, numbers = [], []
    video = plan.source.videos()[0]
    for name, deferred in (("DUTA", True), ("no DUTA", False)):
        network = networks(plan.table_1(STRIDES_81, deferred))
        assert isinstance(network, UpliftUpsample)
        weights, mask = first_attention(network, video, stride)
        rows[name] = weights
        place = np.arange(len(mask))
        distance = np.abs(place[:, None] - place)
        found = {
            "share on upsampling tokens": float(weights[:, :, ~mask].sum(-1).mean()),
            "mean distance in tokens": float((weights * distance).sum(-1).mean()),
        }
        lines.append((name, *(f"{value:.3f}" for value in found.values())))
        numbers += [Number(name, stride, "", metric, "", None, value) for metric, value in found.items()]
    drawings.attention_maps(folder / "figure-1.png", rows)
    columns = ("network", "share of attention on upsampling tokens", "mean distance to the keys, tokens")
    return Page(
        "figure-1",
        "Figure 1: attention in the first temporal block, one map per head",
        facts,
        (
            Table(
                f"One window, s_in {stride}: every second token is an upsampling token", columns, tuple(lines)
            ),
        ),
        tuple(numbers),
        ("figure-1.png",),
    )


@torch.inference_mode()
def first_attention(network: UpliftUpsample, video: LabelledVideo, s_in: int) -> tuple[AnyArray, BoolArray]:
    """Attention (H, N, N) of the first temporal block in the first window of a video, and its mask (N,)."""
    config, where = network.config, next(network.parameters()).device
    spec = InputSpec.from_config(config.model_dump())
    grid = np.arange(config.tokens, dtype=np.float64) * config.token_seconds
    keys = key_frames(video, np.arange(0, len(video), s_in), spec.joints, spec.input)
    tokens = tokenise(keys, grid, spec)
    mask = torch.from_numpy(tokens.observed)[None].to(where)
    seen: list[torch.Tensor] = []
    block = network.temporal.first
    hook = block.norm1.register_forward_hook(lambda _module, _given, normed: seen.append(normed))
    try:
        network(torch.from_numpy(tokens.poses)[None].to(where), mask)
    finally:
        hook.remove()
    attention = block.attention
    q, k, _ = attention.qkv(seen[0][0]).unflatten(-1, (3, attention.heads, -1)).unbind(1)  # (N, H, D) each
    logits = torch.einsum("nhd,shd->hns", q, k) / q.shape[-1] ** 0.5
    if config.deferred_depth and bool(mask.any()):
        logits = logits.masked_fill(~mask[:, None], float("-inf"))
    return logits.softmax(-1).cpu().numpy(), tokens.observed


def figure_2(plan: Plan, networks: Networks, facts: dict[str, str], folder: Path) -> Page:
    """Ours and two rivals at 0.4 s key-frames, on key-frames and between them."""
    lifters = {
        "ours": lifter_of(networks(plan.table_1(STRIDES_81, True)), flip=plan.source.flip),
        "PoseFormer": _rival(plan, networks, "poseformer"),
        "Strided Tr.": _rival(plan, networks, "strided_transformer"),
    }
    title = "Figure 2: examples at a 2D pose every 0.4 s, over the true poses (grey)"
    return _examples("figure-2", title, lifters, plan, facts, folder)


def figure_5(plan: Plan, networks: Networks, facts: dict[str, str], folder: Path) -> Page:
    """The long network at 2.5 Hz."""
    lifters = {"ours": lifter_of(networks(plan.best_351()), flip=plan.source.flip)}
    title = "Figure 5: more examples, N = 351, at a 2D pose every 0.4 s, over the true poses (grey)"
    return _examples("figure-5", title, lifters, plan, facts | _best(plan), folder)


def figure_3(plan: Plan, networks: Networks, facts: dict[str, str], folder: Path) -> Page:
    """Error against the velocity of the true pose at a short and a long stride."""
    lifter = lifter_of(networks(plan.best_351()), flip=plan.source.flip)
    errors: dict[str, AnyArray] = {}
    lines, numbers = [], []
    for stride in (5, 20):
        found = [series(lifter, video, stride) for video in plan.source.videos()]
        speed = np.concatenate([velocities(one.truth, one.times) for one in found])
        values, count = by_velocity(np.concatenate([one.errors_mm for one in found]), speed, EDGES)
        errors[f"s_in {stride}"] = values
        numbers += [
            Number(f"{low:.1f}–{high:.1f} m/s", stride, "all frames", "mpjpe", "mm", None, float(value))
            for low, high, value in zip(EDGES, EDGES[1:], values, strict=False)
            if np.isfinite(value)
        ]
    share = np.cumsum(count) / max(1, len(speed))
    for place, (low, high) in enumerate(pairwise(EDGES)):
        if count[place]:
            cells = [f"{values[place]:.1f}" for values in errors.values()]
            lines.append((f"{low:.1f}–{high:.1f}", str(count[place]), f"{100 * share[place]:.1f}", *cells))
    drawings.error_by_velocity(folder / "figure-3.png", EDGES, errors, share, "all frames")
    columns = ("velocity m/s", "frames", "frames up to here, %", *(f"MPJPE mm, {name}" for name in errors))
    return Page(
        "figure-3",
        "Figure 3: error against the velocity of the true pose, N = 351",
        facts | _best(plan),
        (Table("Mean over the frames of each interval", columns, tuple(lines)),),
        tuple(numbers),
        ("figure-3.png",),
    )


def figure_4(plan: Plan, networks: Networks, facts: dict[str, str], folder: Path) -> Page:
    """One video in which the stride is switched by the estimated velocity."""
    lifter = lifter_of(networks(plan.best_351()), flip=plan.source.flip)
    videos = plan.source.videos()
    video = max(videos, key=_eventful)
    slow, fast = series(lifter, video, 20), series(lifter, video, 5)
    speed = velocities(slow.poses, slow.times)
    dense = switched(speed > THRESHOLD_MPS, CALM_FRAMES)
    mixed = np.where(dense, fast.errors_mm, slow.errors_mm)
    errors = {"s_in 20": slow.errors_mm, "s_in 5": fast.errors_mm, "switched": mixed}
    drawings.errors_over_time(
        folder / "figure-4.png",
        slow.times,
        errors,
        {"estimated (s_in 20)": speed, "true": velocities(slow.truth, slow.times)},
        dense,
        THRESHOLD_MPS,
    )
    lines = tuple((name, f"{values.mean():.1f}") for name, values in errors.items())
    return Page(
        "figure-4",
        "Figure 4: error over time, N = 351, stride switched by the estimated velocity",
        facts | _best(plan) | {"video": f"{video.subject}, {video.take}"},
        (Table("Mean over the video's frames", ("key-frames", "MPJPE mm"), lines),),
        tuple(
            Number(name, None, "all frames", "mpjpe", "mm", None, float(values.mean()))
            for name, values in errors.items()
        ),
        ("figure-4.png",),
        notes=(
            f"Switched after the fact: where the poses at s_in 20 move faster than {THRESHOLD_MPS:g} m/s, "
            f"and until {CALM_FRAMES} frames have been calm, the poses at s_in 5 are taken: "
            f"{100 * dense.mean():.0f} % of the frames. No controller ran, both strides were computed whole.",
        ),
    )


def _best(plan: Plan) -> dict[str, str]:
    return {"pre-training": plan.best_words}


def _eventful(video: LabelledVideo) -> int:
    """How many frames there are at least of both, fast and calm motion."""
    relative = video.positions_camera - video.positions_camera[:, :1]
    fast = velocities(relative, np.arange(len(video)) / video.rate_hz) > THRESHOLD_MPS
    return int(min(fast.sum(), (~fast).sum()))


def _rival(plan: Plan, networks: Networks, name: str) -> VideoLifter[Any]:
    network = networks(plan.rival(name, "3d"))
    return lifter_of(network, flip=plan.source.flip, interpolated="3d")


def _examples(
    name: str,
    title: str,
    lifters: Mapping[str, VideoLifter[Any]],
    plan: Plan,
    facts: dict[str, str],
    folder: Path,
    stride: int = 20,
) -> Page:
    """Skeletons on key-frames and half-way between them; nothing is hand-picked."""
    videos = plan.source.videos()
    chosen = evenly(videos, EXAMPLES)
    found = {who: [series(lifter, video, stride) for video in chosen] for who, lifter in lifters.items()}
    first = next(iter(found.values()))
    frames = [stride * (len(one.times) // (2 * stride)) for one in first]
    captions, truth, rows = [], [], {who: [] for who in found}  # type: ignore[var-annotated]
    numbers = []
    for words, offset in (("key", 0), ("between", stride // 2)):
        for example, frame in enumerate(frames):
            at = min(frame + offset, len(first[example].times) - 1)
            captions.append(f"{words}, {first[example].times[at]:.2f} s")
            truth.append(first[example].truth[at])
            for who, all_series in found.items():
                rows[who].append(all_series[example].poses[at])
                error = float(all_series[example].errors_mm[at])
                numbers.append(
                    Number(f"{who}, example {example + 1}, {words}", stride, "", "mpjpe", "mm", None, error)
                )
    drawings.skeletons(folder / f"{name}.png", captions, rows, truth, _joints(first))
    return Page(
        name,
        title,
        facts,
        (),
        tuple(numbers),
        (f"{name}.png",),
        ("The examples are evenly spread over what was measured on; none was picked by hand.",),
    )


def _joints(found: Sequence[Series]) -> str:
    return found[0].joints
