"""OpenPose's `--write_json`: a folder with a JSON file per frame. Sports2D and others write it too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from uplift3d.detect.files.base import Given, Source, rate_and_size
from uplift3d.detect.files.layout import layout_of
from uplift3d.detect.files.people import Clip, Person, frame_number, track_id, triples
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.files.json_text import read_json
from uplift3d.types import Keypoints2D

MAX_FRAME_BYTES = 50_000_000
POSE = "pose_keypoints_2d"


class OpenPose:
    """Frame numbers are the last digits of the files' names. Implements `KeypointFormat`."""

    name = "OpenPose folder of .json"

    def holds(self, source: Source) -> bool:
        """See `KeypointFormat.holds`: the first JSON file decides. One frame's file alone counts too."""
        if not source.path.is_dir():
            return _is_frame(source.json)
        files = _frame_files(source.path)
        return bool(files) and _is_frame(read_json(files[0], "2D joints of a frame", MAX_FRAME_BYTES))

    def read(self, source: Source, given: Given) -> Keypoints2D:
        """See `KeypointFormat.read`."""
        if not source.path.is_dir():
            raise InputError(
                f"{source.path} is one frame of OpenPose; give the folder that holds all of them"
            )
        where = f"{source.path} (OpenPose)"
        rate_hz, size = rate_and_size(where, given, None, None)
        frames: dict[int, list[Person]] = {}
        for file in _frame_files(source.path):
            number = frame_number(
                file.name.removesuffix(".json").removesuffix("_keypoints") + ".json", str(file)
            )
            if number in frames:
                raise InputError(f"{where}: two files are of frame {number}; give one video's files only")
            frames[number] = _people(read_json(file, "2D joints of a frame", MAX_FRAME_BYTES), file)
        points = next((len(one.positions) for people in frames.values() for one in people), 25)
        layout = layout_of(where, points, given.joints)
        meta = {"source": source.path.name, "detector": "OpenPose .json"}
        return Clip(where, frames, layout, rate_hz, size, meta).keypoints()


def _frame_files(folder: Path) -> list[Path]:
    files = [file for file in folder.iterdir() if file.suffix == ".json" and not file.name.startswith(".")]
    return sorted(files, key=lambda file: (re.sub(r"\d+", "", file.name), len(file.name), file.name))


def _is_frame(value: Any) -> bool:
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(people, list) or not (people or "version" in value):
        return False
    return all(isinstance(one, dict) and POSE in one for one in people)


def _people(value: Any, file: Path) -> list[Person]:
    if not _is_frame(value):
        raise InputError(
            f"{file} is no frame of OpenPose (an object with people and their {POSE}): {quoted(value)}"
        )
    people = []
    for one in value["people"]:
        positions, confidence = triples(one[POSE], f"{file}: {POSE}")
        if len(positions):
            people.append(Person(positions, confidence, track_id(one.get("person_id"))))
    return people
