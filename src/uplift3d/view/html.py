"""A web page that plays a motion: one file that needs no network and no program but a browser.

The page holds plotly's script, so that it works offline, and the poses in whole millimetres.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from plotly.offline import get_plotlyjs

from uplift3d.arrays import DoubleArray, FloatArray
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Motion3D
from uplift3d.version import __version__
from uplift3d.view.colours import LEFT, RIGHT, trunk_colour
from uplift3d.view.stage import (
    HEAD_RADIUS_M,
    Stage,
    bone_radii_m,
    bone_sides,
    describe_length,
    duration_s,
    joint_speeds,
    motion_title,
    set_stage,
)

MAX_FRAMES = 1200  # about 0.3 MB per person, a fifteenth of plotly's own script
TRAILING = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
TICK_EVERY_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
CURVE_POINTS = 800


def write(path: Path, motion: Motion3D) -> None:
    """Write `page(motion)`."""
    path.write_text(page(motion), encoding="utf-8")


def page(motion: Motion3D, title: str | None = None, max_frames: int = MAX_FRAMES) -> str:
    """The whole page as text.

    Args:
        motion: what to play.
        title: heading; by default the name of what the motion was made from.
        max_frames: a longer motion is thinned out to this many frames, which the page says.
    """
    stage = set_stage(motion, max_frames)
    times = motion.times[stage.frames]
    first, last = (float(times[0]), float(times[-1])) if len(times) else (0.0, 0.0)
    parts = {
        "title": html.escape(title or motion_title(motion)),
        "generator": f"uplift3d {__version__}",
        "summary": html.escape(describe_length(motion)),
        "legend": _legend(motion),
        "timeline": _timeline(motion),
        "peak": f"{_peak_speed(motion):.1f} m/s",
        "labels": _time_labels(first, last),
        "first": f"{first:.4f}",
        "last": f"{last:.4f}",
        "end": f"{last:.2f}",
        "caption": html.escape(_caption(motion, stage)),
        "made": _definitions(motion.meta),
        "data": _for_script(_data(motion, stage)),
        "style": _asset("player.css"),
        "plotly": get_plotlyjs(),
        "player": _asset("player.js"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("player.html"))


def _asset(name: str) -> str:
    return files("uplift3d.view").joinpath("page", name).read_text(encoding="utf-8")


def _data(motion: Motion3D, stage: Stage) -> dict[str, Any]:
    """What the player reads: times in seconds, poses in whole millimetres, null where a person is absent."""
    joints = joint_set(motion.joints)
    bones = [
        {"from": parent, "to": child, "side": side, "radius": radius, "inset": _inset_m(joints, child)}
        for (parent, child), side, radius in zip(
            joints.bones, bone_sides(joints), bone_radii_m(joints), strict=True
        )
    ]
    bounds = _bounds(stage)
    floor = np.stack([np.floor(2 * bounds[:2, 0] - 1), np.ceil(2 * bounds[:2, 1] + 1)], axis=-1) / 2
    people = [
        {
            "name": f"person {track}",
            "colours": {"left": LEFT, "right": RIGHT, "middle": trunk_colour(index)},
            "observed": motion.observed[index, stage.frames].astype(int).tolist(),
            "poses": _millimetres(stage.positions[index]),
        }
        for index, track in enumerate(motion.people.tolist())
    ]
    return {
        "times": motion.times[stage.frames].round(4).tolist(),
        "joints": [name.replace("_", " ") for name in joints.joints],
        "root": joints.root or 0,
        "bones": bones,
        "trails": [
            {"joint": joints.index(name), "side": name.split("_")[0]}
            for name in TRAILING
            if name in joints.joints
        ],
        "bounds": bounds.round(3).tolist(),
        "floor": floor.tolist(),
        "people": people,
    }


def _inset_m(joints: JointSet, child: int) -> float:
    """How far the limb ends before its joint: the head's top is where the drawn head ends."""
    return 0.95 * HEAD_RADIUS_M if joints.joints[child] == "head_top" else 0.0


def _millimetres(positions: FloatArray) -> list[list[int] | None]:
    rounded = (np.round(pose.ravel() * 1000) for pose in positions)
    return [pose.astype(int).tolist() if np.isfinite(pose).all() else None for pose in rounded]


def _bounds(stage: Stage) -> DoubleArray:
    """(3, 2) lowest and highest shown coordinate in metres, with a margin; the floor's z = 0 is inside."""
    points = stage.positions.reshape(-1, 3).astype(np.float64)
    points = points[np.isfinite(points).all(axis=-1)]
    if not len(points):
        points = np.array([[-0.5, -0.5, 0], [0.5, 0.5, 1.8]])
    low, high = points.min(axis=0) - 0.2, points.max(axis=0) + 0.2
    low[2] = min(points[:, 2].min(), 0.0) - 0.05
    return np.stack([low, high], axis=-1)


def _legend(motion: Motion3D) -> str:
    entries = [(RIGHT, "right side"), (LEFT, "left side")]
    if len(motion.people) > 1:
        entries += [(trunk_colour(index), f"person {track}") for index, track in enumerate(motion.people)]
    return "".join(f'<span><i style="background:{colour}"></i>{name}</span>' for colour, name in entries)


def _caption(motion: Motion3D, stage: Stage) -> str:
    if stage.side_by_side:
        where = (
            "Positions are relative to each person's pelvis, so people are shown side by side in places of "
            "their own, not where they stood."
        )
    elif motion.root is None:
        where = "Positions are relative to the pelvis, which therefore stays in its place."
    else:
        where = "People are shown where they are from the camera."
    thinned = ""
    if len(stage.frames) < len(motion):
        thinned = f" {len(stage.frames)} of {len(motion)} poses are shown."
    return (
        f"{where} Squares on the floor are 0.5 m wide; coordinates are rounded to 1 mm.{thinned} The curve "
        "is the speed of the joints relative to the pelvis (mean over joints); a green tick marks a measured "
        "2D pose, the poses between two ticks were filled in."
    )


def _definitions(meta: Mapping[str, Any], prefix: str = "") -> str:
    """Meta as a definition list, nested keys joined by a space."""
    entries = []
    for key, value in meta.items():
        if isinstance(value, Mapping):
            entries.append(_definitions(value, f"{prefix}{key} "))
        else:
            entries.append(f"<dt>{html.escape(f'{prefix}{key}')}</dt><dd>{html.escape(str(value))}</dd>")
    return "".join(entries)


def _peak_speed(motion: Motion3D) -> float:
    speeds = joint_speeds(motion)
    return float(speeds[np.isfinite(speeds)].max(initial=0.0))


def _timeline(motion: Motion3D) -> str:
    """SVG shapes in a 1000 × 100 box: a speed curve per person above y = 84, key-frame ticks below it."""
    span = duration_s(motion.times) or 1.0
    x = (motion.times - (motion.times[0] if len(motion) else 0)) / span * 1000
    peak = _peak_speed(motion) or 1.0
    shapes = ['<line class="base" x1="0" x2="1000" y1="84" y2="84"/>']
    for index, speeds in enumerate(joint_speeds(motion)):
        colour = trunk_colour(index)
        for curve in _pieces(x, 82 - 76 * speeds / peak):
            line = " L".join(f"{a:.1f} {b:.1f}" for a, b in curve)
            ground = f"L{curve[-1][0]:.1f} 84 L{curve[0][0]:.1f} 84 Z"
            shapes.append(f'<path class="area" style="fill:{colour}" d="M{line} {ground}"/>')
            shapes.append(f'<path style="stroke:{colour}" d="M{line}"/>')
    shapes += [
        f'<line class="key" x1="{a:.2f}" x2="{a:.2f}" y1="87" y2="100"/>'
        for a in x[motion.observed.any(axis=0)]
    ]
    return "".join(shapes)


def _pieces(x: DoubleArray, y: DoubleArray) -> Iterable[list[tuple[float, float]]]:
    """The curve without its NaN stretches, thinned to about `CURVE_POINTS` points that keep the peaks."""
    stride = max(1, len(x) // CURVE_POINTS)
    piece: list[tuple[float, float]] = []
    for start in range(0, len(x), stride):
        block = y[start : start + stride]
        if np.isfinite(block).any():
            highest = start + int(np.nanargmin(block))  # SVG's y points down
            piece.append((float(x[highest]), float(y[highest])))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _time_labels(first: float, last: float) -> str:
    """Labels at round times, about ten of them, placed in per cent of the axis."""
    span = last - first
    if span <= 0:
        return f'<span style="left:0">{first:g} s</span>'
    every = next((step for step in TICK_EVERY_S if span / step <= 10), TICK_EVERY_S[-1])
    return "".join(
        f'<span style="left:{100 * (tick - first) / span:.2f}%">{tick:g} s</span>'
        for tick in (np.arange(math.ceil(first / every - 1e-9), last / every + 1e-9) * every).round(3)
    )


def _for_script(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
