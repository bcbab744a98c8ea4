"""`uplift3d demo`: lift the bundled clip, or a video, and leave something to look at."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import KEY_INTERVAL_HELP, VIDEO_KEY_INTERVAL_S, text_parser
from uplift3d.cli.serving import open_in_browser
from uplift3d.cli.values import seconds_or_all
from uplift3d.errors import InputError
from uplift3d.export import check_output, save_motion
from uplift3d.view.stage import duration_s, motion_title

if TYPE_CHECKING:
    from rich.table import Table

    from uplift3d.cli.options import Subparsers
    from uplift3d.types import Motion3D

BUNDLED = Path(__file__).resolve().parent.parent / "demo" / "keys.npz"
BUNDLED_RATE_HZ = 30.0  # of the video that the bundled key-frames were taken from
OUTPUTS = {
    ".npz": "the 3D motion, for numpy",
    ".html": "plays it: open this in a browser",
    ".png": "a picture of it",
}

EPILOG = """examples:
  uplift3d demo
  uplift3d demo my.mp4 -o results --open

The bundled key-frames are real ones: `uplift3d detect` on an outdoor video with two people."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "demo",
        help="lift the bundled clip, or your video, and show the result",
        description="Lift the bundled clip of 2D key-frames, or a video, and write the 3D motion (.npz),\n"
        "a page that plays it (.html) and a picture of it (.png).",
        epilog=EPILOG,
    )
    parser.add_argument(
        "video", nargs="?", type=Path, metavar="VIDEO", help="video file, or folder of images"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out"),
        metavar="FOLDER",
        help="folder for the three files, which are replaced if there (default: out)",
    )
    parser.add_argument("--keys", type=Path, default=BUNDLED, metavar="KEYS.npz", help=argparse.SUPPRESS)
    parser.add_argument(
        "--key-interval",
        type=seconds_or_all,
        default=VIDEO_KEY_INTERVAL_S,
        metavar="SECONDS",
        help=f"{KEY_INTERVAL_HELP} (default: {VIDEO_KEY_INTERVAL_S:g})",
    )
    parser.add_argument(
        "--model", default="base", metavar="NAME|PATH", help="network that makes 3D of 2D (default: base)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    return parser


def run(args: argparse.Namespace) -> None:
    """Lift, write, and say what was done and how fast."""
    from rich.console import Console

    if args.video is not None and not args.video.exists():
        raise InputError(f"{args.video}: no such file or folder")  # before a folder is made for its results
    outputs = _outputs(args.output, "demo" if args.video is None else args.video.stem)
    started = time.perf_counter()
    motion = _lift(args)
    for output in outputs:
        save_motion(output, motion)
    console = Console(highlight=False, soft_wrap=True)
    console.print(_report(motion, time.perf_counter() - started))
    width = max(len(str(output)) for output in outputs)
    for output in outputs:
        console.print(f" {output!s:{width}}  {OUTPUTS[output.suffix]}", markup=False)
    page = next((output for output in outputs if output.suffix == ".html"), None)
    if args.open and page is not None:
        open_in_browser(page.resolve().as_uri())


def _outputs(folder: Path, name: str) -> list[Path]:
    """The files to write, all of them possible; without plotly there is no page."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the output folder {folder} cannot be made: {error.strerror}") from error
    outputs = []
    for suffix in OUTPUTS:
        try:
            outputs.append(check_output(folder / f"{name}{suffix}"))
        except InputError as error:
            if not isinstance(error.__cause__, ImportError):
                raise
            print(f"the page was not written: {error}")
    return outputs


def _lift(args: argparse.Namespace) -> Motion3D:
    """A pose for every frame of the video, or of the video that the bundled key-frames were taken from."""
    import numpy as np

    from uplift3d import detect, pipeline

    if args.video is not None:
        return pipeline.lift_video(args.video, model=args.model, key_interval=args.key_interval)
    if not args.keys.is_file():
        raise InputError(f"this installation lacks the bundled clip ({args.keys}); give a video instead")
    keys = detect.load_keypoints(args.keys)
    frames = int((keys.times[-1] - keys.times[0]) * BUNDLED_RATE_HZ + 0.5) + 1
    wanted = keys.times[0] + np.arange(frames) / BUNDLED_RATE_HZ
    motion = pipeline.lift_keypoints(keys, args.model, args.key_interval, wanted)
    return replace(motion, meta={**motion.meta, "source": keys.meta.get("source", args.keys.name)})


def _report(motion: Motion3D, total_s: float) -> Table:
    """What was done to how much, and how fast."""
    from rich import box
    from rich.table import Table

    people, frames = motion.positions.shape[:2]
    seconds = duration_s(motion.times)
    timings = motion.meta["timings_s"]
    key_frames, every_s = motion.meta["key_frames"], motion.meta["key_interval_s"]
    poses = max(1, int(motion.present.sum()))
    detection = f"{timings['detect']:.2f} s" if "detect" in timings else "done beforehand, bundled"
    spent = max(sum(timings.values()), 1e-9)
    table = Table(box=box.SIMPLE, show_header=False, title=motion_title(motion), title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    table.add_row("video", f"{seconds:.2f} s, {frames} frames")
    table.add_row("people", str(people))
    share = f"{100 * key_frames / max(frames, 1):.0f} %"
    table.add_row("2D poses", f"on {key_frames} key-frames, {every_s:.2f} s apart: {share} of the frames")
    table.add_row("2D detection", detection)
    table.add_row("lifting", f"{timings['lift']:.2f} s, {1000 * timings['lift'] / poses:.2f} ms per 3D pose")
    table.add_row("speed", f"{seconds / spent:.1f} × real time, {poses / spent:.0f} 3D poses per second")
    table.add_row("all in all", f"{total_s:.2f} s with loading the network and writing the files")
    return table
