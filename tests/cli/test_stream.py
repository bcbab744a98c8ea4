"""`uplift3d stream`, from a file at its own pace to lines of JSON."""

import json

import pytest

from seen_person import Standing, film
from uplift3d.cli import main
from uplift3d.detect import register_detector


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--osc", "here"], "'here' given, accepted: HOST:PORT"),
        (["--vmc", "a:70000"], "accepted: HOST:PORT"),
        (["--latency", "-1"], "a number above 0"),
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
        (["--smooth", "3"], "smooth_hz needs a whole motion, but latency_s is 0.3"),
        (["--looks-per-second", "3", "--key-interval", "0.1"], "says how many looks there are"),
    ],
)
def test_what_a_stream_cannot_do_is_refused(video, words, message, capsys):
    import re

    assert main(["stream", str(video), "--detector", "standing", *words]) == 2
    assert re.search(message, capsys.readouterr().err)
