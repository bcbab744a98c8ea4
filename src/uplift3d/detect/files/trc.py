"""TRC in pixels, as Sports2D and Pose2Sim write it beside the one in metres: one person, named markers."""

from __future__ import annotations

import numpy as np

from uplift3d.detect.files.base import Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.files.text import number_table, read_lines
from uplift3d.types import Keypoints2D

HEADER_LINES = 5
MAX_METRES = 20.0
"""Sports2D calls its pixels metres: what reaches farther than this, and has no depth, is in pixels."""
MAX_MARKERS = 1000


class PixelTrc:
    """Times are the file's own. Implements `KeypointFormat`."""

    name = "Sports2D/Pose2Sim pixel .trc"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`."""
        return source.head.startswith(b"PathFileType")

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        where = str(source.path)
        lines = read_lines(source.path, self.name)
        names = _markers(lines, where)
        rows = [(n, line.split("\t")) for n, line in enumerate(lines) if n >= HEADER_LINES and line.strip()]
        first_line = rows[0][0] + 1 if rows else HEADER_LINES + 1
        table = number_table([cells for _, cells in rows], 2 + 3 * len(names), where, first_line)
        _, size = rate_and_size(f"{where} ({self.name})", given, 1.0, None)
        points = table[:, 2:].reshape(len(table), len(names), 3)
        _check_pixels(points, lines[2].split("\t"), where)
        times = table[:, 1]
        frames = {k: [Person(person[:, :2], np.ones(len(names)), 0)] for k, person in enumerate(points)}
        layout = layout_of(where, len(names), given.joints, names)
        meta = {"source": source.path.name, "detector": self.name}
        return Clip(where, frames, layout, 1.0, size, meta, times).keypoints()


def _markers(lines: list[str], where: str) -> list[str]:
    """The markers' names: every third cell of the fourth line, after frame and time."""
    if len(lines) < HEADER_LINES or not lines[3].startswith("Frame#"):
        raise InputError(f"{where}: no .trc header, which has markers in line 4 after Frame# and Time")
    names = [cell.strip() for cell in lines[3].split("\t")[2::3]]
    while names and not names[-1]:
        names.pop()
    if not all(names) or not names or len(names) > MAX_MARKERS:
        raise InputError(f"{where}: line 4 names no markers: {quoted(lines[3])}")
    return names


def _check_pixels(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]], units: list[str], where: str
) -> None:
    """InputError unless x and y are pixels; `units` are the cells of the third line."""
    unit = units[4].strip().lower() if len(units) > 4 else ""
    flat = not np.nan_to_num(points[..., 2]).any()
    reach = np.nanmax(np.abs(points[..., :2]), initial=0.0, where=np.isfinite(points[..., :2]))
    if unit not in ("px", "pixel", "pixels") and not (unit == "m" and flat and reach > MAX_METRES):
        raise InputError(
            f"{where} holds 3D markers in {unit or 'unknown units'}; accepted is the .trc in pixels, which "
            "Sports2D names …_px_person00.trc"
        )
