"""Pages of a reproduction: Markdown to read, CSV with one number per line, pictures beside them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from uplift3d.evaluate.report import Table
from uplift3d.files import atomic_write

COLUMNS = ("table", "row", "s_in", "protocol", "metric", "unit", "seed", "value", "published")


@dataclass(frozen=True)
class Number:
    """One line of the CSV; `published` is the paper's (on Human3.6M; speed: on a GTX 1080 Ti)."""

    row: str
    s_in: int | None
    protocol: str
    metric: str
    unit: str
    seed: int | None
    value: float
    published: float | None = None


@dataclass(frozen=True)
class Page:
    """What one table or figure came to."""

    name: str
    """Stem of its files."""
    title: str
    facts: Mapping[str, str]
    tables: tuple[Table, ...] = ()
    numbers: tuple[Number, ...] = ()
    pictures: tuple[str, ...] = ()
    """Files beside the page."""
    notes: tuple[str, ...] = field(default=())


def write_page(page: Page, folder: Path) -> Path:
    """Write `NAME.md` and, where there are numbers, `NAME.csv`; returns the former."""
    parts = [f"# {page.title}", "\n".join(f"- {name}: {text}" for name, text in page.facts.items())]
    parts += [f"![{page.title}]({picture})" for picture in page.pictures]
    parts += [f"## {table.title}\n\n{table.markdown()}" for table in page.tables]
    parts += list(page.notes)
    with atomic_write(folder / f"{page.name}.md") as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if page.numbers:
        _write_csv(page, folder / f"{page.name}.csv")
    return folder / f"{page.name}.md"


def _write_csv(page: Page, path: Path) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in page.numbers:
            fields: list[Any] = [page.name, *vars(number).values()]
            writer.writerow(["" if value is None else _short(value) for value in fields])


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def spread(values: Sequence[float], digits: int = 1, sign: bool = False) -> str:
    """Mean of the seeds, with their standard deviation where there are several."""
    form = f"{'+' if sign else ''}.{digits}f"
    if not values:
        return "–"
    if len(values) == 1:
        return format(values[0], form)
    return f"{fmean(values):{form}} ± {stdev(values):.{digits}f}"
