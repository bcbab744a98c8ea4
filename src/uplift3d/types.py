"""The two containers that travel through uplift3d: 2D key-frames in, 3D motion out.

Axes: P people, K key-frames, T output times, J joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import AnyArray, BoolArray, FloatArray, IntArray, TimeArray
from uplift3d.errors import InputError
from uplift3d.files.guards import listed
from uplift3d.skeletons import JointSet, joint_set

Number = TypeVar("Number", bound=np.floating[Any])

MAX_PX = 1e9
"""Farther out nothing is a place in an image."""
MAX_HINT_M = 10.0
"""Farther from the pelvis no joint is; millimetres are."""


@dataclass(frozen=True, eq=False, repr=False)
class Keypoints2D:
    """2D joints of one or several people at a few moments (the key-frames) of a video.

    Attributes:
        positions: (P, K, J, 2) float32 pixels, x right and y down from the image's top left corner,
            NaN where a joint was not seen (a person absent from a key-frame is NaN throughout).
        confidence: (P, K, J) float32 in [0, 1], 0 where unseen; None means 1 wherever a joint was seen.
        times: (K,) float64 seconds, strictly increasing.
        image_size: (width, height) in pixels.
        joints: name of the joint set, see `uplift3d.skeletons`.
        people: (P,) int track ids; 0 … P-1 when not given.
        meta: how it was made (JSON-able).
        depth_hint: (P, K, J, 3) float32 metres from the pelvis, camera axes (x right, y down, z away), NaN
            where there is none: the detector's own guess in 3D. None when it makes none.

        video_times: (T,) float64 seconds of all frames of the video that the key-frames are of, strictly
            increasing: when poses are wanted. None when unknown.

    Raises:
        InputError: one message naming everything that does not fit.
    """

    positions: FloatArray
    confidence: FloatArray
    times: TimeArray
    image_size: tuple[int, int]
    joints: str
    people: IntArray = None  # type: ignore[assignment]  # filled in below
    meta: Mapping[str, Any] = field(default_factory=dict)
    depth_hint: FloatArray | None = None
    video_times: TimeArray | None = None

    def __post_init__(self) -> None:
        positions = _numbers("Keypoints2D", "positions", self.positions, np.float32)
        times = _numbers("Keypoints2D", "times", self.times, np.float64)
        problems = _array_problems(positions, times, joint_set(self.joints), dims=2)
        size = _image_size(self.image_size, problems)
        _raise("Keypoints2D", problems)
        seen = np.isfinite(positions).all(axis=-1)
        positions[~seen] = np.nan
        given = np.ones(seen.shape) if self.confidence is None else self.confidence  # None: untyped callers
        confidence = _numbers("Keypoints2D", "confidence", given, np.float32)
        people = _people(self.people, len(positions), problems)
        if confidence.shape != seen.shape:
            problems.append(f"confidence has shape {confidence.shape}, expected {seen.shape} as positions")
        elif not ((confidence >= 0) & (confidence <= 1))[seen].all():
            problems.append("confidence must be finite and within [0, 1] wherever a joint was seen")
        hint = _hint(self.depth_hint, seen.shape, problems)
        video_times = _video_times(self.video_times, problems)
        _raise("Keypoints2D", problems)
        confidence[~seen] = 0
        _freeze(self, positions=positions, confidence=confidence, times=times, people=people)
        _freeze(self, depth_hint=hint, video_times=video_times)
        object.__setattr__(self, "image_size", size)

    def __len__(self) -> int:
        """Number of key-frames."""
        return len(self.times)

    def __getitem__(self, item: slice | AnyArray) -> Keypoints2D:
        """The same people at some of the key-frames (a slice, boolean mask or index array over time)."""
        return replace(
            self,
            positions=self.positions[:, item],
            confidence=self.confidence[:, item],
            times=self.times[item],
            depth_hint=None if self.depth_hint is None else self.depth_hint[:, item],
        )

    def between(self, start_s: float | None, end_s: float | None) -> Keypoints2D:
        """The key-frames from one time to another, both included, and the video's frames; None: no limit.

        Raises:
            InputError: there is none.
        """
        part = self[_between(self.times, start_s, end_s)]
        if self.video_times is None:
            return part
        return replace(part, video_times=self.video_times[_between(self.video_times, start_s, end_s)])

    def select(self, people: Sequence[int]) -> Keypoints2D:
        """Only the people with these track ids, in the order asked for."""
        rows = _rows(self.people, people)
        return replace(
            self,
            positions=self.positions[rows],
            confidence=self.confidence[rows],
            people=self.people[rows],
            depth_hint=None if self.depth_hint is None else self.depth_hint[rows],
        )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the J joints, in the order of `positions`."""
        return joint_set(self.joints).joints

    @property
    def observed(self) -> BoolArray:
        """(P, K) True where at least one joint of the person was seen."""
        observed: BoolArray = np.isfinite(self.positions).all(axis=-1).any(axis=-1)
        return observed

    def __repr__(self) -> str:
        people, frames = self.positions.shape[:2]
        shape = f"{people} people × {frames} key-frames × {self.joints}"
        hint = "" if self.depth_hint is None else ", depth hint"
        return f"Keypoints2D({shape}, {_span(self.times)}, image {self.image_size}{hint})"


@dataclass(frozen=True, eq=False, repr=False)
class Motion3D:
    """3D joints of one or several people on a dense time axis.

    Attributes:
        positions: (P, T, J, 3) float32 metres relative to the person's pelvis, camera axes (x right, y down,
            z away from the camera); NaN where the person is absent.
        times: (T,) float64 seconds, strictly increasing.
        root: (P, T, 3) float32 metres, the pelvis in camera axes, or None when unknown.
        observed: (P, T) True where a 2D pose was really measured, False where the motion was filled in.
        people: (P,) int track ids.
        joints: name of the joint set, see `uplift3d.skeletons`.
        meta: how it was made (JSON-able): versions, model hash, arguments, units and axes.
        sigma_m: (P, T, J) float32 metres, how sure joints are: 68 % are within so much of where they are
            against the pelvis; NaN where nothing is said. None when unknown.

    Raises:
        InputError: one message naming everything that does not fit.
    """

    positions: FloatArray
    times: TimeArray
    root: FloatArray | None
    observed: BoolArray
    people: IntArray = None  # type: ignore[assignment]  # filled in below
    joints: str = "h36m17"
    meta: Mapping[str, Any] = field(default_factory=dict)
    sigma_m: FloatArray | None = None

    def __post_init__(self) -> None:
        positions = _numbers("Motion3D", "positions", self.positions, np.float32)
        times = _numbers("Motion3D", "times", self.times, np.float64)
        problems = _array_problems(positions, times, joint_set(self.joints), dims=3)
        _raise("Motion3D", problems)
        observed = np.array(self.observed, dtype=bool)
        if observed.shape != positions.shape[:2]:
            problems.append(f"observed has shape {observed.shape}, expected {positions.shape[:2]}")
        root = None if self.root is None else _numbers("Motion3D", "root", self.root, np.float32)
        if root is not None and root.shape != (*positions.shape[:2], 3):
            problems.append(f"root has shape {root.shape}, expected {(*positions.shape[:2], 3)}")
        sigma = None if self.sigma_m is None else _numbers("Motion3D", "sigma_m", self.sigma_m, np.float32)
        if sigma is not None and sigma.shape != positions.shape[:3]:
            problems.append(f"sigma_m has shape {sigma.shape}, expected {positions.shape[:3]}")
        elif sigma is not None and (np.isinf(sigma).any() or (sigma < 0).any()):
            problems.append("sigma_m holds negative or infinite values; mark what is unknown as NaN")
        people = _people(self.people, len(positions), problems)
        _raise("Motion3D", problems)
        _freeze(self, positions=positions, times=times, root=root, observed=observed, people=people)
        _freeze(self, sigma_m=sigma)

    def __len__(self) -> int:
        """Number of output times."""
        return len(self.times)

    def __getitem__(self, item: slice | AnyArray) -> Motion3D:
        """The same people at some of the times (a slice, boolean mask or index array over time)."""
        return replace(
            self,
            positions=self.positions[:, item],
            times=self.times[item],
            root=None if self.root is None else self.root[:, item],
            observed=self.observed[:, item],
            sigma_m=None if self.sigma_m is None else self.sigma_m[:, item],
        )

    def between(self, start_s: float | None, end_s: float | None) -> Motion3D:
        """The poses from one time to another, both included; None: no limit.

        Raises:
            InputError: there is none.
        """
        return self[_between(self.times, start_s, end_s)]

    def select(self, people: Sequence[int]) -> Motion3D:
        """Only the people with these track ids, in the order asked for."""
        rows = _rows(self.people, people)
        root = None if self.root is None else self.root[rows]
        return replace(
            self,
            positions=self.positions[rows],
            root=root,
            observed=self.observed[rows],
            people=self.people[rows],
            sigma_m=None if self.sigma_m is None else self.sigma_m[rows],
        )

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the J joints, in the order of `positions`."""
        return joint_set(self.joints).joints

    @property
    def present(self) -> BoolArray:
        """(P, T) True where the person has a pose."""
        present: BoolArray = np.isfinite(self.positions).all(axis=(-1, -2))
        return present

    def __repr__(self) -> str:
        people, frames = self.positions.shape[:2]
        return f"Motion3D({people} people × {frames} poses × {self.joints}, {_span(self.times)})"


def _numbers(what: str, name: str, values: Any, dtype: type[Number]) -> npt.NDArray[Number]:
    """A copy as an array; InputError for what holds anything but numbers, or rows of different lengths."""
    try:
        if np.iscomplexobj(values):
            raise TypeError("complex numbers")
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and that is reported
            return np.array(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {name} must be numbers in rows of equal length ({error})") from error


def _array_problems(positions: FloatArray, times: TimeArray, joints: JointSet, dims: int) -> list[str]:
    problems = []
    letters = "K" if dims == 2 else "T"
    if positions.ndim != 4 or positions.shape[2:] != (len(joints), dims):
        problems.append(
            f"positions have shape {positions.shape}, expected (people, {letters}, {len(joints)} joints of "
            f"{joints.name!r}, {dims})"
        )
    if np.isinf(positions).any():
        problems.append("positions hold infinite values; mark an unseen joint as NaN")
    elif dims == 2 and (np.abs(positions) > MAX_PX).any():
        problems.append(
            f"positions reach {np.nanmax(np.abs(positions)):.2g} pixels; mark an unseen joint as NaN"
        )
    if times.ndim != 1:
        problems.append(f"times have shape {times.shape}, expected ({letters},)")
    elif positions.ndim == 4 and len(times) != positions.shape[1]:
        problems.append(f"{len(times)} times for {positions.shape[1]} frames of positions")
    if times.ndim == 1 and not np.isfinite(times).all():
        problems.append(f"times hold {int((~np.isfinite(times)).sum())} NaN or infinite values")
    elif times.ndim == 1 and (np.diff(times) <= 0).any():
        place = int(np.argmax(np.diff(times) <= 0))
        problems.append(
            f"times must increase strictly, but times[{place + 1}] = {times[place + 1]:g} s follows "
            f"{times[place]:g} s"
        )
    return problems


def _hint(given: Any, shape: tuple[int, ...], problems: list[str]) -> FloatArray | None:
    """A depth hint for joints of `shape` (P, K, J), whole joints NaN where a part is."""
    if given is None:
        return None
    hint = _numbers("Keypoints2D", "depth_hint", given, np.float32)
    if hint.shape != (*shape, 3):
        problems.append(f"depth_hint has shape {hint.shape}, expected {(*shape, 3)} as positions, in 3D")
        return hint
    hint[np.isnan(hint).any(axis=-1)] = np.nan
    if (np.abs(hint) > MAX_HINT_M).any():
        problems.append(
            f"depth_hint reaches {np.nanmax(np.abs(hint)):.2g} m from the pelvis, accepted are "
            f"{MAX_HINT_M:g}; is it in millimetres? Where there is none it is NaN"
        )
    return hint


def _video_times(given: Any, problems: list[str]) -> TimeArray | None:
    if given is None:
        return None
    times = _numbers("Keypoints2D", "video_times", given, np.float64)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        problems.append("video_times must be one row of finite seconds that increase strictly")
    return times


def _image_size(size: Any, problems: list[str]) -> tuple[int, ...]:
    try:
        sides = tuple(int(side) for side in size)
    except (TypeError, ValueError, OverflowError):
        sides = ()
    if len(sides) != 2 or min(sides) <= 0:
        problems.append(f"image_size is {size}, expected (width, height) in pixels, both above 0")
    return sides


def _people(people: npt.ArrayLike | None, count: int, problems: list[str]) -> IntArray:
    try:
        ids = np.arange(count) if people is None else np.array(people, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        problems.append(f"people is {people!r}, expected {count} different whole numbers")
        return np.arange(count)
    if ids.shape != (count,) or len(np.unique(ids)) != count:
        problems.append(f"people is {ids.tolist()}, expected {count} different track ids")
    return ids


def _rows(known: IntArray, people: Sequence[int]) -> list[int]:
    ids = known.tolist()
    missing = [person for person in people if person not in ids]
    if missing:
        raise InputError(f"there is no person {listed(missing)}; the people are {listed(ids)}")
    return [ids.index(person) for person in people]


def _between(times: TimeArray, start_s: float | None, end_s: float | None) -> BoolArray:
    """(T,) True for the times from start to end."""
    inside: BoolArray = np.full(len(times), True)
    if start_s is not None:
        inside &= times >= start_s
    if end_s is not None:
        inside &= times <= end_s
    if not inside.any():
        last = "" if end_s is None else f" to {end_s:g} s"
        raise InputError(f"nothing from {start_s or 0:g} s{last or ' on'}; there is {_span(times)}")
    return inside


def _raise(what: str, problems: list[str]) -> None:
    if problems:
        raise InputError(f"{what}: {'; '.join(problems)}")


def _freeze(container: object, **arrays: AnyArray | None) -> None:
    """Store validated arrays on a frozen container, read-only so that no stage changes another's input."""
    for name, array in arrays.items():
        if array is not None:
            array.setflags(write=False)
        object.__setattr__(container, name, array)


def _span(times: TimeArray) -> str:
    return f"{times[0]:.2f}–{times[-1]:.2f} s" if len(times) else "no times"
