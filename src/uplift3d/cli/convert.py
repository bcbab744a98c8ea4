"""`uplift3d convert`: a motion from one file format to another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import add_outputs, text_parser
from uplift3d.export import check_output, load_motion, save_motion

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """reads:   .npz .json .csv .parquet
writes:  the same, and .html .png to look at

A .csv keeps no meta (how the motion was made) and rounds to micrometres; all else is exact.

example:
  uplift3d convert walk.npz -o walk.csv -o walk.html"""


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
    return parser


def run(args: argparse.Namespace) -> None:
    """Read once, write every output."""
    for output in args.outputs:
        check_output(output)
    motion = load_motion(args.motion)
    for output in args.outputs:
        print(save_motion(output, motion))
