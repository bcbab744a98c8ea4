"""Pictures of the browser's camera in, people in 3D out, through a WebSocket.

The browser sends a text {"detector": …}, then a binary message for every picture: seconds as a little-endian
float64, then a JPEG; the next one when the last was taken. It gets texts with a `kind`: ready (bones), taken,
poses, account, failed.
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from uplift3d.arrays import Image
from uplift3d.detect import create_detector
from uplift3d.detect.watcher import Watcher
from uplift3d.errors import InputError
from uplift3d.files.json_text import parse_object
from uplift3d.live import StreamStats, watch
from uplift3d.skeletons import joint_set
from uplift3d.streaming import StreamLifter
from uplift3d.types import Motion3D
from uplift3d.view.colours import LEFT, RIGHT, trunk_colour
from uplift3d.view.live_stage import LiveStage
from uplift3d.view.stage import bone_sides

MAX_PICTURE_BYTES = 4_000_000
MAX_PIXELS = 4096 * 2160
LATENCY_S = 0.3
SILENT_S = 30.0
"""A browser that sends no picture for so long is given up."""
LAST_WORDS_S = 2.0
"""So long a browser has to take what is still to be said at the end."""
MOST_WAITING = 100
"""So many messages wait for a browser that is slow to read; later ones are left out."""

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Picture:
    """One picture; implements `live.Moment`."""

    number: int
    time_s: float
    arrived_s: float
    jpeg: bytes

    def rgb(self) -> Image:
        """(H, W, 3) uint8; InputError for what is no picture."""
        try:
            with Pictures.open(io.BytesIO(self.jpeg), formats=["JPEG"]) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise InputError(f"a picture has {opened.width} × {opened.height} pixels: too many")
                return np.asarray(opened.convert("RGB"), dtype=np.uint8)
        except InputError:
            raise
        except UnidentifiedImageError as error:
            raise InputError(f"picture {self.number} is no JPEG") from error
        except Pictures.DecompressionBombError as error:
            raise InputError(f"picture {self.number} has too many pixels") from error
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(f"picture {self.number} is a damaged JPEG ({error})") from error


class Newest:
    """Pictures from the server's thread to the one that lifts; only the newest is kept."""

    def __init__(self, taken: Callable[[], None]) -> None:
        self._changed = threading.Condition()
        self._picture: Picture | None = None
        self._count, self._latest_s, self._over = 0, -np.inf, False
        self._taken = taken

    def put(self, message: bytes) -> None:
        """A message as the browser sends it."""
        if len(message) <= 8:
            raise InputError("a picture is a time and a JPEG")
        (time_s,) = struct.unpack("<d", message[:8])
        if not np.isfinite(time_s) or time_s <= self._latest_s:
            return self._taken()
        with self._changed:
            self._latest_s = time_s
            self._picture = Picture(self._count, time_s, time.monotonic(), message[8:])
            self._count += 1
            self._changed.notify_all()

    def close(self) -> None:
        """There will be no more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Picture]:
        """Pictures until it is closed."""
        while True:
            with self._changed:
                here = self._changed.wait_for(lambda: self._picture is not None or self._over, SILENT_S)
                picture, self._picture = self._picture, None
            if not here:
                raise InputError(f"the browser sent no picture for {SILENT_S:g} s")
            if picture is None:
                return
            self._taken()
            yield picture


class Listener:
    """Takes chunks of motion, and tells the browser the newest moment; an `export.sinks.Sink`."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._stage = tell, LiveStage()

    def write(self, chunk: Motion3D) -> None:
        """See `Sink`."""
        people = [
            {
                "id": one.person,
                "colour": trunk_colour(one.index),
                "observed": one.observed,
                "pose_m": one.pose_m.round(3).tolist(),
            }
            for one in self._stage.place(chunk)
        ]
        self._tell({"kind": "poses", "time_s": round(float(chunk.times[-1]), 3), "people": people})


def lift_pictures(pictures: Newest, tell: Tell, detector: str, model: str) -> None:
    """Lift until there are no more pictures; for a thread of its own."""
    try:
        lifter = StreamLifter(model, LATENCY_S)
        watcher = Watcher(create_detector(detector))
        tell({"kind": "ready", "bones": bones(lifter.joints), "sides": {"left": LEFT, "right": RIGHT}})

        def report(stats: StreamStats) -> None:
            tell({"kind": "account", "words": stats.in_words()})

        watch(pictures, watcher, lifter, [Listener(tell)], report=report)
    except InputError as error:
        tell({"kind": "failed", "message": str(error)})
    except Exception:
        traceback.print_exc()  # for whoever started the app
        tell({"kind": "failed", "message": "a fault of uplift3d; its terminal says more"})


def bones(joints: str) -> list[tuple[int, int, str]]:
    """Two joints and the side of each bone."""
    known = joint_set(joints)
    return [(a, b, side) for (a, b), side in zip(known.bones, bone_sides(known), strict=True)]


async def talk(request: web.Request, model: str) -> web.WebSocketResponse:
    """Serve one browser's camera until it goes."""
    socket = web.WebSocketResponse(max_msg_size=MAX_PICTURE_BYTES, heartbeat=20)
    await socket.prepare(request)
    waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(message: dict[str, Any]) -> None:
        if message["kind"] != "poses" or waiting.qsize() < MOST_WAITING:
            loop.call_soon_threadsafe(waiting.put_nowait, message)

    pictures = Newest(lambda: tell({"kind": "taken"}))
    sending = asyncio.create_task(_send(socket, waiting))
    lifting: asyncio.Future[None] | None = None
    try:
        async for message in socket:
            if message.type == WSMsgType.TEXT and lifting is None:
                detector = str(parse_object(message.data, "what the page says").get("detector", "blazepose"))
                lifting = loop.run_in_executor(None, lift_pictures, pictures, tell, detector, model)
            elif message.type == WSMsgType.BINARY:
                pictures.put(message.data)
    except InputError as error:
        tell({"kind": "failed", "message": str(error)})
    finally:
        pictures.close()
        if lifting is not None:
            await lifting
        loop.call_soon(waiting.put_nowait, None)  # behind all that is to be said
        await asyncio.wait([sending], timeout=LAST_WORDS_S)
        sending.cancel()
        await socket.close()
    return socket


async def _send(socket: web.WebSocketResponse, waiting: asyncio.Queue[dict[str, Any] | None]) -> None:
    while True:
        message = await waiting.get()
        if message is None or socket.closed:
            return
        try:
            await socket.send_str(json.dumps(message, separators=(",", ":")))
        except ConnectionError:
            return
