"""`uplift3d info`."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from keypoint_files import mmpose, trc, walk
from uplift3d.cli import main
from uplift3d.export import load_motion, save_motion


def lines(capsys):
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("suffix", [".bvh", ".glb", ".trc"])
def test_a_file_of_bones_or_markers(tmp_path, walk, capsys, suffix):
    path = save_motion(tmp_path / f"walk{suffix}", walk.select([3]))
    assert main(["info", str(path)]) == 0
    assert lines(capsys)[0] == f"{path}: 3D motion of 1 person, h36m17"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])  # those that hold all of a motion
def test_a_motion(tmp_path, walk, capsys, suffix):
    path = save_motion(tmp_path / f"walk{suffix}", walk)
    assert main(["info", str(path)]) == 0
    found = lines(capsys)
    assert found[0] == f"{path}: 3D motion of 2 people, h36m17"
    assert found[1].startswith("50 poses, 0.50–2.46 s, usually 25 per second")
    assert found[2] == "person 3: 0.50–2.46 s, 50 poses, 5 of them measured"
    assert found[3] == "person 7: 0.50–1.94 s, 37 poses, 4 of them measured"
    if suffix != ".csv":
        assert "made_by: tests/conftest.py" in found
        assert "units: positions m, root m, times s" in found


def test_key_frames(keys, capsys):
    assert main(["info", str(keys)]) == 0
    found = lines(capsys)
    assert found[0] == f"{keys}: 2D key-frames of 1 person, coco17"
    assert found[1] == "11 key-frames, 0.00–2.00 s, usually 5 per second; image 320×240 pixels"
    assert found[2] == "person 0: 0.00–2.00 s, 11 poses"
    assert "source: a.mp4" in found


def test_2d_files_of_other_programs(tmp_path, capsys):
    clip = walk("coco17")
    assert main(["info", str(mmpose(tmp_path, clip))]) == 0
    assert "2D key-frames; (MMPose .json) does not say its frame rate and the size" in capsys.readouterr().out
    assert main(["info", str(trc(tmp_path, walk("halpe26", 1)))]) == 0
    assert "does not say the size of the image; give --image-size WxH" in capsys.readouterr().out


def test_somebody_never_in_view_and_single_times(tmp_path, walk, capsys):
    path = save_motion(tmp_path / "end.npz", walk[-1:])
    assert main(["info", str(path)]) == 0
    found = lines(capsys)
    assert "1 poses, at 2.46 s; place in the world unknown" in found
    assert "person 7: never in view" in found


@pytest.mark.filterwarnings("ignore::uplift3d.errors.UpliftWarning")
def test_images(images, capsys):
    assert main(["info", str(images)]) == 0
    assert lines(capsys) == [f"{images}: images, 320×240 pixels", "31 frames, 1.00 s, 30 Hz"]


def test_a_video(shared_dir, capsys):
    path = shared_dir / "data" / "videos" / "sports2d-demo.mp4"
    assert main(["info", str(path)]) == 0
    assert lines(capsys) == [f"{path}: video, 1768×994 pixels", "230 frames, 7.63 s, 30 Hz"]


def write_safetensors(path, header):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def test_network_weights_without_torch(tmp_path, capsys):
    tensor = {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}
    notes = {
        "config": '{"tokens": 71}',
        "step": "500",
        "data": '{"mine": {"clips": 3}, "other": {"clips": 1}}',
        "licence": "MIT",
    }
    header = {"__metadata__": notes, "a": tensor, "b": tensor}
    path = write_safetensors(tmp_path / "net.safetensors", header)
    assert main(["info", str(path)]) == 0
    assert lines(capsys) == [
        f"{path}: network weights: 24 numbers in 2 tensors",
        "licence: MIT",
        "trained on mine: clips 3",
        "trained on other: clips 1",
        "step: 500",
        "config: tokens 71",
    ]


def test_a_real_checkpoint_and_graph(tiny_model, capsys):
    assert main(["info", f"{tiny_model}.safetensors", f"{tiny_model}.embed.onnx"]) == 0
    found = capsys.readouterr().out
    assert "network weights" in found
    assert "ONNX graph" in found
    assert found.count("joints h36m17") == 2


def test_a_motion_store(tmp_path, capsys):
    from uplift3d.data.store import Clip, write_store

    motion = np.random.default_rng(0).normal(size=(150, 17, 3))
    clip = Clip("jump", "cmu-bvh", "2", 0, 150, "free", "jump.bvh")
    write_store(tmp_path / "store", [(clip, motion)])
    assert main(["info", str(tmp_path / "store")]) == 0
    assert lines(capsys) == [
        f"{tmp_path / 'store'}: motion store of 1 clips",
        "cmu-bvh: 1 clips, 0.1 min, free",
    ]


@pytest.mark.parametrize(
    "content", [b"", b"short", struct.pack("<Q", 10**12), struct.pack("<Q", 4) + b"[1] "]
)
def test_damaged_weights_are_named(tmp_path, capsys, content):
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    assert main(["info", str(path)]) == 2
    assert "net.safetensors: not a safetensors file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone", None, "gone: no such file or folder"),
        ("text.txt", b"hello", "text.txt"),
        ("net.onnx", b"hello", "net.onnx: not an ONNX graph"),
        ("m.npz", b"hello", "m.npz is not an .npz file"),
    ],
)
def test_what_it_does_not_know_is_named(tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["info", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err


def test_a_graph_s_flaws_are_not_shown_as_a_log(tmp_path, capfd):
    onnx = pytest.importorskip("onnx", reason="needs the train extra")
    ports = [onnx.helper.make_tensor_value_info(name, 1, [1, size]) for name, size in (("x", 3), ("y", 4))]
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "odd", ports[:1], ports[1:])
    versions = {"opset_imports": [onnx.helper.make_opsetid("", 17)], "ir_version": 8}
    onnx.save(onnx.helper.make_model(graph, **versions), tmp_path / "odd.onnx")
    assert main(["info", str(tmp_path / "odd.onnx")]) == 0
    shown = capfd.readouterr()
    assert "in: x [1, 3]" in shown.out
    assert shown.err == ""


def test_what_nobody_knows_is_named_and_the_others_go_on(motion_file, tmp_path, capsys):
    (tmp_path / "angles.csv").write_text("time_s,person\n")
    assert main(["info", str(tmp_path / "angles.csv"), str(motion_file)]) == 2
    captured = capsys.readouterr()
    assert "angles.csv" in captured.err
    assert f"{motion_file}: 3D motion of 2 people" in captured.out


def test_how_sure_places_are_is_said(motion_file, tmp_path, capsys):
    motion = load_motion(motion_file)
    meta = {
        "root_sigma_m": [0.51, 1.26],
        "camera": {"focal_from": "assumed: 0.85 of the longer side"},
        "sides": {},
    }
    save_motion(tmp_path / "a.npz", replace(motion, root=np.ones((*motion.present.shape, 3)), meta=meta))
    assert main(["info", str(tmp_path / "a.npz")]) == 0
    out = capsys.readouterr().out
    assert "place in the world known to ±1.3 m (the focal length is assumed; --focal-px says it)" in out
    assert "sides" not in out
