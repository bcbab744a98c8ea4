"""`uplift3d completion`: what a shell needs to complete commands, options and file names."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from uplift3d.cli.options import text_parser
from uplift3d.errors import InputError

if TYPE_CHECKING:
    from uplift3d.cli.options import Subparsers

SHELLS = ("bash", "zsh", "tcsh")
DESCRIPTION = """Print a script that makes the tab key complete commands and options in your shell.

Needs the package shtab (pip install 'uplift3d[completion]')."""

EPILOG = """examples, as lines of ~/.bashrc and ~/.zshrc:
  eval "$(uplift3d completion bash)"
  eval "$(uplift3d completion zsh)"
"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the command."""
    parser = text_parser(
        subparsers,
        "completion",
        help="let the tab key complete commands and options",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that the script is for")
    return parser


def run(args: argparse.Namespace) -> None:
    """Print the script for `args.program`, the parser with the options of all commands."""
    try:
        import shtab
    except ImportError:
        raise InputError("completion needs shtab: pip install 'uplift3d[completion]'") from None
    print(shtab.complete(args.program, args.shell))
