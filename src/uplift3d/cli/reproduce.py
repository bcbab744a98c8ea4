"""`uplift3d reproduce`: the paper's tables and figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import text_parser
from uplift3d.cli.values import whole_number
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.reproduce.scales import Scale
    from uplift3d.reproduce.sources import Source

SCALES = ("tiny", "small", "medium", "full")
WHAT = (
    "table-1",
    "table-2",
    "table-3",
    "table-4",
    "rivals",
    "figure-1",
    "figure-2",
    "figure-3",
    "figure-4",
    "figure-5",
)

DESCRIPTION = """Train what a table or figure needs, measure it, and write the page: Markdown, CSV and PNG.
Started again with the same output folder, it goes on where it stopped, also after a kill.

  table-1   single- against multi-stride training, deferred attention   figure-1  attention maps
  table-2   within-batch augmentation, pre-training                     figure-2  examples beside rivals
  table-3   without one component                                       figure-3  error over velocity
  table-4   arithmetic, speed, error                                    figure-4  error over time
  rivals    other systems at a 2D pose every 0.4 s                      figure-5  more examples

scales: tiny proves that everything works (a minute per network on a CPU core), small is what a CPU core
learns in a few minutes per network, medium in an hour or two; full has the published sizes and steps (days
per network on a GPU; on Human3.6M and AMASS it follows the published recipes)."""

EPILOG = """examples:
  uplift3d reproduce table-1 --dataset open-mocap --store motions.store --scale tiny -o results/open-mocap
  uplift3d reproduce all --dataset open-mocap --store motions.store --scale small --seeds 0,1,2 -o out
  uplift3d reproduce all --dataset h36m --data h36m/ --amass amass.store --scale full -o results/h36m"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "reproduce",
        help="the paper's tables and figures from one command",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("what", nargs="+", choices=[*WHAT, "all"], metavar="WHAT", help="see above; or all")
    parser.add_argument(
        "--dataset", choices=("open-mocap", "h36m"), required=True, help="data to train and measure on"
    )
    parser.add_argument(
        "--data",
        "--store",
        type=Path,
        required=True,
        metavar="DIR",
        help="open-mocap: the motion store; h36m: the folder with the two .npz files",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the pages"
    )
    parser.add_argument("--scale", choices=SCALES, default="small", help="how large (default: small)")
    parser.add_argument(
        "--seeds", type=_seeds, default=(0,), metavar="N,N,…", help="seeds of the runs (default: 0)"
    )
    parser.add_argument(
        "--steps", type=whole_number, metavar="N", help="optimiser steps, in place of the scale's"
    )
    parser.add_argument(
        "--threads", type=whole_number, metavar="N", help="CPU threads (default: torch's choice)"
    )
    published = parser.add_argument_group("for h36m")
    published.add_argument(
        "--detections",
        metavar="NAME",
        help="which 2D file: cpn_ft_h36m_dbb (default, the paper's), gt, …, or a file's name",
    )
    published.add_argument(
        "--amass",
        type=Path,
        metavar="STORE",
        help="motion store of AMASS to pre-train on (table-2, table-4, figures 3 to 5); without it they show "
        "networks without pre-training",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Do what the parsed `args` ask."""
    try:
        import lightning  # noqa: F401
        import torch
    except ImportError as error:
        raise InputError(f"this needs more packages: pip install 'uplift3d[train]'; {error}") from None
    from uplift3d.reproduce.run import reproduce
    from uplift3d.reproduce.scales import scale_named

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    scale = scale_named(args.scale, args.steps)
    source = _source(args, scale)
    pages = reproduce(
        WHAT if "all" in args.what else tuple(dict.fromkeys(args.what)),
        source,
        scale,
        args.output,
        seeds=args.seeds,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )
    for page in pages:
        print(page)


def _source(args: argparse.Namespace, scale: Scale) -> Source:
    from uplift3d.reproduce.human36m import DETECTIONS, Human36M
    from uplift3d.reproduce.sources import OpenMocap

    if args.dataset == "h36m":
        return Human36M(args.data, scale, args.detections or DETECTIONS, args.amass)
    for option in ("detections", "amass"):
        if getattr(args, option) is not None:
            raise InputError(f"--{option} is for --dataset h36m, not {args.dataset}")
    return OpenMocap(args.data, scale)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        seeds = (-1,)
    if min(seeds) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: whole numbers from 0, such as 0,1,2")
    return seeds
