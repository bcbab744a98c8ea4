import pytest

from uplift3d.cli import main
from uplift3d.cli.reproduce import WHAT
from uplift3d.reproduce.run import TARGETS
from uplift3d.reproduce.scales import SCALES

from ..reproduce.conftest import store_path  # noqa: F401  (a fixture)


def call(*arguments, store, output):
    return main(
        ["reproduce", *arguments, "--dataset", "open-mocap", "--store", str(store), "-o", str(output)]
    )


def test_the_command_offers_what_there_is(capsys):
    assert set(WHAT) == set(TARGETS)
    with pytest.raises(SystemExit, match="0"):
        main(["reproduce", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in (*TARGETS, *SCALES))


def test_a_page_from_the_command_line(store_path, tmp_path, capsys):  # noqa: F811
    options = ["--scale", "tiny", "--steps", "1", "--seeds", "3", "--threads", "1"]
    assert call("figure-1", *options, store=store_path, output=tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "out" / "figure-1.md")
    assert "uu-81-ms-3: training" in err
    assert "- seeds: 3" in (tmp_path / "out" / "figure-1.md").read_text()


def test_a_missing_store_is_named(tmp_path, capsys):
    assert call("table-1", store=tmp_path / "none", output=tmp_path / "out") == 2
    assert "not a motion store" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [(["--seeds", "a"], "'a' given, accepted: whole numbers"), (["--steps", "0"], "'0' given, accepted")],
)
def test_bad_numbers_are_refused(option, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        call("table-1", *option, store=tmp_path, output=tmp_path)
    assert message in capsys.readouterr().err
