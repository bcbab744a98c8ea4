"""`uplift3d info`: what is in a file, in a few lines."""

from __future__ import annotations

import argparse
import math
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift3d import weights
from uplift3d.arrays import BoolArray, TimeArray
from uplift3d.cli.inputs import expand, local
from uplift3d.cli.options import text_parser
from uplift3d.detect.files import Source, format_of, is_keypoint_file, load_keypoints
from uplift3d.detect.files.base import IncompleteError
from uplift3d.errors import InputError
from uplift3d.export import FORMATS, load_motion, motion_as_stored
from uplift3d.files.guards import reason
from uplift3d.files.json_text import parse_object
from uplift3d.post.resample import usual_step_s
from uplift3d.types import Keypoints2D, Motion3D

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """FILE may hold 3D motion, 2D key-frames, a video or a network (.safetensors, .onnx), or be a folder
of images or a motion store. The names base and base-free stand for the networks that come with uplift3d.

examples:
  uplift3d info walk.npz walk.mp4 base
  uplift3d info results/*.npz"""

MAX_HEADER_BYTES = 100_000_000  # what the safetensors format itself allows
MAX_LINE = 2000  # of a note somebody put into a file
FIRST_NOTES = ("licence", "data", "step")
"""What is told of a network before everything else: whether it may be used, and what it is made of."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "info",
        help="show what is in a file",
        description="Show what is in a file, in a few lines.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "paths", nargs="+", type=local, metavar="FILE", help="file, folder, or a pattern such as '*.npz'"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Print a description of every path; one that nobody knows is named, and the others go on."""
    paths, code = expand(args.paths), 0
    for path in paths:
        try:
            kind, *lines = describe(path)
        except InputError as error:
            if len(paths) == 1:
                raise
            print(f"uplift3d: {error}", file=sys.stderr)
            code = InputError.exit_code
            continue
        print(f"{path}: {kind}")
        for line in lines:
            print(f"  {line}")
    return code


def describe(path: Path) -> list[str]:
    """What kind of thing `path` is, then some lines about it.

    Raises:
        InputError: nothing there, or nothing that uplift3d knows.
    """
    if not path.exists():
        if str(path) in weights.NAMES:
            return _checkpoint(weights.stem(str(path)).with_suffix(".safetensors"))
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir() and (path / "index.json").is_file():
        return _store(path)
    if path.suffix.lower() == ".safetensors":
        return _checkpoint(path)
    if path.suffix.lower() == ".onnx":
        return _graph(path)
    if path.suffix.lower() in FORMATS and not _holds_keypoints(path):
        return describe_motion(motion_as_stored(path))
    return _keypoint_file(path) if is_keypoint_file(path) else _video(path)


def _holds_keypoints(path: Path) -> bool:
    """Whether a file whose name may be that of a motion is of 2D key-frames."""
    if path.suffix.lower() == ".jsonl":
        return False
    source = Source(path)
    if path.suffix.lower() == ".trc":  # pixels or metres: the markers' places tell
        try:
            load_motion(path)
        except InputError:
            return True
        return False
    return (
        bool(source.arrays & {"confidence", "positions_2d"})
        if source.arrays
        else format_of(source) is not None
    )


def _keypoint_file(path: Path) -> list[str]:
    try:
        return _keypoints(load_keypoints(path))
    except IncompleteError as error:
        return [f"2D key-frames; {str(error).removeprefix(str(path)).strip()}"]


def describe_motion(motion: Motion3D) -> list[str]:
    """What kind of motion it is, then some lines about it."""
    people, poses = motion.positions.shape[:2]
    where = "unknown" if motion.root is None else _how_well_known(motion.meta)
    lines = [
        f"3D motion of {_people(people)}, {motion.joints}",
        f"{poses} poses, {_span(motion.times)}; place in the world {where}",
        *_presence(motion.people.tolist(), motion.times, motion.present, motion.observed),
    ]
    return lines + _notes(motion.meta)


def _how_well_known(meta: Mapping[str, Any]) -> str:
    """How sure people's places are, from what `post.place` and the choice of a camera noted."""
    sigmas = meta.get("root_sigma_m")
    known = [sigma for sigma in sigmas if isinstance(sigma, int | float)] if isinstance(sigmas, list) else []
    camera = meta.get("camera")
    source = camera.get("focal_from") if isinstance(camera, Mapping) else None
    assumed = isinstance(source, str) and source.startswith("assumed")
    sure = f"known to ±{max(known):.1f} m" if known else "known"
    return sure + (" (the focal length is assumed; --focal-px says it)" if assumed else "")


def _keypoints(keypoints: Keypoints2D) -> list[str]:
    people, frames = keypoints.positions.shape[:2]
    width, height = keypoints.image_size
    seen = keypoints.observed
    empty = int((~seen.any(axis=0)).sum())
    lines = [
        f"2D key-frames of {_people(people)}, {keypoints.joints}",
        f"{frames} key-frames, {_span(keypoints.times)}; image {width}×{height} pixels",
        *([f"{empty} of them show nobody"] if empty else []),
        *_of_video(keypoints.video_times),
        *_presence(keypoints.people.tolist(), keypoints.times, seen),
    ]
    return lines + _notes(keypoints.meta)


def _of_video(times: TimeArray | None) -> list[str]:
    return [] if times is None else [f"of a video of {len(times)} frames, {_span(times)}"]


def _video(path: Path) -> list[str]:
    from uplift3d.video import open_video

    with open_video(path) as video:
        width, height = video.size
        kind = "images" if path.is_dir() else "video"
        steps, focal_px = np.diff(video.times), video.focal_px_from_metadata
        lines = [
            f"{kind}, {width}×{height} pixels",
            f"{len(video.times)} frames, {video.times[-1]:.2f} s, {video.rate_hz:.5g} Hz",
        ]
        if len(steps) and steps.max() > 1.5 * np.median(steps):
            lines.append(f"frame rate varies: {1000 * steps.min():.1f}–{1000 * steps.max():.1f} ms per frame")
        if focal_px is not None:
            lines.append(f"focal length about {focal_px:.0f} pixels, as the camera noted it")
    return lines


def _store(path: Path) -> list[str]:
    from uplift3d.data.store import MotionStore
    from uplift3d.data.summary import summarise

    store = MotionStore.open(path)
    return [
        f"motion store of {len(store)} clips",
        *(
            f"{row.dataset}: {row.clips} clips, {row.minutes:.1f} min, {row.licence}"
            for row in summarise(store)
        ),
    ]


def _checkpoint(path: Path) -> list[str]:
    """A safetensors file says everything in its header: a length (8 bytes), then JSON."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER_BYTES:
                raise ValueError(f"a header of {length} bytes")
            header = parse_object(file.read(length), "the header")
        notes = header.pop("__metadata__", {})
        weights = sum(math.prod(map(int, tensor["shape"])) for tensor in header.values())
    except (struct.error, ValueError, KeyError, TypeError, OverflowError) as error:
        raise InputError(f"{path}: not a safetensors file ({error})") from error
    lines = [f"network weights: {weights:,} numbers in {len(header)} tensors"]
    return lines + _network_notes(notes)


def _graph(path: Path) -> list[str]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said by the exception
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        notes = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # onnxruntime's own classes share no base
        raise InputError(f"{path}: not an ONNX graph ({reason(error)})") from error
    ports = [f"{port.name} {port.shape}" for port in session.get_inputs()]
    results = [f"{port.name} {port.shape}" for port in session.get_outputs()]
    lines = ["ONNX graph", f"in: {', '.join(ports)}", f"out: {', '.join(results)}"]
    return lines + _network_notes(notes)


def _network_notes(notes: object) -> list[str]:
    """Licence, data (a line per data set) and steps first, then the rest by name."""
    opened = _unpacked(notes)
    ordered = [*(key for key in FIRST_NOTES if key in opened), *sorted(opened.keys() - set(FIRST_NOTES))]
    lines = []
    for key in ordered:
        if key == "data" and isinstance(opened[key], Mapping):
            lines += _notes({f"trained on {name}": about for name, about in opened[key].items()})
        else:
            lines += _notes({key: opened[key]})
    return lines


def _unpacked(notes: object) -> dict[str, Any]:
    """Metadata strings, those that hold JSON objects opened."""
    opened: dict[str, Any] = {}
    for key, text in notes.items() if isinstance(notes, Mapping) else ():
        try:
            opened[key] = parse_object(text, key) if isinstance(text, str) else text
        except InputError:
            opened[key] = text
    return opened


def _notes(meta: Mapping[str, Any]) -> list[str]:
    """A line per entry; an entry that is an object itself stays on one line."""
    lines = [" ".join(f"{key}: {_inline(value)}".split()) for key, value in meta.items() if value != {}]
    return [line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…" for line in lines]


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_inline(item)}" for key, item in value.items() if item != {})
    return str(value)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _span(times: TimeArray) -> str:
    if not len(times):
        return "no time"
    if len(times) == 1:
        return f"at {times[0]:.2f} s"
    rate_hz = 1 / usual_step_s(times)
    return f"{times[0]:.2f}–{times[-1]:.2f} s, usually {rate_hz:.4g} per second"


def _presence(
    people: list[int], times: TimeArray, present: BoolArray, measured: BoolArray | None = None
) -> list[str]:
    """When each person is there, and at how many of these times a 2D pose was measured."""
    lines = []
    for row, person in enumerate(people):
        there = present[row]
        if not there.any():
            lines.append(f"person {person}: never in view")
            continue
        first, last = times[there][[0, -1]]
        share = "" if measured is None else f", {int(measured[row].sum())} of them measured"
        lines.append(f"person {person}: {first:.2f}–{last:.2f} s, {int(there.sum())} poses{share}")
    return lines
