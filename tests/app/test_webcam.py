"""Pictures in, people out: through the WebSocket, with a detector that sees somebody stand."""

import io
import json
import struct
import threading

import numpy as np
import pytest
from PIL import Image

from app_server import served
from fake_runtime import FakeRuntime
from seen_person import Standing
from uplift3d.app.webcam import Newest, Picture
from uplift3d.errors import InputError

client = pytest.importorskip("websockets.sync.client", reason="needs websockets")


def jpeg(size=(320, 240)):
    buffer = io.BytesIO()
    Image.new("RGB", size, "grey").save(buffer, "JPEG")
    return buffer.getvalue()


def message(time_s, picture=None):
    return struct.pack("<d", time_s) + (jpeg() if picture is None else picture)


@pytest.fixture
def standing(monkeypatch):
    monkeypatch.setattr("uplift3d.detect.registry._FACTORIES", {"blazepose": Standing})
    monkeypatch.setattr("uplift3d.lifter.open_runtime", lambda *_: FakeRuntime())


def hear(socket, kind):
    while (heard := json.loads(socket.recv(timeout=30)))["kind"] != kind:
        assert heard["kind"] != "failed", heard
    return heard


def test_somebody_before_the_camera_is_seen_upright_on_the_floor(standing):
    with served() as (server, _), client.connect(f"ws://127.0.0.1:{server.port}/api/webcam") as socket:
        socket.send(json.dumps({"detector": "blazepose"}))
        ready = hear(socket, "ready")
        assert sorted({side for *_, side in ready["bones"]}) == ["left", "middle", "right"]
        for number in range(20):
            socket.send(message(100 + number / 10))
            hear(socket, "taken")
        while not (poses := hear(socket, "poses"))["people"]:
            pass
        (person,) = poses["people"]
        pose = np.array(person["pose_m"])
        assert pose.shape == (17, 3)
        assert np.isfinite(pose).all()
        with pytest.raises(Exception, match="400"):
            client.connect(f"ws://127.0.0.1:{server.port}/api/webcam")


SIZE = jpeg((40, 30)).index(bytes([0, 30, 0, 40]))
BOMB = jpeg((40, 30))[:SIZE] + b"\xff\x00\xff\x00" + jpeg((40, 30))[SIZE + 4 :]
"""Says that it has 65280 × 65280 pixels."""


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ('{"detector": "eyes"}', None, "unknown detector 'eyes'; known detectors are blazepose"),
        ('{"detector": "blazepose"}', message(1.0, b"no picture"), "picture 0 is no JPEG"),
        ('{"detector": "blazepose"}', message(1.0, jpeg((40, 30))[:300]), "picture 0 is a damaged JPEG"),
        ('{"detector": "blazepose"}', message(1.0, jpeg((5000, 4000))), "a picture has 5000 × 4000 pixels: "),
        ('{"detector": "blazepose"}', message(1.0, BOMB), "picture 0 has too many pixels"),
        ("hello", None, "what the page says"),
        ("[1]", None, "what the page says"),
        ('{"detector": "blazepose"}', b"short", "a picture is a time and a JPEG"),
    ],
)
def test_what_cannot_be_used_is_said(standing, first, second, said):
    with served() as (server, _), client.connect(f"ws://127.0.0.1:{server.port}/api/webcam") as socket:
        socket.send(first)
        if second is not None:
            hear(socket, "ready")
            socket.send(second)
        while (heard := json.loads(socket.recv(timeout=30)))["kind"] != "failed":
            pass
        assert heard["message"].startswith(said)


def test_a_telephone_that_is_turned_is_gone_on_with(standing):
    with served() as (server, _), client.connect(f"ws://127.0.0.1:{server.port}/api/webcam") as socket:
        socket.send('{"detector": "blazepose"}')
        hear(socket, "ready")
        seen = set()
        for number in range(14):
            socket.send(message(0.2 * number, jpeg((320, 240) if number < 7 else (240, 320))))
            while (heard := json.loads(socket.recv(timeout=30)))["kind"] != "taken":
                assert heard["kind"] != "failed", heard
                seen |= {person["id"] for person in heard.get("people", [])}
        assert seen == {0, 1}


def test_only_the_newest_picture_is_kept_and_times_increase():
    taken = []
    pictures = Newest(lambda: taken.append(1))
    for time_s in (1.0, 2.0, 1.5, float("nan")):
        pictures.put(message(time_s))
    newest = iter(pictures)
    assert next(newest).time_s == 2.0
    assert len(taken) == 3  # two that were too late, and the one that was taken
    threading.Timer(0.05, pictures.close).start()
    assert list(newest) == []


def test_a_picture_is_decoded_upright():
    assert Picture(0, 0.0, 0.0, jpeg((40, 30))).rgb().shape == (30, 40, 3)
    with pytest.raises(InputError, match="picture 3 is no JPEG"):
        Picture(3, 0.0, 0.0, b"GIF89a").rgb()
