"""RTMPose, RTMO and RTMW through the real rtmlib, on tiny networks of the same inputs and outputs."""

import hashlib
import re
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest

from uplift3d.detect import create_detector, run
from uplift3d.errors import InputError

needs_rtmlib = pytest.mark.skipif(find_spec("rtmlib") is None, reason="needs the rtmpose extra")

WIDTH, HEIGHT = 160, 120
BOX_SIDE, RATIO = 64, 0.4  # the network for boxes sees the image 0.4 times as large
POSE_WIDTH, POSE_HEIGHT = 48, 64
BOX = np.array([20, 10, 100, 110])  # in the image


def peaks(points: int) -> np.ndarray:
    """(points, 2) x and y of the cell of half a pixel, in the network's image, where each joint is."""
    joint = np.arange(points)
    return np.stack([10 + joint % 70, 20 + 3 * (joint % 30)], -1)


def image(colour=(255, 0, 0)) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def save(path, inputs, nodes, outputs, constants):
    """A graph that answers `outputs`, name → shape."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(operation, list(uses), [makes], **how) for operation, uses, makes, how in nodes],
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


SUM = ("ReduceSum", ("input",), "sum", {"keepdims": 0})
NOTHING = ("Mul", ("sum", "zero"), "nothing", {})


def box_network(path, scores=(0.9, 0.1)):
    """YOLOX or RTMDet with the suppression of doubles inside: (1, N, 5) corners and score."""
    boxes = [[*(BOX * RATIO), scores[0]], [0, 0, 9, 9, scores[1]]]
    add = ("Add", ("boxes", "nothing"), "dets", {})
    constants = {"boxes": np.array([boxes], np.float32), "zero": np.float32(0)}
    shape = [1, 3, BOX_SIDE, BOX_SIDE]
    return save(path, shape, [SUM, NOTHING, add], {"dets": [1, 2, 5]}, constants)


def pose_network(path, points=26):
    """RTMPose: a peak per axis and joint at `peaks`, as sure as the first of the three colours is strong."""
    nodes = [
        ("Gather", ("input", "first"), "colour", {"axis": 1}),
        ("ReduceMax", ("colour",), "strength", {"keepdims": 0, "axes": [0, 1, 2]}),
    ]
    constants, outputs = {"first": np.int64(0)}, {}
    for axis, length in enumerate((2 * POSE_WIDTH, 2 * POSE_HEIGHT)):
        row = np.zeros((1, points, length), np.float32)
        row[0, np.arange(points), peaks(points)[:, axis]] = 0.25
        row[0, 3] = 0  # nothing speaks for this one
        constants[f"row{axis}"] = row
        nodes.append(("Mul", (f"row{axis}", "strength"), f"simcc{axis}", {}))
        outputs[f"simcc{axis}"] = [1, points, length]
    return save(path, [1, 3, POSE_HEIGHT, POSE_WIDTH], nodes, outputs, constants)


def one_stage_network(path, score=0.9):
    """RTMO: boxes with scores, and x, y, score of 17 points of each."""
    points = np.stack([np.linspace(8, 40, 17), np.linspace(4, 44, 17), np.linspace(0.2, 1.4, 17)], -1)
    nodes = [
        SUM,
        NOTHING,
        ("Add", ("boxes", "nothing"), "dets", {}),
        ("Add", ("points", "nothing"), "keypoints", {}),
    ]
    constants = {
        "boxes": np.array([[[*(BOX * RATIO), score], [0, 0, 9, 9, 0.1]]], np.float32),
        "points": np.stack([points, points])[None].astype(np.float32),
        "zero": np.float32(0),
    }
    outputs = {"dets": [1, 2, 5], "keypoints": [1, 2, 17, 3]}
    return save(path, [1, 3, BOX_SIDE, BOX_SIDE], nodes, outputs, constants)


def expected_places(points: int) -> np.ndarray:
    """Where `peaks` lie in the image: the box with a quarter more, widened to the network's shape."""
    centre, size = (BOX[:2] + BOX[2:]) / 2, 1.25 * (BOX[2:] - BOX[:2])
    width = max(size[0], size[1] * POSE_WIDTH / POSE_HEIGHT)
    crop = np.array([width, width * POSE_HEIGHT / POSE_WIDTH])
    return peaks(points) / 2 / (POSE_WIDTH, POSE_HEIGHT) * crop + centre - crop / 2


@pytest.fixture
def weights(tmp_path):
    """Both files of a two-stage detector, as --weights takes them."""
    return f"{box_network(tmp_path / 'boxes.onnx')},{pose_network(tmp_path / 'pose.onnx')}"


@needs_rtmlib
@pytest.mark.parametrize(
    ("kind", "points", "joints", "count"),
    [("rtmpose", 26, "halpe26", 26), ("rtmpose", 17, "coco17", 17), ("rtmw", 133, "coco_feet23", 23)],
)
@pytest.mark.parametrize("boxes", ["yolox.onnx", "rtmdet.onnx"])
def test_points_are_where_the_network_saw_them(tmp_path, kind, points, joints, count, boxes):
    files = f"{box_network(tmp_path / boxes)}, {pose_network(tmp_path / 'pose.onnx', points)}"
    detector = create_detector(kind, files)
    assert detector.joints == joints
    positions, confidence, _ = detector.detect(image())
    assert positions.shape == (1, count, 2)
    assert positions.dtype == confidence.dtype == np.float32
    seen = np.arange(count) != 3
    np.testing.assert_allclose(positions[0, seen], expected_places(points)[:count][seen], atol=0.01)
    assert np.isnan(positions[0, 3]).all()
    assert confidence[0, 3] == 0
    np.testing.assert_allclose(confidence[0, 0], 0.25 * (255 - 123.675) / 58.395, atol=1e-3)


@needs_rtmlib
def test_the_network_for_joints_sees_red_as_red(weights):
    detector = create_detector("rtmpose", weights)
    assert len(detector.detect(image((255, 0, 0)))[0]) == 1
    assert len(detector.detect(image((0, 0, 255)))[0]) == 0  # nothing speaks for any joint


@needs_rtmlib
def test_nobody_in_a_box_is_nobody(tmp_path):
    files = f"{box_network(tmp_path / 'b.onnx', (0.1, 0.1))},{pose_network(tmp_path / 'p.onnx')}"
    positions, confidence, _ = create_detector("rtmpose", files).detect(image())
    assert (positions.shape, confidence.shape) == ((0, 26, 2), (0, 26))


@needs_rtmlib
def test_one_stage(tmp_path):
    detector = create_detector("rtmo", one_stage_network(tmp_path / "rtmo.onnx"))
    positions, confidence, _ = detector.detect(image())
    assert detector.joints == "coco17"
    assert positions.shape == (1, 17, 2)
    np.testing.assert_allclose(positions[0, [0, -1]], [[20, 10], [100, 110]], rtol=1e-5)
    assert confidence[0, -1] == 1
    nobody = create_detector("rtmo", one_stage_network(tmp_path / "none.onnx", score=0.2))
    assert nobody.detect(image())[0].shape == (0, 17, 2)


@needs_rtmlib
def test_a_detector_names_its_files_and_their_hashes(tmp_path, weights, capsys):
    detector: Any = create_detector("rtmpose", weights)
    assert capsys.readouterr().out == ""  # rtmlib announces every file on stdout
    assert detector.name == "rtmpose (boxes.onnx, pose.onnx)"
    hashes = {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("boxes.onnx", "pose.onnx")
    }
    assert detector.models == hashes


@needs_rtmlib
def test_hashes_are_in_the_2d_file(weights):
    class Film:
        path, size, times = Path("red.mp4"), (WIDTH, HEIGHT), np.arange(4) / 10

        def frames_at(self, indices=None):
            yield from ((int(n), n / 10, image()) for n in indices)

    keys = run(Film(), [0, 1, 2, 3], create_detector("rtmpose", weights))
    assert set(keys.meta["models"]) == {"boxes.onnx", "pose.onnx"}
    assert keys.positions.shape == (1, 4, 26, 2)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where rtmlib keeps downloads in a test; nothing is fetched unless a test says how."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))

    def offline(url, *_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr("rtmlib.tools.file.download_url_to_file", offline)
    return tmp_path / "cache" / "hub" / "checkpoints"


@needs_rtmlib
@pytest.mark.parametrize("kind", ["rtmpose", "rtmo", "rtmw"])
def test_offline_says_where_to_put_the_file(cache, kind):
    with pytest.raises(InputError, match=r"downloads .*zip once, which failed .*not known") as refusal:
        create_detector(kind)
    place = re.search(r"put its end2end\.onnx at (\S+\.onnx), or give local files", str(refusal.value))[1]
    assert place.startswith(str(cache))


@needs_rtmlib
def test_what_was_put_there_is_used(cache, capsys):
    with pytest.raises(InputError, match="end2end") as refusal:
        create_detector("rtmo")
    place = re.search(r"end2end\.onnx at (\S+\.onnx),", str(refusal.value))[1]
    one_stage_network(place)
    capsys.readouterr()
    assert len(create_detector("rtmo").detect(image())[0]) == 1
    assert "Downloading" not in capsys.readouterr().err


@needs_rtmlib
def test_downloads_are_announced_and_happen_once(cache, tmp_path, monkeypatch, capsys):
    fetched = []

    def fetch(url, target, *_, **__):
        fetched.append(url)
        with zipfile.ZipFile(target, "w") as archive:
            archive.write(one_stage_network(tmp_path / "end2end.onnx"), "some/folder/end2end.onnx")

    monkeypatch.setattr("rtmlib.tools.file.download_url_to_file", fetch)
    for _ in range(2):
        assert len(create_detector("rtmo").detect(image())[0]) == 1
    assert len(fetched) == 1
    captured = capsys.readouterr()
    assert captured.err.count(f'Downloading: "{fetched[0]}"') == 1
    assert captured.out == ""


@needs_rtmlib
@pytest.mark.parametrize(
    ("kind", "files", "message"),
    [
        ("rtmpose", "{tmp}/gone.onnx", r"gone\.onnx: no such file"),
        ("rtmpose", "{tmp}/a.onnx,{tmp}/a.onnx,{tmp}/a.onnx", "3 files of weights given; .* takes 2 at most"),
        ("rtmo", "{tmp}/a.onnx,{tmp}/a.onnx", "takes 1 at most"),
        ("rtmo", "{tmp}/text.onnx", r"text\.onnx: not an ONNX network that can be read"),
        (
            "rtmpose",
            "{tmp}/a.onnx,{tmp}/five.onnx",
            r"five\.onnx gives 5 points; accepted are 17 ",
        ),
    ],
)
def test_files_that_are_no_such_networks(tmp_path, kind, files, message):
    (tmp_path / "text.onnx").write_text("hello")
    box_network(tmp_path / "a.onnx")
    pose_network(tmp_path / "five.onnx", 5)
    with pytest.raises(InputError, match=message):
        create_detector(kind, files.format(tmp=tmp_path))


@needs_rtmlib
def test_a_network_for_something_else_is_named(tmp_path):
    pose = pose_network(tmp_path / "pose.onnx")
    detector = create_detector("rtmpose", f"{pose},{pose}")
    with pytest.raises(InputError, match=r"rtmpose \(pose\.onnx, pose\.onnx\) does not answer as rtmlib"):
        detector.detect(image())


@pytest.mark.parametrize("kind", ["rtmpose", "rtmo", "rtmw"])
def test_without_rtmlib_the_extra_is_named(monkeypatch, kind):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(InputError, match=rf"the {kind} detector needs rtmlib \(pip install 'uplift3d\[rtm"):
        create_detector(kind)
