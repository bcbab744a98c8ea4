"""`uplift3d lift`: videos, image folders or 2D key-frames to 3D motion files."""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uplift3d.cli.inputs import Job, Naming, chosen_suffixes, expand, local, plan
from uplift3d.cli.jobs import Summary, add_message_options, add_output_options, run_jobs
from uplift3d.cli.motions import explain
from uplift3d.cli.options import (
    VIDEO_KEY_INTERVAL_S,
    add_keypoint_options,
    add_lifting_options,
    add_part_options,
    check_image_rate,
    chosen_detector,
    chosen_interval,
    lifter_options,
    text_parser,
)
from uplift3d.cli.output_options import (
    add_axes,
    add_skeleton,
    add_split,
    add_tables,
    add_video,
    axes_of,
    check_axes_option,
    check_outputs,
    check_split,
    check_tables,
    check_video,
    is_split,
    skeleton_of,
    write_tables,
)
from uplift3d.cli.values import rate
from uplift3d.errors import InputError
from uplift3d.export import files_of, save_motion, written_before

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.types import Motion3D

DESCRIPTION = """Lift the people in a video, an image folder or a file of 2D key-frames to 3D motion.

A 2D detector looks for people in a frame every --key-interval seconds, and a network fills in the rest: the
result has a pose for every frame of the video. Positions are metres from each person's pelvis, in the axes of
the camera: x right, y down, z away; with --axes world z is up. `uplift3d view` plays a result, `uplift3d
info` tells what is in it."""

EPILOG = """output files, by suffix:
  .npz .json .csv .parquet   the motion, to compute with
  .bvh .glb .usd             bones for Blender, Unity, robots (--skeleton); .bvh: a file of each person
  .trc .mot                  markers and joint angles for OpenSim, a file of each person
  .c3d                       markers for biomechanics programs, everybody in one
  .jsonl                     a line for every moment, as `uplift3d stream` writes them
  .html .png                 a page that plays it, a picture of it
  .mp4                       the video with it drawn in, from the side and from above beside it

2D key-frames, told by content:
  what `uplift3d detect` writes; COCO, OpenPose (a folder), AlphaPose, MMPose and MediaPipe .json; Sports2D
  and Pose2Sim .trc in pixels; DeepLabCut .csv and .h5; SLEAP .h5; VideoPose3D custom .npz; numpy .npy

examples:
  uplift3d lift walk.mp4
  uplift3d lift walk.mp4 -o walk.npz -o walk.html
  uplift3d lift walk.mp4 -o walk.csv --key-interval 0.1 --start 1:05 --end 1:20
  uplift3d lift walk.mp4 -o walk.bvh --skeleton lafan1 --output-rate 30
  uplift3d lift dance.mp4 -o dance.npz --looks-per-second 4
  uplift3d lift walk-keys.npz -o walk.json --output-rate 50
  uplift3d lift openpose-json/ -o walk.npz --fps 29.97 --image-size 1920x1080
  uplift3d lift walk.mp4 -o walk.npz -o walk-3d.mp4
many at once:
  uplift3d lift clips/*.mp4 -o results/ --format npz,html --skip-existing
  uplift3d lift clips/ -o 'results/{name}-3d.bvh' --dry-run"""

BESIDE = "{name}-3d.npz"
WORTH_SAYING_S = 0.5
"""Files are written in less, videos are not."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "lift",
        help="video, image folder or 2D keypoints to 3D motion",
        usage="uplift3d lift [options] INPUT [INPUT ...] [-o OUT]",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=local,
        metavar="INPUT",
        help="video, folder of images or of videos, file of 2D key-frames, or a pattern like 'clips/*.mp4'",
    )
    add_output_options(parser, "the 3D motion", f"{BESIDE} beside the input", formats="npz")
    result = parser.add_argument_group("what is in the result")
    add_part_options(result)
    result.add_argument(
        "--output-rate",
        type=rate,
        metavar="HZ",
        help="poses per second (default: one for every frame of the video)",
    )
    add_skeleton(result)
    add_split(result)
    add_axes(result)
    add_video(result)
    add_tables(result)
    add_lifting_options(parser)
    add_keypoint_options(parser)
    add_message_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Lift every input; a bad one among several is named and the others go on."""
    inputs = expand(args.inputs)
    naming = Naming(BESIDE, "{name}", chosen_suffixes(args.format, args.outputs, len(inputs)))
    jobs = plan(inputs, args.outputs, naming)
    check_tables(args, jobs)

    def check(job: Job) -> None:
        check_outputs(job.outputs, args.skeleton)
        check_split(job.outputs, args.split)
        check_axes_option(job.outputs, args.axes)
        check_video(job.outputs, job.source, args.video)

    return run_jobs(jobs, args, lambda job: _do(job, args), check, written_before)


def lift_any(source: Path, args: argparse.Namespace, progress: bool) -> Motion3D:
    """Lift a video, an image folder or a file of 2D key-frames as the shared options say."""
    from uplift3d.detect.files import is_keypoint_file

    is_2d = is_keypoint_file(source)
    try:
        motion = _lift_keypoints(source, args) if is_2d else _lift_video(source, args, progress)
    except InputError as error:
        raise explain(source, error, wants="2D") from error
    if args.person is None:
        return motion
    try:
        return motion.select(args.person)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def _lift_video(source: Path, args: argparse.Namespace, progress: bool) -> Motion3D:
    from uplift3d import pipeline

    _refuse(args, ("fps", "image_size", "joints"), f"is for 2D files, but {source} is none")
    check_image_rate(source, args.image_rate)
    return pipeline.lift_video(
        source,
        chosen_detector(args),
        args.model,
        chosen_interval(args, VIDEO_KEY_INTERVAL_S),
        args.runtime,
        progress,
        people=args.people or "all",
        image_rate_hz=args.image_rate,
        start_s=args.start,
        end_s=args.end,
        focal_px=args.focal_px,
        **lifter_options(args),
    )


def _lift_keypoints(source: Path, args: argparse.Namespace) -> Motion3D:
    from uplift3d import detect, pipeline

    keypoints = detect.load_keypoints(
        source, frame_rate_hz=args.fps, image_size=args.image_size, joints=args.joints
    )
    only = ("people", "image_rate", "detector", "weights")
    _refuse(args, only, f"is for videos and image folders, but {source} is a 2D file")
    if args.start is not None or args.end is not None:
        keypoints = keypoints.between(args.start, args.end)
    motion = pipeline.lift_keypoints(
        keypoints,
        args.model,
        chosen_interval(args, None),
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

    from uplift3d.post import check_method, resample
    from uplift3d.types.checks import MAX_POSES

    if len(motion) == 0:
        return motion
    count = int((motion.times[-1] - motion.times[0]) * rate_hz + 1e-6) + 1
    if count * len(motion.people) > MAX_POSES:
        raise InputError(
            f"--output-rate {rate_hz:g} makes {count} poses of {len(motion.people)} people; accepted are up "
            f"to {MAX_POSES} altogether"
        )
    return resample(motion, motion.times[0] + np.arange(count) / rate_hz, check_method(interpolation))


def describe_run(motion: Motion3D, write_s: float) -> str:
    """What was lifted from how much, and how long it took, in two lines."""
    from uplift3d.view.stage import duration_s, poses_in_words

    people = len(motion.people)
    who = "1 person" if people == 1 else f"{people} people"
    seconds = duration_s(motion.times)
    line = f"{who}, {seconds:.2f} s: {poses_in_words(motion)}"
    timings = dict(motion.meta.get("timings_s", {}))
    if "key_frames" in motion.meta:
        line += f" from {motion.meta['key_frames']} key-frames"
    labels = {"detect": "2D detection", "lift": "lifting", "write": "writing"}
    timings |= {"write": write_s} if write_s >= WORTH_SAYING_S else {}
    spent = sum(timings.values())
    parts = [f"{label} {timings[key]:.2f} s" for key, label in labels.items() if key in timings]
    if spent > 0 and seconds > 0:
        parts.append(f"{seconds / spent:.1f} × real time")
    return f"{line}\n  {', '.join(parts)}" if parts else line


def record_of(motion: Motion3D, write_s: float) -> dict[str, Any]:
    """What a program wants to know of a motion that was lifted."""
    from uplift3d.view.stage import duration_s

    seconds = duration_s(motion.times)
    return {
        "people": motion.people.tolist(),
        "moments": len(motion),
        "poses": int(motion.present.sum()),
        "duration_s": round(seconds, 3) if math.isfinite(seconds) else None,
        "key_frames": motion.meta.get("key_frames"),
        "model": motion.meta.get("model"),
        "timings_s": {**motion.meta.get("timings_s", {}), "write": round(write_s, 3)},
    }


def _do(job: Job, args: argparse.Namespace) -> Summary:
    from uplift3d.cli.info import describe_motion

    motion = lift_any(job.source, args, progress=not args.quiet)
    if args.output_rate is not None:
        motion = at_rate(motion, args.output_rate, motion.meta["arguments"]["interpolation"])
    started = time.perf_counter()
    write_tables(args, motion)
    written: list[Path] = []
    for output in job.outputs:
        skeleton = skeleton_of(output, args.skeleton)
        split = is_split(output, args.split)
        axes = axes_of(output, args.axes)
        save_motion(
            output, motion, skeleton, split=split, axes=axes, video=args.video, progress=not args.quiet
        )
        written += files_of(output, motion, split)
    write_s = time.perf_counter() - started
    text = f"{', '.join(map(str, written))}: {describe_run(motion, write_s)}"
    record = {"outputs": [str(path) for path in written], **record_of(motion, write_s)}
    return Summary(text, record, describe_motion(motion)[1:] if args.verbose else ())
