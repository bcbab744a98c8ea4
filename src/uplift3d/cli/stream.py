"""`uplift3d stream`: a camera, a network stream or a file at its own pace to 3D poses while they happen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uplift3d.cli.options import (
    add_detector_options,
    add_lifter_options,
    chosen_detector,
    chosen_interval,
    lifter_options,
    text_parser,
)
from uplift3d.cli.output_options import check_free
from uplift3d.cli.serving import LOOPBACK, check_port, open_in_browser
from uplift3d.cli.values import interval, people, positive, rate, whole_number
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers
    from uplift3d.detect.watcher import Watcher
    from uplift3d.export.sinks import JsonLines, Sink
    from uplift3d.live import StreamStats
    from uplift3d.streaming import StreamLifter
    from uplift3d.video.live_source import LiveSource
    from uplift3d.view.live_viewer import LiveViewer

DESCRIPTION = """Lift the people before a camera to 3D while they move.

Writes a line of JSON for every frame that is used, --latency seconds after it: the conventions first, then
time_s and people; --view shows them in a browser too. Frames that come while the computer is busy are
dropped, so it never falls behind. A camera or network stream that breaks off is opened again."""

EVERY_FRAME_S = 1e-3
"""Key interval that no camera is faster than."""
BUSY = 0.95
"""Of the time, and a machine is too slow for what is asked of it."""

EPILOG = """sources:
  0                          the first webcam; also /dev/video0
  rtsp://… http://…          a network camera, a stream, a video on a server
  walk.mp4                   a file, at its own pace

examples:
  uplift3d stream 0 --view -o live.jsonl
  uplift3d stream rtsp://camera.local/live -o live.jsonl --latency 0 --people largest
  uplift3d stream 0 --vmc 127.0.0.1:39539 --looks-per-second 6 --detector blazepose-full
  uplift3d stream walk.mp4 -o walk.jsonl --output-rate 60"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "stream",
        help="a camera or stream to 3D poses while they happen",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("source", metavar="SOURCE", help="camera, URL or file, see below")
    _add_outputs(parser)
    _add_timing(parser)
    add_detector_options(parser)
    add_lifter_options(parser, stream=True)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of how it goes")
    return parser


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """Where poses go."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="-", help="lines of JSON (default: to standard output)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there already")
    parser.add_argument("--osc", type=host_and_port, metavar="HOST:PORT", help="send joints as OSC over UDP")
    parser.add_argument(
        "--vmc", type=host_and_port, metavar="HOST:PORT", help="send joints as trackers of the VMC protocol"
    )
    parser.add_argument(
        "--view", action="store_true", help="show people in 3D in a browser (extra live: viser)"
    )
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        help=f"of --view: the address to serve at (default: {LOOPBACK}, this machine only)",
    )
    parser.add_argument(
        "--port", type=whole_number, default=8080, metavar="N", help="of --view (default: 8080)"
    )
    parser.add_argument("--no-open", action="store_true", help="with --view, do not open a browser")


def _add_timing(parser: argparse.ArgumentParser) -> None:
    """When it looks, when it gives poses, and when it ends."""
    parser.add_argument(
        "--latency",
        type=seconds,
        default=0.3,
        metavar="SECONDS",
        help="how long a pose waits for what comes after it; later is better, 3.5 as good as lift "
        "(default: 0.3)",
    )
    parser.add_argument(
        "--output-rate", type=rate, metavar="HZ", help="poses per second (default: one per frame used)"
    )
    parser.add_argument(
        "--key-interval",
        type=interval,
        default=argparse.SUPPRESS,
        metavar="SECONDS",
        help="seconds between looks of the 2D detector, 'all' for every frame that there is time for "
        "(default: adaptive)",
    )
    parser.add_argument(
        "--looks-per-second", type=positive, metavar="N", help="so many looks a second on average"
    )
    parser.add_argument(
        "--people", type=people, default="all", metavar="all|largest|N", help="whom to lift (default: all)"
    )
    parser.add_argument("--duration", type=positive, metavar="SECONDS", help="stop after so long")
    parser.add_argument(
        "--patience",
        type=positive,
        default=30.0,
        metavar="SECONDS",
        help="give up a source that sends nothing for so long (default: 30)",
    )


def run(args: argparse.Namespace) -> int:
    """Open everything, follow the source, say how it goes on stderr; Ctrl-C ends it properly."""
    from uplift3d import detect
    from uplift3d.detect.watcher import Watcher
    from uplift3d.memory import keep_little
    from uplift3d.video.live_source import LiveSource

    if args.view:
        check_view(args.host, args.port)
    keep_little()
    lifter = _stream_lifter(args)
    chosen = chosen_detector(args)
    watcher = Watcher(detect.create_detector(chosen) if isinstance(chosen, str) else chosen, args.people)
    tell: list[Callable[[str], None]] = [] if args.quiet else [_line_over_line]
    more: dict[str, Any] = {"duration_s": args.duration}
    with ExitStack() as stack:
        lines = _opened_lines(args.output, args.overwrite, stack)
        sinks: list[Sink] = [lines, *_listeners(args)]
        if args.view:
            viewer = _opened_viewer(args, stack)
            sinks.append(viewer)
            tell.append(viewer.say)
            more["seen"] = viewer.show
            _say(f"{viewer.address} shows it; Ctrl+C ends it")
        source = stack.enter_context(LiveSource(args.source, patience_s=args.patience, notice=_say))
        try:
            stats = _watched(source, watcher, lifter, sinks, tell, more)
        except InputError as error:
            raise type(error)(f"{error}{_kept(args.output, lines)}") from error
        finally:
            if not args.quiet:
                print(file=sys.stderr)
    if not args.quiet:
        _sum_up(source.name, stats)
    return 0


def _stream_lifter(args: argparse.Namespace) -> StreamLifter:
    from uplift3d.streaming import StreamLifter

    key_interval = chosen_interval(args, "adaptive")
    return StreamLifter(
        args.model,
        args.latency,
        args.runtime,
        output_rate_hz=args.output_rate,
        key_interval=EVERY_FRAME_S if key_interval is None else key_interval,
        focal_px=args.focal_px,
        **lifter_options(args),
    )


def _watched(
    source: LiveSource,
    watcher: Watcher,
    lifter: StreamLifter,
    sinks: list[Sink],
    tell: list[Callable[[str], None]],
    more: dict[str, Any],
) -> StreamStats:
    """Follow the source; the numbers of the whole time, also where Ctrl+C ended it, which is usual."""
    from uplift3d.live import StreamStats, watch
    from uplift3d.memory import give_back

    so_far = StreamStats()

    def report(now: StreamStats) -> None:
        so_far.add(now)
        give_back()
        for listener in tell:
            listener(now.in_words())

    try:
        return watch(source, watcher, lifter, sinks, report=report, **more)
    except KeyboardInterrupt:  # what there was has been written
        return so_far


def _sum_up(name: str, stats: StreamStats) -> None:
    if not stats.seconds:
        return
    _say(f"{name}: {stats.in_words()}, {stats.poses} poses")
    if stats.busy_s > BUSY * stats.seconds and stats.dropped > stats.frames:
        _say(
            "most frames were dropped, since looks took all the time there was; --detector "
            "blazepose-full takes a third of it for each, and --looks-per-second asks for fewer"
        )


def _say(text: str) -> None:
    print(f"uplift3d: {text}", file=sys.stderr)


def _opened_lines(output: str, overwrite: bool, stack: ExitStack) -> JsonLines:
    from uplift3d.export.sinks import JsonLines

    if output == "-":
        if sys.stdout is None:
            raise InputError("standard output is closed; give a file with -o")
        return JsonLines(sys.stdout)
    from uplift3d.files import check_writable

    path = check_writable(output, (".jsonl",))
    check_free(path, overwrite)
    lines = JsonLines(path)
    stack.callback(lines.close)
    return lines


def _listeners(args: argparse.Namespace) -> list[Sink]:
    from uplift3d.export.sinks import Osc, Vmc

    return [kind(*target) for kind, target in ((Osc, args.osc), (Vmc, args.vmc)) if target]


def _kept(output: str, lines: JsonLines) -> str:
    """What there is of a stream that broke off, to be said behind why."""
    if output == "-" or lines.latest_s is None:
        return ""
    return f"; {output} keeps the poses up to {lines.latest_s:.1f} s"


def _line_over_line(words: str) -> None:
    print(f"\r{words:<100}", end="", file=sys.stderr, flush=True)


def _opened_viewer(args: argparse.Namespace, stack: ExitStack) -> LiveViewer:
    from uplift3d.video.live_source import plain_name
    from uplift3d.view.live_viewer import LiveViewer

    viewer = LiveViewer(args.host, args.port, Path(plain_name(args.source)).name)
    stack.callback(viewer.close)
    if not args.no_open:
        open_in_browser(viewer.address)
    return viewer


def check_view(host: str, port: int) -> None:
    """InputError where viser is not installed or the port cannot be used."""
    if find_spec("viser") is None:
        raise InputError("--view needs viser, which is not installed: pip install 'uplift3d[live]'")
    check_port(host, port)


def host_and_port(text: str) -> tuple[str, int]:
    """("127.0.0.1", 39539) from "127.0.0.1:39539"."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} given, accepted: HOST:PORT, as 127.0.0.1:39539")
    return host, int(port)


def seconds(text: str) -> float:
    """A finite number of seconds from 0."""
    try:
        return 0.0 if float(text) == 0 else positive(text)
    except ValueError:
        return positive(text)
