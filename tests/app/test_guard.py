"""What a request may call the server."""

import socket

import pytest

from uplift3d.app.guard import names_this_machine


@pytest.mark.parametrize(
    ("named", "host", "accepted"),
    [
        ("127.0.0.1:8321", "127.0.0.1", True),
        ("localhost:8321", "127.0.0.1", True),
        ("[::1]:8321", "127.0.0.1", True),
        ("192.168.1.5:8321", "127.0.0.1", False),
        ("192.168.1.5:8321", "192.168.1.5", True),
        ("192.168.1.5:8321", "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
        ("evil.example:8321", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        (socket.gethostname(), "0.0.0.0", True),
        ("", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
    ],
)
def test_only_its_own_names_are_accepted(named, host, accepted):
    assert names_this_machine(named, host) is accepted
