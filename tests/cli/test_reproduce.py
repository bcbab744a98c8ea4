import pytest

from uplift3d.cli import main
from uplift3d.cli.reproduce import WHAT
from uplift3d.reproduce.run import TARGETS
from uplift3d.reproduce.scales import SCALES

from ..reproduce.conftest import h36m_folder, store_path  # noqa: F401  (fixtures)


def call(*arguments, store, output, dataset="open-mocap"):
    return main(["reproduce", *arguments, "--dataset", dataset, "--data", str(store), "-o", str(output)])


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


def test_a_page_on_human36m(h36m_folder, tmp_path, capsys):  # noqa: F811
    options = ["--scale", "tiny", "--steps", "1", "--threads", "1", "--detections", "cpn_ft_h36m_dbb"]
    assert call("figure-5", *options, store=h36m_folder, output=tmp_path, dataset="h36m") == 0
    assert "uu-351-wba-0: training" in capsys.readouterr().err
    assert "- data set: Human3.6M" in (tmp_path / "figure-5.md").read_text()


def test_another_store_for_amass_is_refused(h36m_folder, store_path, tmp_path, capsys):  # noqa: F811
    options = ["--amass", str(store_path)]
    assert call("table-2", *options, store=h36m_folder, output=tmp_path / "out", dataset="h36m") == 2
    assert "accepted for --amass is a motion store of AMASS alone" in capsys.readouterr().err


def test_a_folder_without_human36m_is_told_what_was_looked_for(tmp_path, capsys):
    assert call("table-1", store=tmp_path, output=tmp_path / "out", dataset="h36m") == 2
    wanted = "lacks data_3d_h36m.npz and data_2d_h36m_cpn_ft_h36m_dbb.npz"
    assert wanted in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--amass", "--detections"])
def test_options_of_human36m_are_refused_elsewhere(option, store_path, tmp_path, capsys):  # noqa: F811
    assert call("table-1", option, "x", store=store_path, output=tmp_path / "out") == 2
    assert f"{option} is for --dataset h36m, not open-mocap" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [(["--seeds", "a"], "'a' given, accepted: whole numbers"), (["--steps", "0"], "'0' given, accepted")],
)
def test_bad_numbers_are_refused(option, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        call("table-1", *option, store=tmp_path, output=tmp_path)
    assert message in capsys.readouterr().err
