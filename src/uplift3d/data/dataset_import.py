"""The 3D motion of AMASS, Human3.6M and MPI-INF-3DHP as clips of a motion store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from uplift3d.arrays import FloatArray
from uplift3d.data import amass, h36m, mpi_inf_3dhp
from uplift3d.data.importer import ImportReport
from uplift3d.data.resample import require_spline, resample_skeleton
from uplift3d.data.store import JOINTS, RATE_HZ, Clip, check_target, write_store
from uplift3d.data.videos import Motion
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set

__all__ = ["DatasetName", "find_motions", "import_motions", "to_clip"]

DatasetName = Literal["amass", "h36m", "mpi-inf-3dhp"]


def find_motions(
    dataset: DatasetName,
    folder: str | Path,
    parts: Sequence[str] | None = None,
    bodies: amass.SmplhBodies | None = None,
) -> Iterator[Motion]:
    """The recordings of a data set, one at a time.

    Args:
        dataset: which.
        folder: where docs/datasets says.
        parts: data sets inside AMASS (default: those of the paper that are there), or subjects (default: the
            training subjects).
        bodies: reads AMASS's original files; None: converted ones are read.

    Raises:
        InputError: missing or damaged files.
    """
    if dataset == "h36m":
        return h36m.load_motions(folder, parts or h36m.TRAIN_SUBJECTS)
    if dataset == "mpi-inf-3dhp":
        return mpi_inf_3dhp.load_motions(folder, parts or mpi_inf_3dhp.TRAIN_SUBJECTS)
    if bodies is not None:
        return amass.load_smplh_motions(folder, bodies, parts)
    return amass.load_motions(folder, parts)


def import_motions(
    motions: Iterable[Motion],
    store: str | Path,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> ImportReport:
    """Write recordings into a new store, at its rate.

    Args:
        motions: from `find_motions`.
        store: folder to create.
        overwrite: replace a store that is already there.
        progress: called with the number of recordings done after each.

    Returns:
        How many were imported, and why others were not: one that cannot be used does not stop the rest.

    Raises:
        InputError: the store's path is taken, or a file of the data set is damaged.
        NothingFoundError: none could be imported; then no store is written.
    """
    require_spline()
    check_target(store, overwrite)
    report = ImportReport()

    def clips() -> Iterator[tuple[Clip, FloatArray]]:
        for done, motion in enumerate(motions, start=1):
            try:
                yield to_clip(motion)
            except InputError as error:
                report.skipped.append(str(error))
            progress(done)

    try:
        report.imported = write_store(store, clips(), overwrite)
    except NothingFoundError:
        first = f"; the first: {report.skipped[0]}" if report.skipped else ""
        raise NothingFoundError(f"no recording could be imported{first}") from None
    return report


def to_clip(motion: Motion) -> tuple[Clip, FloatArray]:
    """A recording as a clip at the store's rate; InputError names one that cannot be used."""
    name = f"{motion.dataset}/{motion.subject}/{motion.name}"
    positions = motion.positions_world.astype(np.float64)
    if len(motion) < 2:
        raise InputError(f"{name}: {len(motion)} frames given, at least 2 of motion needed")
    if not np.isfinite(positions).all():
        raise InputError(f"{name}: positions are not all finite numbers")
    if motion.rate_hz != RATE_HZ:
        positions = resample_skeleton(positions, joint_set(JOINTS).parents, 1 / motion.rate_hz, RATE_HZ)
    known = motion.dataset in ("h36m", "mpi-inf-3dhp")
    clip = Clip(
        name=name,
        dataset=motion.dataset if known else f"amass-{motion.dataset}",
        subject=motion.subject,
        start=0,
        frames=len(positions),
        licence=motion.licence,
        source=name,
    )
    return clip, positions.astype(np.float32)
