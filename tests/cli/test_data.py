import json
import signal

import pytest

from uplift3d.cli import main
from uplift3d.data.store import MotionStore

from .test_faults import stopped_after


@pytest.fixture
def folder(tmp_path):
    """Two tiny motions of a skeleton that has h36m17's own names, its mapping, and a broken file."""
    from uplift3d.skeletons import joint_set

    joints = joint_set("h36m17").joints
    bones = "".join(f"JOINT {joint} {{ OFFSET 0 0 {i / 10} CHANNELS 0 }} " for i, joint in enumerate(joints))
    hierarchy = f"HIERARCHY ROOT world {{ OFFSET 0 0 0 CHANNELS 1 Xposition {bones} }}\n"
    (tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (tmp_path / "in" / f"{name}.bvh").write_text(
            hierarchy + "MOTION\nFrames: 3\nFrame Time: 0.02\n0\n1\n2\n"
        )
    (tmp_path / "in" / "bad.bvh").write_text("nothing")
    mapping = {"name": "mine", "metres_per_unit": 1, "up": "z", "licence": "own"}
    mapping["joints"] = {joint: {"sum": {joint: 1}} for joint in joints}
    (tmp_path / "mine.json").write_text(json.dumps(mapping))
    return tmp_path


def importing(folder, *more):
    arguments = [
        str(folder / "in"),
        "-o",
        str(folder / "store"),
        "--mapping",
        str(folder / "mine.json"),
        "--jobs",
        "1",
    ]
    return main(["data", "import", *arguments, *more])


def test_import_says_how_many_and_names_what_it_skipped(folder, capsys):
    assert importing(folder) == 0
    out, err = capsys.readouterr()
    assert "imported 2 files, skipped 1" in out
    assert "mine" in out
    assert "own" in out
    assert "bad.bvh: no line 'MOTION' found" in err
    assert main(["data", "info", str(folder / "store")]) == 0
    assert "2 clips" in " ".join(capsys.readouterr().out.split())  # a long path wraps the line


def test_a_store_is_overwritten_only_on_request(folder, capsys):
    assert importing(folder) == 0
    assert importing(folder) == 2
    assert "exists already; give another name or --overwrite" in capsys.readouterr().err
    assert importing(folder, "--overwrite") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "missing", "-o", "store"], 2, "missing: no such folder"),
        (["import", "empty", "-o", "store"], 1, "empty: holds no .bvh, .amc or .npz files"),
        (["import", "in", "-o", "store", "--jobs", "1"], 1, "none of 3 files could be imported"),
        (["import", "in", "-o", "store", "--mapping", "none.json"], 2, "none.json: no such file"),
        (["info", "missing"], 2, "missing: not a motion store"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(folder, monkeypatch, capsys, arguments, code, message):
    (folder / "empty").mkdir()
    monkeypatch.chdir(folder)
    assert main(["data", *arguments]) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["import", "in", "-o", "s", "--jobs", "0"], "'0' given, accepted: a whole number above 0")],
)
def test_mistyped_options(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(["data", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [["data"], ["data", "import"], ["data", "info"]])
def test_help_ends_with_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "example:\n  uplift3d data" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0])
def test_a_stopped_import_leaves_no_store_and_is_made_again(folder, stop, seconds):
    (folder / "in" / "bad.bvh").unlink()
    one = (folder / "in" / "one.bvh").read_text().replace("Frames: 3", "Frames: 3000") + "1\n" * 2997
    for number in range(38):
        (folder / "in" / f"{number}.bvh").write_text(one)
    store, before = folder / "store", set(folder.iterdir())
    words = ("data", "import", folder / "in", "-o", store, "--mapping", folder / "mine.json", "--jobs", "2")
    err = stopped_after(seconds, stop, *words)
    if err is not None and not store.exists():
        if stop == signal.SIGINT:
            assert err.endswith("uplift3d: interrupted\n")
            assert "Traceback" not in err
            assert set(folder.iterdir()) == before
        assert stopped_after(120, stop, *words) is None
    assert len(MotionStore.open(store).clips) == 40
