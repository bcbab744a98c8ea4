"""Routes of the app, and the server itself."""

from __future__ import annotations

import asyncio
import math
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from uplift3d import interrupts
from uplift3d.app import downloads
from uplift3d.app.guard import HEADERS, guard
from uplift3d.app.jobs import Job, Jobs, folder_for
from uplift3d.app.settings import Settings
from uplift3d.app.uploads import PIECE_BYTES, TooLargeError, receive
from uplift3d.app.webcam import talk
from uplift3d.app.worker import PAGE, Task, Work, lift_upload
from uplift3d.errors import InputError
from uplift3d.files.guards import quoted
from uplift3d.version import __version__

DETECTORS = {"blazepose": "thorough", "blazepose-full": "quick"}
"""What the page offers, in words."""
KEY_INTERVALS: dict[str, float | str] = {"0.4": 0.4, "0.2": 0.2, "0.1": 0.1, "adaptive": "adaptive"}
END_S = 0.1
"""So soon it ends after it was asked to."""
ASSETS = {
    "app.css": "text/css",
    "app.js": "text/javascript",
    "figure.js": "text/javascript",
    "webcam.js": "text/javascript",
}


class App:
    """State and handlers of one server."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self.settings = settings
        # Also removed where an interrupt comes before the server runs.
        self._temporary = tempfile.TemporaryDirectory(prefix="uplift3d-app-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.jobs = Jobs(settings.keep, work)
        self._writing = asyncio.Lock()
        self._camera_in_use = False

    async def while_it_runs(self, _: web.Application) -> AsyncIterator[None]:
        """Work on the queue; afterwards nothing is left on the disk."""
        worker = asyncio.create_task(self.jobs.run())
        try:
            yield
        finally:
            self.jobs.close()
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            self._temporary.cleanup()

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return [
            web.get("/", self.start),
            web.get("/page/{name}", self.asset),
            web.get("/api/about", self.about),
            web.get("/api/jobs", self.listed),
            web.post("/api/jobs", self.upload),
            web.post("/api/jobs/{id}/cancel", self.cancel),
            web.delete("/api/jobs/{id}", self.remove),
            web.get("/api/jobs/{id}/page", self.page),
            web.get("/api/jobs/{id}/files/{format}", self.download),
            web.get("/api/webcam", self.webcam),
        ]

    async def start(self, _: web.Request) -> web.Response:
        """The page."""
        return web.Response(text=_asset("index.html"), content_type="text/html")

    async def asset(self, request: web.Request) -> web.Response:
        """Its style and scripts."""
        name = request.match_info["name"]
        if name not in ASSETS:
            raise web.HTTPNotFound
        return web.Response(text=_asset(name), content_type=ASSETS[name])

    async def about(self, _: web.Request) -> web.Response:
        """What the page has to know."""
        return web.json_response(
            {
                "version": __version__,
                "max_bytes": self.settings.max_bytes,
                "detectors": DETECTORS,
                "formats": await asyncio.to_thread(downloads.formats),
                "skeletons": downloads.skeletons(),
            }
        )

    async def listed(self, _: web.Request) -> web.Response:
        """All videos, the newest last."""
        return web.json_response([job.record() for job in self.jobs])

    async def upload(self, request: web.Request) -> web.Response:
        """Take a video and put it into the queue."""
        detector = request.query.get("detector", "blazepose")
        interval = request.query.get("key_interval", "0.4")
        for given, accepted in ((detector, DETECTORS), (interval, KEY_INTERVALS)):
            if given not in accepted:
                raise InputError(f"{given!r} given; accepted are {', '.join(accepted)}")
        height_m, focal_px = _number(request, "height_m"), _number(request, "focal_px")
        one_floor = request.query.get("one_floor", "false") == "true"
        folder = folder_for(self.folder)
        try:
            video, name = await receive(request, folder, self.settings.max_bytes)
        except BaseException:  # also when the browser goes away in the middle
            shutil.rmtree(folder, ignore_errors=True)
            raise
        model, looks = self.settings.model, KEY_INTERVALS[interval]
        task = Task(video, name, detector, looks, model, height_m, focal_px, one_floor)
        return web.json_response(self.jobs.add(task).record(), status=201)

    async def cancel(self, request: web.Request) -> web.Response:
        """Stop a video, or take it out of the queue."""
        job = self._job(request)
        self.jobs.cancel(job)
        return web.json_response(job.record())

    async def remove(self, request: web.Request) -> web.Response:
        """Forget a video, with all its files."""
        self.jobs.remove(self._job(request))
        return web.json_response({})

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page that plays a motion. Its scripts may not touch the app."""
        policy = "sandbox allow-scripts; frame-ancestors 'self'"
        path = self._finished(request).task.folder / PAGE
        return web.FileResponse(path, headers={"Content-Security-Policy": policy})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A motion in some format."""
        job = self._finished(request)
        name, skeleton = request.match_info["format"], request.query.get("skeleton")
        folder = folder_for(job.task.folder)
        try:
            async with self._writing:
                path = await asyncio.to_thread(downloads.write, job.task, name, skeleton, folder)
            return await _send_file(request, path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def webcam(self, request: web.Request) -> web.StreamResponse:
        """The browser's camera; one at a time."""
        if self._camera_in_use:
            raise InputError("a camera is in use already, in another window")
        self._camera_in_use = True
        try:
            return await talk(request, self.settings.model)
        finally:
            self._camera_in_use = False

    def _job(self, request: web.Request) -> Job:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            raise web.HTTPNotFound(text="there is no such video")
        return job

    def _finished(self, request: web.Request) -> Job:
        job = self._job(request)
        if job.state != "done":
            raise InputError(f"{job.task.name} is {job.state}, so there is no motion of it")
        return job


@web.middleware
async def in_a_sentence(request: web.Request, handler: Any) -> web.StreamResponse:
    """What a user can cause is JSON with a sentence in it."""
    try:
        answer: web.StreamResponse = await handler(request)
        return answer
    except TooLargeError as error:
        return web.json_response({"message": str(error)}, status=413)
    except InputError as error:
        return web.json_response({"message": str(error)}, status=400)
    except web.HTTPException as error:
        return web.json_response({"message": error.text}, status=error.status)
    except ConnectionError:  # whoever asked has gone, in the middle of an upload or a download
        return web.Response(status=400)


def create_app(settings: Settings, work: Work = lift_upload) -> web.Application:
    """The application, ready to be served.

    Args:
        settings: what it is started with.
        work: what is done with a video, for tests.
    """
    state = App(settings, work)
    app = web.Application(middlewares=[in_a_sentence, guard(settings.host)], client_max_size=1 << 20)
    app.add_routes(state.routes())
    app.cleanup_ctx.append(state.while_it_runs)
    return app


def serve(settings: Settings, started: Callable[[], None] = lambda: None) -> None:
    """Serve until it is interrupted, or told to end.

    Raises:
        InputError: the port cannot be used.
    """
    wanted = threading.Event()
    with interrupts.told(wanted.set):
        asyncio.run(_run(settings, started, wanted))


async def _run(settings: Settings, started: Callable[[], None], wanted: threading.Event) -> None:
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise InputError(
                f"port {settings.port} of {settings.host} cannot be used: {error.strerror}"
            ) from error
        started()
        while not wanted.is_set():
            await asyncio.sleep(END_S)
    finally:
        await runner.cleanup()


def _number(request: web.Request, name: str) -> float | None:
    """A number above 0 that the page may give, or leave empty."""
    text = request.query.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise InputError(f"{name}: {quoted(text)} given, a number above 0 accepted")
    return number


def _asset(name: str) -> str:
    return files("uplift3d.app").joinpath("page", name).read_text(encoding="utf-8")


async def _send_file(request: web.Request, path: Path) -> web.StreamResponse:
    """To be saved by the browser; all of it has been sent when this returns."""
    kind = {"Content-Type": "application/octet-stream", "Content-Disposition": _attachment(path.name)}
    answer = web.StreamResponse(headers=kind | HEADERS)
    answer.content_length = path.stat().st_size
    await answer.prepare(request)
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            await answer.write(piece)
    await answer.write_eof()
    return answer


def _attachment(name: str) -> str:
    plain = name.encode("ascii", "replace").decode().replace('"', "_").replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
