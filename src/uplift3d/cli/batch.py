"""`uplift3d batch`: a great many clips, on this machine or on a cluster."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.inputs import expand, videos_in
from uplift3d.cli.options import (
    VIDEO_KEY_INTERVAL_S,
    add_lifting_options,
    chosen_interval,
    lifter_options,
    text_parser,
)
from uplift3d.cli.output_options import add_skeleton
from uplift3d.cli.values import whole_number
from uplift3d.errors import InputError, NothingFoundError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.scale.engine import Totals
    from uplift3d.scale.stages import BatchSettings

MOST_NAMED = 5
"""Clips that failed, of a run."""
DESCRIPTION = """Lift a great many clips with Ray: on all CPUs of this machine, or on a cluster.

The results lie in the output folder beside manifest.parquet, which has a row for each clip: its status,
error, people, looks and times. Run the same command again after a stop, and it goes on where it was. A clip
that cannot be read is noted, and the others go on. Needs the ray extra (pip install 'uplift3d[ray]')."""

EPILOG = """inputs:
  files, folders of videos and patterns such as 'clips/**/*.mp4'
  a list of clips: a .txt with one a line, or a .parquet with a column 'input'
  URLs and patterns of them that fsspec knows, such as 's3://bucket/clips/*.mp4' (with s3fs installed)

examples:
  uplift3d batch clips/ -o results
  uplift3d batch clips.txt -o s3://bucket/results --people largest --detect-workers 32
  uplift3d batch 's3://bucket/clips/*.mp4' -o s3://bucket/results --ray-address auto
  uplift3d batch clips/ -o results --retry-failed

docs/scale.md has what a million clips cost."""

LINE_EVERY_S = 60
"""Where stderr is no terminal."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "batch",
        help="a great many clips, on this machine or a cluster",
        usage="uplift3d batch [options] INPUT [INPUT ...] -o FOLDER",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="clip, folder of clips, pattern, URL, or list of clips"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FOLDER",
        help="folder or URL for the results",
    )
    output.add_argument(
        "--format", default="npz", metavar="SUFFIX", help="suffix of the results (default: %(default)s)"
    )
    output.add_argument(
        "--retry-failed", action="store_true", help="try again what failed in an earlier run (default: not)"
    )
    add_skeleton(output)
    work = parser.add_argument_group("workers")
    work.add_argument(
        "--detect-workers",
        type=whole_number,
        metavar="N",
        help="processes that look for people in clips (default: one for each CPU)",
    )
    work.add_argument(
        "--lift-workers",
        type=whole_number,
        default=1,
        metavar="N",
        help="processes that make 3D of what was seen; one keeps up with dozens that look (default: 1)",
    )
    work.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="Ray cluster to use: its address, or auto for the one that runs here (default: start Ray here)",
    )
    add_lifting_options(parser)
    messages = parser.add_argument_group("messages").add_mutually_exclusive_group()
    messages.add_argument("-q", "--quiet", action="store_true", help="say nothing but what went wrong")
    messages.add_argument("--json", action="store_true", help="print the summary as a JSON object")
    return parser


def run(args: argparse.Namespace) -> int:
    """Lift what is not done yet, and say how it ended."""
    from uplift3d.scale.storage import needs

    with needs("batch"):
        import ray  # noqa: F401  # before any work is done

        from uplift3d.scale.engine import run_batch
    settings = _settings(args)
    totals = run_batch(
        _clips(args.inputs),
        args.output,
        settings,
        detect_workers=args.detect_workers,
        lift_workers=args.lift_workers,
        address=args.ray_address,
        retry_failed=args.retry_failed,
        tell=_Line(shown=not args.quiet),
    )
    if args.json:
        ends = {end: totals.ends[end] for end in ("done", "nothing", "failed")}
        before = {"before": totals.before, "failed_before": totals.failed_before}
        print(json.dumps({"clips": totals.clips, **before, **ends, "manifest": totals.manifest}))
    elif not args.quiet:
        print(f"{describe(totals)}; {totals.manifest}")
    for clip, why in totals.failures[:MOST_NAMED]:
        print(f"uplift3d: {why if why.startswith(clip) else f'{clip}: {why}'}", file=sys.stderr)
    if len(totals.failures) > MOST_NAMED:
        print(f"uplift3d: the others that failed are in {totals.manifest}", file=sys.stderr)
    if totals.ends["failed"] or totals.failed_before:
        return InputError.exit_code
    return NothingFoundError.exit_code if totals.ends["nothing"] and not totals.ends["done"] else 0


def describe(totals: Totals) -> str:
    """BatchSettings far a batch is, on one line."""
    parts = [f"{totals.before + totals.worked_on:,} of {totals.clips:,} clips"]
    if totals.before:
        failed = f" ({totals.failed_before:,} failed; --retry-failed)" if totals.failed_before else ""
        parts.append(f"{totals.before:,} before{failed}")
    words = {"done": "done", "nothing": "with nobody in view", "failed": "failed"}
    parts += [f"{totals.ends[end]:,} {word}" for end, word in words.items() if totals.ends[end]]
    if totals.worked_on:
        parts.append(f"{totals.per_second:.2f} clips/s")
    return ", ".join(parts)


def _clips(words: list[str]) -> list[str]:
    """All clips that are meant, as absolute paths and URLs."""
    from uplift3d.scale.clips import clips_in_manifest, clips_in_store, is_manifest, is_url

    clips: list[str] = []
    for word in words:
        if is_url(word):
            clips += clips_in_store(word)
            continue
        for path in expand([word]):
            if is_manifest(path.name):
                for clip in clips_in_manifest(path):
                    clips += [clip] if is_url(clip) else _absolute(videos_in(path.parent / clip))
            else:
                clips += _absolute([path])
    return clips


def _absolute(paths: list[Path]) -> list[str]:
    return [str(path.absolute()) for path in paths]


def _settings(args: argparse.Namespace) -> BatchSettings:
    from uplift3d.export import FORMATS, SKELETON_FORMATS
    from uplift3d.lift.adaptive import as_adaptive
    from uplift3d.scale.stages import BatchSettings

    suffix = args.format.lower().lstrip(".")
    accepted = [known.lstrip(".") for known in (*FORMATS, ".html", ".png")]
    if suffix not in accepted:
        raise InputError(f"--format is {args.format}; accepted are {', '.join(accepted)}")
    if args.skeleton is not None and f".{suffix}" not in SKELETON_FORMATS:
        raise InputError(f"--skeleton is for {', '.join(SKELETON_FORMATS)} files, not for .{suffix}")
    interval = chosen_interval(args, VIDEO_KEY_INTERVAL_S)
    if as_adaptive(interval) is not None:
        raise InputError(
            "batch looks at even intervals, so --key-interval adaptive and --looks-per-second are not for "
            "it; give --key-interval in seconds"
        )
    return BatchSettings(
        detector=args.detector or "blazepose",
        weights=args.weights,
        model=args.model,
        runtime=args.runtime,
        key_interval=interval,  # type: ignore[arg-type]  # no adaptive one
        people=args.people or "all",
        image_rate_hz=args.image_rate,
        focal_px=args.focal_px,
        options=lifter_options(args),
        suffix=suffix,
        skeleton=args.skeleton,
    )


class _Line:
    """Progress on one line of stderr: over itself on a terminal, else a line a minute."""

    def __init__(self, shown: bool) -> None:
        self._shown, self._is_terminal = shown, sys.stderr.isatty()
        self._last = time.monotonic()

    def __call__(self, totals: Totals) -> None:
        now, is_last = time.monotonic(), totals.before + totals.worked_on == totals.clips
        due = now - self._last >= (0.2 if self._is_terminal else LINE_EVERY_S)
        if not self._shown or not (due or (is_last and self._is_terminal)):
            return
        self._last = now
        left = (totals.clips - totals.before - totals.worked_on) / max(totals.per_second, 1e-9)
        text = describe(totals)
        if totals.worked_on and not is_last:
            text += f", {_duration(left)} left"
        if not self._is_terminal:
            print(text, file=sys.stderr, flush=True)
            return
        print(f"\r\x1b[2K{text}", end="\n" if is_last else "", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
