"""3D motion to files and back, by the file's suffix.

`FORMATS` is the registry: a suffix leads to a `MotionFormat`, usually a module of this package that is
imported on first use. Another package adds a format with `FORMATS[".abc"] = its_format`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from uplift3d.errors import InputError
from uplift3d.export.angles import check_angles_output, load_angles, save_angles
from uplift3d.export.parts import part_names, parts_of, there_already
from uplift3d.export.rigs import check_skeleton
from uplift3d.export.steps import check_steps_output, load_steps, save_steps
from uplift3d.export.world import WORLD_FORMATS, Axes, check_axes, from_world, to_world
from uplift3d.files import atomic_write, check_writable
from uplift3d.files.guards import as_path
from uplift3d.files.text import encodable
from uplift3d.types import Motion3D

__all__ = [
    "FORMATS",
    "MotionFormat",
    "MotionWriter",
    "check_angles_output",
    "check_output",
    "check_steps_output",
    "load_angles",
    "load_motion",
    "load_steps",
    "save_angles",
    "save_motion",
    "save_steps",
]


class MotionWriter(Protocol):
    """What can be written only: something to look at."""

    def write(self, path: Path, motion: Motion3D, **options: Any) -> None:
        """Write `motion` to `path`, which does not exist yet.

        Formats of bones take `skeleton`, videos `video` and `progress`, where `save_motion` was given them.

        A format with an attribute ONE_PERSON that is true gets one person at a time.
        """


class MotionFormat(MotionWriter, Protocol):
    """A file format that holds a motion: what is written can be read again."""

    def read(self, path: Path) -> Motion3D:
        """Read the motion in `path`, an existing file; InputError naming the file and everything amiss."""


FORMATS: dict[str, str | MotionFormat] = {
    ".npz": "uplift3d.export.npz",
    ".json": "uplift3d.export.json",
    ".csv": "uplift3d.export.csv",
    ".parquet": "uplift3d.export.parquet",
    ".bvh": "uplift3d.export.bvh",
    ".glb": "uplift3d.export.glb",
    ".trc": "uplift3d.export.trc",
    ".c3d": "uplift3d.export.c3d",
    ".jsonl": "uplift3d.export.jsonl",
}
_USD = (".usd", ".usda", ".usdc")
SKELETON_FORMATS = (".bvh", ".glb", *_USD)
"""Formats of bones, which take the name of a skeleton (`rigs.SKELETONS`)."""
SPLIT_FORMATS = (".bvh",)
"""Formats that hold an absence as a held pose, or else a file of each stretch."""
VIDEO_FORMATS = (".mp4",)
"""Formats that show the video which a motion was made from."""
PICTURE_FORMATS = (".html",)
"""Formats that hold pictures of it, where it is at hand."""
# What no motion can be made of again. Named, not imported: a viewer is a stage of its own.
_VIEWS: dict[str, str | MotionWriter] = {
    ".html": "uplift3d.view.html",
    ".mot": "uplift3d.export.mot",
    ".png": "uplift3d.view.picture",
    ".mp4": "uplift3d.view.overlay",
    **dict.fromkeys(_USD, "uplift3d.export.usd"),
}
_EXTRAS = {
    ".parquet": ("pyarrow", "export"),
    ".html": ("plotly", "view"),
    **dict.fromkeys(_USD, ("usd-core", "usd")),
}


def suffixes() -> list[str]:
    """Of all formats that `save_motion` can write, those first that `load_motion` reads."""
    return [*FORMATS, *_VIEWS]


def check_output(path: str | os.PathLike[str], skeleton: str | None = None) -> Path:
    """Make sure that `save_motion` will be able to write `path`, before anything is computed.

    Raises:
        InputError: an unknown suffix or skeleton, a place that cannot be written, or a missing package.
    """
    target = check_writable(path, tuple(suffixes()))
    _resolve(target)
    if skeleton is not None:
        if target.suffix.lower() not in SKELETON_FORMATS:
            raise InputError(
                f"{target} has no bones; a skeleton can be chosen for {', '.join(SKELETON_FORMATS)} files"
            )
        check_skeleton(skeleton)
    return target


def save_motion(
    path: str | os.PathLike[str],
    motion: Motion3D,
    skeleton: str | None = None,
    *,
    split: bool = False,
    axes: Axes = "camera",
    video: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Path:
    """Write a motion to a file; the suffix chooses the format (`check_output`).

    Nothing half-written is left behind: the file appears under its name when it is whole. A format that
    holds one person makes a file of each of several, with the track id in its name ("walk_3.bvh"), and says
    so in an `UpliftWarning`.

    Args:
        path: file to write.
        motion: what to write.
        skeleton: names, hierarchy and rest pose of a file of bones, one of `rigs.SKELETONS`; None: the
            format's own default.
        split: for a `.bvh`, which has no place for absences, a file of each stretch in which a person is
            there ("walk_3_12.400-15.000s.bvh"), in place of one with held poses.
        axes: "world" (z up, the origin on the ground where the first person starts) is for `WORLD_FORMATS`.
            Reading such a file gives camera axes again, from a `.csv` those of a level camera.
        video: for an `.mp4` and the pictures of an `.html`, the video that the motion was made from; None:
            `motion.meta["source"]`.
        progress: show a progress bar on stderr for what takes long.

    Returns:
        The file, or the first one of several.

    Raises:
        InputError: as `check_output`, for a motion that the format cannot hold, for what is no motion, and
            for `split` of another format.
    """
    target = check_output(path, skeleton)
    if not isinstance(motion, Motion3D):
        raise InputError(
            f"{target}: what is to be written is of type {type(motion).__name__}; accepted is Motion3D"
        )
    if split and target.suffix.lower() not in SPLIT_FORMATS:
        raise InputError(
            f"{target} is not split: {', '.join(SPLIT_FORMATS)} files are, the others keep absences"
        )
    check_axes(axes)
    if axes == "world":
        if target.suffix.lower() not in WORLD_FORMATS:
            raise InputError(
                f"{target} has axes of its own; they can be chosen for {', '.join(WORLD_FORMATS)} files"
            )
        motion = to_world(motion)
    writer = _resolve(target)
    parts = parts_of(target, motion, split) if _is_of_one_person(target) else {target: motion}
    for part in parts:
        check_output(part)
    options: dict[str, Any] = {} if skeleton is None else {"skeleton": skeleton}
    if target.suffix.lower() in VIDEO_FORMATS:
        options["progress"] = progress
    if target.suffix.lower() in (*VIDEO_FORMATS, *PICTURE_FORMATS):
        options["video"] = video
    else:  # those look for the video by its true name
        parts = {part: replace(one, meta=encodable(one.meta)) for part, one in parts.items()}
    for part, people in parts.items():
        with atomic_write(part) as temporary:
            writer.write(temporary, people, **options)
    return next(iter(parts))


def files_of(path: str | os.PathLike[str], motion: Motion3D, split: bool = False) -> list[Path]:
    """The files that `save_motion(path, motion, split=split)` makes: one, or several of one person each."""
    target = Path(path)
    return part_names(target, motion, split) if _is_of_one_person(target) else [target]


def written_before(path: str | os.PathLike[str]) -> list[Path]:
    """The files that are there and that `save_motion(path, …)` would replace, or might, for each person."""
    target = Path(path)
    found = [target] if target.exists() else []
    if target.suffix.lower() in suffixes() and _is_of_one_person(target):
        found += there_already(target)
    return found


def _is_of_one_person(target: Path) -> bool:
    return bool(getattr(_resolve(target), "ONE_PERSON", False))


def load_motion(path: str | os.PathLike[str]) -> Motion3D:
    """Read a motion that `save_motion` wrote (`FORMATS`), in camera axes whatever the axes of the file.

    Raises:
        InputError: no such file, an unknown suffix, or contents that are not a motion; the message names the
            file and all that is missing from it.
    """
    motion = motion_as_stored(path)
    try:
        return from_world(motion)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def motion_as_stored(path: str | os.PathLike[str]) -> Motion3D:
    """The same in the axes of the file, to tell what it holds."""
    source = as_path(path, "a motion file")
    if source.suffix.lower() not in FORMATS:
        raise InputError(f"{source}: not a motion file; the readable ones end in {', '.join(FORMATS)}")
    if not source.is_file():
        why = "no such file" if not source.exists() else "is a folder or a device, not a file"
        raise InputError(f"{source}: {why}")
    try:
        return cast("MotionFormat", _resolve(source)).read(source)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from error


def _resolve(path: Path) -> MotionWriter:
    """The format of a suffix that is known, imported if need be."""
    suffix = path.suffix.lower()
    entry = {**_VIEWS, **FORMATS}[suffix]
    if not isinstance(entry, str):
        return entry
    try:
        return cast("MotionWriter", import_module(entry))
    except ImportError as error:
        if suffix not in _EXTRAS:
            raise
        package, extra = _EXTRAS[suffix]
        raise InputError(
            f"{path}: {suffix} needs {package} (pip install 'uplift3d[{extra}]'); {error}"
        ) from error
