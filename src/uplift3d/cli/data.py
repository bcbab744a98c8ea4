"""`uplift3d data`: motion capture files into a motion store, and what a store holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.values import positive, whole_number
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from uplift3d.data.importer import ImportReport
    from uplift3d.data.store import MotionStore

_EXAMPLE = """example:
  uplift3d data import path/to/mocap -o motions.store && uplift3d data info motions.store
"""


_IMPORT_DESCRIPTION = """Read every .bvh, .amc and .npz file below DIR as h36m21 motion (metres, z up, 50 Hz)
into a store, or the 3D motion of a data set that comes in files of its own. Malformed files are named and
skipped; a damaged file of a data set stops the import. docs/mapping.md has which skeletons are known, how to
add one, and what an .npz of joint positions holds."""

_IMPORT_EXAMPLE = """example:
  uplift3d data import path/to/mocap -o motions.store --jobs 4
  uplift3d data import path/to/mine -o mine.store --name studio --licence own --validation 'anna/' --rate 60
  uplift3d data import path/to/amass --dataset amass --parts SFU,MPImosh -o amass.store
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add `data` with its own sub-commands `import` and `info`."""
    parser = subparsers.add_parser(
        "data",
        help="import motion capture for training",
        description="Import motion capture into a motion store, and show what a store holds.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="import|info", title="commands")
    importing = actions.add_parser(
        "import",
        help="read motion capture into a store",
        description=_IMPORT_DESCRIPTION,
        epilog=_IMPORT_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_import_options(importing)
    _add_file_options(importing)
    info = actions.add_parser(
        "info",
        help="show what a store holds",
        description="Clips, minutes, body heights and licences of a store, per dataset.",
        epilog="example:\n  uplift3d data info motions.store\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    info.add_argument("store", metavar="STORE", type=Path, help="a motion store")
    return parser


def _add_import_options(importing: argparse.ArgumentParser) -> None:
    importing.add_argument("folder", metavar="DIR", type=Path, help="folder of motion capture files")
    importing.add_argument(
        "--dataset",
        choices=["amass", "h36m", "mpi-inf-3dhp"],
        help="what is in DIR, if not .bvh and .amc files",
    )
    importing.add_argument(
        "--parts",
        type=lambda text: tuple(text.split(",")),
        metavar="A,B,…",
        help="with --dataset: data sets inside AMASS (default: the paper's that are there) or subjects "
        "(default: the training subjects)",
    )
    importing.add_argument(
        "--body-models",
        type=Path,
        metavar="DIR",
        help="amass: read the original files with these SMPL-H body models (needs smplx)",
    )
    importing.add_argument("--regressor", type=Path, metavar="FILE.npy", help="amass: joints of those bodies")
    importing.add_argument(
        "-o", "--output", metavar="STORE", type=Path, required=True, help="folder to create"
    )
    importing.add_argument(
        "--jobs", type=whole_number, default=None, metavar="N", help="processes (default: one per core)"
    )
    importing.add_argument("--overwrite", action="store_true", help="replace a store that is there")


def _add_file_options(importing: argparse.ArgumentParser) -> None:
    """What motion files may not say about themselves."""
    importing.add_argument(
        "--mapping",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.json",
        help="another skeleton's mapping, see docs/mapping.md",
    )
    importing.add_argument(
        "--name",
        default="",
        metavar="NAME",
        help="data set that all files belong to (default: by their names)",
    )
    importing.add_argument(
        "--licence",
        default="",
        metavar="LICENCE",
        help="of files whose names do not say where they come from: own, MIT, … (default: unknown)",
    )
    importing.add_argument(
        "--validation",
        metavar="PATTERN",
        help="hold out the clips whose path has this regular expression (default: a tenth, by person)",
    )
    importing.add_argument(
        "--rate",
        type=positive,
        metavar="HZ",
        help="frames per second, in place of what the files state; AMC states none",
    )


def run(args: argparse.Namespace) -> int:
    """Do what the parsed `args` ask; the exit code."""
    return _import(args) if args.action == "import" else _info(args)


def _import(args: argparse.Namespace) -> int:
    from rich.console import Console

    from uplift3d.data.store import MotionStore

    report = _import_files(args) if args.dataset is None else _import_dataset(args)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    for problem in report.skipped:
        errors.print(f"skipped {problem}", markup=False)
    for note, names in report.notes.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        errors.print(f"note: {names[0]}{others}: {note}", markup=False)
    for reason, count in report.left_out.items():
        errors.print(f"left out {count}: {reason}", markup=False)
    what = "files" if args.dataset is None else "recordings"
    print(f"imported {report.imported} {what}, skipped {len(report.skipped)}")
    store = MotionStore.open(args.output)
    _print_table(store)
    unknown = sum(clip.licence == "unknown" for clip in store.clips)
    if unknown:
        errors.print(
            f"note: of {unknown} clips nobody knows the licence (--licence): do not publish weights "
            "that were trained on them"
        )
    return 0


def _import_files(args: argparse.Namespace) -> ImportReport:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from uplift3d.data.importer import import_folder
    from uplift3d.data.mapping_files import read_mapping
    from uplift3d.data.provenance import Declared

    if args.parts or args.body_models or args.regressor:
        raise InputError("--parts, --body-models and --regressor are for --dataset")
    declared = Declared(args.name, args.licence, args.validation, args.rate)
    mappings = [read_mapping(path) for path in args.mapping]
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _progress(*columns) as bar:
        task = bar.add_task("importing", total=None)
        return import_folder(
            args.folder,
            args.output,
            jobs=args.jobs,
            mappings=mappings,
            declared=declared,
            overwrite=args.overwrite,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _import_dataset(args: argparse.Namespace) -> ImportReport:
    from rich.progress import MofNCompleteColumn, TextColumn, TimeElapsedColumn

    from uplift3d.data.amass import SmplhBodies
    from uplift3d.data.dataset_import import find_motions, import_motions

    if args.mapping or args.name or args.licence or args.rate or args.validation is not None:
        raise InputError(
            "--mapping, --name, --licence, --validation and --rate are for motion files, not for --dataset"
        )
    if (args.body_models is None) != (args.regressor is None) or (
        args.body_models and args.dataset != "amass"
    ):
        raise InputError("--body-models and --regressor go together, with --dataset amass")
    bodies = None if args.body_models is None else SmplhBodies(args.body_models, args.regressor)
    motions = find_motions(args.dataset, args.folder, args.parts, bodies)
    with _progress(TextColumn("importing"), MofNCompleteColumn(), TimeElapsedColumn()) as bar:
        task = bar.add_task("importing", total=None)
        return import_motions(
            motions, args.output, args.overwrite, lambda done: bar.update(task, completed=done)
        )


def _progress(*columns: ProgressColumn) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), transient=True)


def _info(args: argparse.Namespace) -> int:
    from uplift3d.data.store import MotionStore

    _print_table(MotionStore.open(args.store))
    return 0


def _print_table(store: MotionStore) -> None:
    from rich.console import Console
    from rich.table import Table

    from uplift3d.data.summary import summarise

    table = Table(title=f"{store.path}: {len(store)} clips")
    for name in ("dataset", "subjects", "clips", "held out", "frames", "minutes", "height m", "licence"):
        table.add_column(name, justify="left" if name in ("dataset", "licence") else "right", no_wrap=True)
    for row in summarise(store):
        smallest, median, largest = row.heights_m
        heights = f"{smallest:.2f} … {median:.2f} … {largest:.2f}" if median == median else "unknown"
        numbers = (
            str(row.subjects),
            str(row.clips),
            str(row.held_out),
            str(row.frames),
            f"{row.minutes:.1f}",
        )
        table.add_row(row.dataset, *numbers, heights, row.licence)
    # Into a pipe or a narrow window the table goes whole rather than with its numbers cut off.
    Console(width=max(Console().width, Console(width=1000).measure(table).maximum)).print(table)
