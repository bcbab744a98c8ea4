"""`.trc`: one person's joints as markers, for OpenSim and Pose2Sim.

Metres, y up, x forwards as OpenSim has it, the ground at y = 0; tab-separated, an empty place where a joint
is not known. It keeps neither `observed` nor `sigma_m` nor `meta`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uplift3d.errors import InputError
from uplift3d.export.markers import MARKERS, from_markers, to_opensim
from uplift3d.export.scene import evenly
from uplift3d.files.guards import listed, quoted
from uplift3d.files.text import number_table, read_lines
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D

ONE_PERSON = True
HEADER_LINES = 5
METRES = {"m": 1.0, "mm": 0.001, "cm": 0.01}
MAX_MARKERS = 1000


def write(path: Path, motion: Motion3D) -> None:
    """Write the only person of a motion on the ground."""
    even, rate_hz = evenly(motion)
    names = [MARKERS[joint] for joint in joint_set(even.joints).joints]
    places = to_opensim(even)
    frames, count = places.shape[:2]
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate_hz:.6f}\t{rate_hz:.6f}\t{frames}\t{count}\tm\t{rate_hz:.6f}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"X{n}\tY{n}\tZ{n}" for n in range(1, count + 1)),
    ]
    for number, (time, row) in enumerate(zip(even.times, places.reshape(frames, -1), strict=True), start=1):
        cells = ["" if np.isnan(value) else f"{value:.6f}" for value in row]
        lines.append("\t".join([str(number), f"{time:.6f}", *cells]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path) -> Motion3D:
    """Read markers of the names that `write` gives, in metres, millimetres or centimetres."""
    lines = read_lines(path, "3D markers as .trc")
    names = _names(lines, path)
    rows = [(n, line.split("\t")) for n, line in enumerate(lines) if n >= HEADER_LINES and line.strip()]
    if not rows:
        raise InputError(f"{path}: holds no poses")
    table = number_table([cells for _, cells in rows], 2 + 3 * len(names), str(path), rows[0][0] + 1)
    places = table[:, 2:].reshape(len(table), len(names), 3) * _metres(lines[2].split("\t"), path)
    if not np.nan_to_num(places[..., 2]).any():
        raise InputError(
            f"{path}: its markers have no depth, they are 2D joints (`uplift3d lift` reads those)"
        )
    try:
        return from_markers(names, places, table[:, 1], {"source": path.name})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _names(lines: list[str], path: Path) -> list[str]:
    """The markers of the fourth line: every third cell after frame and time."""
    if (
        len(lines) < HEADER_LINES
        or not lines[0].startswith("PathFileType")
        or not lines[3].startswith("Frame#")
    ):
        raise InputError(f"{path}: no .trc header, which has PathFileType in line 1 and markers in line 4")
    names = [cell.strip() for cell in lines[3].split("\t")[2::3]]
    names = names[: max((n for n, name in enumerate(names, start=1) if name), default=0)]
    if not names or not all(names) or len(names) > MAX_MARKERS or len(set(names)) < len(names):
        raise InputError(f"{path}: line 4 names no markers, each once: {listed(names)}")
    return names


def _metres(cells: list[str], path: Path) -> float:
    unit = cells[4].strip().lower() if len(cells) > 4 else ""
    if unit not in METRES:
        raise InputError(f"{path}: units {quoted(unit)} given; accepted are {', '.join(METRES)}")
    return METRES[unit]
