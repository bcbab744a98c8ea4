"""`uplift3d view`: a motion in a live viewer, as a web page, or drawn into its video."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from uplift3d.cli.inputs import local_path, real
from uplift3d.cli.motions import motion_in
from uplift3d.cli.options import text_parser
from uplift3d.cli.output_options import add_video, check_free, check_video
from uplift3d.cli.serving import check_port, open_in_browser
from uplift3d.cli.values import whole_number
from uplift3d.errors import InputError
from uplift3d.export import VIDEO_FORMATS, check_output, save_motion
from uplift3d.files import atomic_write

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

EPILOG = """Without -o it opens a live viewer where that is installed (pip install 'uplift3d[live]'), and
writes a page beside MOTION where it is not.
The page is one file of about 5 MB that needs no network: send it to anybody with a browser.
Where the video is at hand it holds small pictures of it, at most 1 MB.

examples:
  uplift3d view walk.npz
  uplift3d view walk.npz -o walk.html
  uplift3d view walk.npz -o walk.png
  uplift3d view walk.npz --video walk.mp4 -o walk-3d.mp4"""
MAX_FRAMES, PORT = 1200, 8080


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "view",
        help="look at 3D motion: live, as a web page, or in its video",
        description="Show a 3D motion in a live viewer; or write a web page that plays it, or its video\n"
        "with the motion drawn in.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "motion", type=local_path, metavar="MOTION", help="3D motion file (.npz .json .csv .parquet …)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="page (.html), video (.mp4) or picture (.png) to write in place of the live viewer",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there already")
    add_video(parser)
    parser.add_argument("--title", metavar="TEXT", help="heading (default: the source's name)")
    parser.add_argument(
        "--max-frames",
        type=whole_number,
        metavar="N",
        help=f"poses per person in a page; a longer motion is thinned out (default: {MAX_FRAMES}: 0.3 MB)",
    )
    parser.add_argument(
        "--no-pictures", action="store_true", help="no pictures of the video in page or live viewer"
    )
    parser.add_argument("--port", type=whole_number, metavar="N", help="of the live viewer (default: 8080)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    return parser


def run(args: argparse.Namespace) -> None:
    """Serve, or write the page or the video; open a browser; say where it is."""
    if args.output is None and has_live():
        return _serve(args)
    if args.output is not None:
        check_free(args.output, args.overwrite)
    output = args.output or args.motion.with_suffix(".html")
    _refuse(args, "port", output)
    if output.suffix.lower() in VIDEO_FORMATS:
        return _write_video(output, args)
    if output.suffix.lower() == ".png":
        return _write_sheet(output, args)
    if output.suffix.lower() != ".html":
        raise InputError(f"{output}: a page's name must end in .html, a video's in .mp4, a picture's in .png")
    check_video([output], args.motion, args.video)
    check_output(output)
    motion = motion_in(args.motion)
    from uplift3d.view.html import page, pictures_of

    pictures = [] if args.no_pictures else pictures_of(motion, args.video)
    with atomic_write(output) as temporary:
        text = page(motion, args.title, args.max_frames or MAX_FRAMES, pictures)
        temporary.write_text(text, encoding="utf-8")
    opened = not args.no_open and open_in_browser(output.resolve().as_uri())
    print(f"{output}{'' if opened else ' (open it in a browser)'}")


def has_live() -> bool:
    """Whether the live viewer is installed."""
    return find_spec("viser") is not None


def _serve(args: argparse.Namespace) -> None:
    """The live viewer, until it is interrupted."""
    _refuse(args, "max_frames", None)
    if args.video is not None and not args.video.exists():
        raise InputError(f"{args.video}: no such video or folder of images")
    if args.port is not None:  # else the next free one is taken
        check_port("localhost", args.port)
    motion = motion_in(args.motion)
    if not motion.present.any():
        raise InputError(f"{args.motion}: nobody has a pose in it")
    from uplift3d.view.viewer import Viewer, pictures_of

    pictures = None if args.no_pictures else pictures_of(motion, args.video)
    viewer = Viewer(motion, pictures, port=args.port or PORT, title=args.title)
    opened = not args.no_open and open_in_browser(viewer.address)
    print(f"{viewer.address}{'' if opened else ' (open it in a browser)'}; Ctrl+C ends it", flush=True)
    try:
        viewer.play()
    except KeyboardInterrupt:
        print()
    finally:
        viewer.close()


def _write_sheet(output: Path, args: argparse.Namespace) -> None:
    for name in ("max_frames", "title", "no_pictures", "video"):
        _refuse(args, name, output)
    check_output(output)
    print(save_motion(output, motion_in(args.motion)))


def _write_video(output: Path, args: argparse.Namespace) -> None:
    from uplift3d.view.overlay import find_video

    for name in ("max_frames", "title", "no_pictures"):
        _refuse(args, name, output)
    check_output(output)
    motion = motion_in(args.motion)
    if real(output) == real(find_video(motion, args.video)):
        raise InputError(f"{output} is the video itself; give the new one another name")
    print(save_motion(output, motion, video=args.video, progress=True))


def _refuse(args: argparse.Namespace, name: str, output: Path | None) -> None:
    """InputError for an option that would do nothing."""
    if getattr(args, name):
        option = f"--{name.replace('_', '-')}"
        nowhere = "the live viewer; it is for a page (-o FILE.html)"
        raise InputError(f"{option} does nothing for {output or nowhere}")
