"""Work on one input after the other: what is there already, what is said, and what a failure does.

The options are those of `add_output_options` and `add_message_options`; `run_jobs` does the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from uplift3d.cli.inputs import FIELDS, Job, make_folders
from uplift3d.errors import InputError


@dataclass(frozen=True)
class Summary:
    """What a command says of one input that it has worked on."""

    text: str
    """What was made of how much, in a line or two."""
    record: dict[str, Any] = field(default_factory=dict)
    """The same for a program (--json)."""
    details: Sequence[str] = ()
    """More lines, for --verbose."""


def add_output_options(
    parser: argparse.ArgumentParser, what: str, default: str, formats: str | None = None
) -> None:
    """-o, --overwrite or --skip-existing, --dry-run, and --format where there are several `formats`.

    Args:
        parser: of the command.
        what: the result, with its article ("the 3D motion").
        default: where it goes without -o.
        formats: suffixes of the files in an output folder by default.
    """
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        dest="outputs",
        action="append",
        default=[],
        metavar="OUT",
        help=f"file to write {what} to; or a folder, with a / at its end; or a pattern with {FIELDS}; may be "
        f"repeated (default: {default})".replace("%", "%%"),
    )
    if formats is not None:
        group.add_argument(
            "--format",
            metavar="SUFFIX,…",
            help=f"suffixes of the files in an output folder, separated by commas (default: {formats})",
        )
    there = group.add_mutually_exclusive_group()
    there.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    there.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave files that are there, make what is missing",
    )
    group.add_argument(
        "--dry-run", action="store_true", help="only say which files would be made of which inputs"
    )


def add_message_options(parser: argparse.ArgumentParser) -> None:
    """--quiet, --verbose or --json."""
    messages = parser.add_argument_group("messages").add_mutually_exclusive_group()
    messages.add_argument("-q", "--quiet", action="store_true", help="say nothing but what went wrong")
    messages.add_argument("-v", "--verbose", action="store_true", help="say also how each result was made")
    messages.add_argument(
        "--json", action="store_true", help="print one JSON object a line for each input, for programs"
    )


def run_jobs(
    jobs: Sequence[Job],
    args: argparse.Namespace,
    work: Callable[[Job], Summary],
    check: Callable[[Job], None],
    written: Callable[[Path], Sequence[Path]] = lambda path: [path] if path.exists() else [],
) -> int:
    """Work on every input; a bad one among several is named and the others go on.

    Args:
        jobs: what there is to do.
        args: with the options of `add_output_options` and `add_message_options`.
        work: makes the outputs of a job.
        check: raises InputError for a job whose outputs cannot be written.
        written: files that are there and would be replaced by that output.

    Returns:
        The exit code: 0, or the highest of the inputs that failed.

    Raises:
        InputError: an output that cannot be written or is there already, before anything is done; or what
            is wrong with the only input.
    """
    todo = [_without_existing(job, written) if args.skip_existing else job for job in jobs]
    if args.dry_run:
        _say_plan(jobs, todo, written)
        return 0
    made = make_folders(jobs, args.outputs)
    try:
        for job in jobs:
            check(job)
        if not (args.overwrite or args.skip_existing):
            _refuse_existing([path for job in jobs for output in job.outputs for path in written(output)])
    except InputError:
        for folder in made:
            with suppress(OSError):  # not empty: somebody else uses it
                folder.rmdir()
        raise
    return _Run(args, len(jobs)).all(jobs, todo, work)


def _without_existing(job: Job, written: Callable[[Path], Sequence[Path]]) -> Job:
    return replace(job, outputs=tuple(path for path in job.outputs if not written(path)))


def _refuse_existing(there: Sequence[Path]) -> None:
    if there:
        more = f" and {len(there) - 1} more are" if len(there) > 1 else " is"
        raise InputError(
            f"{there[0]}{more} there already; --overwrite replaces, --skip-existing leaves what is there"
        )


def _say_plan(jobs: Sequence[Job], todo: Sequence[Job], written: Callable[[Path], Sequence[Path]]) -> None:
    for job, rest in zip(jobs, todo, strict=True):
        for path in job.outputs:
            note = "is there, skipped" if path not in rest.outputs else "is there" if written(path) else ""
            missing = "" if job.source.exists() else " (no such input)"
            print(f"{job.source}{missing} -> {path}{f' ({note})' if note else ''}")


class _Run:
    """One go over all inputs, and what is said of each."""

    def __init__(self, args: argparse.Namespace, count: int) -> None:
        self.quiet, self.verbose, self.json = args.quiet, args.verbose, args.json
        self.count = count
        self.ends: Counter[str] = Counter()

    def all(self, jobs: Sequence[Job], todo: Sequence[Job], work: Callable[[Job], Summary]) -> int:
        codes = [0]
        for number, (job, rest) in enumerate(zip(jobs, todo, strict=True), start=1):
            self.prefix = f"[{number}/{self.count}] " if self.count > 1 else ""
            if not rest.outputs:
                self._end(job, "skipped", Summary(f"{_listed(job.outputs)}: there already, skipped"))
                continue
            try:
                self._end(rest, "done", work(rest))
            except InputError as error:
                self._failed(job, error)
                codes.append(error.exit_code)
        if self.count > 1 and not (self.quiet or self.json):
            print(", ".join(f"{count} {end}" for end, count in self.ends.items()))
        return max(codes)

    def _end(self, job: Job, status: str, summary: Summary) -> None:
        self.ends[status] += 1
        if self.json:
            record = {"input": str(job.source), "status": status, "outputs": [str(p) for p in job.outputs]}
            _print_record({**record, **summary.record})
        elif not self.quiet:
            print(f"{self.prefix}{summary.text}", flush=True)
            if self.verbose:
                print("\n".join(f"  {line}" for line in summary.details), flush=True)

    def _failed(self, job: Job, error: InputError) -> None:
        self.ends["failed"] += 1
        if self.json:
            _print_record({"input": str(job.source), "status": "failed", "error": str(error)})
        if self.count == 1:
            raise error
        print(f"uplift3d: {self.prefix}{error}", file=sys.stderr)


def _print_record(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=False), flush=True)


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
