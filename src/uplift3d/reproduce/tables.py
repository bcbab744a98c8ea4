"""Tables 1–3 and that of the rivals, from the scores of their cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from uplift3d.evaluate.protocols import METRICS
from uplift3d.evaluate.report import NAMES, Table
from uplift3d.reproduce import published
from uplift3d.reproduce.cells import PROTOCOLS, Cell, Result
from uplift3d.reproduce.pages import Number, Page, spread
from uplift3d.reproduce.plans import COMPONENTS, RIVAL_STRIDE, RIVALS, STRIDES_81, Plan

ALL, KEY = PROTOCOLS
MODES: dict[str, tuple[bool, bool]] = {
    "SS, no DUTA": (False, False),
    "SS": (False, True),
    "MS, no DUTA": (True, False),
    "MS": (True, True),
}
"""Name of a row → several strides at once, deferred attention."""
THREE = " / ".join(NAMES[metric] for metric in METRICS)
PAPER = "paper, Human3.6M"
Results = Callable[[Cell], Sequence[Result]]


def table_1(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """Single- and multi-stride training, with and without deferred attention."""
    rows, numbers = [], []
    for stride in STRIDES_81:
        for name, (several, deferred) in MODES.items():
            found = results(plan.table_1(STRIDES_81 if several else (stride,), deferred))
            key, every = published.TABLE_1[name, stride]
            rows.append(
                (
                    name,
                    str(stride),
                    _three(found, stride, KEY),
                    _three(found, stride, ALL),
                    _paper(key),
                    _paper(every),
                )
            )
            for protocol, paper in ((KEY, key), (ALL, every)):
                numbers += _numbers(name, found, stride, protocol, paper)
    columns = ("trained", "s_in", KEY, ALL, f"{KEY} ({PAPER})", f"{ALL} ({PAPER})")
    return Page(
        "table-1",
        "Table 1: single-stride (SS) against multi-stride (MS) training, deferred attention (DUTA)",
        facts,
        (Table(f"{THREE} in mm, mean over frames", columns, tuple(rows)),),
        tuple(numbers),
        notes=("Layout of N = 81: 41 tokens 0.04 s apart. SS: one network per stride; MS: one for all.",),
    )


def table_2(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """Within-batch augmentation and pre-training."""
    rows, numbers = [], []
    for stride in (5, 20):
        for within in (False, True):
            cells = [results(plan.table_2(within, pretrained)) for pretrained in (False, True)]
            papers = [published.TABLE_2[within, pretrained, stride] for pretrained in (False, True)]
            rows.append(
                (
                    "yes" if within else "no",
                    str(stride),
                    *(_three(found, stride, ALL) for found in cells),
                    *(_paper(paper) for paper in papers),
                )
            )
            for found, paper, text in zip(cells, papers, ("no PT", "PT"), strict=True):
                row = f"{'WBA' if within else 'no WBA'}, {text}"
                numbers += _numbers(row, found, stride, ALL, paper)
    columns = ("WBA", "s_in", "no PT", "PT", f"no PT ({PAPER})", f"PT ({PAPER})")
    scale = plan.scale
    notes = (
        "Layout of N = 351: 71 tokens 0.1 s apart. Without WBA half of the examples are mirrored at random.",
        f"PT: {scale.pretraining_steps} steps on the first data, {scale.finetuning_steps} on the second at "
        f"half the learning rate; no PT: {scale.steps} steps on the second.",
        *_on(plan.source.pretraining, plan.source.finetuning, plan.source.target_datasets),
    )
    return Page(
        "table-2",
        "Table 2: within-batch augmentation (WBA) and pre-training (PT)",
        facts,
        (Table(f"{THREE} in mm, {ALL}, mean over frames", columns, tuple(rows)),),
        tuple(numbers),
        notes=notes,
    )


def table_3(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """What every component is worth."""
    rows, numbers = [], []
    whole = results(plan.table_3("full"))
    for component in COMPONENTS:
        found = results(plan.table_3(component))
        cells = []
        for stride, paper in zip(STRIDES_81, published.TABLE_3[component], strict=True):
            own = [one.scores[stride][ALL]["mpjpe"] for one in found]
            full = [one.scores[stride][ALL]["mpjpe"] for one in whole]
            costs = [a - b for a, b in zip(own, full, strict=True)]
            first = component == "full"
            cells.append(spread(own) if first else spread(costs, sign=True))
            numbers += [
                Number(component, stride, ALL, "mpjpe", "mm", one.seed, value, paper if first else None)
                for one, value in zip(found, own, strict=True)
            ]
            if not first:
                numbers += [
                    Number(component, stride, ALL, "mpjpe cost", "mm", one.seed, value, paper)
                    for one, value in zip(found, costs, strict=True)
                ]
        form = "{:.1f}" if component == "full" else "{:+.1f}"
        rows.append((component, *cells, *(form.format(value) for value in published.TABLE_3[component])))
    columns = (
        "network",
        *(f"s_in {stride}" for stride in STRIDES_81),
        *(f"s_in {stride} ({PAPER})" for stride in STRIDES_81),
    )
    return Page(
        "table-3",
        "Table 3: the network without its spatial, temporal or strided Transformer",
        facts,
        (
            Table(
                f"MPJPE in mm, {ALL}, mean over frames; + is what leaving it out costs", columns, tuple(rows)
            ),
        ),
        tuple(numbers),
        notes=("Layout of N = 81: 41 tokens 0.04 s apart.",),
    )


def rivals(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """The other systems at key-frames 0.4 s apart, with two ways to fill in what lies between."""
    stride = RIVAL_STRIDE
    ours = results(plan.table_1(STRIDES_81, True))
    rows = [("Uplift and Upsample, N = 81", "learned", _three(ours, stride, KEY), _three(ours, stride, ALL))]
    numbers = [n for protocol in PROTOCOLS for n in _numbers("ours", ours, stride, protocol, None)]
    for name in RIVALS:
        for interpolated, words in (("3d", "3D poses interpolated"), ("2d", "2D poses interpolated")):
            found = results(plan.rival(name, "3d" if interpolated == "3d" else "2d"))
            rows.append((name, words, _three(found, stride, KEY), _three(found, stride, ALL)))
            for protocol in PROTOCOLS:
                numbers += _numbers(f"{name}, {interpolated}", found, stride, protocol, None)
    notes = (
        "3D interpolated: the rival sees key-frames alone, nine of them. 2D interpolated: it sees 27 poses "
        "0.08 s apart, most of them interpolated, in training too. Ours sees 41 tokens 0.04 s apart.",
    )
    return Page(
        "rivals",
        f"Rivals at a 2D pose every {stride / 50:g} s",
        facts,
        (Table(f"{THREE} in mm, mean over frames", ("network", "between", KEY, ALL), tuple(rows)),),
        tuple(numbers),
        notes=notes,
    )


def _three(found: Sequence[Result], stride: int, protocol: str) -> str:
    scores = [one.scores[stride][protocol] for one in found]
    return " / ".join(spread([score[metric] for score in scores]) for metric in METRICS)


def _paper(values: tuple[float, float, float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values)


def _numbers(
    row: str, found: Sequence[Result], stride: int, protocol: str, paper: tuple[float, ...] | None
) -> list[Number]:
    return [
        Number(row, stride, protocol, metric, "mm", one.seed, one.scores[stride][protocol][metric], known)
        for one in found
        for metric, known in zip(METRICS, paper or (None, None, None), strict=True)
    ]


def _on(first: Mapping[str, object], second: Mapping[str, object], measured: tuple[str, ...]) -> list[str]:
    names = [_names(fields.get("datasets")) for fields in (first, second)]
    if not all(names):
        return []
    return [f"First data: {names[0]}; second: {names[1]}; measured on {', '.join(measured)}."]


def _names(datasets: object) -> str:
    return ", ".join(map(str, datasets)) if isinstance(datasets, tuple) else ""
