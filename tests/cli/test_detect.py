import numpy as np
import pytest
from PIL import Image

from uplift3d.cli import main
from uplift3d.detect import load_keypoints, registry


class Dot:
    """Finds the white dot in an image and puts all joints around it."""

    name, joints = "dot", "coco17"

    def detect(self, rgb):
        rows, columns = np.nonzero(rgb[..., 0] > 200)
        if not len(rows):
            return np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32)
        spread = np.linspace(-20, 20, 17)[:, None] * [0.5, 1]
        place = np.array([columns.mean(), rows.mean()]) + spread
        return place[None].astype(np.float32), np.ones((1, 17), np.float32)


@pytest.fixture(autouse=True)
def dot_detector(monkeypatch):
    monkeypatch.setitem(registry._FACTORIES, "dot", Dot)


@pytest.fixture
def film(tmp_path):
    """A folder of 25 images in which a dot moves 2 pixels per image to the right."""
    (tmp_path / "film").mkdir()
    for number in range(25):
        image = np.zeros((60, 120, 3), np.uint8)
        image[28:33, 20 + 2 * number : 25 + 2 * number] = 255
        Image.fromarray(image).save(tmp_path / "film" / f"{number}.png")
    return tmp_path / "film"


def test_key_frames_are_written_and_told(film, tmp_path, capsys):
    output = str(tmp_path / "keys.npz")
    arguments = ["detect", str(film), "-o", output, "--detector", "dot", "--image-rate", "25"]
    assert main([*arguments, "--key-interval", "0.2"]) == 0
    keys = load_keypoints(output)
    np.testing.assert_allclose(keys.times, [0, 0.2, 0.4, 0.6, 0.8])
    np.testing.assert_allclose(keys.positions[0, :, 8, 0], 22 + 10 * np.arange(5))
    out = capsys.readouterr().out
    assert "5 key-frames of 0.96 s of video" in out
    assert "person 0: seen in 5 key-frames, 0.00–0.80 s" in out


def test_all_takes_every_frame_and_quiet_says_nothing(film, tmp_path, capsys):
    output = str(tmp_path / "keys.npz")
    arguments = ["detect", str(film), "-o", output, "--detector", "dot", "--image-rate", "25", "-q"]
    assert main([*arguments, "--key-interval", "all"]) == 0
    assert len(load_keypoints(output)) == 25
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{film}", "-o", "{tmp}/keys.txt"], 2, r"must end in .npz"),
        (["{film}", "-o", "{tmp}/nowhere/keys.npz"], 2, "nowhere does not exist"),
        (["{tmp}/nope.mp4", "-o", "{tmp}/keys.npz"], 2, "nope.mp4: no such file"),
        (["{film}", "-o", "{tmp}/keys.npz", "--detector", "openpose"], 2, "unknown detector 'openpose'"),
        (["{tmp}/empty", "-o", "{tmp}/keys.npz"], 1, "holds no images"),
        (["{tmp}/dark", "-o", "{tmp}/keys.npz"], 1, "nobody was found in the 3 key-frames looked at"),
    ],
)
def test_mistakes_get_a_sentence_and_an_exit_code(film, tmp_path, capsys, arguments, code, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "dark").mkdir()
    for number in range(30):
        Image.new("RGB", (40, 40)).save(tmp_path / "dark" / f"{number}.png")
    words = [word.format(film=film, tmp=tmp_path) for word in arguments]
    assert main(["detect", "--detector", "dot", "--image-rate", "30", *words]) == code
    err = capsys.readouterr().err
    assert message in err
    assert err.startswith("uplift3d: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "keys.npz").exists()


@pytest.mark.parametrize("value", ["0", "-1", "often"])
def test_a_key_interval_that_is_none(film, capsys, value):
    with pytest.raises(SystemExit):
        main(["detect", str(film), "-o", "keys.npz", "--key-interval", value])
    assert "seconds above 0, or 'all'" in capsys.readouterr().err


def test_cpn_looks_closer_at_whom_another_detector_finds(film, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from public_cpn import random_state, write

    state = random_state()
    state["refine_net.final_predict.2.bias"] += 255  # random weights are sure of something everywhere
    weights = write(tmp_path / "CPN50_256x192.pth.tar", state)
    monkeypatch.setitem(registry._FACTORIES, "blazepose", Dot)
    output = str(tmp_path / "keys.npz")
    arguments = ["detect", str(film), "-o", output, "--image-rate", "25", "--key-interval", "0.2"]
    assert main([*arguments, "--detector", "cpn", "--weights", str(weights)]) == 0
    keys = load_keypoints(output)
    assert keys.joints == "coco17"
    assert keys.positions.shape == (1, 5, 17, 2)
    assert keys.meta["detector"] == "cpn (CPN50_256x192.pth.tar, boxes: dot)"
    # The box of the dot is 42 pixels high, its crop 55.
    assert np.abs(keys.positions[0] - [[[22 + 10 * k, 30]] for k in range(5)]).max() < 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--detector", "cpn"],
            "the cpn detector needs a file of weights, on the command line with --weights",
        ),
        (["--detector", "cpn", "--weights", "{tmp}/no.pth"], "there is no file of CPN weights"),
        (["--weights", "a.pth"], "the dot detector takes no file of weights, but a.pth was given"),
    ],
)
@pytest.mark.parametrize("command", ["detect", "lift"])
def test_weights_that_are_missing_or_too_many(
    film, tmp_path, capsys, monkeypatch, arguments, message, command
):
    from fake_runtime import FakeRuntime

    monkeypatch.setattr("uplift3d.lifter.open_runtime", lambda *_: FakeRuntime())
    words = [word.format(tmp=tmp_path) for word in arguments]
    assert main([command, "--detector", "dot", str(film), "-o", str(tmp_path / "out.npz"), *words]) == 2
    assert message in capsys.readouterr().err
