"""Ports that a page is to be served at."""

import socket

import pytest

from uplift3d.cli.serving import check_port
from uplift3d.errors import InputError


def test_a_port_that_is_taken_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"^port {port} of 127.0.0.1 is taken; .* with --port$"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 70000, "--port 70000: accepted are 1 to 65535"),
        (".x", 8080, "--host '.x' is no name of a host"),
        ("192.0.2.1", 8080, r"port 8080 of 192\.0\.2\.1 cannot be used"),
    ],
)
def test_what_cannot_be_served_at_is_said(host, port, message):
    with pytest.raises(InputError, match=message):
        check_port(host, port)
