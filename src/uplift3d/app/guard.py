"""Who may talk to the app: its own page, not another site that is open in the same browser."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; "
        "base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def guard(host: str) -> Middleware:
    """A middleware that answers only requests which name this server, and which come from its own page.

    A site that lets its name lead to this machine (DNS rebinding) is told by `Host`; a form, script or
    WebSocket of another site by `Origin` and `Sec-Fetch-Site`.

    Args:
        host: where the server listens.
    """

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not names_this_machine(request.host, host):
            raise web.HTTPForbidden(text=f"this server is not called {request.host}")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text=f"{origin} may not use this server")
        if request.path != "/" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise web.HTTPForbidden(text="another site may not use this server")
        response = await handler(request)
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    return checked


def names_this_machine(named: str, host: str) -> bool:
    """Whether a request that calls the server so can only mean it: an address, or one of its own names."""
    try:
        name = urlsplit(f"//{named}").hostname or ""
    except ValueError:  # no address that there can be
        return False
    if name in {host, "localhost", socket.gethostname().lower()}:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    open_to_all = host in ("0.0.0.0", "::")
    return address.is_loopback or open_to_all or name == host
