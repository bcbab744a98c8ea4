"""`uplift3d app`: videos and the webcam in the browser, served from this machine."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from uplift3d.app.settings import MAX_MB, PORT, Settings
from uplift3d.cli.options import text_parser
from uplift3d.cli.serving import LOOPBACK, check_port, open_in_browser
from uplift3d.cli.values import positive, whole_number
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

DESCRIPTION = """Serve a page that lifts videos you drop on it, shows them in 3D and gives them out in every
format, and that shows you in 3D before the webcam.

Only this machine can reach it unless --host says otherwise; nothing leaves it. Videos are worked on one after
the other. Uploads and results are deleted when it ends."""

EPILOG = """Browsers give a page the webcam on this machine (localhost) or over https only.

examples:
  uplift3d app
  uplift3d app --port 9000 --max-mb 500 --model base-free"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "app",
        help="videos and the webcam in the browser, on this machine",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--host", default=LOOPBACK, help=f"address to serve at (default: {LOOPBACK}, this machine only)"
    )
    parser.add_argument("--port", type=whole_number, default=PORT, metavar="N", help=f"(default: {PORT})")
    parser.add_argument(
        "--max-mb", type=positive, default=MAX_MB, metavar="N", help=f"largest upload (default: {MAX_MB})"
    )
    parser.add_argument("--model", default="base", metavar="NAME|FILE", help="network (default: base)")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    return parser


def run(args: argparse.Namespace) -> int:
    """Serve until it is interrupted."""
    for package, extra in (("aiohttp", "app"), ("plotly", "view")):
        if find_spec(package) is None:
            raise InputError(
                f"the app needs {package}, which is not installed: pip install 'uplift3d[{extra}]'"
            )
    check_port(args.host, args.port)
    from uplift3d.app.server import serve
    from uplift3d.lift.models import find_graphs

    find_graphs(args.model)
    settings = Settings(args.host, args.port, args.max_mb, args.model)
    host = f"[{args.host}]" if ":" in args.host else args.host
    address = f"http://{host}:{args.port}"

    def started() -> None:
        opened = not args.no_open and open_in_browser(address)
        print(f"{address}{'' if opened else ' (open it in a browser)'}; Ctrl+C ends it", flush=True)
        if args.host not in (LOOPBACK, "localhost", "::1"):
            print(f"uplift3d: everybody who can reach {args.host} can use it", file=sys.stderr)

    serve(settings, started)
    return 0
