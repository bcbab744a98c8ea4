"""Draw the table of docs/adaptive.md: error against looks per second.

    python benchmarks/plot_adaptive.py

Reads the page and writes docs/images/adaptive.png.
"""

from __future__ import annotations

import re
from pathlib import Path

from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent.parent / "docs"
SERIES = {
    r"fixed [\d.]+ s": ("fixed interval", "o-", "#444444"),
    r"fixed [\d.]+ s, spherical between": ("fixed, per-look poses joined spherically", "x:", "#999999"),
    r"adaptive, [\d./]+ a second": ("adaptive, by bend", "s-", "#c0392b"),
    "adaptive, by velocity": ("adaptive, by velocity (published rule)", "^", "#2471a3"),
}


def main() -> None:
    """Read, draw, write."""
    rows = re.findall(
        r"^\| ([a-z][^|]*?) \| ([\d.]+) \| ([\d.]+) \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", page(), re.M
    )
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, column, title in zip(
        figure.subplots(1, 2), (2, 3), ("all motion", "faster than 0.5 m/s"), strict=True
    ):
        for pattern, (label, line, colour) in SERIES.items():
            points = sorted(
                (float(row[1]), float(row[column])) for row in rows if re.fullmatch(pattern, row[0])
            )
            axes.plot(*zip(*points, strict=True), line, color=colour, label=label, markersize=5)
        axes.set(xscale="log", xlabel="looks per second", ylabel="MPJPE, mm", title=title)
        axes.set_xticks([1, 2, 3, 5, 10], ["1", "2", "3", "5", "10"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(DOCS / "images" / "adaptive.png", dpi=110)


def page() -> str:
    """The page's text, up to what it says of streams."""
    return (DOCS / "adaptive.md").read_text(encoding="utf-8").split("## Streams")[0]


if __name__ == "__main__":
    main()
