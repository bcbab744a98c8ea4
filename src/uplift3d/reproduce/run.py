"""`reproduce`: do what the tables and figures asked for still need, and write their pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from uplift3d.errors import InputError
from uplift3d.model.network import Network
from uplift3d.reproduce import figures, tables
from uplift3d.reproduce.cells import Cell, CellResult, Say, network_of, run_cell
from uplift3d.reproduce.drawings import check_matplotlib
from uplift3d.reproduce.pages import Page, write_page
from uplift3d.reproduce.plans import Plan
from uplift3d.reproduce.scales import Scale
from uplift3d.reproduce.sources import Source
from uplift3d.reproduce.table_4 import table_4

FIGURES: dict[str, Callable[..., Page]] = {
    "figure-1": figures.figure_1,
    "figure-2": figures.figure_2,
    "figure-3": figures.figure_3,
    "figure-4": figures.figure_4,
    "figure-5": figures.figure_5,
}
TABLES: dict[str, Callable[..., Page]] = {
    "table-1": tables.table_1,
    "table-2": tables.table_2,
    "table-3": tables.table_3,
    "table-4": table_4,
    "rivals": tables.rivals,
}
TARGETS = (*TABLES, *FIGURES)


def reproduce(
    targets: Sequence[str],
    source: Source,
    scale: Scale,
    folder: Path,
    *,
    seeds: Sequence[int] = (0,),
    say: Say = lambda text: None,
) -> list[Path]:
    """Make tables and figures; what is done already is not done again, a killed run goes on.

    Every training run has a folder of its own under `folder/runs`, and tables share runs.

    Args:
        targets: of `TARGETS`.
        source: data.
        scale: sizes.
        folder: where the pages go.
        seeds: of the runs; figures show the first.
        say: is told what is being done.

    Returns:
        The Markdown pages.

    Raises:
        InputError: an unknown target, no usable data, or a folder with runs of other settings.
    """
    if unknown := [target for target in targets if target not in TARGETS]:
        raise InputError(f"{unknown[0]!r} given; there are {', '.join(TARGETS)}")
    if not seeds:
        raise InputError("no seed given; at least one is needed")
    if any(target in FIGURES for target in targets):
        check_matplotlib()
    runs = _create(folder / "runs")
    plan = Plan(source, scale)
    cells: dict[str, list[CellResult]] = {}

    def results(cell: Cell) -> list[CellResult]:
        if cell.name not in cells:
            cells[cell.name] = [run_cell(cell, source, runs, seed, say) for seed in seeds]
        return cells[cell.name]

    def networks(cell: Cell) -> Network[Any]:
        results(cell)
        return network_of(cell, runs, seeds[0])

    facts = _facts(plan, seeds)
    pages = []
    for target in targets:
        say(f"{target}: …")
        cells_before = set(cells)
        if target in FIGURES:
            page = FIGURES[target](plan, networks, facts | {"seeds": str(seeds[0])}, folder)
        else:
            page = TABLES[target](plan, results, facts)
        pages.append(write_page(page, folder))
        say(f"{target}: {pages[-1]} ({len(set(cells) - cells_before)} further networks)")
    return pages


def _facts(plan: Plan, seeds: Sequence[int]) -> dict[str, str]:
    """What every page says about how it came about."""
    source, scale = plan.source, plan.scale
    sizes = ", ".join(f"{name} {value}" for name, value in scale.model.items()) or "as published"
    short = plan.batch("uu-81")
    batch = f"{scale.batch}" if short == scale.batch else f"{scale.batch} (N = 81: {short})"
    return {
        **source.facts,
        "scale": f"{scale.name}: {scale.steps} steps of {batch} windows; network: {sizes}",
        "weights": "trained for this page; one run per network and seed, all runs alike but for the switch",
        "seeds": ", ".join(map(str, seeds)),
        "versions": f"uplift3d {version('uplift3d')}, torch {version('torch')}",
    }


def _create(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be created ({error.strerror})") from error
    return folder
