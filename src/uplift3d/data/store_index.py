"""What a motion store's `index.json` says of its clips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from uplift3d.data.splits import SPLITS, default_split, project_split
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.skeletons import joint_set

FORMAT = "uplift3d motion store"
VERSION = 2
STORED_JOINTS = "h36m21"
JOINTS = "h36m17"
"""What networks without feet are trained on: the first 17 of the stored joints."""
RATE_HZ = 50.0
_FEET = joint_set(STORED_JOINTS).joints[len(joint_set(JOINTS)) :]
_SINCE_VERSION_2 = ("split", "lacks")
_KINDS = {"start": int, "frames": int, "lacks": list}


@dataclass(frozen=True)
class Clip:
    """One motion of a store."""

    name: str
    dataset: str
    """Such as "bandai-1", "bandai-2", "cmu-bvh", "cmu-amc"."""
    subject: str
    """Who moves, without leading zeros; "" where the data does not say."""
    start: int
    """First frame in the store's positions."""
    frames: int
    licence: str
    source: str
    """The file it came from, relative to the folder that was imported."""
    split: str = ""
    """"training" or "validation" (held out from training); "": `with_splits` decides on writing."""
    lacks: tuple[str, ...] = ()
    """Joints of h36m21 that are NaN in some frames or in all (set on writing)."""


def with_splits(clips: Sequence[Clip]) -> list[Clip]:
    """The clips with the splits that are still open decided: the project's own, or else by person.

    Of a data set with one person, or whose people nobody named, single clips are held out.
    """
    known = [replace(clip, split=clip.split or project_split(clip.dataset, clip.subject)) for clip in clips]
    for dataset in {clip.dataset for clip in known if not clip.split}:
        places = [i for i, clip in enumerate(known) if clip.dataset == dataset and not clip.split]
        people = [known[i].subject for i in places]
        if len(set(people)) < 2:
            people = [known[i].name for i in places]
        decided = default_split(people, [known[i].frames for i in places])
        for place, split in zip(places, decided, strict=True):
            known[place] = replace(known[place], split=split)
    return known


def index_text(clips: Sequence[Clip]) -> str:
    """The index as it is written."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "joints": STORED_JOINTS,
        "rate_hz": RATE_HZ,
        "units": "metres",
        "axes": "world, right-handed, z up",
        "clips": [asdict(clip) for clip in clips],
    }
    return json.dumps(content, indent=1)


def parse_index(index: Any, where: Path) -> tuple[Clip, ...]:
    """The clips that an index describes; InputError naming the file where it is none."""
    if (
        not isinstance(index, dict)
        or index.get("format") != FORMAT
        or index.get("version") not in (1, VERSION)
    ):
        raise InputError(f"{where}: not the index of a {FORMAT} of version 1 or {VERSION}")
    clips = index.get("clips")
    if not isinstance(clips, list):
        raise InputError(f"{where}: no list of clips")
    first_version = index["version"] == 1
    parsed = [_clip(clip, where, first_version) for clip in clips]
    return tuple(with_splits(parsed) if first_version else parsed)


def _clip(given: Any, where: Path, first_version: bool) -> Clip:
    wanted = [f.name for f in fields(Clip) if not (first_version and f.name in _SINCE_VERSION_2)]
    for key in wanted:
        if not isinstance(given, dict) or key not in given:
            raise InputError(f"{where}: a clip's description lacks {key!r}")
        if type(given[key]) is not _KINDS.get(key, str):
            raise InputError(f"{where}: {key!r} of a clip is {quoted(given[key])}, not of its kind")
    clip = Clip(**{key: given[key] for key in wanted})
    if first_version:
        return replace(clip, lacks=_FEET)
    known_joints = all(joint in joint_set(STORED_JOINTS).joints for joint in clip.lacks)
    if clip.split not in SPLITS or not known_joints:
        raise InputError(f"{where}: clip {quoted(clip.name)} has an unknown split or joint")
    return replace(clip, lacks=tuple(clip.lacks))
