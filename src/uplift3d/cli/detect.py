"""`uplift3d detect`: video or image folder to 2D key-frames."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from uplift3d.cli.options import (
    KEY_INTERVAL_HELP,
    VIDEO_KEY_INTERVAL_S,
    add_detector_options,
    add_video_options,
    chosen_detector,
    seconds_or_all,
)

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.types import Keypoints2D

EPILOG = """examples:
  uplift3d detect walk.mp4 -o walk-keys.npz
  uplift3d detect walk.mp4 -o walk-keys.npz --key-interval 0.1 --people largest
  uplift3d detect frames/ -o keys.npz --image-rate 25
  uplift3d detect walk.mp4 -o keys.npz --detector cpn --weights CPN50_384x288.pth.tar
then:
  uplift3d lift walk-keys.npz -o walk.npz

Every person is one track, NaN with confidence 0 where not seen. Somebody who comes back after more than 1.5 s
is a new person. Tracks of a few unsure sightings are left out as noise."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = subparsers.add_parser(
        "detect",
        help="video or image folder to 2D key-frames",
        description="Find the people in a video's key-frames and write their 2D joints, a track per person.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("video", metavar="VIDEO", help="video file, or folder of images")
    parser.add_argument("-o", "--output", required=True, metavar="KEYS.npz", help="file to write")
    parser.add_argument(
        "--key-interval",
        type=seconds_or_all,
        default=VIDEO_KEY_INTERVAL_S,
        metavar="SECONDS",
        help=f"{KEY_INTERVAL_HELP} (default: {VIDEO_KEY_INTERVAL_S:g})",
    )
    add_detector_options(parser)
    add_video_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar and no summary")
    return parser


def run(args: argparse.Namespace) -> int:
    """Detect, write, and say what was found."""
    from uplift3d import detect
    from uplift3d.files import check_writable
    from uplift3d.video import open_video, regular_key_frames

    check_writable(args.output, detect.files.SUFFIXES)
    with open_video(args.video, args.image_rate) as video:
        keypoints = detect.run(
            video,
            regular_key_frames(video.times, args.key_interval),
            chosen_detector(args),
            people=args.people or "all",
            progress=not args.quiet,
        )
        duration_s = float(video.times[-1])
    detect.save_keypoints(args.output, keypoints)
    if not args.quiet:
        print(_summary(keypoints, duration_s, args.output))
    return 0


def _summary(keypoints: Keypoints2D, duration_s: float, output: str) -> str:
    seconds = keypoints.meta["seconds"]
    lines = [f"{output}: {len(keypoints)} key-frames of {duration_s:.2f} s of video in {seconds:.1f} s"]
    for person, seen in zip(keypoints.people, keypoints.observed, strict=True):
        times = keypoints.times[seen]
        lines.append(
            f"  person {person}: seen in {int(seen.sum())} key-frames, {times[0]:.2f}–{times[-1]:.2f} s"
        )
    return "\n".join(lines)
