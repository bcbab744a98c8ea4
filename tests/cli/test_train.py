import signal
import subprocess
import sys
import time

import pytest
import torch

from uplift3d.cli import main
from uplift3d.model import load_checkpoint

from ..train.conftest import TINY, store_path  # noqa: F401  (a fixture)

CONFIG = """
store: nowhere
output: {output}
model: {model}
steps: 3
batch: 8
validation_windows: 64
validate_every: 3
checkpoint_every: 3
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "run.yaml"
    model = {name: list(value) if isinstance(value, tuple) else value for name, value in TINY.items()}
    model |= {"paddings": [[0, 0], [0, 0]]}
    path.write_text(CONFIG.format(output=tmp_path / "unused", model=model))
    return path


def test_training_and_validating_what_came_of_it(config, store_path, tmp_path, capsys):  # noqa: F811
    output = tmp_path / "run"
    code = main(["train", str(config), "--store", str(store_path), "--output", str(output), "--steps", "2"])
    shown = capsys.readouterr()
    assert code == 0
    assert shown.out == f"{output / 'model.safetensors'}\n"
    assert "step 2: MPJPE (P-MPJPE) " in shown.err
    assert {"model.safetensors", "model.embed.onnx", "model.uplift.onnx"} <= {
        p.name for p in output.iterdir()
    }
    model = str(output / "model.safetensors")
    assert main(["train", "--validate", model, "--store", str(store_path), "--windows", "64"]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [(row[0].strip(), row[1].strip()) for row in rows] == [
        (dataset, stride) for dataset in ("all", "bandai-1", "cmu-bvh", "walking") for stride in ("5", "10")
    ]
    assert all(float(row[2]) > float(row[3]) > 0 for row in rows)  # MPJPE, P-MPJPE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{config}"], "nowhere: not a motion store"),
        (["{config}", "--steps", "none"], "run.yaml: steps: Input should be a valid integer"),
        (["no.yaml"], "no.yaml: cannot be read (No such file or directory)"),
        (["--validate", "base"], "--validate needs --store"),
        (
            ["--validate", "base", "--store", "nowhere", "--windows", "0"],
            "--windows 0 given, a whole",
        ),
        (["--validate", "base", "--store", "nowhere", "--steps", "3"], "--steps is for a training run only"),
        (
            ["--validate", "base", "--store", "nowhere", "--output", "a"],
            "--output is for a training run only",
        ),
        (["{config}", "--windows", "64"], "--windows is for --validate only"),
        (["--validate", "no.safetensors", "--store", "nowhere"], "'no.safetensors'"),
    ],
)
def test_mistakes_get_a_sentence(config, capsys, arguments, message):
    assert main(["train", *(argument.format(config=config) for argument in arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("uplift3d: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["a.yaml", "--validate", "base"]])
def test_a_configuration_or_a_network_is_needed(capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(["train", *arguments])
    assert "CONFIG.yaml" in capsys.readouterr().err


def test_without_torch_the_extra_is_named():
    code = (
        "import sys; sys.modules['lightning'] = None\n"
        "from uplift3d.cli import main; sys.exit(main(['train', 'a.yaml']))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install 'uplift3d[train]'" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on(config, store_path, tmp_path, stop):  # noqa: F811
    output = tmp_path / "run"
    words = ["train", str(config), "--store", str(store_path), "--output", str(output), "--steps"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uplift3d", *words, "5000"], stderr=subprocess.PIPE, text=True
    )
    while not (output / "last.ckpt").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(stop)
    _, err = process.communicate(timeout=60)
    assert not (output / "model.safetensors").exists()
    if stop == signal.SIGINT:
        assert (process.returncode, err.splitlines()[-1]) == (130, "uplift3d: interrupted")
        assert "Traceback" not in err
        assert not [path for path in output.iterdir() if path.name.startswith(".")]
    done = torch.load(output / "last.ckpt", weights_only=True)["global_step"]
    assert main([*words, str(done + 2)]) == 0
    load_checkpoint(output / "model.safetensors")
    assert torch.load(output / "last.ckpt", weights_only=True)["global_step"] == done + 2
