"""The `uplift3d` program: one file per command, each thin over a library function.

A command file declares itself with `add_parser(subparsers)`, which returns its parser, and works in
`run(args) -> int | None` (None means 0, done). Only the file of the command that was asked for is imported,
so `uplift3d --help` is quick and a bare install can run every command whose packages it has.

Exit codes: 0 done, 1 nothing to do or nobody found, 2 bad input, 130 interrupted, 141 the reader of a pipe
went away. A user's mistake gets one sentence on stderr; a traceback means a fault of ours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from uplift3d import interrupts
from uplift3d.cli.parser import Parser, suggestion
from uplift3d.errors import InputError, UpliftWarning

BROKEN_PIPE = 141  # 128 + SIGPIPE

COMMANDS: dict[str, tuple[str, str]] = {
    "lift": ("uplift3d.cli.lift", "video, image folder or 2D keypoints to 3D motion"),
    "detect": ("uplift3d.cli.detect", "video or image folder to 2D key-frames"),
    "stream": ("uplift3d.cli.stream", "a camera or stream to 3D poses while they happen"),
    "app": ("uplift3d.cli.app", "videos and the webcam in the browser, on this machine"),
    "view": ("uplift3d.cli.view", "look at 3D motion: live, as a web page, or in its video"),
    "convert": ("uplift3d.cli.convert", "3D motion from one file format to another"),
    "info": ("uplift3d.cli.info", "show what is in a file"),
    "batch": ("uplift3d.cli.batch", "a great many clips, on this machine or a cluster"),
    "demo": ("uplift3d.cli.demo", "lift the bundled clip, or your video, and show the result"),
    "data": ("uplift3d.cli.data", "bring motion capture into a motion store"),
    "train": ("uplift3d.cli.train", "train a lifting network"),
    "evaluate": ("uplift3d.cli.evaluate", "errors of a network on a data set"),
    "bench": ("uplift3d.cli.bench", "arithmetic of the networks"),
    "reproduce": ("uplift3d.cli.reproduce", "the paper's tables and figures from one command"),
    "completion": ("uplift3d.cli.completion", "let the tab key complete commands and options"),
}

_EPILOG = """examples:
  uplift3d lift walk.mp4 -o walk.npz -o walk.html
  uplift3d demo

`uplift3d COMMAND --help` explains a command. Times are seconds, lengths metres, 2D joints pixels."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. `argv` defaults to the program's own arguments."""
    argv = sys.argv[1:] if argv is None else list(argv)
    with warnings.catch_warnings():
        _show_our_warnings_as_sentences()
        try:
            try:
                return _run(argv)
            finally:
                if sys.stdout is not None:  # started with stdout closed
                    sys.stdout.flush()  # a closed pipe shows here rather than at exit
        except InputError as error:
            print(f"uplift3d: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            return interrupts.say_so()
        except BrokenPipeError:
            _discard_stdout()
            return BROKEN_PIPE
        except OSError as error:
            # Of the machine rather than of ours: a full disk, a file that may not be read.
            print(f"uplift3d: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
            if error.filename is None:
                _discard_stdout()
            return InputError.exit_code


def _discard_stdout() -> None:
    """Give Python somewhere to flush stdout to when it leaves."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: list[str]) -> int:
    parser = _create_parser(argv)
    if not argv:
        parser.print_help()
        return 0
    _check_command(parser, argv)
    args = parser.parse_args(argv)
    args.program = parser
    command = importlib.import_module(COMMANDS[args.command][0])
    return command.run(args) or 0


def _check_command(parser: Parser, argv: list[str]) -> None:
    """Complain of a first word that is no command; a file's name is told from a slip of the finger."""
    word = argv[0]
    if word.startswith("-") or word in COMMANDS:
        return
    if "." in word or "/" in word or os.path.exists(word):  # noqa: PTH110  # the word may be anything
        parser.error(f"{word} is no command; did you mean `uplift3d lift {shlex.join(argv)}`?")
    hint = suggestion(word, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
    parser.error(f"there is no command {word!r}{hint}")


def _create_parser(argv: list[str]) -> Parser:
    """The whole program's parser, in which only the chosen command has its options; all for `completion`."""
    parser = Parser(
        prog="uplift3d",
        description="Ordinary video of people to dense 3D motion from a few 2D key-frames per second.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument(
        "--version", action=_Version, help="print versions, uplift3d's and of what it runs on"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    chosen = next((word for word in argv if not word.startswith("-")), None)
    for name, (module, summary) in COMMANDS.items():
        if chosen in (name, "completion"):
            importlib.import_module(module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Gives names and summaries of commands one line each: argparse forgets that the names are indented."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 4 + max(len(name) for name in COMMANDS)


class _Version(argparse.Action):
    """Print the package's version and those of what it computes with."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        words = []
        for package in ("uplift3d", "numpy", "onnxruntime", "av", "torch"):
            try:
                words.append(f"{package} {version(package)}")
            except PackageNotFoundError:
                words.append(f"{package} not installed")
        print("\n".join(words))
        parser.exit()


def _show_our_warnings_as_sentences() -> None:
    """Print an `UpliftWarning` like an error message; leave other packages' warnings as they are."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, UpliftWarning):
            print(f"uplift3d: warning: {message}", file=sys.stderr)
        else:
            usual(message, category, *rest, **named)

    warnings.simplefilter("always", UpliftWarning)
    warnings.showwarning = show
