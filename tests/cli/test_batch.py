"""`uplift3d batch`: its inputs, its settings, and what it says."""

import argparse
import importlib.util
import socket
import sys
from collections import Counter

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from uplift3d.cli import _create_parser, batch, main
from uplift3d.errors import InputError
from uplift3d.scale import engine
from uplift3d.scale.engine import Totals


def parsed(*words: str) -> argparse.Namespace:
    return _create_parser(["batch", *words]).parse_args(["batch", *words])


def test_inputs_of_every_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.txt").write_text("one[1].mp4\ns3://bucket/two.mp4\nfolder\n")
    (tmp_path / "lists" / "folder").mkdir()
    (tmp_path / "lists" / "folder" / "five.mov").touch()
    (tmp_path / "three.mp4").touch()
    clips = batch._clips(["lists/a.txt", "three.mp4", "s3://bucket/four.mp4"])
    assert clips == [
        str(tmp_path / "lists" / "one[1].mp4"),
        "s3://bucket/two.mp4",
        str(tmp_path / "lists" / "folder" / "five.mov"),
        str(tmp_path / "three.mp4"),
        "s3://bucket/four.mp4",
    ]


def test_settings_come_from_the_options():
    words = "a.mp4 -o out --people largest --key-interval 0.2 --hop 4 --format .bvh --skeleton mixamo"
    settings = batch._settings(parsed(*words.split()))
    assert (settings.people, settings.key_interval, settings.suffix, settings.skeleton) == (
        "largest",
        0.2,
        "bvh",
        "mixamo",
    )
    assert settings.options["hop"] == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "mp4"], "--format is mp4; accepted are npz, json"),
        (["--key-interval", "adaptive"], "batch looks at even intervals"),
        (["--looks-per-second", "3"], "batch looks at even intervals"),
        (["--skeleton", "mixamo"], "--skeleton is for .bvh, .glb, .usd, .usda, .usdc files, not for .npz"),
    ],
)
def test_settings_that_cannot_be(words, message):
    with pytest.raises(InputError, match=message):
        batch._settings(parsed("a.mp4", "-o", "out", *words))


def test_without_ray_it_says_how_to_get_it(capsys):
    if importlib.util.find_spec("ray"):
        pytest.skip("ray is here")
    assert main(["batch", "a.mp4", "-o", "out"]) == 2
    assert "batch needs the ray extra (pip install 'uplift3d[ray]')" in capsys.readouterr().err


def test_progress_is_one_line():
    totals = Totals(1000, before=400, ends=Counter(done=95, failed=5))
    assert batch.describe(totals).startswith("500 of 1,000 clips, 400 before, 95 done, 5 failed, ")
    assert batch.describe(Totals(3)) == "0 of 3 clips"
    assert [batch._duration(seconds) for seconds in (50, 3700, 200_000)] == [
        "1 min",
        "1 h 02 min",
        "2.3 days",
    ]


@pytest.mark.parametrize(
    ("ends", "code"), [({"done": 2}, 0), ({"done": 1, "failed": 1}, 2), ({"nothing": 2}, 1), ({}, 0)]
)
def test_the_exit_code_and_the_summary(tmp_path, monkeypatch, capsys, ends, code):
    monkeypatch.setitem(sys.modules, "ray", argparse)  # something that can be imported

    def run_batch(clips, folder, how, **rest):
        assert clips == ["s3://bucket/a.mp4"]
        return Totals(2, ends=Counter(ends), manifest=f"{folder}/manifest.parquet")

    monkeypatch.setattr(engine, "run_batch", run_batch)
    assert main(["batch", "s3://bucket/a.mp4", "-o", str(tmp_path), "--json"]) == code
    assert f'"failed": {ends.get("failed", 0)}' in capsys.readouterr().out


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_is_not_there_is_named_at_once(scheme):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match=f"no Ray cluster answers at {address}"):
            engine._check_reachable(address)
    for word in (None, "auto", "local"):
        engine._check_reachable(word)


def test_a_clip_that_failed_is_named_once(monkeypatch, capsys):
    pytest.importorskip("ray")
    failures = [("/a.mp4", "/a.mp4 is no video"), ("/b.mp4", "no such codec")]
    totals = Totals(2, failures=failures, ends=Counter(failed=2))
    monkeypatch.setattr(engine, "run_batch", lambda *_, **__: totals)
    assert main(["batch", "a.mp4", "-o", "out"]) == 2
    said = capsys.readouterr().err
    assert "uplift3d: /a.mp4 is no video\nuplift3d: /b.mp4: no such codec\n" in said
