"""What is opened as a video, and what is refused with which sentence."""

import os
import socket

import numpy as np
import pytest

from uplift3d.errors import InputError
from uplift3d.video import open_video
from uplift3d.video.container import demuxed

from .clips import read_number, write


@pytest.mark.parametrize(
    "name",
    [
        "12:30:45.mp4",
        "http:clip.mp4",
        "zwei\nzeilen.mp4",
        "größe ß 走.mp4",
        "50%02d.mp4",
        "a?b#c.mp4",
        "-i.mp4",
    ],
)
@pytest.mark.parametrize("where", ["absolute", "relative"])
def test_any_name_a_file_can_have(tmp_path, monkeypatch, name, where):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "clip.mp4", frames=3).rename(tmp_path / name)
    source = open_video(name if where == "relative" else tmp_path / name)
    assert [read_number(frame.rgb) for frame in source.frames_at()] == [0, 1, 2]


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_a_name_that_is_no_text(tmp_path):
    try:
        path = write(tmp_path / "clip.mp4", frames=3).rename(tmp_path / os.fsdecode(b"\xff.mp4"))
    except OSError:
        pytest.skip("this file system only takes names that are text")
    assert len(open_video(path).times) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "live.mp4")
    with pytest.raises(InputError, match=r"live\.mp4 is a named pipe, .* accepted are video files"):
        open_video(tmp_path / "live.mp4")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs sockets with names")
def test_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.mp4")
        with pytest.raises(InputError, match=r"s\.mp4 is a socket"):
            open_video("s.mp4")
    with pytest.raises(InputError, match="null is a device"):
        open_video(os.devnull)


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile 'clip.mp4'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "\ufeff#EXTM3U\nclip.mp4\n",
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ],
    ids=["concat", "hls", "m3u", "dash", "sdp"],
)
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.txt"])
def test_a_list_of_other_files_is_no_video(tmp_path, content, name):
    write(tmp_path / "clip.mp4", frames=3)
    (tmp_path / name).write_text(content)
    with pytest.raises(
        InputError, match=r"list\.\w+ is a list of other files, not a video; accepted are video"
    ):
        open_video(tmp_path / name)


@pytest.mark.parametrize(
    "content", ['[{"image_id": "a.jpg", "keypoints": [1, 2, 3]}]' * 100, '{"people": []}', "[]"]
)
@pytest.mark.parametrize("name", ["pose.json", "pose.mp4"])
def test_2d_keypoints_are_told_from_a_video(tmp_path, content, name):
    (tmp_path / name).write_text(content)
    with pytest.raises(
        InputError, match=r"pose\.\w+ is JSON \(as 2D keypoints are.*not a video; accepted are video"
    ):
        open_video(tmp_path / name)


def test_subtitles_are_no_video(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    with pytest.raises(
        InputError, match=r"holds no video stream \(found: subtitle\); accepted are video files"
    ):
        open_video(tmp_path / "a.srt")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that hold")
def test_no_permission(tmp_path):
    write(tmp_path / "clip.mp4", frames=3).chmod(0)
    with pytest.raises(InputError, match="cannot be read: permission denied"):
        open_video(tmp_path / "clip.mp4")


@pytest.mark.parametrize("name", ["a\0b.mp4", "clip.mp4/inner.mp4", "x" * 300 + ".mp4"])
def test_a_name_that_cannot_exist(tmp_path, name):
    write(tmp_path / "clip.mp4", frames=3)
    with pytest.raises(InputError, match=r"no such file|name too long|zero byte"):
        open_video(tmp_path / name)


def test_a_colon_in_the_shared_case(shared_dir, tmp_path, monkeypatch):
    case = shared_dir / "cases" / "06-colon-name" / "12_30_45.mp4"
    if not case.exists():
        pytest.skip("needs the shared cases")
    (tmp_path / "12:30:45.mp4").symlink_to(case.resolve())
    monkeypatch.chdir(tmp_path)
    source = open_video("./12:30:45.mp4")
    assert (source.size, len(source.times)) == ((160, 96), 30)
    assert np.allclose(np.diff(source.times), source.times[1])


def test_a_code_that_nobody_knows(tmp_path):
    path = tmp_path / "a.avi"
    write(path, 5)
    path.write_bytes(path.read_bytes().replace(b"H264", b"ZZQ9"))
    with pytest.raises(InputError, match=r"a\.avi is coded in a way that this FFmpeg does not know"):
        open_video(path)


def test_a_stream_that_appears_late_ends_what_can_be_read():
    """As in a damaged MPEG-TS, of whose streams PyAV lists fewer than FFmpeg finds."""

    class Container:
        def demux(self, stream):
            yield from ()
            raise IndexError("list index out of range")

    assert list(demuxed(Container(), None)) == []
