"""`uplift3d convert`: motions from one file format to another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.inputs import Job, Naming, chosen_suffixes, expand, local, plan
from uplift3d.cli.jobs import Summary, add_message_options, add_output_options, run_jobs
from uplift3d.cli.lift import at_rate
from uplift3d.cli.motions import motion_in
from uplift3d.cli.options import add_part_options, text_parser
from uplift3d.cli.output_options import (
    add_axes,
    add_skeleton,
    add_split,
    add_tables,
    axes_of,
    check_axes_option,
    check_outputs,
    check_split,
    check_tables,
    is_split,
    skeleton_of,
    write_tables,
)
from uplift3d.cli.values import rate
from uplift3d.errors import InputError
from uplift3d.export import files_of, save_motion, written_before
from uplift3d.export.losses import losses

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """reads:   .npz .json .csv .parquet .jsonl .bvh .glb .trc .c3d
writes:  the same, .usd, .mot (joint angles for OpenSim), and .html .png .mp4 to look at

A .csv keeps no meta (how the motion was made) and rounds to micrometres, a .jsonl to tenths of a
millimetre and without how sure joints are. A .bvh holds one person with bones
of constant length at one rate, on the ground and with y up; a .glb the same of everybody at their own times;
a .trc one person's joints at one rate, a .c3d everybody's; neither knows what was measured. .npz, .json and
.parquet are exact.

examples:
  uplift3d convert walk.npz walk.csv
  uplift3d convert walk.npz -o walk.csv -o walk.html
  uplift3d convert walk.npz walk.bvh --skeleton mixamo --fps 30
  uplift3d convert walk.npz walk.bvh --split
  uplift3d convert walk.npz walk-world.csv --axes world
  uplift3d convert walk.npz walk.mot --angles walk-angles.csv --steps walk-steps.csv
  uplift3d convert results/*.npz -o bvh/ --format bvh --lossy"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "convert",
        help="3D motion from one file format to another",
        usage="uplift3d convert [options] MOTION [MOTION ...] [-o] OUT",
        description="Write 3D motion in another file format, chosen by the suffix.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=local,
        metavar="MOTION",
        help="file of 3D motion, or a pattern such as 'results/*.npz'; without -o the last one is the output",
    )
    add_output_options(parser, "the motion", "the last file given", formats="npz")
    result = parser.add_argument_group("what is in the result")
    add_part_options(result)
    result.add_argument(
        "--fps",
        "--output-rate",
        dest="output_rate",
        type=rate,
        metavar="HZ",
        help="poses per second (default: as they are; for .bvh and .trc, where they are uneven, one every "
        "median step)",
    )
    result.add_argument(
        "--lossy",
        action="store_true",
        help="write also what would lose absences, uneven times or joints (default: refused)",
    )
    add_skeleton(result)
    add_split(result)
    add_axes(result)
    add_tables(result)
    add_message_options(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Read every motion once, write all its outputs."""
    words = list(args.inputs)
    if not args.outputs:
        if len(words) < 2:
            raise InputError(
                f"where is {words[0]} to be written? Give the new file too, such as "
                f"`uplift3d convert {words[0]} {Path(words[0]).with_suffix('.csv')}`"
            )
        args.outputs = [words.pop()]
    inputs = expand(words)
    naming = Naming("", "{name}", chosen_suffixes(args.format, args.outputs, len(inputs)))
    jobs = plan(inputs, args.outputs, naming)
    check_tables(args, jobs)

    def check(job: Job) -> None:
        check_outputs(job.outputs, args.skeleton)
        check_split(job.outputs, args.split)
        check_axes_option(job.outputs, args.axes)

    return run_jobs(jobs, args, lambda job: _do(job, args), check, written_before)


def _do(job: Job, args: argparse.Namespace) -> Summary:
    motion = motion_in(job.source)
    if args.start is not None or args.end is not None:
        motion = motion.between(args.start, args.end)
    if args.person is not None:
        motion = motion.select(args.person)
    if args.output_rate is not None:
        motion = at_rate(motion, args.output_rate, "smooth")
    if not args.lossy:
        for output in job.outputs:
            if lost := losses(output, motion, is_split(output, args.split)):
                raise InputError(f"{output} would lose {' and '.join(lost)}; --lossy writes it all the same")
    write_tables(args, motion)
    written: list[Path] = []
    for output in job.outputs:
        split, axes = is_split(output, args.split), axes_of(output, args.axes)
        save_motion(output, motion, skeleton_of(output, args.skeleton), split=split, axes=axes)
        written += files_of(output, motion, split)
    record = {
        "outputs": [str(path) for path in written],
        "people": motion.people.tolist(),
        "moments": len(motion),
        "poses": int(motion.present.sum()),
    }
    return Summary("\n".join(map(str, written)), record)
