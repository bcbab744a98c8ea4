"""Table 4: arithmetic, speed and error of the published networks, and the arithmetic of the rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uplift3d.evaluate.flops import PAPER_MFLOPS, Cost, costs, cpn_cost
from uplift3d.evaluate.report import Table
from uplift3d.model import catalogue, presets
from uplift3d.reproduce import paper_scores, speed
from uplift3d.reproduce.cells import PROTOCOLS, CellResult
from uplift3d.reproduce.pages import Number, Page, spread
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.tables import PAPER, Results

MEGA = 1e6
LAYOUTS = {"uu-81": presets.uu_81, "uu-351": presets.uu_351}
GPU = "paper, GTX 1080 Ti"
COLUMNS = (
    "network",
    "s_in",
    "MFLOPs",
    "MFLOPs (paper)",
    "MFLOPs per frame",
    "MFLOPs per frame with CPN",
    "poses/s",
    "poses/s with CPN",
    f"poses/s ({GPU})",
    f"poses/s with CPN ({GPU})",
    "MPJPE mm",
    f"MPJPE mm ({PAPER})",
)


def table_4(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """Cost of the published sizes at every stride, and the error of this scale's networks."""
    cells = {"uu-81": plan.best_81(), "uu-351": plan.best_351()}
    trained = {name: results(cell) for name, cell in cells.items()}  # first, so that all is timed in one go
    rows, numbers = [], []
    detection, detection_s = cpn_cost(), speed.seconds_per_detection()
    for cost in (one for one in costs(list(LAYOUTS)) if one.use == "shared tokens"):
        found = trained[cost.model]
        lifting_s = speed.seconds_per_pose(LAYOUTS[cost.model](), cost.s_in) / cost.s_out
        values = _values(cost, detection, lifting_s, detection_s)
        errors = [one.errors_mm(cost.s_in, PROTOCOLS[0])["mpjpe"] for one in found]
        rows.append(_row(cost, values, errors))
        numbers += _numbers(cost, values, errors, found)
    where = f"{speed.machine()}, torch, float32; a detection takes {1000 * detection_s:.0f} ms"
    return Page(
        "table-4",
        "Table 4: arithmetic, speed and error",
        {**facts, "pre-training": plan.best_words, "speed": where},
        (
            Table("FLOPs (two per multiply-add) and speed of the published sizes", COLUMNS, tuple(rows)),
            _rivals(),
        ),
        tuple(numbers),
        notes=(
            "MFLOPs: a forward pass of the whole network over one window with the most 2D poses that it can "
            "hold, as the paper counts; `uplift3d bench flops` counts the same way and docs/cost.md explains "
            "it. Per frame: of 50 Hz video, with embedded poses shared between windows, as this project runs "
            "it; with CPN: ResNet-50, 384 × 288, one person, on key-frames.",
            "Poses/s: frames of 50 Hz video per second, no flip; between output poses, s_out frames apart, "
            "they are interpolated. The paper counts so too: only then does its detection take the same time "
            "at every stride, 26 ms. Timed here, in one go: medians of "
            f"{speed.REPEATS} repeats, 8 windows or one image at a time, on random input and fresh weights, "
            "which take the same arithmetic as trained ones.",
            "Arithmetic and speed are of the published sizes at any scale; MPJPE is of the networks trained "
            f"at this scale ({PROTOCOLS[0]}, mean over frames), the paper's of pre-trained ones. Speed is "
            "this machine's and says nothing about another.",
        ),
    )


def _values(cost: Cost, detection: float, lifting_s: float, detection_s: float) -> dict[str, float]:
    """What is counted and timed: FLOPs, and frames per second from the seconds that a frame takes."""
    return {
        "FLOPs": 2 * cost.window,
        "FLOPs per frame": 2 * cost.video_frame,
        "FLOPs per frame with CPN": 2 * cost.with_detector(detection),
        "poses/s": 1 / lifting_s,
        "poses/s with CPN": 1 / (lifting_s + detection_s / cost.s_in),
    }


def _row(cost: Cost, values: Mapping[str, float], errors: Sequence[float]) -> tuple[str, ...]:
    flops, per_frame, with_cpn, fast, slow = values.values()
    mflops = PAPER_MFLOPS[cost.model][cost.s_in]
    paper_fast, paper_slow, paper_error = paper_scores.TABLE_4[cost.model, cost.s_in]
    return (
        cost.model,
        str(cost.s_in),
        f"{flops / MEGA:.0f}",
        f"{mflops} ({100 * (flops / MEGA / mflops - 1):+.1f} %)",
        f"{per_frame / MEGA:.0f}",
        f"{with_cpn / MEGA:.0f}",
        f"{fast:.0f}",
        f"{slow:.1f}" if slow < 10 else f"{slow:.0f}",
        str(paper_fast),
        str(paper_slow),
        spread(errors),
        f"{paper_error}",
    )


def _numbers(
    cost: Cost, values: Mapping[str, float], errors: Sequence[float], found: Sequence[CellResult]
) -> list[Number]:
    fast, slow, paper_error = paper_scores.TABLE_4[cost.model, cost.s_in]
    known = {
        "FLOPs": PAPER_MFLOPS[cost.model][cost.s_in] * MEGA,
        "poses/s": fast,
        "poses/s with CPN": slow,
    }
    name = cost.model
    return [
        *(
            Number(name, cost.s_in, "", metric, "", None, n, known.get(metric))
            for metric, n in values.items()
        ),
        *(
            Number(name, cost.s_in, PROTOCOLS[0], "mpjpe", "mm", one.seed, error, paper_error)
            for one, error in zip(found, errors, strict=True)
        ),
    ]


def _rivals() -> Table:
    """Weights and arithmetic of the rivals at their published sizes."""
    names = [next(iter(method.presets)) for method in catalogue.RIVALS]
    rows = tuple(
        (
            cost.model,
            f"{cost.parameters / MEGA:.2f}",
            str(cost.s_out),
            f"{2 * cost.window / MEGA:.0f}",
            f"{2 * cost.video_frame / MEGA:.0f}",
        )
        for cost in costs(names)
        if cost.use == "own window"
    )
    columns = ("rival", "million weights", "s_out", "MFLOPs", "MFLOPs per frame")
    title = "Rivals at their published sizes, one window per output pose, a 2D pose for each token"
    return Table(title, columns, rows)
