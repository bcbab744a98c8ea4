import sys

import pytest

from uplift3d.cli import main

ROW = "uu-81 │ own window    │    4 │     2 │        10.38 │  280.4 │ 280.4 │ 140.2 │           4015"


def test_flops_are_printed_whole_into_a_pipe(capsys):
    assert main(["bench", "flops", "uu-81"]) == 0
    assert ROW in capsys.readouterr().out


def test_flops_are_written(tmp_path, capsys):
    files = [tmp_path / "cost.md", tmp_path / "cost.csv"]
    assert main(["bench", "flops", "small", "-o", str(files[0]), "-o", str(files[1])]) == 0
    capsys.readouterr()
    markdown, csv = (file.read_text() for file in files)
    assert "| small | own window | 5 | 5 | 1.90 | 114.7 |" in markdown
    assert csv.startswith("model,use,s_in,s_out,parameters,window_multiply_adds,")
    assert "\nsmall,own window,5,5,1901574," in csv


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tiny"], "no model is called 'tiny'; there are small, base-351"),
        (["small", "-o", "{tmp}/cost.txt"], "must end in .md or .csv"),
        (["small", "-o", "{tmp}/no/cost.md"], "no does not exist"),
    ],
)
def test_mistakes_get_a_sentence(tmp_path, capsys, arguments, message):
    assert main(["bench", "flops", *(word.format(tmp=tmp_path) for word in arguments)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_without_torch_there_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["bench", "flops"]) == 2
    assert "counting needs torch: pip install 'uplift3d[train]'" in capsys.readouterr().err
