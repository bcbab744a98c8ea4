"""The 2D stage: key-frames of a video in, `Keypoints2D` with one track per person out.

Axes: P people, K key-frames, J joints.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from uplift3d.arrays import DoubleArray, FloatArray, Image, IntArray
from uplift3d.detect.ahead import read_ahead
from uplift3d.detect.base import Detector
from uplift3d.detect.failures import Failures
from uplift3d.detect.finder import Finder
from uplift3d.detect.registry import create_detector
from uplift3d.detect.returning import joined
from uplift3d.detect.tracks import Track, Tracker
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.progress import progress_bar
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D

Who: TypeAlias = int | Literal["all", "largest"]
"""Whom to keep, see `run`."""


class Frames(Protocol):
    """What is needed of a video (`uplift3d.video.FrameSource` offers it)."""

    path: Path
    size: tuple[int, int]

    @property
    def times(self) -> DoubleArray:
        """(F,) seconds of all frames; asked for when the last one has been handed out."""
        ...

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[tuple[int, float, Image]]:
        """(number, time in seconds, (H, W, 3) image) of the frames asked for."""
        ...


def run(
    source: Frames,
    key_frames: npt.ArrayLike | None,
    detector: str | Detector = "blazepose",
    *,
    people: Who = "all",
    progress: bool = False,
) -> Keypoints2D:
    """Detect the people in a video's key-frames and link them over time.

    Decoding runs in a second thread. Key-frames that cannot be decoded, and those on which the detector fails
    (an UpliftWarning says so), are left out of the result's times.

    Args:
        source: an opened video or image folder.
        key_frames: numbers of the frames to look at, increasing (see `video.regular_key_frames`); None looks
            at every frame that the source hands out (`video.FrameStream` hands out key-frames only).
        detector: name of a registered detector, or a detector.
        people: "all", "largest" for the one who is largest in the image, or a number: so many of the largest,
            and once they are found in a key-frame nobody else is looked for.
        progress: show a progress bar on stderr where that is a terminal.

    Returns:
        Keypoints2D in the detector's joint set, with the times of all the video's frames; NaN with confidence
        0 where a person was not seen, also at key-frames that show nobody.

    Raises:
        InputError: unknown detector, or one whose package is missing.
        NothingFoundError: nobody was seen, or nobody often enough to tell them from noise.
    """
    check_people(people)
    used = create_detector(detector) if isinstance(detector, str) else detector
    if not hasattr(used, "detect"):
        raise InputError(
            f"detector is of type {type(used).__name__}; accepted are a detector's name, or an object with "
            "the members of detect.Detector"
        )
    numbers = None if key_frames is None else np.asarray(key_frames, dtype=np.int64)
    finder, tracker, failures = (
        Finder(used, people if isinstance(people, int) else None),
        Tracker(),
        Failures(),
    )
    started = time.perf_counter()
    frames = _shown(read_ahead(source.frames_at(numbers)), numbers, progress)
    times = _follow(frames, finder, tracker, failures)
    failures.say(source.path.name)
    tracks = tracker.people()
    if not tracks:
        raise NothingFoundError(_nobody(source.path, len(times), tracker))
    everybody = joined(tracks)
    kept = _chosen(everybody, people)
    positions, confidence, hint = _stack(kept, len(times), len(joint_set(used.joints)))
    meta: dict[str, Any] = {
        "detector": used.name,
        **_noted(source),
        "tracks_dropped_as_noise": len(tracker.tracks) - len(tracks),
        **({"tracks_joined": len(tracks) - len(everybody)} if len(everybody) < len(tracks) else {}),
        **({"key_frames_failed": failures.count} if failures.count else {}),
        "seconds": round(time.perf_counter() - started, 3),
        **({"models": dict(used.models)} if hasattr(used, "models") else {}),
    }
    return Keypoints2D(
        positions,
        confidence,
        np.array(times),
        source.size,
        used.joints,
        meta=meta,
        depth_hint=hint,
        video_times=source.times,
    )


def _follow(
    frames: Iterable[tuple[int, float, Image]], finder: Finder, tracker: Tracker, failures: Failures
) -> list[float]:
    """Find people frame by frame and link them; times of the frames that could be looked at."""
    times: list[float] = []
    for _, time_s, rgb in frames:
        seen = None
        with failures.noted(time_s):
            seen = finder.find(rgb, time_s, tracker.live(time_s))
        if seen is None:
            continue
        times.append(time_s)
        for track in tracker.add(time_s, seen):
            with failures.noted(None):
                finder.trace_back(track)
    for track in tracker.seen_once():
        with failures.noted(None):
            finder.trace_back(track)
    return times


def _noted(source: Frames) -> dict[str, Any]:
    """What the result keeps of its source; a stream of images has no focal length to tell."""
    images, focal_px = source.path.is_dir(), getattr(source, "focal_px_from_metadata", None)
    return {
        "source": source.path.name,
        **({"image_rate_hz": source.rate_hz} if images and hasattr(source, "rate_hz") else {}),
        **({} if focal_px is None else {"focal_px_from_metadata": focal_px}),
    }


def check_people(people: object) -> None:
    """Refuse what `run` would not accept as `people`.

    Raises:
        InputError: says what is accepted.
    """
    number = isinstance(people, int) and not isinstance(people, bool) and people >= 1
    if not number and people not in ("all", "largest"):
        raise InputError(f"people is {people!r}; accepted are 'all', 'largest', or a number from 1")


def _chosen(tracks: list[Track], people: Who) -> list[Track]:
    """The tracks asked for, in the order of appearance; the largest by size in the image, over time."""
    if people == "all":
        return tracks
    count = 1 if people == "largest" else int(people)
    kept = sorted(tracks, key=lambda track: -sum(one.size for one in track.sightings))[:count]
    return [track for track in tracks if track in kept]


def _stack(
    people: list[Track], key_frames: int, joints: int
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Positions (P, K, J, 2), NaN where unseen, confidence (P, K, J), hint (P, K, J, 3) if there is any."""
    positions = np.full((len(people), key_frames, joints, 2), np.nan, dtype=np.float32)
    confidence = np.zeros((len(people), key_frames, joints), dtype=np.float32)
    hint = np.full((len(people), key_frames, joints, 3), np.nan, dtype=np.float32)
    for person, track in enumerate(people):
        for frame, sighting in zip(track.frames, track.sightings, strict=True):
            positions[person, frame] = sighting.positions
            confidence[person, frame] = sighting.confidence
            if sighting.hint is not None:
                hint[person, frame] = sighting.hint
    return positions, confidence, hint if np.isfinite(hint).any() else None


def _nobody(path: Path, key_frames: int, tracker: Tracker) -> str:
    looked = f"{path}: nobody was found in the {key_frames} key-frames looked at"
    if not tracker.tracks:
        return looked
    seen = sum(len(track.frames) for track in tracker.tracks)
    return f"{looked} ({seen} possible sightings: too few, too scattered or too unsure to be a person)"


def _shown(
    frames: Iterator[tuple[int, float, Image]], numbers: IntArray | None, progress: bool
) -> Iterator[tuple[int, float, Image]]:
    with progress_bar(progress, "2D key-frames", None if numbers is None else len(numbers)) as advance:
        for frame in frames:
            yield frame
            advance(1)
