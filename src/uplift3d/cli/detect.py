"""`uplift3d detect`: videos or image folders to 2D key-frames."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from uplift3d.cli.inputs import Job, Naming, expand, local, plan
from uplift3d.cli.jobs import Summary, add_message_options, add_output_options, run_jobs
from uplift3d.cli.options import (
    KEY_INTERVAL_HELP,
    VIDEO_KEY_INTERVAL_S,
    add_detector_options,
    add_part_options,
    add_video_options,
    check_image_rate,
    chosen_detector,
    text_parser,
)
from uplift3d.cli.values import seconds_or_all

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.types import Keypoints2D

DESCRIPTION = """Find the people in a video's key-frames and write their 2D joints in pixels, a track of each.

`uplift3d lift` makes 3D motion of the result: so detection, the slow part, is done once."""

EPILOG = """A track is NaN with confidence 0 where its person is not seen. Somebody who comes back after more
than 1.5 s keeps the number if clothes and size are alike. Tracks of a few unsure sightings are left out
as noise.

examples:
  uplift3d detect walk.mp4 -o walk-keys.npz
  uplift3d detect walk.mp4 -o walk-keys.npz --key-interval 0.1 --people largest
  uplift3d detect walk.mp4 -o walk-keys.npz -o walk-coco.json
  uplift3d detect frames/ -o keys.npz --image-rate 25
  uplift3d detect clips/*.mp4 -o keys/ --skip-existing
  uplift3d detect walk.mp4 -o keys.npz --detector cpn --weights CPN50_384x288.pth.tar
then:
  uplift3d lift walk-keys.npz -o walk.npz"""

BESIDE = "{name}-keys.npz"


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "detect",
        help="video or image folder to 2D key-frames",
        usage="uplift3d detect [options] VIDEO [VIDEO ...] [-o KEYS.npz]",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=local,
        metavar="VIDEO",
        help="video, folder of images or of videos, or a pattern such as 'clips/*.mp4'",
    )
    add_output_options(
        parser,
        "the 2D key-frames (.npz, or .json: COCO keypoints, without depth)",
        f"{BESIDE} beside the video",
    )
    group = parser.add_argument_group("2D detection")
    group.add_argument(
        "--key-interval",
        type=seconds_or_all,
        default=VIDEO_KEY_INTERVAL_S,
        metavar="SECONDS",
        help=f"{KEY_INTERVAL_HELP} (default: {VIDEO_KEY_INTERVAL_S:g})",
    )
    add_part_options(group, person=False)
    add_detector_options(group)
    add_video_options(group)
    add_message_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Detect, write, and say what was found."""
    from uplift3d.detect.files import SUFFIXES
    from uplift3d.files import check_writable

    jobs = plan(expand(args.inputs), args.outputs, Naming(BESIDE, "{name}-keys", ["npz"]))

    def check(job: Job) -> None:
        for output in job.outputs:
            check_writable(output, SUFFIXES)

    return run_jobs(jobs, args, lambda job: _do(job, args), check)


def _do(job: Job, args: argparse.Namespace) -> Summary:
    from uplift3d import detect
    from uplift3d.video import open_video, regular_key_frames

    check_image_rate(job.source, args.image_rate)
    with open_video(job.source, args.image_rate, args.start, args.end) as video:
        keypoints = detect.run(
            video,
            regular_key_frames(video.times, args.key_interval),
            chosen_detector(args),
            people=args.people or "all",
            progress=not args.quiet,
        )
        duration_s = float(video.times[-1] - video.times[0])
    for output in job.outputs:
        detect.save_keypoints(output, keypoints)
    record = {
        "people": keypoints.people.tolist(),
        "key_frames": len(keypoints),
        "duration_s": round(duration_s, 3),
        "detector": keypoints.meta["detector"],
        "timings_s": {"detect": keypoints.meta["seconds"]},
    }
    text = _summary(keypoints, duration_s, ", ".join(map(str, job.outputs)))
    return Summary(text, record, [f"{key}: {value}" for key, value in keypoints.meta.items()])


def _summary(keypoints: Keypoints2D, duration_s: float, output: str) -> str:
    seconds = keypoints.meta["seconds"]
    lines = [f"{output}: {len(keypoints)} key-frames of {duration_s:.2f} s of video in {seconds:.1f} s"]
    for person, seen in zip(keypoints.people, keypoints.observed, strict=True):
        times = keypoints.times[seen]
        lines.append(
            f"  person {person}: seen in {int(seen.sum())} key-frames, {times[0]:.2f}–{times[-1]:.2f} s"
        )
    return "\n".join(lines)
