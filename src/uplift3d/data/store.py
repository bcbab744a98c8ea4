"""The motion store: many clips of h36m21 motion in one memory-mapped array.

A store is a folder of two files: `positions.npy`, (F, 21, 3) float32 world metres, z up, 50 Hz, all clips one
after the other, NaN where a joint is not known; and `index.json`, what each clip is and where it starts. No
pickle. Stores of version 1 have the 17 joints of h36m17 and no split; both are read alike.
"""

from __future__ import annotations

import math
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from uplift3d.arrays import AnyArray, FloatArray, RealArray
from uplift3d.data.splits import SPLITS, VALIDATION
from uplift3d.data.store_index import (
    JOINTS,
    RATE_HZ,
    STORED_JOINTS,
    Clip,
    index_text,
    parse_index,
    with_splits,
)
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.files.arrays import read_header
from uplift3d.files.guards import regular_file
from uplift3d.files.json_text import read_json
from uplift3d.skeletons import joint_set

__all__ = [
    "JOINTS",
    "RATE_HZ",
    "STORED_JOINTS",
    "Clip",
    "MotionStore",
    "check_target",
    "split_of",
    "split_validation",
    "whole_clips",
    "write_store",
]
_STORED, _SEEN = len(joint_set(STORED_JOINTS)), len(joint_set(JOINTS))


@dataclass(frozen=True)
class MotionStore:
    """A store that has been opened; `store[i]` is clip i as (T, 21, 3) metres, NaN where unknown."""

    path: Path
    clips: tuple[Clip, ...]
    positions: FloatArray
    """(F, 21, 3) memory map, read only; (F, 17, 3) in a store of version 1."""

    @classmethod
    def open(cls, path: str | Path) -> MotionStore:
        """Open the store in folder `path`.

        Raises:
            InputError: there is none, or it is damaged or of another version; the message says what is wrong.
        """
        path = Path(path)
        try:
            index = read_json(path / "index.json", "the index of a motion store")
            positions = _mapped(path / "positions.npy")
        except InputError as error:
            raise InputError(
                f"{path}: not a motion store ({error}); 'uplift3d data import' makes one"
            ) from error
        clips = parse_index(index, path / "index.json")
        _check(clips, positions, path, index["version"])
        return cls(path, clips, positions)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy for another process opens the files again; pickling the map would copy all of it.
        return MotionStore.open, (self.path,)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> FloatArray:
        clip = self.clips[index]
        return _padded(self.positions[clip.start : clip.start + clip.frames])

    def __iter__(self) -> Iterator[FloatArray]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        minutes = len(self.positions) / RATE_HZ / 60
        return f"MotionStore({self.path}: {len(self)} clips, {minutes:.1f} min at {RATE_HZ:g} Hz)"

    def select(
        self,
        dataset: str | Iterable[str] | None = None,
        subject: str | Iterable[str] | None = None,
        name: str | None = None,
    ) -> tuple[int, ...]:
        """Indices of the clips of a dataset and subject (or of several) whose name has the pattern `name`."""
        datasets, subjects = _as_set(dataset), _as_set(subject)
        return tuple(
            index
            for index, clip in enumerate(self.clips)
            if (datasets is None or clip.dataset in datasets)
            and (subjects is None or clip.subject in subjects)
            and (name is None or re.search(name, clip.name))
        )


def split_validation(store: MotionStore) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices (training, validation): each clip's split was decided when it was imported."""
    everything = range(len(store))
    held_out = tuple(i for i in everything if store.clips[i].split == VALIDATION)
    return tuple(i for i in everything if store.clips[i].split != VALIDATION), held_out


def whole_clips(store: MotionStore, clips: Iterable[int]) -> tuple[int, ...]:
    """Those of some clips that have all 17 joints of h36m17 in all frames."""
    wanted = set(joint_set(JOINTS).joints)
    return tuple(index for index in clips if not wanted & set(store.clips[index].lacks))


def split_of(store: MotionStore, datasets: Sequence[str] = ()) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Clips (training, validation) of some data sets of a store, of all by default.

    Raises:
        InputError: a data set that the store does not have.
    """
    known = {clip.dataset for clip in store.clips}
    if unknown := sorted(set(datasets) - known):
        raise InputError(f"datasets: {unknown[0]} given; {store.path} has {', '.join(sorted(known))}")
    training, validation = (
        tuple(i for i in part if not datasets or store.clips[i].dataset in datasets)
        for part in split_validation(store)
    )
    return training, validation


def write_store(path: str | Path, clips: Iterable[tuple[Clip, RealArray]], overwrite: bool = False) -> int:
    """Write a store, clip by clip as they come, and return how many there were.

    The folder appears under its name only when it is complete; after an error nothing is left behind.

    Args:
        path: folder to create.
        clips: each clip's description (`start`, `frames` and `lacks` are set here) and its positions,
            (T, 21, 3) world metres at 50 Hz, NaN where a joint is not known; (T, 17, 3) where no feet are.
        overwrite: replace a store that is already there.

    Raises:
        InputError: `path` exists, or a clip has another shape, infinite numbers or no pelvis.
        NothingFoundError: there were no clips.
    """
    path = check_target(path, overwrite)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.mkdir(parents=True)
        index = _write_into(temporary, clips)
        if not index:
            raise NothingFoundError("no clips to write into a motion store")
        _swap_in(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return len(index)


def _write_into(folder: Path, clips: Iterable[tuple[Clip, RealArray]]) -> list[Clip]:
    index: list[Clip] = []
    with _npy_of_unknown_length(folder / "positions.npy") as append:
        for clip, positions in clips:
            start = append.frames
            stored = _checked(clip, positions)
            append(stored)
            index.append(replace(clip, start=start, frames=len(stored), lacks=_lacks(stored)))
    index = with_splits(index)
    (folder / "index.json").write_text(index_text(index), encoding="utf-8")
    return index


def check_target(path: str | Path, overwrite: bool) -> Path:
    """Refuse, before any work is done, a store's path that is taken; only a store is ever overwritten."""
    path = Path(path)
    if path.exists():
        if not overwrite:
            raise InputError(f"{path} exists already; give another name or --overwrite")
        if path.is_file() or (any(path.iterdir()) and not (path / "index.json").is_file()):
            raise InputError(f"{path} is not a motion store, so it is not overwritten")
    return path


def _swap_in(temporary: Path, path: Path) -> None:
    if path.exists():
        old = path.with_name(f"{temporary.name}.old")
        path.rename(old)
        temporary.rename(path)
        shutil.rmtree(old)
    else:
        temporary.rename(path)


class _Append:
    """Appends float32 frames to an open file and counts them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.frames = file, 0

    def __call__(self, positions: FloatArray) -> None:
        self.file.write(positions.tobytes())
        self.frames += len(positions)


@contextmanager
def _npy_of_unknown_length(path: Path) -> Iterator[_Append]:
    """A `.npy` file that grows; numpy leaves room in the header for the length, written at the end."""
    with path.open("wb") as file:
        _write_header(file, 0)
        start = file.tell()
        append = _Append(file)
        yield append
        file.seek(0)
        _write_header(file, append.frames)
        assert file.tell() == start, "numpy changed the size of the header"


def _write_header(file: BinaryIO, frames: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (frames, _STORED, 3)}
    np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call,unused-ignore]  # typed in numpy 2


def _checked(clip: Clip, positions: RealArray) -> FloatArray:
    if positions.ndim != 3 or positions.shape[1:] not in ((_STORED, 3), (_SEEN, 3)) or len(positions) == 0:
        raise InputError(
            f"clip {clip.name!r}: positions {positions.shape} given, (T, {_STORED}, 3) with T > 0 needed"
        )
    if clip.split not in ("", *SPLITS):
        raise InputError(f"clip {clip.name!r}: split {clip.split!r} given, {' or '.join(SPLITS)} accepted")
    stored = _padded(positions.astype("<f4"))
    if np.isinf(stored).any() or not np.isfinite(stored[:, 0]).all():
        raise InputError(
            f"clip {clip.name!r}: the pelvis is not known in all frames, or numbers are infinite"
        )
    unseen = np.asarray(np.isnan(stored).any(axis=-1))
    return np.ascontiguousarray(np.where(unseen[..., None], np.float32(np.nan), stored))


def _padded(positions: FloatArray) -> FloatArray:
    """(T, 17 or 21, 3) as (T, 21, 3), without copying where nothing is to be added."""
    missing = _STORED - positions.shape[1]
    if missing == 0:
        return positions
    return np.pad(positions, ((0, 0), (0, missing), (0, 0)), constant_values=np.nan)


def _lacks(positions: FloatArray) -> tuple[str, ...]:
    unseen = np.asarray(np.isnan(positions).any(axis=(0, 2)))
    return tuple(joint for joint, lost in zip(joint_set(STORED_JOINTS).joints, unseen, strict=True) if lost)


def _mapped(path: Path) -> AnyArray:
    """An `.npy` file as a memory map; nothing is read but its header."""
    source = regular_file(path, "the positions of a motion store", max_bytes=2**50)
    with source.open("rb") as file:
        header = read_header(file, str(source))
    size = header.length + math.prod(header.shape) * header.dtype.itemsize
    if (
        header.dtype.hasobject
        or header.fortran_order
        or size != source.stat().st_size
        or not math.prod(header.shape)
    ):
        raise InputError(f"{source} is damaged ({header.dtype} of shape {header.shape} announced)")
    return np.memmap(source, header.dtype, "r", header.length, header.shape)


def _check(clips: tuple[Clip, ...], positions: FloatArray, path: Path, version: int) -> None:
    joints = _SEEN if version == 1 else _STORED
    if positions.dtype != np.float32 or positions.shape[1:] != (joints, 3):
        raise InputError(
            f"{path / 'positions.npy'}: {positions.dtype} {positions.shape} found, "
            f"float32 (F, {joints}, 3) needed"
        )
    end = 0
    for clip in clips:
        if clip.start != end or clip.frames < 0:
            raise InputError(f"{path}: clip {clip.name!r} starts at frame {clip.start}, {end} expected")
        end += clip.frames
    if end != len(positions):
        raise InputError(f"{path}: the index lists {end} frames, the array holds {len(positions)}")


def _as_set(value: str | Iterable[str] | None) -> set[str] | None:
    if value is None:
        return None
    return {value} if isinstance(value, str) else set(value)
