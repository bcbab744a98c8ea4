"""`uplift3d stream`, from a file at its own pace to lines of JSON."""

import json
import os
import socket

import pytest

from seen_person import Standing, film
from uplift3d.cli import main, stream
from uplift3d.detect import register_detector
from uplift3d.errors import InputError
from uplift3d.live import StreamStats
from uplift3d.video.live_source import LiveSource


@pytest.fixture
def video(tmp_path, network):
    register_detector("standing", Standing)
    film(tmp_path / "a.mp4", 40, 25)
    return tmp_path / "a.mp4"


def test_a_file_becomes_lines_while_it_plays(video, tmp_path, capsys):
    output = tmp_path / "live.jsonl"
    words = ["--detector", "standing", "--key-interval", "0.2", "--latency", "0"]
    assert main(["stream", str(video), "-o", str(output), *words]) == 0
    header, *lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert header["format"] == "uplift3d stream"
    assert 1 <= len(lines) <= 40  # the busier the machine, the fewer
    times = [line["time_s"] for line in lines]
    assert times == sorted(times)
    assert all([person["id"] for person in line["people"]] == [0] for line in lines)
    assert "looks/s, latency" in capsys.readouterr().err


def test_lines_go_to_standard_output_and_an_even_rate_can_be_asked_for(video, capsys):
    words = ["--detector", "standing", "--output-rate", "10", "-q", "--duration", "0.6"]
    assert main(["stream", str(video), *words]) == 0
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()][1:]
    assert [line["time_s"] for line in lines] == pytest.approx([0.1 * k for k in range(len(lines))])
    assert len(lines) >= 6
    assert captured.err == ""


def test_a_source_that_is_none_is_one_sentence(tmp_path, network, capsys):
    register_detector("standing", Standing)
    output = tmp_path / "live.jsonl"
    assert (
        main(["stream", str(tmp_path / "gone.mp4"), "-o", str(output), "--detector", "standing", "-q"]) == 2
    )
    assert "gone.mp4 cannot be played: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["gone.mp4"], ["a.mp4", "--osc", "no.such.host.invalid:9"]])
def test_what_cannot_begin_leaves_an_older_recording_alone(video, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "live.jsonl").write_text("of yesterday")
    said = ["stream", *words, "-o", "live.jsonl", "--detector", "standing", "-q"]
    assert main([*said, "--overwrite"]) == 2
    assert (tmp_path / "live.jsonl").read_text() == "of yesterday"


def test_a_recording_is_replaced_only_when_asked_to(video, tmp_path, capsys):
    output = tmp_path / "live.jsonl"
    output.write_text("of yesterday")
    words = ["stream", str(video), "-o", str(output), "--detector", "standing", "-q"]
    assert main(words) == 2
    assert f"{output} is there already; --overwrite replaces it" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert output.read_text().startswith("{")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path, network, capsys):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert main(["stream", str(tmp_path / "pipe.mp4"), "--detector", "standing", "-q"]) == 2
    assert "pipe.mp4 is a pipe; accepted are a camera, a URL, a device or a file" in capsys.readouterr().err


def test_without_a_standard_output_a_file_is_asked_for(video, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout", None)
    assert main(["stream", str(video), "--detector", "standing", "-q"]) == 2
    assert capsys.readouterr().err == "uplift3d: standard output is closed; give a file with -o\n"


def test_who_breaks_off_says_what_was_kept(video, tmp_path, monkeypatch, capsys):
    frames = LiveSource.__iter__

    def broken(self):
        for frame in frames(self):
            yield frame
            if frame.time_s > 0.8:
                raise InputError("the camera was unplugged")

    monkeypatch.setattr(LiveSource, "__iter__", broken)
    output = tmp_path / "live.jsonl"
    words = ["-o", str(output), "--detector", "standing", "-q", "--key-interval", "0.4"]
    assert main(["stream", str(video), *words]) == 2
    last_s = json.loads(output.read_text().splitlines()[-1])["time_s"]
    said = f"uplift3d: the camera was unplugged; {output} keeps the poses up to {last_s:.1f} s\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--osc", "here"], "'here' given, accepted: HOST:PORT"),
        (["--vmc", "a:70000"], "accepted: HOST:PORT"),
        (["--latency", "-1"], "a number above 0"),
        (["--output-rate", "1e308"], "0.0001 to 10000 a second"),
        (["--key-interval", "often"], "'often' given"),
    ],
)
def test_bad_values_say_what_is_accepted(words, message, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["stream", "0", *words])
    assert leaving.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "live.txt"], r"name must end in \.jsonl"),
        (["--smooth", "3", "--raw"], "raw poses are not smoothed, but smooth_hz is 3"),
        (["--looks-per-second", "3", "--key-interval", "0.1"], "says how many looks there are"),
    ],
)
def test_what_a_stream_cannot_do_is_refused(video, words, message, capsys):
    import re

    assert main(["stream", str(video), "--detector", "standing", *words]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_stream_can_be_looked_at_and_its_numbers_are_written_all_the_same(video, tmp_path, capsys):
    pytest.importorskip("viser", reason="viser is an optional package")
    output, port = tmp_path / "live.jsonl", free_port()
    words = ["-o", str(output), "--detector", "standing", "--view", "--port", str(port), "--no-open"]
    assert main(["stream", str(video), *words]) == 0
    assert len(output.read_text().splitlines()) > 5
    captured = capsys.readouterr()
    assert f"http://127.0.0.1:{port} shows it" in captured.err
    assert captured.out == ""


def test_a_view_that_cannot_be_shown_is_one_sentence(video, tmp_path, monkeypatch, capsys):
    output = tmp_path / "live.jsonl"
    words = ["stream", str(video), "-o", str(output), "--detector", "standing", "--view", "--no-open"]
    monkeypatch.setattr(stream, "find_spec", lambda _: None)
    assert main(words) == 2
    assert "uplift3d[live]" in capsys.readouterr().err
    monkeypatch.setattr(stream, "find_spec", lambda _: object())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main([*words, "--port", str(port)]) == 2
    assert (
        capsys.readouterr().err == f"uplift3d: port {port} of 127.0.0.1 is taken; give another with --port\n"
    )
    assert not output.exists()


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


def test_what_needs_a_whole_motion_is_not_offered(capsys):
    with pytest.raises(SystemExit):
        main(["stream", "--help"])
    shown = capsys.readouterr().out
    assert "--smooth HZ" in shown
    for option in ("--hop", "--no-reproject", "--free-feet", "--smooth-with"):
        assert option not in shown


def test_a_machine_that_is_too_slow_is_told_what_helps(video, tmp_path, monkeypatch, capsys):
    stats = StreamStats(seconds=8.0, busy_s=7.9, frames=9, dropped=220, looks=8)
    monkeypatch.setattr("uplift3d.live.watch", lambda *_, **__: stats)
    assert main(["stream", str(video), "-o", str(tmp_path / "a.jsonl"), "--detector", "standing"]) == 0
    assert "most frames were dropped, since looks took all the time" in capsys.readouterr().err
