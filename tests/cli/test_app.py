"""`uplift3d app`: what it says before it serves."""

import socket

import pytest

from uplift3d.cli import app, main

pytest.importorskip("aiohttp", reason="aiohttp is an optional package")


def test_it_says_where_it_is_and_who_can_reach_it(monkeypatch, capsys):
    told = []

    def serve(settings, started):
        told.append(settings)
        started()

    monkeypatch.setattr("uplift3d.app.server.serve", serve)
    assert main(["app", "--port", "18321", "--max-mb", "5", "--no-open"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:18321 (open it in a browser); Ctrl+C ends it\n"
    assert (told[0].host, told[0].max_bytes) == ("127.0.0.1", 5_000_000)
    assert main(["app", "--port", "18321", "--host", "0.0.0.0", "--no-open"]) == 0
    assert "everybody who can reach 0.0.0.0 can use it" in capsys.readouterr().err


def test_mistakes_are_sentences(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 is taken" in capsys.readouterr().err
    assert main(["app", "--port", "18322", "--model", "nowhere"]) == 2
    assert "no model at nowhere" in capsys.readouterr().err
    monkeypatch.setattr(app, "find_spec", lambda name: None if name == "aiohttp" else object())
    assert main(["app"]) == 2
    assert (
        "the app needs aiohttp, which is not installed: pip install 'uplift3d[app]'"
        in capsys.readouterr().err
    )
