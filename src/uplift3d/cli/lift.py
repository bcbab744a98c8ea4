"""`uplift3d lift`: videos, image folders or 2D key-frames to 3D motion files."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import (
    VIDEO_KEY_INTERVAL_S,
    add_angles,
    add_keypoint_options,
    add_lifting_options,
    add_outputs,
    add_skeleton,
    add_video,
    check_angles,
    check_outputs,
    check_video,
    chosen_detector,
    lifter_options,
    positive,
    skeleton_of,
    text_parser,
    write_angles,
)
from uplift3d.errors import InputError
from uplift3d.export import save_motion

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.types import Motion3D

DESCRIPTION = """Lift the people in a video, an image folder or a file of 2D key-frames to 3D motion.

The 2D detector looks at one frame every --key-interval seconds; the network fills in the rest. The result
has a pose for every frame of the video: metres, relative to each person's pelvis, x right, y down, z away,
in the axes of a camera that looks straight at the person; with --focal-px in those of the real camera."""

EPILOG = """output files, by suffix:
  .npz .json .csv .parquet   the motion, to compute with
  .bvh .glb                  bones for Blender, Unity, robots (--skeleton); .bvh: a file of each person
  .trc .mot                  markers and joint angles for OpenSim, a file of each person
  .c3d                       markers for biomechanics programs, everybody in one
  .html .png                 a page that plays it, a picture of it
  .mp4                       the video with it drawn in, from the side and from above beside it

2D key-frames, told by content:
  what `uplift3d detect` writes; COCO, OpenPose (a folder), AlphaPose, MMPose and MediaPipe .json; Sports2D
  and Pose2Sim .trc in pixels; DeepLabCut .csv and .h5; SLEAP .h5; VideoPose3D custom .npz; numpy .npy

examples:
  uplift3d lift walk.mp4 -o walk.npz -o walk.html
  uplift3d lift walk.mp4 -o walk.csv --key-interval 0.1
  uplift3d lift walk-keys.npz -o walk.json --output-rate 50
  uplift3d lift openpose-json/ -o walk.npz --fps 29.97 --image-size 1920x1080
  uplift3d lift walk.mp4 -o walk.bvh --skeleton lafan1 --output-rate 30
  uplift3d lift walk.mp4 -o walk.npz -o walk-3d.mp4
  uplift3d lift clips/*.mp4 -o results --format npz"""


@dataclass(frozen=True)
class Job:
    """One input and the files to make of it."""

    source: Path
    outputs: tuple[Path, ...]


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "lift",
        help="video, image folder or 2D keypoints to 3D motion",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="video, folder of images, or 2D key-frames"
    )
    add_outputs(
        parser,
        "file to write, may be repeated; a folder where there are several inputs",
        metavar="OUT",
        required=True,
    )
    parser.add_argument(
        "--format",
        default="npz",
        metavar="SUFFIX",
        help="suffix of the files in an output folder (default: npz)",
    )
    parser.add_argument(
        "--output-rate",
        type=positive,
        metavar="HZ",
        help="poses per second of the result (default: one for every frame of the video)",
    )
    add_skeleton(parser)
    add_video(parser)
    add_angles(parser)
    add_lifting_options(parser)
    add_keypoint_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar and no summary")
    return parser


def run(args: argparse.Namespace) -> int:
    """Lift every input; a bad one among several is named and the others go on."""
    jobs = plan(args.inputs, args.outputs, args.format, args.skeleton)
    for job in jobs:
        check_video(job.outputs, job.source, args.video)
    check_angles(args.angles)
    if args.angles is not None and len(jobs) > 1:
        raise InputError(f"--angles is one file, but there are {len(jobs)} inputs; lift one at a time")
    if len(jobs) == 1:
        _do(jobs[0], args)
        return 0
    codes = [0]
    for job in jobs:
        try:
            _do(job, args)
        except InputError as error:
            print(f"uplift3d: {error}", file=sys.stderr)
            codes.append(error.exit_code)
    return max(codes)


def plan(inputs: list[Path], outputs: list[Path], suffix: str, skeleton: str | None = None) -> list[Job]:
    """What becomes of every input; nothing is written, apart from the output folder.

    Raises:
        InputError: an output that cannot be written, or two inputs that would write the same file.
    """
    folder = outputs[0]
    if len(inputs) == 1 and not folder.is_dir():
        return [_checked(Job(inputs[0], tuple(outputs)), skeleton)]
    if len(outputs) > 1:
        raise InputError(f"{len(outputs)} outputs for {len(inputs)} inputs; give one folder with -o")
    if not folder.is_dir():
        _create_folder(folder)
    jobs = [Job(source, (folder / f"{source.stem}.{suffix.lstrip('.')}",)) for source in inputs]
    for path, count in Counter(job.outputs[0] for job in jobs).items():
        if count > 1:
            raise InputError(f"{count} inputs would be written to {path}; rename them or lift one at a time")
    return [_checked(job, skeleton) for job in jobs]


def lift_any(source: Path, args: argparse.Namespace, progress: bool) -> Motion3D:
    """Lift a video, an image folder or a file of 2D key-frames as the shared options say."""
    from uplift3d import detect, pipeline

    if not detect.files.is_keypoint_file(source):
        _refuse(args, ("fps", "image_size", "joints"), f"is for 2D files, but {source} is none")
        key_interval = getattr(args, "key_interval", VIDEO_KEY_INTERVAL_S)
        return pipeline.lift_video(
            source,
            chosen_detector(args),
            args.model,
            key_interval,
            args.runtime,
            progress,
            people=args.people or "all",
            image_rate_hz=args.image_rate,
            focal_px=args.focal_px,
            **lifter_options(args),
        )
    _refuse(args, ("people", "image_rate"), f"is for videos and image folders, but {source} is a 2D file")
    keypoints = detect.load_keypoints(
        source, frame_rate_hz=args.fps, image_size=args.image_size, joints=args.joints
    )
    motion = pipeline.lift_keypoints(
        keypoints,
        args.model,
        getattr(args, "key_interval", None),
        runtime=args.runtime,
        focal_px=args.focal_px,
        **lifter_options(args),
    )
    return replace(motion, meta={**motion.meta, "source": str(source)})


def _refuse(args: argparse.Namespace, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if getattr(args, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} {why}")


def at_rate(motion: Motion3D, rate_hz: float, interpolation: str) -> Motion3D:
    """The motion at evenly spaced times from its first to its last."""
    import numpy as np

    from uplift3d.lift.output_times import MAX_POSES
    from uplift3d.post import check_method, resample

    if len(motion) == 0:
        return motion
    count = int((motion.times[-1] - motion.times[0]) * rate_hz + 1e-6) + 1
    if count > MAX_POSES:
        raise InputError(f"--output-rate {rate_hz:g} makes {count} poses; accepted are up to {MAX_POSES}")
    return resample(motion, motion.times[0] + np.arange(count) / rate_hz, check_method(interpolation))


def describe_run(motion: Motion3D) -> str:
    """What was lifted from how much, and how long it took, in two lines."""
    from uplift3d.view.stage import duration_s

    people, poses = motion.positions.shape[:2]
    who = "1 person" if people == 1 else f"{people} people"
    seconds = duration_s(motion.times)
    line = f"{who}, {seconds:.2f} s: {poses} poses{'' if people == 1 else ' each'}"
    timings = dict(motion.meta.get("timings_s", {}))
    if "key_frames" in motion.meta:
        line += f" from {motion.meta['key_frames']} key-frames"
    spent = sum(timings.values())
    parts = [
        f"{label} {timings[key]:.2f} s"
        for key, label in (("detect", "2D detection"), ("lift", "lifting"))
        if key in timings
    ]
    if spent > 0 and seconds > 0:
        parts.append(f"{seconds / spent:.1f} × real time")
    return f"{line}\n  {', '.join(parts)}" if parts else line


def _checked(job: Job, skeleton: str | None) -> Job:
    check_outputs(job.outputs, skeleton)
    for output in job.outputs:
        if output.resolve() == job.source.resolve():
            raise InputError(f"{output} is the input; give the result another name")
    return job


def _do(job: Job, args: argparse.Namespace) -> None:
    motion = lift_any(job.source, args, progress=not args.quiet)
    if args.output_rate is not None:
        motion = at_rate(motion, args.output_rate, motion.meta["arguments"]["interpolation"])
    for output in job.outputs:
        skeleton = skeleton_of(output, args.skeleton)
        save_motion(output, motion, skeleton, video=args.video, progress=not args.quiet)
    write_angles(args.angles, motion)
    if not args.quiet:
        print(f"{', '.join(map(str, job.outputs))}: {describe_run(motion)}")


def _create_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"the output folder {folder} cannot be made: {error.strerror}") from error
