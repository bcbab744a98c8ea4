"""Pictures of the pages (matplotlib, loaded here only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uplift3d.arrays import BoolArray, RealArray
from uplift3d.errors import InputError
from uplift3d.files import atomic_write
from uplift3d.skeletons import joint_set

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 110


def check_matplotlib() -> None:
    """InputError where pictures cannot be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError("pictures need matplotlib: pip install 'uplift3d[train]'") from None


def attention_maps(path: Path, rows: Mapping[str, RealArray]) -> None:
    """Attention (H, N, N) of every head, a row of maps per network."""
    heads = max(len(maps) for maps in rows.values())
    figure = _figure(1.6 * heads, 1.9 * len(rows))
    grid = _grid(figure, len(rows), heads)
    for line, (name, maps) in zip(grid, rows.items(), strict=True):
        for head, (axes, weights) in enumerate(zip(line, maps, strict=False)):
            axes.imshow(weights, cmap="viridis", vmin=0, vmax=float(np.quantile(maps, 0.995)))
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(f"head {head + 1}", fontsize=7)
        line[0].set_ylabel(f"{name}\nquery", fontsize=8)
    _save(figure, path)


def error_by_velocity(
    path: Path, edges: RealArray, errors: Mapping[str, RealArray], cumulative: RealArray, label: str
) -> None:
    """Error over velocity, a line per stride, and the share of frames below each velocity."""
    figure = _figure(6.5, 3.6)
    axes = figure.add_subplot()
    middles = (edges[1:] + edges[:-1]) / 2
    for name, values in errors.items():
        axes.plot(middles, values, marker="o", markersize=3, label=name)
    axes.set_xlabel("velocity of the true pose, m/s")
    axes.set_ylabel(f"MPJPE, mm ({label})")
    axes.set_ylim(bottom=0)
    other = axes.twinx()
    share = 100 * np.concatenate([[0], cumulative])
    (dashed,) = other.plot(edges, share, color="0.6", linestyle="--", label="frames slower, %")
    other.set_ylim(0, 100)
    other.set_ylabel("frames slower, %")
    lines, _ = axes.get_legend_handles_labels()
    axes.legend(handles=[*lines, dashed], loc="lower right", fontsize=8)
    _save(figure, path)


def errors_over_time(
    path: Path,
    times: RealArray,
    errors: Mapping[str, RealArray],
    speed: Mapping[str, RealArray],
    dense: BoolArray,
    threshold: float,
) -> None:
    """Error and velocity of one video, the last error dashed; shaded where key-frames are dense."""
    figure = _figure(8, 4.4)
    upper, lower = figure.subplots(2, 1, sharex=True)
    *others, last = errors.items()
    for name, values in others:
        upper.plot(times, values, label=name, linewidth=1)
    name, values = last  # lies on one of the others everywhere
    upper.plot(times, values, label=name, linewidth=1.2, color="0.1", linestyle=(0, (2, 3)))
    upper.set_ylabel("MPJPE, mm")
    for name, values in speed.items():
        lower.plot(times, values, label=name, linewidth=1)
    lower.axhline(threshold, color="0.5", linestyle=":")
    lower.set_ylabel("velocity, m/s")
    lower.set_xlabel("s")
    for axes in (upper, lower):
        bottom, top = axes.get_ylim()
        axes.fill_between(times, bottom, top, where=dense.tolist(), color="tab:red", alpha=0.12, linewidth=0)
        axes.set_ylim(bottom, top)
        axes.legend(fontsize=7, loc="upper right")
    _save(figure, path)


def skeletons(
    path: Path,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[RealArray]],
    truth: Sequence[RealArray],
    set_name: str,
) -> None:
    """Poses (J, 3) as the camera sees them, over the true ones in grey.

    Args:
        path: of the picture.
        columns: captions of the examples.
        rows: network → its pose in every example.
        truth: the true pose in every example.
        set_name: joint set.
    """
    figure = _figure(1.5 * len(columns), 2.1 * len(rows))
    grid = _grid(figure, len(rows), len(columns))
    for line, (name, poses) in zip(grid, rows.items(), strict=True):
        for axes, caption, pose, true in zip(line, columns, poses, truth, strict=True):
            _draw(axes, true, set_name, "0.75", 2.5)
            _draw(axes, pose, set_name, None, 1.2)
            axes.set_aspect("equal")
            axes.set_xlim(-0.9, 0.9)
            axes.set_ylim(1.1, -0.9)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(caption, fontsize=7)
        line[0].set_ylabel(name, fontsize=8)
    _save(figure, path)


def _draw(axes: Axes, pose: RealArray, set_name: str, colour: str | None, width: float) -> None:
    """Front view: x to the right, y downwards."""
    names = joint_set(set_name)
    for upper, lower in names.bones:
        name = names.joints[lower]
        side = "tab:red" if name.startswith("right") else "tab:blue" if name.startswith("left") else "0.2"
        axes.plot(*pose[[upper, lower], :2].T, color=colour or side, linewidth=width)


def _figure(width: float, height: float) -> Figure:
    check_matplotlib()
    from matplotlib.figure import Figure  # without pyplot: no display, no global state

    return Figure(figsize=(width, height), layout="constrained")


def _grid(figure: Figure, rows: int, columns: int) -> list[list[Axes]]:
    made = figure.subplots(rows, columns, squeeze=False)
    return [list(line) for line in made]


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
