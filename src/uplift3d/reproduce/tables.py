"""Tables 1–3 and that of the rivals, from the scores of their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from uplift3d.evaluate.baselines import Interpolated
from uplift3d.evaluate.protocols import METRICS
from uplift3d.evaluate.report import NAMES, Table
from uplift3d.model import catalogue
from uplift3d.reproduce import paper_scores
from uplift3d.reproduce.cells import BASELINE, PROTOCOLS, Cell, CellResult, Over
from uplift3d.reproduce.pages import Number, Page, spread
from uplift3d.reproduce.plans import COMPONENTS, RIVAL_STRIDE, STRIDES_81, Plan
from uplift3d.reproduce.sources import Corpus

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
INTERPOLATED: dict[Interpolated, str] = {"3d": "3D poses interpolated", "2d": "2D poses interpolated"}
"""What a rival does between key-frames, in words."""
Results = Callable[[Cell], Sequence[CellResult]]


def table_1(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """Single- and multi-stride training, with and without deferred attention."""
    found: dict[tuple[str, int], Sequence[CellResult]] = {}
    numbers = []
    for stride in STRIDES_81:
        for name, (several, deferred) in MODES.items():
            cell = plan.table_1(STRIDES_81 if several else (stride,), deferred)
            found[name, stride] = results(cell)
            for protocol, paper in zip((KEY, ALL), paper_scores.TABLE_1[name, stride], strict=True):
                numbers += _numbers(name, found[name, stride], stride, protocol, paper)

    def row(name: str, stride: int, over: Over) -> tuple[str, ...]:
        own = (_three(found[name, stride], stride, protocol, over) for protocol in (KEY, ALL))
        paper = paper_scores.TABLE_1[name, stride] if over == "frames" else ()
        return (name, str(stride), *own, *map(_paper, paper))

    columns = ("trained", "s_in", KEY, ALL, f"{KEY} ({PAPER})", f"{ALL} ({PAPER})")
    return Page(
        "table-1",
        "Table 1: single-stride (SS) against multi-stride (MS) training, deferred attention (DUTA)",
        facts,
        tuple(
            _table(f"{THREE} in mm", over, columns, [row(*place, over) for place in found])
            for over in _known_means(found.values())
        ),
        tuple(numbers),
        notes=("Layout of N = 81: 41 tokens 0.04 s apart. SS: one network per stride; MS: one for all.",),
    )


def table_2(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """Within-batch augmentation and, where there is data for it, pre-training."""
    first = plan.source.pretraining
    columns = {False: "no PT"} if first is None else {False: "no PT", True: "PT"}
    found = {
        (within, tuned): results(plan.table_2(within, tuned)) for within in (False, True) for tuned in columns
    }
    longer, more = _long_finetuning(plan, results, found[True, False])
    numbers = [
        number
        for stride in (5, 20)
        for (within, tuned), cells in found.items()
        for number in _numbers(
            f"{'WBA' if within else 'no WBA'}, {columns[tuned]}",
            cells,
            stride,
            ALL,
            paper_scores.TABLE_2[within, tuned, stride],
        )
    ]

    def row(within: bool, stride: int, over: Over) -> tuple[str, ...]:
        own = (_three(found[within, tuned], stride, ALL, over) for tuned in columns)
        paper = columns if over == "frames" else ()
        theirs = (_paper(paper_scores.TABLE_2[within, tuned, stride]) for tuned in paper)
        return ("yes" if within else "no", str(stride), *own, *theirs)

    names = ("WBA", "s_in", *columns.values(), *(f"{text} ({PAPER})" for text in columns.values()))
    return Page(
        "table-2",
        "Table 2: within-batch augmentation (WBA) and pre-training (PT)",
        facts,
        tuple(
            _table(
                f"{THREE} in mm, {ALL}",
                over,
                names,
                [row(within, stride, over) for stride in (5, 20) for within in (False, True)],
            )
            for over in _known_means(found.values())
        )
        + longer,
        (*numbers, *more),
        notes=(
            "Layout of N = 351: 71 tokens 0.1 s apart. Without WBA half of the examples are mirrored at "
            "random.",
            *_pretraining_notes(plan, first),
        ),
    )


def _long_finetuning(
    plan: Plan, results: Results, scratch: Sequence[CellResult]
) -> tuple[tuple[Table, ...], list[Number]]:
    """What pre-training is worth where as many steps follow as a run from scratch has."""
    cell = plan.long_finetuning()
    if cell is None:
        return (), []
    found, steps = results(cell), plan.scale.steps
    rows = [(str(stride), _three(scratch, stride, ALL), _three(found, stride, ALL)) for stride in (5, 20)]
    columns = ("s_in", f"no PT, {steps} steps", f"PT, then {steps} steps")
    title = f"As long after pre-training as without, WBA: {THREE} in mm, {ALL}, mean over frames"
    table = Table(title, columns, tuple(rows))
    row = f"WBA, PT, then {steps} steps"
    return (table,), [number for stride in (5, 20) for number in _numbers(row, found, stride, ALL, None)]


def _pretraining_notes(plan: Plan, first: Corpus | None) -> tuple[str, ...]:
    source, scale = plan.source, plan.scale
    if first is None:
        return ("Pre-training (PT) is left out: no motion store of AMASS was given (--amass).",)
    measured = f"; measured on {', '.join(source.target_datasets)}" if source.target_datasets else ""
    return (
        f"PT: {scale.pretraining_steps} steps on the first data, {plan.finetuning_steps} on the second at "
        f"half the learning rate; no PT: {scale.steps} steps on the second.",
        f"First data: {first.words}; second: {source.finetuning.words}{measured}.",
    )


def table_3(plan: Plan, results: Results, facts: Mapping[str, str]) -> Page:
    """What every component is worth."""
    rows, numbers = [], []
    whole = results(plan.table_3("full"))
    for component in COMPONENTS:
        found = results(plan.table_3(component))
        cells = []
        for stride, paper in zip(STRIDES_81, paper_scores.TABLE_3[component], strict=True):
            own = [one.errors_mm(stride, ALL)["mpjpe"] for one in found]
            full = [one.errors_mm(stride, ALL)["mpjpe"] for one in whole]
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
        rows.append((component, *cells, *(form.format(value) for value in paper_scores.TABLE_3[component])))
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
    name, key = "Uplift and Upsample, N = 81", _three(ours, stride, KEY)
    rows = [(name, "learned", key, _three(ours, stride, ALL))]
    rows.append((name, INTERPOLATED["3d"], key, _three(ours, stride, BASELINE)))
    ours_in = (*PROTOCOLS, BASELINE)
    numbers = [n for protocol in ours_in for n in _numbers("ours", ours, stride, protocol, None)]
    for name, method in catalogue.rivals().items():
        for interpolated, words in INTERPOLATED.items():
            found = results(plan.rival(name, interpolated))
            rows.append((method.title, words, _three(found, stride, KEY), _three(found, stride, ALL)))
            for protocol in PROTOCOLS:
                numbers += _numbers(f"{name}, {interpolated}", found, stride, protocol, None)
    sizes = (
        f"{method.title} ({', '.join(f'{field} {value}' for field, value in fields.items())})"
        for method in catalogue.RIVALS
        if (fields := plan.scale.rival_fields(method.config))
    )
    notes = (
        "3D interpolated: the rival sees key-frames alone, nine of them. 2D interpolated: it sees 27 poses "
        "0.08 s apart, most of them interpolated, in training too. Ours sees 41 tokens 0.04 s apart; it is "
        "one network for three strides, every rival was trained for this one.",
        f"Sizes that differ from the published ones: {'; '.join(sizes) or 'none'}.",
    )
    return Page(
        "rivals",
        f"Rivals at a 2D pose every {stride / 50:g} s",
        facts,
        (Table(f"{THREE} in mm, mean over frames", ("network", "between", KEY, ALL), tuple(rows)),),
        tuple(numbers),
        notes=notes,
    )


def _three(found: Sequence[CellResult], stride: int, protocol: str, over: Over = "frames") -> str:
    errors = [one.errors_mm(stride, protocol, over) for one in found]
    return " / ".join(spread([one[metric] for one in errors]) for metric in METRICS)


def _known_means(found: Iterable[Sequence[CellResult]]) -> tuple[Over, ...]:
    """Which means all results have."""
    have_actions = all(result.over_actions for results in found for result in results)
    return ("frames", "actions") if have_actions else ("frames",)


def _table(title: str, over: Over, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    """A table of one kind of means; only that over frames has columns for the paper's numbers."""
    return Table(f"{title}, mean over {over}", tuple(columns[: len(rows[0])]), tuple(rows))


def _paper(values: tuple[float, float, float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values)


def _numbers(
    row: str, found: Sequence[CellResult], stride: int, protocol: str, paper: tuple[float, ...] | None
) -> list[Number]:
    """The lines of the CSV: means over frames, then over actions where there are any."""
    numbers = []
    for over in _known_means([found]):
        words = protocol if over == "frames" else f"{protocol}, mean over actions"
        known = paper if paper and over == "frames" else (None, None, None)
        numbers += [
            Number(
                row,
                stride,
                words,
                metric,
                "mm",
                one.seed,
                one.errors_mm(stride, protocol, over)[metric],
                value,
            )
            for one in found
            for metric, value in zip(METRICS, known, strict=True)
        ]
    return numbers
