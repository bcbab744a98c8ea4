"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin

from uplift3d.cli.values import (
    interval,
    moment,
    people,
    positive,
    rate,
    track_ids,
    whole_number,
    width_and_height,
)
from uplift3d.errors import InputError
from uplift3d.options import AFTERWARDS, DECLARED, LIFTING, TYPES, Option, plain_type

if TYPE_CHECKING:
    from uplift3d.detect import Detector
    from uplift3d.lift.adaptive import KeyInterval
    from uplift3d.options import LifterOptions

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Holder = argparse.ArgumentParser | argparse._ArgumentGroup
"""What options can be added to."""

VIDEO_KEY_INTERVAL_S = 0.4
KEY_INTERVAL_HELP = "look for people in a frame every so many seconds, or in 'all' frames"


def add_part_options(parser: Holder, person: bool = True) -> None:
    """What part is wanted: `args.start`, `args.end` in seconds, and `args.person`, track ids."""
    parser.add_argument(
        "--start", type=moment, metavar="TIME", help="begin there: seconds, or minutes:seconds (default: 0)"
    )
    parser.add_argument(
        "--end",
        type=moment,
        metavar="TIME",
        help="stop there: seconds, or minutes:seconds (default: the end)",
    )
    if person:
        parser.add_argument(
            "--person",
            type=track_ids,
            metavar="N,…",
            help="only these people, by the numbers that `uplift3d info` shows (default: everybody)",
        )


def add_lifting_options(parser: argparse.ArgumentParser) -> None:
    """The options of detection and lifting; without --key-interval `args` has no `key_interval`."""
    looks = parser.add_argument_group("2D detection")
    looks.add_argument(
        "--key-interval",
        type=interval,
        default=argparse.SUPPRESS,
        metavar="SECONDS",
        help=f"{KEY_INTERVAL_HELP}, or 'adaptive': more often where that pays; the networks are trained for "
        f"0.1, 0.2 and 0.4 (default: {VIDEO_KEY_INTERVAL_S:g} for a video, all of a 2D file)",
    )
    looks.add_argument(
        "--looks-per-second",
        type=positive,
        metavar="N",
        help="so many looks of the 2D detector a second on average, spent where they help most, in place of "
        "--key-interval",
    )
    add_detector_options(looks)
    add_video_options(looks)
    add_lifter_options(parser)


def add_lifter_options(parser: argparse.ArgumentParser, stream: bool = False) -> None:
    """The network, the camera, and the options of `lifter.Lifter` as `uplift3d.options` declares them; for a
    stream those that it can have."""
    groups = {name: parser.add_argument_group(name) for name in (LIFTING, AFTERWARDS)}
    groups[LIFTING].add_argument(
        "--model",
        default="base",
        metavar="NAME|PATH",
        help="network that makes 3D of 2D: base, base-free (for any use, also commercial) or a file "
        "(default: base)",
    )
    groups[LIFTING].add_argument(
        "--runtime",
        choices=["onnx", "torch"],
        default="onnx",
        help="what runs the network; torch needs the train extra (default: onnx)",
    )
    groups[LIFTING].add_argument(
        "--focal-px",
        type=positive,
        metavar="PIXELS",
        help="focal length of the camera, which sets distances (default: as the camera noted it in the file, "
        "else 0.85 of the image's longer side)",
    )
    for name, option in DECLARED.items():
        if stream and not option.streams:
            continue
        default = "" if option.default is None or TYPES[name] is bool else f" (default: {option.default})"
        groups[option.group].add_argument(
            option.off or option.flag or f"--{name.replace('_', '-')}",
            dest=name,
            default=option.default,
            help=option.help + default,
            **_reading(TYPES[name], option),
        )


def _reading(of: Any, option: Option) -> dict[str, Any]:
    """How argparse reads a value of this type."""
    if option.off is not None:
        return {"action": "store_false"}
    if of is bool:
        return {"action": argparse.BooleanOptionalAction}
    plain = plain_type(of)
    if get_origin(plain) is Literal:
        return {"choices": get_args(plain)}
    return {"type": positive if plain is float else whole_number, "metavar": option.metavar}


def add_video_options(parser: Holder) -> None:
    """What detection wants to know of a video besides its key-frames."""
    parser.add_argument(
        "--people",
        type=people,
        metavar="all|largest|N",
        help="whom to look for: everybody, the one who is largest in the image, or the N largest, which is "
        "faster where there are more (default: all)",
    )
    parser.add_argument(
        "--image-rate",
        type=rate,
        metavar="HZ",
        help="images per second, for a folder of images (default: 30)",
    )


def check_image_rate(source: Path, image_rate_hz: float | None) -> None:
    """InputError for --image-rate with a video, which has times of its own."""
    if image_rate_hz is not None and source.is_file():
        raise InputError(f"--image-rate is for a folder of images, but {source} is a video")


def add_keypoint_options(parser: argparse.ArgumentParser) -> None:
    """What a 2D file of another program may not say itself: `args.fps`, `args.image_size`, `args.joints`."""
    group = parser.add_argument_group("2D files of other programs")
    group.add_argument(
        "--fps",
        type=rate,
        metavar="HZ",
        help="frames per second of the video, for 2D files that carry no times",
    )
    group.add_argument(
        "--image-size",
        type=width_and_height,
        metavar="WxH",
        help="size of the video in pixels (1920x1080), for 2D files that do not carry it",
    )
    group.add_argument(
        "--joints",
        metavar="NAME|LIST",
        help="what the points of a 2D file are, where it does not say: a joint set (coco17, halpe26 …) or "
        "the names of joints in the file's order, separated by commas, with - for a point that is none",
    )


def add_detector_options(parser: Holder) -> None:
    """Which 2D detector is run on videos."""
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help="what finds people and joints in images: blazepose, blazepose-full (faster, less exact), "
        "rtmpose (with feet), rtmo or rtmw (these three are downloaded, and need the rtmpose extra), or cpn "
        "(needs --weights and torch; looks at the people whom blazepose finds) (default: blazepose)",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="the 2D detector's network: for cpn its file; for rtmpose, rtmo and rtmw .onnx files that are "
        "here instead of downloads (BOXES.onnx,JOINTS.onnx or JOINTS.onnx)",
    )


def chosen_detector(args: argparse.Namespace) -> str | Detector:
    """What `add_detector_options` collected: a detector's name, or the detector if it has weights to load."""
    name = args.detector or "blazepose"
    if args.weights is None:
        return str(name)
    from uplift3d.detect import create_detector

    return create_detector(name, args.weights)


def lifter_options(args: argparse.Namespace) -> LifterOptions:
    """What `add_lifter_options` collected."""
    return cast("LifterOptions", {name: getattr(args, name) for name in DECLARED if hasattr(args, name)})


def chosen_interval(args: argparse.Namespace, default: KeyInterval) -> KeyInterval:
    """What --key-interval and --looks-per-second say together."""
    if args.looks_per_second is None:
        chosen: KeyInterval = getattr(args, "key_interval", default)
        return chosen
    if getattr(args, "key_interval", "adaptive") != "adaptive":
        raise InputError("--looks-per-second says how many looks there are, and so does --key-interval")
    from uplift3d.lift.adaptive import Adaptive

    return Adaptive(args.looks_per_second)


def text_parser(subparsers: Any, name: str, **texts: str) -> argparse.ArgumentParser:
    """A sub-parser, with its usage on one line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, **texts)
    return parser
