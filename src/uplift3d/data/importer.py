"""A folder of motion capture files → clips of a motion store, on several processes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from uplift3d.arrays import FloatArray
from uplift3d.data.amc import read_amc
from uplift3d.data.bvh import read_bvh
from uplift3d.data.capture import Capture
from uplift3d.data.joints_npz import read_joints_npz
from uplift3d.data.mapping import SkeletonMapping, find_mapping, to_h36m21
from uplift3d.data.mapping_files import shipped_mappings
from uplift3d.data.plausible import check_places, doubts
from uplift3d.data.provenance import Declared, LeftOutError, Provenance, provenance_of
from uplift3d.data.resample import require_spline, resample_skeleton
from uplift3d.data.store import RATE_HZ, STORED_JOINTS, Clip, check_target, write_store
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.interrupts import end_with_parent, kept_from_new_processes
from uplift3d.skeletons import joint_set

__all__ = [
    "ImportReport",
    "find_files",
    "import_capture",
    "import_file",
    "import_folder",
    "read_captures",
]

READERS: dict[str, Callable[[Path], list[Capture]]] = {
    ".bvh": lambda path: [read_bvh(path)],
    ".amc": lambda path: [read_amc(path)],
    ".npz": read_joints_npz,
}
"""Reader by file suffix: the recordings of a file."""
NOTHING_DECLARED = Declared()
UNSTATED_RATE = "the file states no frame rate,"


@dataclass
class ImportReport:
    """What came of an import."""

    imported: int = 0
    skipped: list[str] = field(default_factory=list)
    """A sentence per recording that could not be read, naming it."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """What was put right or looks wrong in what was imported: files by what there is to say of them."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many were left out on purpose, by the reason."""


@dataclass(frozen=True)
class _Result:
    """The clips of one file, a sentence for each that could not be read, reasons why others are left out."""

    clips: list[tuple[Clip, FloatArray]]
    problems: list[str]
    left_out: list[str]
    notes: list[tuple[str, str]]
    """(what there is to say, of which recording)."""


def find_files(folder: str | Path) -> list[Path]:
    """All motion capture files below `folder`, sorted.

    Raises:
        InputError: there is no such folder.
        NothingFoundError: it holds none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder, a folder of {_SUFFIXES} files needed")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not files:
        raise NothingFoundError(f"{folder}: holds no {_SUFFIXES} files")
    return files


def read_captures(path: str | Path) -> list[Capture]:
    """The recordings of one file, by the reader of its suffix.

    Raises:
        InputError: another suffix, or it cannot be read.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: suffix {path.suffix!r} given, {_SUFFIXES} accepted")
    return reader(path)


def import_capture(
    capture: Capture,
    root: str | Path,
    mappings: Sequence[SkeletonMapping] = (),
    declared: Declared = NOTHING_DECLARED,
) -> tuple[Clip, FloatArray, list[str]]:
    """One recording as a clip: (T, 21, 3) metres, z up, h36m21, 50 Hz, NaN where it lacks a joint; and notes.

    Args:
        capture: what was read.
        root: folder that the clip's name and source are relative to.
        mappings: tried before those that come with the package.
        declared: what is known of the file besides what it says.

    Raises:
        InputError: it is too short, of an unknown skeleton or left out; the message names it and the reason.
    """
    relative = capture.source.relative_to(root)
    mapping, capture = find_mapping(capture, [*mappings, *shipped_mappings()])
    default = Provenance(mapping.default_dataset or mapping.name, mapping.licence)
    origin = provenance_of(relative.as_posix(), mapping.datasets, default, declared)
    if rate_hz := declared.rate_hz or origin.rate_hz:
        capture = replace(capture, frame_time_s=1 / rate_hz, rate_is_stated=True)
    world = to_h36m21(capture, mapping)[round(origin.drop_first_s / capture.frame_time_s) :]
    if len(world) < 2:
        raise InputError(f"{capture.source}: {len(capture)} frames given, at least 2 of motion needed")
    skeleton = joint_set(STORED_JOINTS)
    world[:, [skeleton.index(joint) for joint in origin.without]] = np.nan
    check_places(world, capture.source)
    positions = resample_skeleton(world, skeleton.parents, capture.frame_time_s, RATE_HZ).astype(np.float32)
    clip = Clip(
        name=(relative.with_suffix("") if relative.suffix.lower() in READERS else relative).as_posix(),
        dataset=origin.dataset,
        subject=origin.subject,
        start=0,
        frames=len(positions),
        licence=origin.licence,
        source=relative.as_posix(),
        split=origin.split,
    )
    notes = [*capture.notes, *doubts(positions.astype(np.float64), RATE_HZ)]
    if not capture.rate_is_stated:
        notes.append(
            f"{UNSTATED_RATE} {1 / capture.frame_time_s:.4g} Hz is taken; say --rate if it was another"
        )
    return clip, positions, notes


def import_file(
    path: str | Path,
    root: str | Path | None = None,
    mappings: Sequence[SkeletonMapping] = (),
    declared: Declared = NOTHING_DECLARED,
) -> tuple[Clip, FloatArray]:
    """Read a file of one recording as a clip; see `import_capture`.

    Args:
        path: the file; its suffix says how to read it.
        root: folder that the clip's name and source are relative to; None: the file's own.
        mappings: tried before those that come with the package.
        declared: what is known of the file besides what it says.

    Raises:
        InputError: it is malformed, too short or of an unknown skeleton; the message names it and the reason.
    """
    path = Path(path)
    captures = read_captures(path)
    if len(captures) != 1:
        raise InputError(f"{path}: {len(captures)} recordings found where one is needed")
    clip, positions, _ = import_capture(
        captures[0], path.parent if root is None else root, mappings, declared
    )
    return clip, positions


def import_folder(
    folder: str | Path,
    store: str | Path,
    jobs: int | None = None,
    mappings: Sequence[SkeletonMapping] = (),
    declared: Declared = NOTHING_DECLARED,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Import every motion capture file below `folder` into a new store, in the files' order.

    Args:
        folder: searched with all folders below it.
        store: folder to create.
        jobs: processes; None: one per core, 1: none but this one.
        mappings: tried before those that come with the package.
        declared: what is known of all files besides what they say.
        overwrite: replace a store that is already there.
        progress: called with (files done, files in all) after each file.

    Returns:
        How many recordings were imported, and why others were not: a malformed one does not stop the rest.

    Raises:
        InputError: no such folder, or the store's path is taken.
        NothingFoundError: there were no files, or none could be imported; then no store is written.
    """
    files = find_files(folder)
    require_spline()
    check_target(store, overwrite)
    report = ImportReport()

    def clips() -> Iterator[tuple[Clip, FloatArray]]:
        work = partial(_try_import, root=Path(folder), mappings=tuple(mappings), declared=declared)
        for done, result in enumerate(_map(work, files, jobs), start=1):
            progress(done, len(files))
            report.skipped += result.problems
            report.left_out.update(result.left_out)
            for note, name in result.notes:
                report.notes.setdefault(note, []).append(name)
            yield from result.clips

    try:
        report.imported = write_store(store, clips(), overwrite)
    except NothingFoundError:
        raise NothingFoundError(
            f"{folder}: none of {len(files)} files could be imported; the first: "
            f"{[*report.skipped, *report.left_out][0]}"
        ) from None
    return report


def _try_import(path: Path, root: Path, mappings: tuple[SkeletonMapping, ...], declared: Declared) -> _Result:
    result = _Result([], [], [], [])
    try:
        captures = read_captures(path)
    except InputError as error:
        result.problems.append(str(error))
        return result
    for capture in captures:
        try:
            clip, positions, notes = import_capture(capture, root, mappings, declared)
        except LeftOutError as error:
            result.left_out.append(error.reason)
        except InputError as error:
            result.problems.append(str(error))
        else:
            result.clips.append((clip, positions))
            result.notes.extend((note, clip.source) for note in notes)
    return result


def _map(work: Callable[[Path], _Result], files: list[Path], jobs: int | None) -> Iterator[_Result]:
    jobs = min(jobs or os.cpu_count() or 1, len(files))
    if jobs == 1:
        yield from map(work, files)
        return
    # Spawned, not forked: the progress bar runs a thread, and a fork may copy a lock that it holds.
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=end_with_parent) as pool:
        with kept_from_new_processes():
            results = pool.map(work, files, chunksize=8)
        yield from results


_SUFFIXES = f"{', '.join(list(READERS)[:-1])} or {list(READERS)[-1]}"
