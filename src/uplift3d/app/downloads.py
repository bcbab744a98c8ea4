"""A finished motion as a file of any format."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from uplift3d.app.worker import Task, motion_of
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import SKELETON_FORMATS, check_output, save_angles, save_motion, save_steps, suffixes
from uplift3d.export.rigs import SKELETONS
from uplift3d.post import find_steps, joint_angles
from uplift3d.types import Motion3D

IN_WORDS = {
    ".npz": "NumPy",
    ".json": "JSON",
    ".csv": "table of joints",
    ".parquet": "table of joints, Parquet",
    ".bvh": "bones: Blender, MotionBuilder, robots",
    ".glb": "glTF: Blender, Unity, Unreal",
    ".trc": "markers for OpenSim",
    ".mot": "joint angles for OpenSim",
    ".c3d": "markers for biomechanics programs",
    ".jsonl": "a line of JSON for every moment",
    ".usd": "USD: Omniverse, Houdini",
    ".usda": "USD as text",
    ".usdc": "USD, binary",
    ".html": "page to send to anybody",
    ".png": "contact sheet",
    ".mp4": "the video with people drawn in",
}
TABLES: dict[str, tuple[str, Callable[[Path, Motion3D], Any]]] = {
    "angles.csv": ("joint angles, degrees", lambda path, motion: save_angles(path, joint_angles(motion))),
    "steps.csv": ("steps of walking people", lambda path, motion: save_steps(path, find_steps(motion))),
}


def formats() -> list[dict[str, Any]]:
    """All formats: name, in words, whether a skeleton can be chosen, and why it cannot be had (or null)."""
    listed: list[dict[str, Any]] = []
    for suffix in suffixes():
        try:
            check_output(Path(tempfile.gettempdir()) / f"uplift3d-app{suffix}")
            missing = None
        except InputError as error:
            missing = str(error).partition(": ")[2]
        words = IN_WORDS.get(suffix, "")
        rigged = suffix in SKELETON_FORMATS
        listed.append({"name": suffix[1:], "words": words, "rigged": rigged, "missing": missing})
    listed += [
        {"name": name, "words": words, "rigged": False, "missing": None}
        for name, (words, _) in TABLES.items()
    ]
    return listed


def skeletons() -> list[str]:
    """Names of skeletons that bones can be written for."""
    return list(SKELETONS)


def write(task: Task, name: str, skeleton: str | None, folder: Path) -> Path:
    """Write a finished task's motion in the format of that name; several files become one .zip.

    Raises:
        InputError: no such format, or one that cannot hold this motion.
    """
    known = [one["name"] for one in formats()]
    if name not in known:
        raise InputError(f"there is no format {name!r}; there are {', '.join(known)}")
    motion = motion_of(task)
    stem = Path(task.name).stem or "motion"
    target = folder / f"{stem}-3d.{name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UpliftWarning)
        if name in TABLES:
            TABLES[name][1](target, motion)
        else:
            save_motion(target, motion, skeleton, video=task.video)
    made = sorted(folder.iterdir())
    if len(made) == 1:
        return made[0]
    bundle = target.with_suffix(f".{name}.zip")
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in made:
            packed.write(path, path.name)
    return bundle
