"""What the commands share that serve a page on this machine: a free port, and the browser."""

from __future__ import annotations

import errno
import os
import socket
import sys
import webbrowser

from uplift3d.errors import InputError
from uplift3d.files.guards import quoted

LOOPBACK = "127.0.0.1"
"""Nobody but this machine can reach what is served here."""


def check_port(host: str, port: int) -> None:
    """Say so before anything is loaded where a page cannot be served there.

    Raises:
        InputError: the port is taken or not allowed, or there is no such host here.
    """
    if not 0 < port < 65536:
        raise InputError(f"--port {port}: accepted are 1 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            if os.name != "nt":  # where it would let a port be taken twice
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except UnicodeError:
        raise InputError(f"--host {quoted(host)} is no name of a host") from None
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken" if taken else f"cannot be used ({error.strerror or error})"
        raise InputError(f"port {port} of {host} {why}; give another with --port") from error


def open_in_browser(address: str) -> bool:
    """Show an address in the default browser; False where there is no desktop to show it on."""
    # Without a display, Python's webbrowser would start a text browser in this very terminal.
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
