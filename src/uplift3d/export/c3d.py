"""`.c3d`: everybody's joints as markers, for biomechanics programs (Visual3D, Mokka, OpenSim, Vicon).

Millimetres, z up, x to the right and y away from the viewer of the picture, the ground at z = 0; one rate. A
joint that is not known has the residual −1, as the format wants it, and any other `sigma_m`, in whole
millimetres. Markers are named as in `.trc`, with the person before the name ("person3:LKnee") where there are
several. It keeps neither `observed` nor `meta`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from uplift3d.errors import InputError
from uplift3d.export.c3d_file import (
    MAX_FRAMES,
    MAX_MARKERS,
    Array,
    Parameters,
    Points,
    labels,
    read_c3d,
    write_c3d,
)
from uplift3d.export.markers import MARKERS, from_markers
from uplift3d.export.scene import evenly, people_worth_writing, with_known_joints
from uplift3d.files.guards import listed, quoted
from uplift3d.post.ground import on_the_ground
from uplift3d.skeletons import joint_set
from uplift3d.types import Motion3D
from uplift3d.version import __version__

METRES = {"m": 1.0, "mm": 0.001, "cm": 0.01}
SOFTWARE = "uplift3d"
PERSON = "person"
_OURS = re.compile(PERSON + r"-?\d{1,18}", re.ASCII)


def write(path: Path, motion: Motion3D) -> None:
    """Write everybody who has two poses or more.

    Raises:
        InputError: more frames or markers than a file holds.
    """
    known = with_known_joints(motion)
    even, rate_hz = evenly(on_the_ground(known.select(people_worth_writing(known))))
    people, frames, joints = even.positions.shape[:3]
    if frames > MAX_FRAMES or people * joints > MAX_MARKERS:
        raise InputError(
            f"a .c3d holds up to {MAX_FRAMES} frames of {MAX_MARKERS} markers, this motion has {frames} of "
            f"{people * joints}; --fps chooses a lower rate"
        )
    assert even.root is not None, "on_the_ground gives one"
    camera = (even.positions + even.root[:, :, None]).astype(np.float64)  # (P, T, J, 3)
    lab = np.stack([camera[..., 0], camera[..., 2], -camera[..., 1]], axis=-1) * 1000
    places = lab.swapaxes(0, 1).reshape(frames, people * joints, 3)
    residuals = None
    if even.sigma_m is not None:
        residuals = 1000 * even.sigma_m.astype(np.float64).swapaxes(0, 1).reshape(frames, -1)
    write_c3d(path, Points(places, rate_hz, _about(even), residuals))


def _about(motion: Motion3D) -> Parameters:
    """The parameters: names, units, axes, and who is who."""
    people = [f"{PERSON}{who}" for who in motion.people.tolist()]
    markers = [MARKERS[joint] for joint in joint_set(motion.joints).joints]
    names = [f"{who}:{marker}" for who in people for marker in markers] if len(people) > 1 else markers
    return {
        **labels(names),
        "POINT:UNITS": ["mm"],
        "POINT:X_SCREEN": ["+X"],
        "POINT:Y_SCREEN": ["+Z"],
        "SUBJECTS:USED": [len(people)],
        "SUBJECTS:USES_PREFIXES": [int(len(people) > 1)],
        "SUBJECTS:NAMES": people,
        "SUBJECTS:LABEL_PREFIXES": [f"{who}:" for who in people],
        "MANUFACTURER:COMPANY": [SOFTWARE],
        "MANUFACTURER:SOFTWARE": [SOFTWARE],
        "MANUFACTURER:VERSION_LABEL": [__version__],
    }


def read(path: Path) -> Motion3D:
    """Read markers of the names that `write` gives, in any unit and axes that the file states.

    Times start at 0, and `observed` is False throughout. Residuals are `sigma_m` in files of ours
    only: those of other programs say how well cameras agree.
    """
    points = read_c3d(path)
    try:
        lab = points.places * _metres(points.parameters)
        right, up = (_axis(points.parameters, name, default) for name, default in (("X", "+X"), ("Y", "+Z")))
        if abs(right @ up) > 0:
            raise InputError("X_SCREEN and Y_SCREEN are the same axis")
        away = np.cross(up, right)
        opensim = np.stack([-lab @ away, lab @ up, -lab @ right], axis=-1)
        times = np.arange(len(lab)) / points.rate_hz
        people = _who(points.parameters, lab.shape[1])
        sigma = _sigma(points)
        motions = [_person(markers, opensim, times, path.name, sigma) for markers in people.values()]
        return _together(motions, list(people))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _who(parameters: Parameters, count: int) -> Mapping[int, Mapping[str, int]]:
    """Track id → marker → its number; the prefixes of other programs are counted."""
    names: list[str] = []
    for key in sorted(
        (key for key in parameters if key.startswith("POINT:LABELS")), key=lambda key: (len(key), key)
    ):
        names += [str(name) for name in parameters[key]]
    people: dict[str, dict[str, int]] = {}
    for number, name in enumerate(names[:count]):
        who, _, marker = name.rpartition(":")
        people.setdefault(who, {})[marker] = number
    known = {who: markers for who, markers in people.items() if set(markers) & set(MARKERS.values())}
    if not known:
        raise InputError(f"none of its marker names is known; it has {listed(names)}")
    subjects = [str(name) for name in parameters.get("SUBJECTS:NAMES", [])]
    tracks = _tracks([who or (subjects[0] if len(subjects) == 1 else "") for who in known])
    return dict(zip(tracks, known.values(), strict=True))


def _tracks(names: Sequence[str]) -> list[int]:
    """Track ids of people: those that their names say, the next free number where they say none."""
    said = [int(name.removeprefix(PERSON)) if _OURS.fullmatch(name) else None for name in names]
    tracks: list[int] = []
    for number, track in enumerate(said):
        taken = {*tracks, *(other for other in said if other is not None)}
        free = next(n for n in count(number) if n not in taken)
        tracks.append(free if track is None or track in tracks else track)
    return tracks


def _sigma(points: Points) -> Array | None:
    """(T, M) metres, NaN where nothing is said; None of nothing, and for other programs' files."""
    ours = points.parameters.get("MANUFACTURER:SOFTWARE") == [SOFTWARE]
    if not ours or points.residuals is None or not points.residuals.any():
        return None
    return np.where(points.residuals > 0, points.residuals * _metres(points.parameters), np.nan)


def _person(
    markers: Mapping[str, int], places: Array, times: Array, source: str, sigma_m: Array | None
) -> Motion3D:
    own = list(markers.values())
    motion = from_markers(list(markers), places[:, own], times, {"source": source})
    if sigma_m is None:
        return motion
    known = np.stack([sigma_m[:, markers[MARKERS[joint]]] for joint in motion.joint_names], axis=-1)
    root = motion.joint_names.index("pelvis")
    known[:, root] = np.where(motion.present[0], 0, np.nan)  # everything is measured from it
    return replace(motion, sigma_m=known[None].astype(np.float32))


def _together(people: list[Motion3D], tracks: list[int]) -> Motion3D:
    """One motion of several, in the joints that all of them have."""
    fewest = min(people, key=lambda one: len(one.joint_names))
    count = len(fewest.joint_names)
    sigmas = [one.sigma_m[:, :, :count] for one in people if one.sigma_m is not None]
    return replace(
        fewest,
        positions=np.concatenate([one.positions[:, :, :count] for one in people]),
        root=np.concatenate([one.root for one in people if one.root is not None]),
        observed=np.concatenate([one.observed for one in people]),
        sigma_m=np.concatenate(sigmas) if len(sigmas) == len(people) else None,
        people=np.array(tracks),
    )


def _metres(parameters: Parameters) -> float:
    unit = str((parameters.get("POINT:UNITS") or [""])[0]).lower()
    if unit not in METRES:
        raise InputError(f"units {quoted(unit)} given; accepted are {', '.join(METRES)}")
    return METRES[unit]


def _axis(parameters: Parameters, screen: str, default: str) -> Array:
    """(3,) the lab axis that points along the screen's x (right) or y (up)."""
    text = str((parameters.get(f"POINT:{screen}_SCREEN") or [default])[0]).upper() or default
    sign, name = (text[0], text[1:]) if text[0] in "+-" else ("+", text)
    if name not in ("X", "Y", "Z"):
        raise InputError(f"{screen}_SCREEN is {quoted(text)}; accepted are +X, -X, +Y …")
    return np.asarray(np.eye(3)["XYZ".index(name)] * (-1.0 if sign == "-" else 1.0))
