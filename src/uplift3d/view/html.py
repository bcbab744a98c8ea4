"""A web page that plays a motion: one file that needs no network and no program but a browser.

The page holds plotly's script, so that it works offline, and the poses in whole millimetres.
"""

from __future__ import annotations

import html
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from plotly.offline import get_plotlyjs

from uplift3d.arrays import DoubleArray, FloatArray, IntArray
from uplift3d.errors import InputError
from uplift3d.skeletons import JointSet, joint_set
from uplift3d.types import Motion3D
from uplift3d.version import __version__
from uplift3d.view.colours import LEFT, RIGHT, trunk_colour
from uplift3d.view.curves import curves
from uplift3d.view.overlay import at_frames, find_video, opened_for
from uplift3d.view.stage import (
    HEAD_RADIUS_M,
    Stage,
    bone_radii_m,
    bone_sides,
    describe_length,
    motion_title,
    set_stage,
)
from uplift3d.view.thumbnails import Thumbnail, embedded, thumbnails

MAX_FRAMES = 1200  # about 0.3 MB per person, a fifteenth of plotly's own script
TRAILING = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
TICK_EVERY_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
SURE_M, UNSURE_M = 0.1, 0.35  # joints off by so much are drawn solid, and faintest
OPACITIES = (1.0, 0.8, 0.6, 0.4, 0.25)
SQUARES_M = (0.5, 1.0, 2.0, 5.0, 10.0, 50.0)
MAX_SQUARES = 24
SCRIPTS = ("body.js", "scene.js", "views.js", "timeline.js", "player.js")
LEGEND = "".join(
    f'<span><i style="background:{colour}"></i>{name}</span>'
    for colour, name in ((RIGHT, "right side"), (LEFT, "left side"))
)
FOLLOW = (
    '<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="4.5"/>'
    '<path d="M8 1v3M8 12v3M1 8h3M12 8h3"/></svg>'
)


def write(path: Path, motion: Motion3D, video: str | os.PathLike[str] | None = None) -> None:
    """Write `page(motion)`, with pictures of the video where it is at hand."""
    path.write_text(page(motion, pictures=pictures_of(motion, video)), encoding="utf-8", errors="replace")


def pictures_of(motion: Motion3D, video: str | os.PathLike[str] | None = None) -> list[Thumbnail]:
    """Pictures of a video, or of the one that the motion's meta names if it is still there.

    Raises:
        InputError: a video was given that is none, or not of this motion.
    """
    try:
        source = find_video(motion, video)
        if not motion.present.any():
            return []
        with opened_for(motion, source) as frames:
            at_frames(motion, frames)
            return thumbnails(motion, frames)
    except InputError:
        if video is not None:
            raise
        return []


def page(
    motion: Motion3D,
    title: str | None = None,
    max_frames: int = MAX_FRAMES,
    pictures: Sequence[Thumbnail] = (),
) -> str:
    """The whole page as text.

    Args:
        motion: what to play.
        title: heading; by default the name of what the motion was made from.
        max_frames: a longer motion is thinned out to this many frames, which the page says.
        pictures: of the video, to show beside the motion.
    """
    stage = set_stage(motion, max_frames)
    times = motion.times[stage.frames]
    first, last = (float(times[0]), float(times[-1])) if len(times) else (0.0, 0.0)
    data = {**_data(motion, stage), "pictures": embedded(pictures)}
    parts = {
        "title": html.escape(title or motion_title(motion)),
        "generator": f"uplift3d {__version__}",
        "summary": html.escape(describe_length(motion)),
        "people": _people(motion),
        "legend": LEGEND,
        "curves": _options([curve["name"] for curve in data["curves"]]),
        "labels": _time_labels(first, last),
        "first": f"{first:.4f}",
        "last": f"{last:.4f}",
        "end": f"{last:.2f}",
        "caption": html.escape(_caption(motion, stage, data["square"], len(pictures))),
        "made": _definitions(motion.meta),
        "data": _for_script(data),
        "style": _asset("player.css"),
        "plotly": get_plotlyjs(),
        "player": '"use strict";\n' + "\n".join(map(_asset, SCRIPTS)),
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
    span = float((bounds[:2, 1] - bounds[:2, 0]).max())
    square = next((side for side in SQUARES_M if span / side <= MAX_SQUARES), SQUARES_M[-1])
    floor = np.stack([np.floor(bounds[:2, 0] / square - 0.5), np.ceil(bounds[:2, 1] / square + 0.5)], axis=-1)
    people = [
        {
            "name": f"person {track}",
            "colours": {"left": LEFT, "right": RIGHT, "middle": trunk_colour(index)},
            "observed": motion.observed[index, stage.frames].astype(int).tolist(),
            "unsure": _unsure(motion, index, stage.frames),
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
        "floor": (floor * square).tolist(),
        "square": square,
        "camera": None if stage.camera_m is None else stage.camera_m.round(3).tolist(),
        "sides": {"left": LEFT, "right": RIGHT},
        "opacities": OPACITIES,
        "curves": curves(motion, stage.frames),
        "people": people,
    }


def _unsure(motion: Motion3D, person: int, frames: IntArray) -> list[str] | None:
    """Of every frame, a digit for each joint: which of `OPACITIES` it has; None where all are sure."""
    if motion.sigma_m is None:
        return None
    share = (motion.sigma_m[person, frames] - SURE_M) / (UNSURE_M - SURE_M)
    steps = np.round(np.clip(np.nan_to_num(share), 0, 1) * (len(OPACITIES) - 1)).astype(int)
    return ["".join(map(str, row)) for row in steps.tolist()] if steps.any() else None


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


def _people(motion: Motion3D) -> str:
    """A chip for each person: their colour, whether they are measured now, to hide or to follow."""
    chips = []
    for index, track in enumerate(motion.people.tolist()):
        spot = f'<i style="background:{trunk_colour(index)}"></i>'
        name = f"person {track}"
        chips.append(
            f'<span class="chip"><button type="button" class="shown" aria-pressed="true" title="show or hide '
            f'{name}">{spot}{name}<span class="mark" title="green: 2D pose measured here"></span></button>'
            f'<button type="button" class="follow" aria-pressed="false" aria-label="follow {name}" '
            f'title="keep {name} in the middle">{FOLLOW}</button></span>'
        )
    return "".join(chips)


def _options(names: Sequence[str]) -> str:
    return "".join(
        f'<option value="{index}">{html.escape(name)}</option>' for index, name in enumerate(names)
    )


def _caption(motion: Motion3D, stage: Stage, square_m: float, pictures: int) -> str:
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
    shots = f" The page holds {pictures} small pictures of the video." if pictures else ""
    return (
        f"{where} Squares on the floor are {square_m:g} m wide; coordinates are rounded to 1 mm."
        f"{thinned}{shots}{_faint(motion)} Below the curve a line shows where each person is in view; a "
        "green tick marks a measured 2D pose, the poses between two ticks were filled in."
    )


def _faint(motion: Motion3D) -> str:
    if motion.sigma_m is None:
        return ""
    return (
        f" The fainter a limb, the less sure are its joints: solid up to {100 * SURE_M:g} cm, faintest from "
        f"{100 * UNSURE_M:g} cm on."
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
