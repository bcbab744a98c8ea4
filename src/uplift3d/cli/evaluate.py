"""`uplift3d evaluate`: errors of a network on a data set, in the protocols of the publication."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from uplift3d.cli.options import text_parser
from uplift3d.cli.output_options import add_outputs
from uplift3d.cli.tables import print_table
from uplift3d.cli.values import positive, whole_number
from uplift3d.data.mpi_inf_3dhp import TEST_RATE_HZ, GroundTruth
from uplift3d.errors import InputError
from uplift3d.evaluate.report import Report, check_report_path, save_report

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.data.videos import LabelledVideo
    from uplift3d.evaluate.open_mocap import Grouping
    from uplift3d.model.network import Network

GROUPINGS: dict[str, Grouping] = {"dataset": "data set", "kind": "motion kind"}
DATASETS = ("h36m", "mpi-inf-3dhp", "open-mocap")
MAX_STRIDE = 10_000
"""Frames; of a clip that is shorter only the first one would be a key-frame."""
PIECES = 100
"""Of open-mocap by default; a minute or two with the shipped weights at three strides."""

DESCRIPTION = """Measure a network on a data set: both protocols of the publication (all frames, key frames),
mean over frames and mean over actions side by side.

data sets (docs/datasets says where to get the files and how to place them):
  h36m          DIR holds data_3d_h36m.npz and data_2d_h36m_NAME.npz
  mpi-inf-3dhp  DIR holds data_test_3dhp.npz, or TS1/annot_data.mat … TS6
  open-mocap    DIR is a motion store; held-out motion seen by virtual cameras, with stated 2D noise"""

EPILOG = """examples:
  uplift3d evaluate --dataset open-mocap --weights base --data motions.store -o scores.md
  uplift3d evaluate --dataset h36m --weights h36m_351.h5 --config h36m_351.json --data data --s-in 5,10,20
  uplift3d evaluate --dataset h36m --weights no_refine.pth --refinement refine.pth --data data
  uplift3d evaluate --dataset mpi-inf-3dhp --ground-truth annot3 --weights base --data data/3dhp"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "evaluate",
        help="errors of a network on Human3.6M, MPI-INF-3DHP or open motion capture",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--dataset", choices=DATASETS, required=True, help="what to measure on")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data set")
    parser.add_argument(
        "--weights", required=True, metavar="NAME|FILE", help="'base' (which ships) or a checkpoint"
    )
    parser.add_argument(
        "--config", type=Path, metavar="JSON", help="configuration, for checkpoints that carry none"
    )
    parser.add_argument(
        "--refinement",
        type=Path,
        metavar="FILE",
        help="refinement that follows a Strided Transformer or P-STMO; it uses the camera and the true "
        "depth of the root, as published",
    )
    parser.add_argument(
        "--s-in",
        type=_strides,
        metavar="N,N,…",
        help="frames between 2D poses, of the network's time base (default: those it was trained for, as far "
        "as the video has such frames)",
    )
    parser.add_argument(
        "--flip",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="average with the result for the mirror image (default: yes, as published)",
    )
    parser.add_argument(
        "--no-learned-upsampling",
        action="store_true",
        help="baseline: interpolate between the 3D poses of key-frames",
    )
    parser.add_argument(
        "--interpolate",
        choices=["3d", "2d"],
        help="rivals between key-frames: interpolate their output (3d, default) or their input (2d)",
    )
    add_outputs(parser, "report to write, .md, .csv or .json; may be repeated")
    parser.add_argument("--device", default="cpu", help="torch device: cpu (default), cuda, …")
    parser.add_argument(
        "--batch", type=whole_number, default=256, metavar="N", help="windows at a time (default: 256)"
    )
    _add_options_of_one_dataset(parser)
    return parser


def _add_options_of_one_dataset(parser: argparse.ArgumentParser) -> None:
    one = parser.add_argument_group("for one data set")
    one.add_argument(
        "--detections",
        metavar="NAME",
        help="h36m: which 2D file, such as gt, cpn_ft_h36m_dbb (default), sh_ft_h36m, or a file's name",
    )
    one.add_argument("--subjects", metavar="S9,S11", help="h36m: subjects to measure on (default: S9,S11)")
    one.add_argument(
        "--ground-truth",
        choices=get_args(GroundTruth),
        help="mpi-inf-3dhp: which of its two 3D annotations; no default, as the literature uses both",
    )
    one.add_argument(
        "--rate",
        type=positive,
        metavar="HZ",
        help=f"mpi-inf-3dhp: frame rate to take the videos at (default: {TEST_RATE_HZ:g})",
    )
    one.add_argument(
        "--pieces",
        type=whole_number,
        metavar="N",
        help="open-mocap: measure on N pieces of motion of at most ten seconds, evenly spread over all there "
        f"are (default: {PIECES})",
    )
    one.add_argument(
        "--by",
        choices=GROUPINGS,
        help="open-mocap: what the scores are also told by: the data set (default), or the kind of motion in "
        "every frame: standing, walking, fast, bent, low or lying",
    )


OF_ONE_DATASET = {
    "detections": "h36m",
    "subjects": "h36m",
    "ground_truth": "mpi-inf-3dhp",
    "rate": "mpi-inf-3dhp",
    "pieces": "open-mocap",
    "by": "open-mocap",
}


def run(args: argparse.Namespace) -> None:
    """Measure, print the tables, write the reports."""
    _check(args)
    network, refinement = _load(args)
    report = _with_weights(_measure(args, network, refinement), args, network, refinement)
    for path in args.outputs:
        save_report(path, report)
    _print(report)


def _check(args: argparse.Namespace) -> None:
    """Refuse what does not go together before anything is loaded."""
    for option, dataset in OF_ONE_DATASET.items():
        if getattr(args, option) is not None and args.dataset != dataset:
            raise InputError(f"--{option.replace('_', '-')} is for --dataset {dataset}, not {args.dataset}")
    if args.dataset == "mpi-inf-3dhp" and args.ground_truth is None:
        raise InputError("--dataset mpi-inf-3dhp needs --ground-truth annot3 or univ_annot3")
    if args.no_learned_upsampling and args.interpolate == "2d":
        raise InputError(
            "--no-learned-upsampling interpolates 3D poses, --interpolate 2d their input: accepted is one of "
            "the two"
        )
    for path in args.outputs:
        check_report_path(path)


def _load(args: argparse.Namespace) -> tuple[Network[Any], Network[Any] | None]:
    """The network and its refinement, on the device."""
    try:
        import torch
    except ImportError:
        raise InputError("evaluation needs torch: pip install 'uplift3d[train]'") from None
    from uplift3d.model import load, load_checkpoint
    from uplift3d.weights import NAMES

    given_config = args.config is not None
    if given_config and args.weights in NAMES:
        raise InputError(f"--weights {args.weights} carries its configuration: leave --config out")
    is_file = given_config or Path(args.weights).exists()
    network = load_checkpoint(args.weights, config=args.config) if is_file else load(args.weights)
    refinement = None if args.refinement is None else load_checkpoint(args.refinement)
    try:
        device = torch.device(args.device)
        if device.type == "meta":
            raise RuntimeError("it computes nothing")
        return network.to(device), None if refinement is None else refinement.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--device {args.device} cannot be used ({reason})") from None


def _measure(args: argparse.Namespace, network: Network[Any], refinement: Network[Any] | None) -> Report:
    """Both protocols on the data set that was asked for."""
    from uplift3d.data.h36m import TEST_SUBJECTS
    from uplift3d.evaluate.datasets import evaluate_h36m, evaluate_mpi_inf_3dhp
    from uplift3d.evaluate.open_mocap import evaluate_open_mocap
    from uplift3d.evaluate.rivals import lifter_of

    flip = args.flip is not False
    lifter = lifter_of(
        network, flip=flip, batch=args.batch, interpolated=args.interpolate, refinement=refinement
    )
    rate_hz = args.rate or TEST_RATE_HZ
    learned = not args.no_learned_upsampling
    if args.dataset == "open-mocap":
        return evaluate_open_mocap(
            lifter,
            args.data,
            args.s_in or _trained_strides(network),
            pieces=args.pieces or PIECES,
            by=GROUPINGS[args.by or "dataset"],
            learned_upsampling=learned,
            progress=_progress,
        )
    if args.dataset == "mpi-inf-3dhp":
        return evaluate_mpi_inf_3dhp(
            lifter,
            args.data,
            args.s_in or _trained_strides(network, rate_hz / lifter.rate_hz),
            args.ground_truth,
            rate_hz=rate_hz,
            learned_upsampling=learned,
            progress=_progress,
        )
    return evaluate_h36m(
        lifter,
        args.data,
        args.s_in or _trained_strides(network),
        detections=args.detections or "cpn_ft_h36m_dbb",
        subjects=tuple(dict.fromkeys(args.subjects.split(","))) if args.subjects else TEST_SUBJECTS,
        learned_upsampling=learned,
        progress=_progress,
    )


def _trained_strides(network: Network[Any], frames_per_base: float = 1.0) -> tuple[int, ...]:
    """Strides that a network was trained for and that meet frames of the video."""
    trained: tuple[int, ...] = getattr(network.config, "strides_in", ())
    meeting = tuple(stride for stride in trained if (stride * frames_per_base).is_integer())
    return meeting or trained


def _with_weights(
    report: Report, args: argparse.Namespace, model: Network[Any], refinement: Network[Any] | None
) -> Report:
    from dataclasses import replace

    from uplift3d.model.checkpoints import fingerprint
    from uplift3d.version import __version__

    facts = dict(report.facts) | {"weights": f"{args.weights} ({fingerprint(model)})"}
    if refinement is not None:
        facts["refinement's weights"] = f"{args.refinement} ({fingerprint(refinement)})"
    return replace(report, facts=facts | {"uplift3d": __version__})


def _progress(videos: Iterable[LabelledVideo], what: str) -> Iterator[LabelledVideo]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    shown = console.is_terminal
    yield from track(list(videos), what, console=console, transient=True, disable=not shown)


def _print(report: Report) -> None:
    for key, value in report.facts.items():
        print(f"{key}: {value}")
    for table in (report.overall(), report.by_action(report.metrics[0])):
        print_table(table)


def _strides(text: str) -> tuple[int, ...]:
    try:
        strides = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        strides = (0,)
    if not 1 <= min(strides) <= max(strides) <= MAX_STRIDE:
        raise argparse.ArgumentTypeError(
            f"{text!r} given, accepted: whole numbers from 1 to {MAX_STRIDE:,}, such as 5,10,20"
        )
    return strides
