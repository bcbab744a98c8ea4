"""Files of 2D key-frames: our own, and those that other programs write.

`FORMATS` is the registry: a file is of the first format that knows its content, whatever its name. Another
package adds a format with `FORMATS.append(its_format)`.
"""

from __future__ import annotations

import os
from pathlib import Path

from uplift3d.detect.files.base import HDF5_MAGIC, Given, KeypointFormat, Source, check_in_view
from uplift3d.detect.files.coco import CocoAnnotations, PoseResults
from uplift3d.detect.files.deeplabcut import DeepLabCutCsv, DeepLabCutHdf5
from uplift3d.detect.files.landmarks import MediaPipeLandmarks
from uplift3d.detect.files.mmpose import MMPose
from uplift3d.detect.files.native import Native
from uplift3d.detect.files.openpose import OpenPose
from uplift3d.detect.files.saving import SUFFIXES, save_keypoints
from uplift3d.detect.files.sleap import SleapAnalysis
from uplift3d.detect.files.trc import PixelTrc
from uplift3d.detect.files.videopose3d import PlainNumpy, VideoPose3DCustom
from uplift3d.errors import InputError
from uplift3d.files.guards import as_path, regular_file
from uplift3d.types import Keypoints2D

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Given",
    "KeypointFormat",
    "Source",
    "format_of",
    "is_keypoint_file",
    "load_keypoints",
    "save_keypoints",
]

DATA_SUFFIXES = (".npz", ".npy", ".json", ".csv", ".trc", ".h5", ".hdf5", ".pkl", ".parquet")
"""Of files that are no video, whatever is in them."""

FORMATS: list[KeypointFormat] = [
    CocoAnnotations(),
    PoseResults(),
    OpenPose(),
    MMPose(),
    MediaPipeLandmarks(),
    PixelTrc(),
    DeepLabCutCsv(),
    DeepLabCutHdf5(),
    SleapAnalysis(),
    VideoPose3DCustom(),
    PlainNumpy(),
    Native(),  # last, as it takes any .npz to say what is missing from it
]


def load_keypoints(
    path: str | os.PathLike[str],
    *,
    frame_rate_hz: float | None = None,
    image_size: tuple[int, int] | None = None,
    joints: str | None = None,
) -> Keypoints2D:
    """Read 2D key-frames in any of `FORMATS`, told by the file's content.

    Args:
        path: file, or folder of files with a frame each.
        frame_rate_hz: frames per second, for formats that carry no times.
        image_size: (width, height) in pixels, for formats that do not carry it.
        joints: for formats that do not say what their points are: name of a joint set, or the names of the
            joints in the file's order, separated by commas, "-" for a point that is none.

    Returns:
        Keypoints2D with a track per person, those of the file where it has any.

    Raises:
        InputError: no such file, none of the formats (all are named), something above that is needed and
            missing or given and not needed, or content that is damaged or makes no `Keypoints2D`.
        NothingFoundError: nobody is in it.
    """
    source = Source(as_path(path, "a file of 2D key-frames"))
    if not source.path.is_dir():
        regular_file(source.path, _accepted())
    given = Given(frame_rate_hz, image_size, joints).checked()
    found = format_of(source)
    if found is None:
        is_pickle = source.head.startswith(b"\x80")
        what = "is a pickle, which could run code and is refused" if is_pickle else "holds no 2D key-frames"
        raise InputError(f"{source.path} {what}; accepted are {_accepted()}")
    keypoints = found.read(source, given)
    check_in_view(keypoints, str(source.path))
    return keypoints


def is_keypoint_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file or folder is to be read as 2D key-frames rather than as a video or images.

    It is if its content is of a known format, and also if it is any data file: `load_keypoints` then says
    what is accepted.
    """
    source = Source(Path(path))
    if source.path.suffix.lower() in DATA_SUFFIXES and not source.path.is_dir():
        return True
    try:
        return source.looks_like_json or format_of(source) is not None
    except InputError:  # a folder of images with a damaged .json, or HDF5 without h5py
        return source.head.startswith(HDF5_MAGIC)


def format_of(source: Source) -> KeypointFormat | None:
    """The first format that knows this content; InputError for a damaged JSON file."""
    return next((known for known in FORMATS if known.holds(source)), None)


def _accepted() -> str:
    return ", ".join(known.name for known in FORMATS)
