"""`uplift3d completion`."""

import builtins
import shutil
import subprocess

import pytest

from uplift3d.cli import main

pytest.importorskip("shtab")


def test_bash_takes_the_script_and_completes(tmp_path, capsys):
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "uplift3d.sh"
    script.write_text(capsys.readouterr().out)
    ask = "COMP_WORDS=(uplift3d lift --skip); COMP_CWORD=2; _shtab_uplift3d; echo ${COMPREPLY[@]}"
    done = subprocess.run(
        ["bash", "-c", f"source {script}; {ask}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "--skip-existing"


def test_zsh_knows_the_commands(capsys):
    assert main(["completion", "zsh"]) == 0
    assert "detect" in capsys.readouterr().out


def test_without_shtab_it_says_how_to_get_it(monkeypatch, capsys):
    usual = builtins.__import__

    def refuse(name, *rest):
        if name == "shtab":
            raise ImportError(name)
        return usual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert main(["completion", "bash"]) == 2
    assert "completion needs shtab: pip install 'uplift3d[completion]'" in capsys.readouterr().err
