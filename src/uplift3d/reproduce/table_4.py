"""Table 4: arithmetic, speed and error of the published networks, and the arithmetic of the rivals."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import torch

from uplift3d.evaluate.flops import parameters
from uplift3d.evaluate.report import Table
from uplift3d.model import ModelConfig, create, presets
from uplift3d.model.rivals import Rival
from uplift3d.reproduce import published
from uplift3d.reproduce.cells import PROTOCOLS
from uplift3d.reproduce.costs import (
    counted,
    counted_by_hand,
    counted_rival,
    per_video_frame,
    seconds_per_pose,
)
from uplift3d.reproduce.pages import Number, Page, spread
from uplift3d.reproduce.plans import RIVALS, STRIDES_81, Plan
from uplift3d.reproduce.tables import PAPER, Results
from uplift3d.train.config import PRESETS
from uplift3d.train.networks import create_network

MEGA = 1e6
COLUMNS = (
    "N",
    "s_in",
    "MFLOPs, all keys",
    f"MFLOPs ({PAPER.split(',')[0]})",
    "MFLOPs, deferred",
    "MFLOPs per video frame",
    "poses/s",
    "poses/s with detector",
    "MPJPE mm",
    "poses/s, with CPN (paper, GTX 1080 Ti)",
    f"MPJPE mm ({PAPER})",
)


def table_4(plan: Plan, results: Results, facts: Mapping[str, str], detector_ms: float | None) -> Page:
    """Cost of the published sizes at every stride, and the error of this scale's networks.

    Args:
        plan: the cells.
        results: gives their scores.
        facts: of the page.
        detector_ms: time that one 2D detection takes on this machine; None leaves its column empty.
    """
    rows, numbers = [], []
    layouts = (
        (81, presets.uu_81(), plan.table_1(STRIDES_81, True)),
        (351, presets.uu_351(), plan.base_351()),
    )
    for frames, config, cell in layouts:
        found = results(cell)
        for stride in config.strides_in:
            errors = [one.scores[stride][PROTOCOLS[0]]["mpjpe"] for one in found]
            row, values = _costs(frames, config, stride, detector_ms, errors)
            rows.append(row)
            paper = published.TABLE_4[frames, stride]
            known = {"FLOPs, all keys": paper[0] * MEGA}
            name = f"N = {frames}"
            numbers += [
                Number(name, stride, "", metric, "", None, value, known.get(metric))
                for metric, value in values.items()
            ]
            numbers += [
                Number(name, stride, PROTOCOLS[0], "mpjpe", "mm", one.seed, error, paper[3])
                for one, error in zip(found, errors, strict=True)
            ]
    return Page(
        "table-4",
        "Table 4: arithmetic, speed and error",
        {**facts, "speed": f"{_processor()}, {torch.get_num_threads()} thread(s), torch, float32, no flip"},
        (
            Table("FLOPs (two per multiply-add) of the published sizes", COLUMNS, tuple(rows)),
            _rivals(),
        ),
        tuple(numbers),
        notes=(
            "All keys: as published, the first temporal block computes keys and values of upsampling tokens, "
            "which deferred attention then masks. Deferred: what this project computes, which leaves those "
            "out; checked against `torch.utils.flop_counter`. Per video frame: windows share their embedded "
            "poses, one window per s_out frames.",
            "Arithmetic and speed are of the published sizes at any scale; MPJPE is of the networks trained "
            "at this scale, without pre-training on other data. Speed is this machine's and says nothing "
            "about another.",
        ),
    )


def _costs(
    frames: int, config: ModelConfig, stride: int, detector_ms: float | None, errors: list[float]
) -> tuple[tuple[str, ...], dict[str, float]]:
    """Cells of a row and the numbers behind them."""
    whole = counted_by_hand(config, stride, full_first_block=True)
    ours, per_frame = counted_by_hand(config, stride), per_video_frame(config, stride)
    assert counted(create(config).eval(), stride) == ours
    seconds = seconds_per_pose(config, stride)
    values = {"FLOPs, all keys": whole, "FLOPs, deferred": ours, "FLOPs per video frame": per_frame}
    values["poses/s"] = 1 / seconds
    with_detector = "–"
    if detector_ms is not None:
        values["poses/s with detector"] = 1 / (seconds + detector_ms / 1000 * config.s_out / stride)
        with_detector = f"{values['poses/s with detector']:.0f}"
    mflops, fast, slow, error = published.TABLE_4[frames, stride]
    row = (
        str(frames),
        str(stride),
        f"{whole / MEGA:.0f}",
        f"{mflops} ({100 * (whole / MEGA / mflops - 1):+.1f} %)",
        f"{ours / MEGA:.0f}",
        f"{per_frame / MEGA:.0f}",
        f"{1 / seconds:.0f}",
        with_detector,
        spread(errors),
        f"{fast}, {slow}",
        f"{error}",
    )
    return row, values


def _rivals() -> Table:
    """Weights and arithmetic of the rivals at their published sizes."""
    rows = []
    for preset in RIVALS.values():
        network = create_network(PRESETS[preset]()).eval()
        assert isinstance(network, Rival)
        config = network.config
        flops = counted_rival(network)
        rows.append(
            (
                preset,
                f"{parameters(network) / MEGA:.2f}",
                f"{config.tokens} × {config.s_out}",
                f"{flops / MEGA:.0f}",
                f"{flops / MEGA / config.s_out:.0f}",
            )
        )
    columns = (
        "rival",
        "million weights",
        "poses × spacing",
        "MFLOPs per output pose",
        "MFLOPs per video frame",
    )
    title = "Rivals at their published sizes, one window per output pose, a 2D pose for each token"
    return Table(title, columns, tuple(rows))


def _processor() -> str:
    return platform.processor() or platform.machine()
