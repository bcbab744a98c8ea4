"""Writing 2D key-frames: `.npz`, which keeps everything, or COCO keypoint JSON, which other programs read."""

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from uplift3d.detect.files import coco_writer, native
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.files import atomic_write, check_writable
from uplift3d.types import Keypoints2D

WRITERS: Mapping[str, Callable[[Path, Keypoints2D], None]] = {
    ".npz": native.write,
    ".json": coco_writer.write,
}
SUFFIXES = tuple(WRITERS)


def save_keypoints(path: str | os.PathLike[str], keypoints: Keypoints2D) -> Path:
    """Write 2D key-frames, in the format that the name's suffix says; the file appears whole or not at all.

    COCO keypoint `.json` (`coco_writer`) has no place for the detector's own guess of depth nor for how the
    2D was made; a warning says so where there is such a guess.

    Returns:
        The path written.

    Raises:
        InputError: a name that ends otherwise, a place that cannot be written, or something else than 2D
            key-frames.
    """
    target = check_writable(path, SUFFIXES)
    if not isinstance(keypoints, Keypoints2D):
        raise InputError(
            f"{target}: what is to be written is of type {type(keypoints).__name__}; accepted is Keypoints2D"
        )
    suffix = target.suffix.lower()
    if suffix != ".npz" and keypoints.depth_hint is not None:
        warnings.warn(
            f"{target.name}: COCO files have no place for the detector's guess of depth, which lifting uses; "
            ".npz keeps it",
            UpliftWarning,
            stacklevel=2,
        )
    with atomic_write(target) as temporary:
        WRITERS[suffix](temporary, keypoints)
    return target
