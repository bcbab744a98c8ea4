"""Sources that do not wait: a file at its own pace, HTTP and RTSP over loopback, and what breaks off."""

import io
import re
import socket
import socketserver
import threading
import time
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import av
import numpy as np
import pytest

from seen_person import film
from uplift3d.errors import InputError
from uplift3d.video import live_source
from uplift3d.video.live_source import LiveSource


def encoded(frames, kind, codec, rate_hz=25):
    """A video as bytes."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(frames):
            image = np.full((240, 320, 3), 2 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


@contextmanager
def served(handler):
    """The address of a real HTTP server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_file_plays_at_its_own_pace(tmp_path):
    film(tmp_path / "a.mp4", 20, 25)
    started = time.monotonic()
    with LiveSource(str(tmp_path / "a.mp4")) as source:
        frames = [(frame.number, frame.time_s, frame.rgb().shape) for frame in source]
    assert time.monotonic() - started > 0.7
    numbers, times, shapes = zip(*frames, strict=True)
    np.testing.assert_allclose(times, np.array(numbers) / 25, atol=1e-3)
    assert set(shapes) == {(240, 320, 3)}


def test_a_file_with_a_colon_in_its_name_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "a.mp4", 5, 25)
    (tmp_path / "a.mp4").rename("12:30.mp4")
    for name in ("12:30.mp4", "file:12:30.mp4"):
        with LiveSource(name) as source:
            assert next(iter(source)).rgb().shape == (240, 320, 3)


def test_who_is_slow_misses_frames_and_sees_the_newest(tmp_path):
    film(tmp_path / "a.mp4", 30, 25)
    ages, numbers = [], []
    with LiveSource(str(tmp_path / "a.mp4")) as source:
        for frame in source:
            ages.append(time.monotonic() - frame.arrived_s)
            numbers.append(frame.number)
            time.sleep(0.3)
    assert len(numbers) < 10
    assert min(np.diff(numbers[:-1])) > 2
    assert np.median(ages) < 0.15


def test_a_file_from_a_server_is_played(tmp_path):
    film(tmp_path / "a.mp4", 12, 25)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    with served(Files) as address, LiveSource(f"{address}/a.mp4") as source:
        times = [frame.time_s for frame in source]
    assert times[0] == 0
    assert times[-1] > 0.3
    assert source.reconnects == 0


def test_a_stream_that_breaks_off_is_opened_again_and_time_goes_on():
    visits = []

    class Breaking(Quiet):
        def do_GET(self):
            visits.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            for piece in np.array_split(np.frombuffer(encoded(40, "mpegts", "mpeg2video"), np.uint8), 8):
                self.wfile.write(piece.tobytes())
                time.sleep(0.02)

    said, times = [], []
    with served(Breaking) as address, LiveSource(f"{address}/live.ts", notice=said.append) as source:
        for frame in source:
            times.append(frame.time_s)
            if source.reconnects >= 2 and frame.time_s > times[0]:
                break
    assert len(visits) >= 2
    assert (np.diff(times) > 0).all()
    assert "trying again in 0.5 s" in said[0]


@pytest.mark.parametrize("name", ["gone.mp4", "no-video.mp4", "empty.mp4"])
def test_what_is_no_video_is_refused(tmp_path, name):
    (tmp_path / "no-video.mp4").write_bytes(b"words, words" * 100)
    (tmp_path / "empty.mp4").touch()
    path = str(tmp_path / name)
    with pytest.raises(InputError, match=r"\.mp4 cannot be played: "), LiveSource(path) as source:
        next(iter(source))


def odd_codec(path):
    """A video in a code that nobody knows."""
    path.write_bytes(encoded(5, "avi", "mpeg4").replace(b"FMP4", b"ZZQ9"))
    return str(path)


def test_what_waiting_does_not_help_is_said_at_once(tmp_path):
    sources = {
        odd_codec(tmp_path / "a.avi"): "it is coded in a way that this FFmpeg does not know",
        "nonsense://camera": "protocol not found",
    }
    said = {name: f"{name} cannot be played: {why}" for name, why in sources.items()}
    said["/dev/video97"] = "there is no camera /dev/video97; "
    for name, message in said.items():
        started = time.monotonic()
        with LiveSource(name) as source, pytest.raises(InputError, match=message):
            next(iter(source))
        assert time.monotonic() - started < 5


def test_a_file_that_is_cut_off_is_played_and_that_is_said(tmp_path):
    path, notices = tmp_path / "a.mkv", []
    whole = encoded(100, "matroska", "mpeg4")
    path.write_bytes(whole[: len(whole) // 3])
    with LiveSource(str(path), notice=notices.append) as source:
        assert sum(1 for _ in source) > 5
    assert len(notices) == 1
    assert re.search(r"a\.mkv ends after \d\.\d s of 4\.0 s: it is cut off", notices[0])


def test_a_stream_without_times_goes_by_its_arrival(tmp_path):
    path = tmp_path / "a.m4v"
    path.write_bytes(encoded(20, "m4v", "mpeg4"))  # pictures one after the other, no container
    with LiveSource(str(path)) as source:
        times = [frame.time_s for frame in source]
    assert 0.0 <= times[0] < 30.0  # the newest frame is taken, which on a busy machine is not the first
    assert (np.diff(times) > 0).all()


@pytest.mark.parametrize("drift", [0.005, -0.005])
def test_a_clock_that_drifts_for_hours_neither_stops_nor_leaps(drift, monkeypatch):
    times = stamped(monkeypatch, 7200, lambda gone_s: 500 + gone_s * (1 + drift))
    assert len(times) == 10 * 7200
    steps = np.diff(times)
    np.testing.assert_allclose(steps, 0.1, rtol=0.006)
    assert abs(times[-1] - 7199.9) < 0.5


@pytest.mark.parametrize("by_s", [-3600.0, -5.0, 60.0])
def test_a_clock_that_is_set_anew_stops_nobody(by_s, monkeypatch):
    times = stamped(monkeypatch, 60, lambda gone_s: 9000 + 1.004 * gone_s + (by_s if gone_s >= 30 else 0))
    assert len(times) == 600
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() < 0.3
    assert abs(times[-1] - 59.9) < 0.5


def stamped(monkeypatch, seconds, clock):
    """The times of pictures that arrive ten times a second with a camera's timestamps."""
    now = [1000.0]
    monkeypatch.setattr(live_source, "time", SimpleNamespace(monotonic=lambda: now[0]))
    ours, times = live_source._Clock(), []
    ours.begin(recorded=False)
    for number in range(10 * seconds):
        now[0] = 1000 + number / 10
        times.append(ours.time_of(SimpleNamespace(time=clock(number / 10))))
    return np.array([time_s for time_s in times if time_s is not None])


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("rtsp://me:p@ss@camera.local/live?x=1", "rtsp://camera.local/live?x=1"),
        ("http://camera.local/a@b.ts", "http://camera.local/a@b.ts"),
        ("a@b.mp4", "a@b.mp4"),
        ("0", "0"),
        ("", "''"),
    ],
)
def test_a_name_has_no_password_and_is_there(source, name):
    assert live_source.plain_name(source) == name


def test_a_source_is_named_without_its_password():
    source = LiveSource("http://me:secret@127.0.0.1:9/a.ts?at=5", patience_s=0.4)
    with (
        pytest.raises(InputError, match=r"^http://127\.0\.0\.1:9/a\.ts\?at=5 sent nothing for 0\.4 s: "),
        source,
    ):
        next(iter(source))


def test_a_server_that_says_nothing_is_given_up_as_soon_as_asked():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a.ts"
        with (
            pytest.raises(InputError, match="sent nothing for 1 s: no answer"),
            LiveSource(address, patience_s=1) as source,
        ):
            next(iter(source))
    assert time.monotonic() - started < 6


def test_a_camera_that_hangs_without_a_word_is_given_up(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(live_source, "OPEN_TIMEOUT_S", 0.1)
    monkeypatch.setattr(LiveSource, "_read", lambda _: over.wait(20))
    with LiveSource("/dev/video7", patience_s=0.2) as source:
        with pytest.raises(InputError, match=r"^/dev/video7 gave no picture for 0\.4 s$"):
            next(iter(source))
        over.set()


def test_a_source_that_does_not_answer_is_given_up():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = []
    with (
        pytest.raises(InputError, match="sent nothing for 1 s: "),
        LiveSource(f"http://127.0.0.1:{port}/a.ts", patience_s=1, notice=said.append) as source,
    ):
        next(iter(source))
    assert len(said) == 1


class Rtsp(socketserver.StreamRequestHandler):
    """A camera: RTSP with RTP in the same connection, MPEG-2 video that PyAV packs."""

    def handle(self):
        while line := self.rfile.readline().decode():
            headers = {}
            while header := self.rfile.readline().decode().strip():
                key, _, value = header.partition(":")
                headers[key.lower()] = value.strip()
            method = line.split()[0]
            body = ""
            more = ["Session: 7"]
            if method == "OPTIONS":
                more = ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
            if method == "DESCRIBE":
                body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                body += "m=video 0 RTP/AVP 32\r\na=control:track\r\n"
                more = ["Content-Type: application/sdp"]
            if method == "SETUP":
                more.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
            reply = [
                "RTSP/1.0 200 OK",
                f"CSeq: {headers['cseq']}",
                *more,
                f"Content-Length: {len(body)}",
                "",
                body,
            ]
            self.wfile.write("\r\n".join(reply).encode())
            if method == "PLAY":
                self.play()
                return

    def play(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
            packets.bind(("127.0.0.1", 0))
            packets.settimeout(0.5)
            port = packets.getsockname()[1]
            threading.Thread(target=self.pack, args=(port,), daemon=True).start()
            try:
                while True:
                    packet = packets.recv(65536)
                    self.wfile.write(b"$\0" + len(packet).to_bytes(2, "big") + packet)
            except OSError:  # the film is over, or nobody listens any more
                pass

    @staticmethod
    def pack(port):
        with av.open(f"rtp://127.0.0.1:{port}", "w", format="rtp") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            for number in range(50):
                image = np.full((240, 320, 3), 4 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
                time.sleep(0.02)
            container.mux(stream.encode())


def test_a_camera_that_speaks_rtsp():
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Rtsp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        times, shapes = [], set()
        with LiveSource(f"rtsp://127.0.0.1:{server.server_address[1]}/live", patience_s=15) as source:
            for frame in source:
                times.append(frame.time_s)
                shapes.add(frame.rgb().shape)
                if len(times) == 5:
                    break
        server.shutdown()
    assert shapes == {(240, 320, 3)}
    assert (np.diff(times) > 0).all()


def test_pixels_are_square(tmp_path):
    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 144, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for n in range(5):
            image = np.full((144, 96, 3), 40 * n, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    with LiveSource(str(path)) as source:
        assert next(iter(source)).rgb().shape == (144, 192, 3)


def test_a_file_that_does_not_say_how_long_it_is_plays_at_its_own_pace_too(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(
        str(path), "w", options={"live": "1"}
    ) as container:  # as a recorder writes that may be cut off
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            image = np.full((48, 64, 3), 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        assert not container.duration
    started, said = time.monotonic(), []
    with LiveSource(str(path), notice=said.append) as source:
        frames = list(source)
    assert time.monotonic() - started > 0.6
    assert len(frames) >= 15
    assert said == []


def test_sound_that_is_longer_than_the_picture_is_no_picture_that_is_cut_off(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=16000)
        for _ in range(15):
            image = np.full((48, 64, 3), 90, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
        for number in range(60):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate, silence.pts = 16000, 1024 * number
            container.mux(sound.encode(silence))
        container.mux(sound.encode())
    said = []
    with LiveSource(str(tmp_path / "a.mp4"), notice=said.append) as source:
        list(source)
    assert said == []
