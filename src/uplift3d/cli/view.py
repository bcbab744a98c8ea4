"""`uplift3d view`: a motion as a web page, opened in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.options import add_video, check_video, text_parser
from uplift3d.errors import InputError
from uplift3d.export import VIDEO_FORMATS, check_output, load_motion, save_motion
from uplift3d.files import atomic_write

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """The page is one file of about 5 MB that needs no network: send it to anybody with a browser.
Where the video is at hand it holds small pictures of it, at most 1 MB.

examples:
  uplift3d view walk.npz
  uplift3d view walk.npz --video walk.mp4 -o walk-3d.mp4"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "view",
        help="3D motion to a web page that plays it, or to a video",
        description="Write a web page that plays a 3D motion, and open it in the browser; or a video of it.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "motion", type=Path, metavar="MOTION", help="3D motion file (.npz .json .csv .parquet …)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="page (.html) or video (.mp4) to write (default: a page beside MOTION)",
    )
    add_video(parser)
    parser.add_argument("--title", metavar="TEXT", help="heading of the page (default: the source's name)")
    parser.add_argument(
        "--max-frames",
        type=int,
        default=1200,
        metavar="N",
        help="poses per person; a longer motion is thinned out (default: 1200, about 0.3 MB)",
    )
    parser.add_argument(
        "--no-pictures", action="store_true", help="no small pictures of the video in the page"
    )
    parser.add_argument("--no-open", action="store_true", help="write the page only")
    return parser


def run(args: argparse.Namespace) -> None:
    """Write the page or the video, open a page, say where it is."""
    output = args.output or args.motion.with_suffix(".html")
    if output.suffix.lower() in VIDEO_FORMATS:
        return _write_video(output, args)
    if output.suffix.lower() != ".html":
        raise InputError(f"{output}: the page's name must end in .html, a video's in .mp4")
    check_video([output], args.motion, args.video)
    if args.max_frames < 1:
        raise InputError(f"--max-frames is {args.max_frames}; accepted are 1 and more")
    check_output(output)
    motion = load_motion(args.motion)
    from uplift3d.view.html import page, pictures_of

    pictures = [] if args.no_pictures else pictures_of(motion, args.video)
    with atomic_write(output) as temporary:
        temporary.write_text(page(motion, args.title, args.max_frames, pictures), encoding="utf-8")
    opened = not args.no_open and open_in_browser(output)
    print(f"{output}{'' if opened else ' (open it in a browser)'}")


def _write_video(output: Path, args: argparse.Namespace) -> None:
    from uplift3d.view.overlay import find_video

    check_output(output)
    motion = load_motion(args.motion)
    if output.resolve() == find_video(motion, args.video).resolve():
        raise InputError(f"{output} is the video itself; give the new one another name")
    print(save_motion(output, motion, video=args.video, progress=True))


def open_in_browser(page: Path) -> bool:
    """Show a page in the default browser; False where there is no desktop to show it on."""
    # Without a display, Python's webbrowser would start a text browser in this very terminal.
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        return webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        return False
