"""The files of a format that holds one person: one of each person, or of each stretch of their presence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from uplift3d.arrays import TimeArray
from uplift3d.errors import UpliftWarning
from uplift3d.export.scene import people_worth_writing, with_known_joints
from uplift3d.post.ground import on_the_ground
from uplift3d.post.resample import stretches
from uplift3d.types import Motion3D

LEAST_POSES = 2


def part_names(target: Path, motion: Motion3D, split: bool) -> list[Path]:
    """The names of `parts_of(target, motion, split)`; nothing is said of what is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UpliftWarning)
        return list(_pieces(target, with_known_joints(motion), split))


def parts_of(target: Path, motion: Motion3D, split: bool) -> dict[Path, Motion3D]:
    """A file of each person, in one world with the ground at its bottom.

    Several people are told apart by track id ("walk_3.bvh") and, with `split`, several stretches of a person
    by when they are, since a file's own time starts at 0: "walk_3_12.400-15.000s.bvh". Warns of both.

    Raises:
        InputError: joints that are not known, or nobody with two poses.
    """
    motion = with_known_joints(motion)
    pieces = _pieces(target, motion, split)
    world = on_the_ground(motion)
    parts = {part: world.select([who])[rows] for part, (who, rows) in pieces.items()}
    people = list(dict.fromkeys(who for who, _ in pieces.values()))
    if split and (short := short_stretches(motion.select(people))):
        warnings.warn(
            f"{target.name}: {'a stretch' if short == 1 else f'{short} stretches'} of a single pose left out",
            UpliftWarning,
            stacklevel=3,
        )
    if len(parts) > 1:
        several = "each stretch of a person" if split else "each person"
        warnings.warn(
            f"{target.name}: one file holds one person, so {several} got a file: "
            f"{', '.join(part.name for part in parts)}",
            UpliftWarning,
            stacklevel=3,
        )
    return parts


def there_already(target: Path) -> list[Path]:
    """Files in the folder that have names of parts of `target`."""
    is_part = re.compile(
        rf"{re.escape(target.stem)}(_-?\d+)?(_-?\d+\.\d{{3,}}--?\d+\.\d{{3,}}s)?{re.escape(target.suffix)}"
    ).fullmatch
    return sorted(
        part for part in target.parent.glob(f"*{target.suffix}") if part != target and is_part(part.name)
    )


def short_stretches(motion: Motion3D) -> int:
    """How many stretches are too short for a file of their own."""
    return sum(
        rows.stop - rows.start < LEAST_POSES for present in motion.present for rows in stretches(present)
    )


def _pieces(target: Path, motion: Motion3D, split: bool) -> Mapping[Path, tuple[int, slice]]:
    """File → whose and which times."""
    kept = people_worth_writing(motion, LEAST_POSES, in_a_row=split)
    pieces: list[tuple[int, slice, str]] = []
    for who in kept:
        named = f"{target.stem}_{who}" if len(kept) > 1 else target.stem
        present = motion.present[int(np.flatnonzero(motion.people == who)[0])]
        runs = [run for run in stretches(present) if run.stop - run.start >= LEAST_POSES]
        whens = _whens([motion.times[run] for run in runs]) if split and len(runs) > 1 else [""]
        pieces += [
            (who, rows, named + when)
            for rows, when in zip(runs if split else [slice(None)], whens, strict=True)
        ]
    return {target.with_stem(name): (who, rows) for who, rows, name in pieces}


def _whens(times: list[TimeArray]) -> list[str]:
    """How the stretches of a person are told apart in names: in milliseconds, or finer where these agree."""
    for digits in (3, 6, 9):
        whens = [f"_{own[0]:.{digits}f}-{own[-1]:.{digits}f}s" for own in times]
        if len(set(whens)) == len(whens):
            break
    return whens
