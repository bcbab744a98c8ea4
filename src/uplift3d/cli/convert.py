"""`uplift3d convert`: a motion from one file format to another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.lift import at_rate
from uplift3d.cli.options import (
    add_angles,
    add_outputs,
    add_skeleton,
    check_angles,
    check_outputs,
    positive,
    skeleton_of,
    text_parser,
    write_angles,
)
from uplift3d.errors import InputError
from uplift3d.export import load_motion, save_motion
from uplift3d.export.losses import losses

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """reads:   .npz .json .csv .parquet .bvh .glb .trc .c3d
writes:  the same, .mot (joint angles for OpenSim), and .html .png .mp4 to look at

A .csv keeps no meta (how the motion was made) and rounds to micrometres. A .bvh holds one person with bones
of constant length at one rate, on the ground and with y up; a .glb the same of everybody at their own times;
a .trc one person's joints at one rate, a .c3d everybody's. All else is exact.

examples:
  uplift3d convert walk.npz -o walk.csv -o walk.html
  uplift3d convert walk.npz -o walk.bvh --skeleton mixamo --fps 30
  uplift3d convert walk.npz -o walk.mot --angles walk-angles.csv"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "convert",
        help="3D motion from one file format to another",
        description="Write a 3D motion in another file format, chosen by the suffix.",
        epilog=EPILOG,
    )
    parser.add_argument("motion", type=Path, metavar="MOTION", help="3D motion file")
    add_outputs(parser, "file to write, may be repeated", metavar="OUT", required=True)
    parser.add_argument(
        "--fps",
        "--output-rate",
        dest="output_rate",
        type=positive,
        metavar="HZ",
        help="poses per second of the result (default: as they are; for .bvh and .trc, where they are "
        "uneven, one every median step)",
    )
    parser.add_argument(
        "--lossy",
        action="store_true",
        help="write also what would lose absences, uneven times or joints, which is refused otherwise",
    )
    add_skeleton(parser)
    add_angles(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Read once, write every output."""
    check_outputs(args.outputs, args.skeleton)
    check_angles(args.angles)
    motion = load_motion(args.motion)
    if args.output_rate is not None:
        motion = at_rate(motion, args.output_rate, "smooth")
    if not args.lossy:
        for output in args.outputs:
            if lost := losses(output, motion):
                raise InputError(f"{output} would lose {' and '.join(lost)}; --lossy writes it all the same")
    for output in args.outputs:
        print(save_motion(output, motion, skeleton_of(output, args.skeleton)))
    write_angles(args.angles, motion)
