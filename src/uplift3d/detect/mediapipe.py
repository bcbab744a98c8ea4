"""MediaPipe's BlazePose: 33 joints of one person, on the CPU, from models inside its wheel (no download)."""

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from uplift3d.detect.base import FloatArray, Image
from uplift3d.errors import InputError
from uplift3d.skeletons import joint_set

FULL_MODEL = 1
"""The one of MediaPipe's three models that its wheel carries; "lite" (0) and "heavy" (2) are downloads."""


class MediaPipeDetector:
    """One person at most per image, looked for afresh in each (static mode). Implements `Detector`.

    Tracking mode is meant for neighbouring frames: on frames 0.1 s or more apart it was 8–18 px off, static
    mode 6. Confidence is MediaPipe's visibility. A joint that MediaPipe places outside the image keeps its
    position, which is a guess from the rest of the body, and gets confidence 0.

    Args:
        min_confidence: of the person detection, in [0, 1].

    Raises:
        InputError: mediapipe is not installed, or a system library that it needs.
    """

    name = "mediapipe"
    joints = "blazepose33"
    finds_everyone = False

    def __init__(self, min_confidence: float = 0.5) -> None:
        with _silent_stderr():
            solutions = _import_solutions()
            self._pose: Any = solutions.Pose(
                static_image_mode=True, model_complexity=FULL_MODEL, min_detection_confidence=min_confidence
            )
            self._pose.process(np.zeros((64, 64, 3), np.uint8))  # models load, and log, in threads of its own
        self._has_found = False

    def detect(self, rgb: Image) -> tuple[FloatArray, FloatArray]:
        """See `Detector.detect`; P is 0 or 1."""
        if self._has_found:
            result = self._pose.process(rgb)
        else:  # its parts log when they first run, the last of them when somebody is first found
            with _silent_stderr():
                result = self._pose.process(rgb)
        if result.pose_landmarks is None:
            count = len(joint_set(self.joints))
            return np.zeros((0, count, 2), np.float32), np.zeros((0, count), np.float32)
        self._has_found = True
        table = np.array([(mark.x, mark.y, mark.visibility) for mark in result.pose_landmarks.landmark])
        height, width = rgb.shape[:2]
        inside = ((table[:, :2] >= 0) & (table[:, :2] <= 1)).all(axis=1)
        positions = (table[:, :2] * (width, height)).astype(np.float32)
        confidence = np.where(inside, np.clip(table[:, 2], 0, 1), 0).astype(np.float32)
        return positions[None], confidence[None]


def _import_solutions() -> Any:
    try:
        from mediapipe.python.solutions import pose
    except ModuleNotFoundError as error:
        raise InputError(
            "the mediapipe detector is not installed; pip install 'uplift3d[mediapipe]' brings it (up to "
            "Python 3.12), and files of 2D key-frames need no detector"
        ) from error
    except ImportError as error:  # a system library is missing
        raise InputError(
            f"mediapipe is installed but cannot be loaded ({error}); on Debian and Ubuntu "
            "apt install libgl1 libglib2.0-0 brings what it needs"
        ) from error
    return pose


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep what MediaPipe's C++ code prints out of a clean terminal; it offers no switch of its own.

    Python's own `sys.stderr` goes on meanwhile: the decoding thread may have a warning to print.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a service without stderr
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with _python_stderr_to(kept):
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)


@contextmanager
def _python_stderr_to(descriptor: int) -> Iterator[None]:
    """Let `sys.stderr` write to this copy of descriptor 2; takes over the copy.

    Another thread may hold the stream a moment longer than this lasts, so the copy is closed with the last
    reference to it.
    """
    usual = sys.stderr
    stream = os.fdopen(descriptor, "w", buffering=1, errors="backslashreplace", closefd=False)
    weakref.finalize(stream, os.close, descriptor)
    try:
        if usual is not None and usual.fileno() == 2:
            sys.stderr = stream
    except (OSError, ValueError):  # a stream that is no file, or closed: it does not go through descriptor 2
        pass
    try:
        yield
    finally:
        if sys.stderr is stream:
            sys.stderr = usual
