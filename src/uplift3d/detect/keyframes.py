"""The 2D stage: key-frames of a video in, `Keypoints2D` with one track per person out.

Axes: P people, K key-frames, J joints.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from uplift3d.detect.ahead import read_ahead
from uplift3d.detect.base import Detector, Image
from uplift3d.detect.finder import Finder
from uplift3d.detect.registry import create_detector
from uplift3d.detect.tracks import Track, Tracker
from uplift3d.errors import InputError, NothingFoundError
from uplift3d.skeletons import joint_set
from uplift3d.types import Keypoints2D


class Frames(Protocol):
    """What is needed of a video (`uplift3d.video.FrameSource` offers it)."""

    path: Path
    size: tuple[int, int]

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """(F,) seconds of all frames; asked for when the last one has been handed out."""
        ...

    def frames_at(self, indices: Iterable[int] | None = None) -> Iterator[tuple[int, float, Image]]:
        """(number, time in seconds, (H, W, 3) image) of the frames asked for."""
        ...


def run(
    source: Frames,
    key_frames: npt.ArrayLike | None,
    detector: str | Detector = "mediapipe",
    *,
    max_people: int | None = None,
    progress: bool = False,
) -> Keypoints2D:
    """Detect the people in a video's key-frames and link them over time.

    Decoding runs in a second thread. Key-frames that cannot be decoded are left out of the result's times.

    Args:
        source: an opened video or image folder.
        key_frames: numbers of the frames to look at, increasing (see `video.regular_key_frames`); None looks
            at every frame that the source hands out (`video.FrameStream` hands out key-frames only).
        detector: name of a registered detector, or a detector.
        max_people: stop looking for more people in a key-frame (faster); None looks for everybody.
        progress: show a progress bar on stderr where that is a terminal.

    Returns:
        Keypoints2D in the detector's joint set, with the times of all the video's frames; NaN with confidence
        0 where a person was not seen, also at key-frames that show nobody.

    Raises:
        InputError: unknown detector, or one whose package is missing.
        NothingFoundError: nobody was seen, or nobody often enough to tell them from noise.
    """
    if max_people is not None and max_people < 1:
        raise InputError(f"max_people is {max_people}; it must be 1 or more, or None for everybody")
    eye = create_detector(detector) if isinstance(detector, str) else detector
    numbers = None if key_frames is None else np.asarray(key_frames, dtype=np.int64)
    finder, tracker = Finder(eye, max_people), Tracker()
    times: list[float] = []
    started = time.perf_counter()
    for _, time_s, rgb in _shown(read_ahead(source.frames_at(numbers)), numbers, progress):
        for newcomer in tracker.add(time_s, finder.find(rgb, time_s, tracker.live(time_s))):
            finder.trace_back(newcomer)
        times.append(time_s)
    people = tracker.people()
    if not people:
        raise NothingFoundError(_nobody(source.path, len(times), tracker))
    positions, confidence = _stack(people, len(times), len(joint_set(eye.joints)))
    meta: dict[str, Any] = {
        "detector": eye.name,
        "source": source.path.name,
        "tracks_dropped_as_noise": len(tracker.tracks) - len(people),
        "seconds": round(time.perf_counter() - started, 3),
        **({"models": dict(eye.models)} if hasattr(eye, "models") else {}),
    }
    return Keypoints2D(
        positions,
        confidence,
        np.array(times),
        source.size,
        eye.joints,
        meta=meta,
        video_times=source.times,
    )


def _stack(
    people: list[Track], key_frames: int, joints: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Positions (P, K, J, 2), NaN where unseen, and confidence (P, K, J)."""
    positions = np.full((len(people), key_frames, joints, 2), np.nan, dtype=np.float32)
    confidence = np.zeros((len(people), key_frames, joints), dtype=np.float32)
    for person, track in enumerate(people):
        for frame, sighting in zip(track.frames, track.sightings, strict=True):
            positions[person, frame] = sighting.positions
            confidence[person, frame] = sighting.confidence
    return positions, confidence


def _nobody(path: Path, key_frames: int, tracker: Tracker) -> str:
    looked = f"{path}: nobody was found in the {key_frames} key-frames looked at"
    if not tracker.tracks:
        return looked
    seen = sum(len(track.frames) for track in tracker.tracks)
    return f"{looked} ({seen} sightings were too few, too scattered or too unsure to be a person)"


def _shown(
    frames: Iterator[tuple[int, float, Image]], numbers: npt.NDArray[np.int64] | None, progress: bool
) -> Iterator[tuple[int, float, Image]]:
    console = Console(stderr=True)
    if not (progress and console.is_terminal):
        yield from frames
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield from bar.track(
            frames, total=None if numbers is None else len(numbers), description="2D key-frames"
        )
