"""`uplift3d train`: train a lifting network, or say how good one is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import text_parser
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift3d.cli.options import Subparsers
    from uplift3d.train.validate import Errors

DESCRIPTION = """Train a lifting network on a motion store or a data set, as a configuration file says.
Started again with the same output folder, it goes on where it stopped, also after a kill."""

WINDOWS = 2048

EPILOG = """writes into the run's folder: model.safetensors and its ONNX graphs (with `stage: refinement` also
refinement.safetensors), metrics.csv, TensorBoard logs, and the checkpoints it goes on from

examples:
  uplift3d train configs/small.yaml --store motions.store
  uplift3d train h36m-uu-351 --store data/h36m
  uplift3d train --validate base --store motions.store"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers, "train", help="train a lifting network", description=DESCRIPTION, epilog=EPILOG
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "config",
        metavar="CONFIG.yaml",
        nargs="?",
        help="configuration of the run: a YAML file, or the name of a published recipe",
    )
    what.add_argument(
        "--validate",
        metavar="MODEL",
        help="no training: errors of this network (name or file) on the store's held-out motion",
    )
    parser.add_argument("--store", metavar="DIR", help="motion store, in place of the configuration's")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder of the run, in place of the configuration's"
    )
    parser.add_argument(
        "--steps", metavar="N", help="optimiser steps of the whole run, in place of the configuration's"
    )
    parser.add_argument(
        "--windows",
        type=int,
        metavar="N",
        help="windows per stride and data set for --validate, rounded up to multiples of 64 "
        f"(default: {WINDOWS})",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what the parsed `args` ask; the exit code."""
    _check(args)
    try:
        import lightning  # noqa: F401
    except ImportError as error:
        raise InputError(f"training needs more packages: pip install 'uplift3d[train]'; {error}") from None
    return _train(args) if args.validate is None else _validate(args)


def _check(args: argparse.Namespace) -> None:
    """Refuse options that the other use of the command has."""
    validating = args.validate is not None
    for option in ("output", "steps") if validating else ("windows",):
        if getattr(args, option) is not None:
            use = "a training run" if validating else "--validate"
            raise InputError(f"--{option} is for {use} only")
    if validating and args.store is None:
        raise InputError("--validate needs --store, a motion store with held-out motion")
    if args.windows is not None and args.windows < 1:
        raise InputError(f"--windows {args.windows} given, a whole number above 0 needed")


def _train(args: argparse.Namespace) -> int:
    from uplift3d.train.config import load_config
    from uplift3d.train.run import train

    config = load_config(args.config, store=args.store, output=args.output, steps=args.steps)
    print(train(config, progress=True))
    return 0


def _validate(args: argparse.Namespace) -> int:
    from rich.console import Console

    from uplift3d.train.validate import validate

    with Console(stderr=True).status("validating (a minute or two) …"):
        report = validate(args.validate, Path(args.store), windows=args.windows or WINDOWS)
    _print_table(report)
    return 0


def _print_table(report: Mapping[str, Mapping[int, Errors]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Held-out motion with 2D noise: errors in mm")
    for name in ("data set or kind", "stride", "MPJPE", "P-MPJPE", "N-MPJPE", "poses"):
        table.add_column(name, justify="left" if name == "data set or kind" else "right", no_wrap=True)
    for dataset, by_stride in report.items():
        for stride, errors in by_stride.items():
            numbers = (f"{value:.1f}" for value in (errors.mpjpe, errors.p_mpjpe, errors.n_mpjpe))
            table.add_row(dataset, str(stride), *numbers, str(errors.poses))
    Console(width=max(Console().width, Console(width=1000).measure(table).maximum)).print(table)
