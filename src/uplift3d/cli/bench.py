"""`uplift3d bench`: what networks cost."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from uplift3d.cli.options import text_parser
from uplift3d.cli.output_options import add_outputs
from uplift3d.cli.tables import print_table
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

FLOPS_DESCRIPTION = """Count the arithmetic of networks at all strides: parameters, and million multiply-adds
per window, per output pose and per frame of 50 Hz video, without and with the CPN 2D detector on the
key-frames. A FLOP count as papers give it is twice that. docs/cost.md explains the ways of use.

models: ours and the rivals at their published sizes, such as uu-351, base-351, small, poseformer-81"""

FLOPS_EPILOG = """examples:
  uplift3d bench flops
  uplift3d bench flops uu-351 uu-81 -o cost.md -o cost.csv"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "bench",
        help="arithmetic of the networks",
        description="Count what networks cost.",
        epilog="example:\n  uplift3d bench flops",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="flops", title="commands")
    flops = text_parser(
        actions,
        "flops",
        help="multiply-adds per window, output pose and frame of video",
        description=FLOPS_DESCRIPTION,
        epilog=FLOPS_EPILOG,
    )
    flops.add_argument("models", nargs="*", metavar="MODEL", help="which to count (default: all)")
    add_outputs(flops, "table to write, .md or .csv; may be repeated")
    return parser


def run(args: argparse.Namespace) -> None:
    """Count, print the table, write it to files."""
    from uplift3d.files import atomic_write, check_writable

    for path in args.outputs:
        check_writable(path, (".md", ".csv"))
    try:
        import torch  # noqa: F401
    except ImportError:
        raise InputError("counting needs torch: pip install 'uplift3d[train]'") from None
    from uplift3d.evaluate.flops import as_csv, as_table, costs, cpn_cost

    rows, detection = costs(args.models or None), cpn_cost()
    table = as_table(rows, detection)
    for path in args.outputs:
        csv = path.suffix.lower() == ".csv"
        text = as_csv(rows, detection) if csv else f"{table.title}\n\n{table.markdown()}\n"
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print_table(table, text_columns=2)
