"""The app from upload to download, what it refuses, and that nothing stays on the disk."""

import io
import re
import signal
import socket

import av
import pytest

import app_work
from app_server import served
from browser import wait_for
from uplift3d.app import server
from uplift3d.app.server import create_app, serve
from uplift3d.app.settings import Settings
from uplift3d.errors import InputError
from uplift3d.export import load_motion


@pytest.fixture(scope="module")
def client():
    with served(Settings(max_mb=0.5)) as (made, _):
        yield made


@pytest.fixture(scope="module")
def done(client, clip):
    status, job = client.json(
        "POST",
        "/api/jobs?name=C:\\films\\w%C3%A4lk.mp4&key_interval=0.2&height_m=1,9&focal_px=700&one_floor=true",
        clip.read_bytes(),
    )
    assert status == 201
    assert job["name"] == "wälk.mp4"
    return client.until(job["id"], "done", "failed")


def test_a_video_becomes_a_motion_and_a_page(client, done):
    assert (done["state"], done["people"], done["poses"]) == ("done", 1, 30)
    status, headers, page = client.ask("GET", f"/api/jobs/{done['id']}/page")
    assert status == 200
    assert b"w\xc3\xa4lk.mp4</title>" in page
    assert "sandbox" in headers["Content-Security-Policy"]


def test_a_motion_is_given_out_in_any_format_under_its_own_name(client, done, tmp_path):
    status, headers, content = client.ask("GET", f"/api/jobs/{done['id']}/files/npz")
    assert status == 200
    assert "w%C3%A4lk-3d.npz" in headers["Content-Disposition"]
    (tmp_path / "a.npz").write_bytes(content)
    meta = load_motion(tmp_path / "a.npz").meta
    assert meta["source"] == "wälk.mp4"
    assert meta["camera"]["focal_px"] == 700
    assert meta["arguments"]["height_m"] == 1.9
    assert meta["arguments"]["one_floor"] is True
    status, _, content = client.ask("GET", f"/api/jobs/{done['id']}/files/bvh?skeleton=mixamo")
    assert status == 200
    assert content.startswith(b"HIERARCHY")
    status, answer = client.json("GET", f"/api/jobs/{done['id']}/files/exe")
    assert status == 400
    assert "there is no format 'exe'; there are npz, json" in answer["message"]


def test_the_page_and_its_parts_load_nothing_from_outside(client):
    status, headers, page = client.ask("GET", "/")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert b"http:" not in page
    assert b"https:" not in page
    for part in ("app.css", "app.js", "figure.js", "webcam.js"):
        status, _, text = client.ask("GET", f"/page/{part}")
        assert status == 200
        assert b"://" not in text.replace(b"${scheme}//", b"")
    assert client.json("GET", "/page/../server.py")[0] == 404
    about = client.json("GET", "/api/about")[1]
    assert about["max_bytes"] == 500_000
    assert {"bvh", "glb", "mp4", "angles.csv"} <= {one["name"] for one in about["formats"]}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("?name=notes.txt", b"Dear diary, " * 99, 400, "notes.txt is "),
        ("?name=list.mp4", b"#EXTM3U\n#EXTINF:9,\n/etc/passwd\n", 400, "list.mp4 is "),
        ("?name=empty.mp4", b"", 400, "empty.mp4 is empty"),
        ("?name=big.mp4", b"0" * 600_000, 413, "big.mp4 has 1 MB; accepted are up to 0.5 MB"),
        ("?detector=eyes", b"", 400, "'eyes' given; accepted are blazepose, blazepose-full"),
        ("?height_m=tall", b"", 400, "height_m: 'tall' given, a number above 0 accepted"),
        ("?focal_px=-1", b"", 400, "focal_px: '-1' given, a number above 0 accepted"),
        ("?focal_px=inf", b"", 400, "focal_px: 'inf' given, a number above 0 accepted"),
        ("?key_interval=9", b"", 400, "'9' given; accepted are 0.4, 0.2, 0.1, adaptive"),
    ],
)
def test_what_is_no_video_is_refused_in_a_sentence(client, path, body, status, message):
    before = client.json("GET", "/api/jobs")[1]
    given, answer = client.json("POST", f"/api/jobs{path}", body)
    assert given == status
    assert answer["message"].startswith(message)
    assert "/tmp" not in answer["message"]
    assert client.json("GET", "/api/jobs")[1] == before


def test_an_upload_without_a_length_is_cut_off_where_it_is_too_large():
    with served(Settings(max_mb=0.5)) as (client, folder):
        status, answer = client.json("POST", "/api/jobs?name=a.mp4", iter([b"0" * 100_000] * 9))
        assert status == 413
        assert answer["message"] == "a.mp4 is too large; accepted are up to 0.5 MB (--max-mb sets that)"
        assert list(folder.iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing_and_no_complaint(caplog):
    with served() as (client, folder):
        head = "POST /api/jobs?name=a.mp4 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        with socket.create_connection(("127.0.0.1", client.port)) as broken:
            broken.sendall(head.encode() + b"x" * 5000)
            wait_for(lambda: next(folder.glob("*/video.mp4")), StopIteration)
        wait_for(lambda: [0][len(list(folder.iterdir()))], IndexError)
        assert client.json("GET", "/api/jobs") == (200, [])
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8321"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_are_refused(client, headers):
    status, answer = client.json("GET", "/api/jobs", headers=headers)
    assert status == 403
    assert "server" in answer["message"]


def test_a_video_that_was_cut_off_says_so_beside_its_result(client, clip):
    whole = io.BytesIO()
    with av.open(str(clip)) as source, av.open(whole, "w", format="matroska") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    half = whole.getvalue()[: len(whole.getvalue()) // 2]
    job = client.json("POST", "/api/jobs?name=cut.mkv", half)[1]["id"]
    (note,) = client.until(job, "done")["notes"]
    assert re.search(r"^cut\.mkv: the file ends early; it can be read up to \d\.\d+ s of 1\.00 s", note)


def test_what_does_not_exist_is_said(client, done):
    for method, path in (("GET", "/api/jobs/x/page"), ("POST", "/api/jobs/x/cancel"), ("GET", "/nothing")):
        assert client.json(method, path)[0] == 404
    assert client.json("POST", f"/api/jobs/{done['id']}/cancel")[1]["state"] == "done"


def test_one_at_a_time_and_both_can_be_cancelled(clip):
    video = clip.read_bytes()
    with served(work=app_work.take_long) as (client, folder):
        first, second = (client.json("POST", "/api/jobs?name=a.mp4", video)[1]["id"] for _ in "ab")
        assert client.until(first, "running")
        assert client.job(second)["state"] == "waiting"
        status, answer = client.json("GET", f"/api/jobs/{second}/page")
        assert (status, answer["message"]) == (400, "a.mp4 is waiting, so there is no motion of it")
        for one in (second, first):
            assert client.json("POST", f"/api/jobs/{one}/cancel")[1]["state"] == "cancelled"
        third = client.json("POST", "/api/jobs?name=c.mp4", clip.read_bytes())[1]["id"]
        client.until(third, "running")  # so the first has ended
        assert len(list(folder.iterdir())) == 1
        client.json("DELETE", f"/api/jobs/{third}")
        assert client.job(third) is None


def test_a_port_that_is_taken_is_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"port \d+ of 127\.0\.0\.1 cannot be used"):
            serve(Settings(port=taken.getsockname()[1]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["before", "begun"])
def test_it_ends_whenever_it_is_asked_to_and_leaves_nothing(number, when, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    begun = []

    def create(settings):
        if when == "before":
            signal.raise_signal(number)
        return create_app(settings)

    def started():
        begun.append(len(list(tmp_path.iterdir())))
        if when == "begun":
            signal.raise_signal(number)

    monkeypatch.setattr(server, "create_app", create)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve(Settings(port=port), started)
    assert begun == [1]
    assert list(tmp_path.iterdir()) == []
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_form_is_no_video(client, clip):
    """FFmpeg would find a raw stream behind the form's head, and lift it at another rate."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    status, answer = client.json("POST", "/api/jobs?name=a.mp4", clip.read_bytes(), form)
    assert 400 <= status < 500
    assert "a.mp4 came as a form; accepted is the video itself" in str(answer)


@pytest.mark.parametrize(("name", "value"), [("Host", "[::1"), ("Origin", "http://[bad")])
def test_addresses_that_there_cannot_be_are_forbidden(client, name, value):
    assert client.ask("GET", "/", headers={name: value})[0] == 403
