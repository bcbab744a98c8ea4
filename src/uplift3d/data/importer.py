"""A folder of motion capture files → clips of a motion store, on several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from uplift3d.data.amc import read_amc
from uplift3d.data.bvh import read_bvh
from uplift3d.data.capture import Capture
from uplift3d.data.mapping import SkeletonMapping, find_mapping, shipped_mappings, to_h36m17
from uplift3d.data.resample import require_spline, resample_skeleton
from uplift3d.data.store import JOINTS, RATE_HZ, Clip, check_target, write_store
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set

READERS: dict[str, Callable[[Path], Capture]] = {".bvh": read_bvh, ".amc": read_amc}
"""Reader by file suffix."""


@dataclass
class ImportReport:
    """What came of an import."""

    imported: int = 0
    skipped: list[str] = field(default_factory=list)
    """A sentence per file that was left out, naming it."""


@dataclass(frozen=True)
class _Result:
    clip: Clip | None
    positions: npt.NDArray[np.float32] | None
    problem: str = ""


def find_files(folder: str | Path) -> list[Path]:
    """All motion capture files below `folder`, sorted.

    Raises:
        InputError: there is no such folder.
        NothingFoundError: it holds none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder, a folder of {' or '.join(READERS)} files needed")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not files:
        raise NothingFoundError(f"{folder}: holds no {' or '.join(READERS)} files")
    return files


def import_file(
    path: str | Path, root: str | Path | None = None, mappings: Sequence[SkeletonMapping] = ()
) -> tuple[Clip, npt.NDArray[np.float32]]:
    """Read one file as a clip: (T, 17, 3) metres, z up, h36m17, 50 Hz.

    Args:
        path: the file; its suffix says how to read it.
        root: folder that the clip's name and source are relative to; None: the file's own.
        mappings: tried before those that come with the package.

    Raises:
        InputError: it is malformed, too short or of an unknown skeleton; the message names it and the reason.
    """
    path = Path(path)
    relative = path.relative_to(path.parent if root is None else root)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: suffix {path.suffix!r} given, {' or '.join(READERS)} accepted")
    capture = reader(path)
    mapping = find_mapping(capture, [*mappings, *shipped_mappings()])
    world = to_h36m17(capture, mapping)
    if len(world) < 2:
        raise InputError(f"{path}: {len(capture)} frames given, at least 2 of motion needed")
    parents = joint_set(JOINTS).parents
    positions = resample_skeleton(world, parents, capture.frame_time_s, RATE_HZ).astype(np.float32)
    clip = Clip(
        name=relative.with_suffix("").as_posix(),
        dataset=mapping.dataset_of(relative.as_posix()),
        subject=mapping.subject_of(relative.as_posix()),
        start=0,
        frames=len(positions),
        licence=mapping.licence,
        source=relative.as_posix(),
    )
    return clip, positions


def import_folder(
    folder: str | Path,
    store: str | Path,
    jobs: int | None = None,
    mappings: Sequence[SkeletonMapping] = (),
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportReport:
    """Import every motion capture file below `folder` into a new store, in the files' order.

    Args:
        folder: searched with all folders below it.
        store: folder to create.
        jobs: processes; None: one per core, 1: none but this one.
        mappings: tried before those that come with the package.
        overwrite: replace a store that is already there.
        progress: called with (files done, files in all) after each file.

    Returns:
        How many were imported, and why others were not: a malformed file does not stop the rest.

    Raises:
        InputError: no such folder, or the store's path is taken.
        NothingFoundError: there were no files, or none could be imported; then no store is written.
    """
    files = find_files(folder)
    require_spline()
    check_target(store, overwrite)
    report = ImportReport()

    def clips() -> Iterator[tuple[Clip, npt.NDArray[np.float32]]]:
        work = partial(_try_import, root=Path(folder), mappings=tuple(mappings))
        for done, result in enumerate(_map(work, files, jobs), start=1):
            progress(done, len(files))
            if result.clip is None or result.positions is None:
                report.skipped.append(result.problem)
            else:
                yield result.clip, result.positions

    try:
        report.imported = write_store(store, clips(), overwrite)
    except NothingFoundError:
        raise NothingFoundError(
            f"{folder}: none of {len(files)} files could be imported; the first: {report.skipped[0]}"
        ) from None
    return report


def _try_import(path: Path, root: Path, mappings: tuple[SkeletonMapping, ...]) -> _Result:
    try:
        return _Result(*import_file(path, root, mappings))
    except InputError as error:
        return _Result(None, None, str(error))


def _map(work: Callable[[Path], _Result], files: list[Path], jobs: int | None) -> Iterator[_Result]:
    jobs = min(jobs or os.cpu_count() or 1, len(files))
    if jobs == 1:
        yield from map(work, files)
        return
    # Spawned, not forked: the progress bar runs a thread, and a fork may copy a lock that it holds.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, files, chunksize=8)
