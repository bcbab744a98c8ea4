"""The program itself: light start, exit codes, one sentence for a user's mistake."""

import os
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import pytest

from uplift3d.cli import COMMANDS, main
from uplift3d.errors import InputError, NothingFoundError, UpliftWarning
from uplift3d.export import save_motion


@pytest.fixture
def command(monkeypatch):
    """Installs a command `try` whose `run` is the function given."""

    def install(run):
        module: Any = types.ModuleType("uplift3d_try_command")
        module.add_parser = lambda subparsers: subparsers.add_parser("try")
        module.run = run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "try", (module.__name__, "for tests"))

    return install


def raising(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize("module", ["uplift3d", "uplift3d.cli"])
def test_help_lists_every_command(module):
    result = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stderr == ""
    for name, (_, summary) in COMMANDS.items():
        assert f"{name} " in result.stdout
        assert summary in " ".join(result.stdout.split())


def test_help_loads_next_to_nothing():
    code = (
        "import sys\nfrom uplift3d.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split("LOADED")[1].split())
    assert "uplift3d.cli" in loaded
    assert not loaded & {"numpy", "torch", "mediapipe", "onnxruntime", "av", "rich", "plotly", "PIL"}


def test_no_arguments_show_the_help(capsys):
    assert main([]) == 0
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_a_line_to_copy(name, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([name, "--help"])
    assert leaving.value.code == 0
    assert f"uplift3d {name}" in capsys.readouterr().out.split("example")[-1]


def test_version_names_what_computes(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert leaving.value.code == 0
    words = capsys.readouterr().out
    assert words.startswith("uplift3d 0.")
    assert "onnxruntime 1." in words


@pytest.mark.parametrize("words", [["fly"], ["lift"], ["lift", "--nonsense"], ["convert"]])
def test_wrong_usage_is_code_2(words, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert leaving.value.code == 2
    assert "usage: uplift3d" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "usage", "message"),
    [
        (["lfit"], "uplift3d [-h]", "there is no command 'lfit'; did you mean lift?"),
        (["walk.mp4", "-q"], "uplift3d [-h]", "did you mean `uplift3d lift walk.mp4 -q`?"),
        (["xyzzy"], "uplift3d [-h]", "there is no command 'xyzzy'; there are lift, detect"),
        (
            ["lift", "a.mp4", "--ouput", "b.npz"],
            "uplift3d lift",
            "no option --ouput; did you mean --output or",
        ),
        (["lift", "a.mp4", "--runtime", "onx"], "uplift3d lift", "did you mean onnx?"),
        (["info", "a.npz", "--qqq=3"], "uplift3d info", "there is no option --qqq ("),
        (["data", "improt"], "uplift3d data", "did you mean import?"),
        (
            ["data", "import", "a", "--ouptut", "b"],
            "uplift3d data import",
            "did you mean --output?",
        ),
        (["bench", "flops", "--moduls"], "uplift3d bench flops", "there is no option --moduls"),
    ],
)
def test_a_slip_shows_the_usage_of_its_command_and_what_was_meant(words, usage, message, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(words)
    assert leaving.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"usage: {usage} ")
    assert message in err
    assert "--help` explains more)" in err


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (1, 1)])
def test_a_command_decides_its_exit_code(command, given, code):
    command(lambda args: given)
    assert main(["try"]) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [(InputError("walk.mp3: not a video"), 2), (NothingFoundError("walk.mp4: nobody in view"), 1)],
)
def test_a_mistake_is_one_sentence_on_stderr(command, capsys, error, code):
    command(raising(error))
    assert main(["try"]) == code
    captured = capsys.readouterr()
    assert captured.err == f"uplift3d: {error}\n"
    assert captured.out == ""


def test_interruption_is_code_130(command, capsys):
    command(raising(KeyboardInterrupt()))
    assert main(["try"]) == 130
    assert capsys.readouterr().err == "uplift3d: interrupted\n"


def test_our_own_faults_keep_their_traceback(command):
    command(raising(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        main(["try"])


def test_our_warnings_are_sentences_and_others_stay(command, capsys):
    def run(args):
        warnings.warn("walk.mp4: readable up to 2.5 s", UpliftWarning, stacklevel=1)
        warnings.warn("of another package", FutureWarning, stacklevel=1)

    command(run)
    with pytest.warns(FutureWarning):
        assert main(["try"]) == 0
    assert capsys.readouterr().err == "uplift3d: warning: walk.mp4: readable up to 2.5 s\n"


def test_warnings_are_as_before_afterwards(command):
    command(lambda args: None)
    before = warnings.showwarning, list(warnings.filters)
    main(["try"])
    assert (warnings.showwarning, list(warnings.filters)) == before


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_no_traceback(monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    process = subprocess.Popen(
        [sys.executable, "-m", "uplift3d", "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    error = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(), error) == (141, "")


@pytest.mark.parametrize("words", [["--version"], ["info", "missing.npz"]])
def test_a_program_started_without_stdout_works(words):
    code = f"import sys; sys.stdout = None; from uplift3d.cli import main; sys.exit(main({words}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if words == ["--version"] else 2)
    assert "Traceback" not in done.stderr


def test_what_the_system_refuses_is_a_sentence(command, capsys):
    command(raising(PermissionError(13, "Permission denied", "secret.npz")))
    assert main(["try"]) == 2
    assert capsys.readouterr().err == "uplift3d: secret.npz: Permission denied\n"


def test_a_full_disk_behind_stdout_is_a_sentence():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "uplift3d", "--version"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (2, "uplift3d: output: No space left on device\n")


def test_signs_that_the_terminal_lacks_are_no_fault(tmp_path, walk):
    path = save_motion(tmp_path / "walk.json", walk)
    path.write_text(path.read_text().replace('"meta": {', '"meta": {"source": "\\ud800×", ', 1))
    result = subprocess.run(
        [sys.executable, "-m", "uplift3d", "info", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "source: \\ud800\\xd7" in result.stdout
