"""The app's server in a thread, and a client for it."""

import asyncio
import http.client
import json
import threading
from contextlib import contextmanager

import pytest

import app_work
from uplift3d.app.settings import Settings

web = pytest.importorskip("aiohttp.web", reason="aiohttp is an optional package")
pytest.importorskip("plotly", reason="plotly is an optional package")


class Client:
    """Asks one server."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, headers=None):
        """Status and content of the answer."""
        status, _, content = self.ask(method, path, body, headers)
        return status, json.loads(content)

    def job(self, name):
        """What is said of a job; None where there is none."""
        return next((one for one in self.json("GET", "/api/jobs")[1] if one["id"] == name), None)

    def until(self, name, *states, seconds=60):
        """Wait for a job to be in one of these states."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.05)):
            if (found := self.job(name))["state"] in states:
                return found
            pause.wait(0.05)
        raise AssertionError(found)


@contextmanager
def served(settings=None, work=app_work.lift_standing):
    """A server on a free port of this machine; yields a client and the app's folder."""
    from uplift3d.app.server import create_app

    loop, begun, over, found = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), {}

    async def serve():
        app = create_app(settings or Settings(), work)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        found["port"] = site._server.sockets[0].getsockname()[1]
        found["state"] = app.cleanup_ctx[0].__self__
        begun.set()
        await over.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert begun.wait(30)
    try:
        yield Client(found["port"]), found["state"].folder
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()
    assert not found["state"].folder.exists()
