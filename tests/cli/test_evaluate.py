"""`uplift3d evaluate`: equal to the published evaluation, and honest about what it measured."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest

from make_rival import create_rival
from uplift3d.cli import main
from uplift3d.data import mpi_inf_3dhp
from uplift3d.data.kinds import KINDS
from uplift3d.data.store import Clip, write_store

pytest.importorskip("torch", reason="needs torch (the train extra)")

import torch

from uplift3d.model import save_checkpoint

from ..data.test_h36m_detections import looking, object_of, rows, write
from ..model.foreign.test_motionbert import authors_file

METRICS = ("mpjpe", "n_mpjpe", "p_mpjpe")


@pytest.fixture(scope="module")
def h36m_folder(golden_dir, tmp_path_factory):
    """The synthetic recordings under the names of the real files."""
    folder = tmp_path_factory.mktemp("h36m")
    e2e = golden_dir / "e2e"
    shutil.copy(e2e / "data_3d_h36m_synthetic.npz", folder / "data_3d_h36m.npz")
    shutil.copy(e2e / "data_2d_h36m_synthetic.npz", folder / "data_2d_h36m_cpn_ft_h36m_dbb.npz")
    return folder


@pytest.fixture
def published(golden_dir, h36m_folder):
    """Arguments for published weights."""

    def arguments(name, *more):
        stem = golden_dir / "uplift_upsample" / name
        weights = ["--weights", f"{stem}.h5", "--config", f"{stem}.json"]
        return ["evaluate", "--dataset", "h36m", "--data", str(h36m_folder), *weights, *more]

    return arguments


def row(values):
    return [values[metric] for metric in METRICS]


CASES = [
    ("tinyA", "4,20", ()),
    ("tinyB", "10", ("--no-flip",)),
    ("tinyA", "10", ("--no-learned-upsampling",)),
]
SLOW = [
    ("tinyA", "10", ()),
    ("tinyB", "5,10,20", ()),
    ("tinyA", "10", ("--no-flip",)),
    ("tinyB", "10", ("--no-learned-upsampling",)),
]
TAGS = {"--no-flip": "_noflip", "--no-learned-upsampling": "_nolearnedup"}


@pytest.mark.parametrize(
    ("name", "s_in", "options"), [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_end_to_end_equal_to_the_official_evaluation(golden_dir, published, tmp_path, name, s_in, options):
    with np.load(golden_dir / "e2e" / "e2e_eval.npz") as file:
        golden = {key: file[key] for key in file.files}
    path = tmp_path / "report.json"
    assert main(published(name, "--s-in", s_in, *options, "-o", str(path))) == 0
    report = json.loads(path.read_text())
    assert [result["s_in"] for result in report["results"]] == [int(s) for s in s_in.split(",") for _ in "ab"]
    for result in report["results"]:
        tag = f"{name}_ms{result['s_in']}{''.join(TAGS[option] for option in options)}"
        tag += {"all frames": "_all", "key frames": "_key"}[result["protocol"]]
        assert result["frames"] == golden[f"{tag}_count"]
        assert list(result["per_action"]) == list(golden["action_names"])
        for got, key in (
            (row(result["frame_mean"]), "frame_mm"),
            (row(result["action_mean"]), "actionwise_mm"),
            ([row(values) for values in result["per_action"].values()], "per_action_mm"),
        ):
            np.testing.assert_allclose(got, golden[f"{tag}_{key}"], atol=2e-3)  # mm, of 2000
    assert ("none" if "--no-flip" in options else "average") in report["facts"]["flip"]
    expected = "not learned" if "--no-learned-upsampling" in options else "learned: 3D poses every s_out"
    assert expected in report["facts"]["upsampling"]


def test_tables_on_the_terminal_and_in_files(published, tmp_path, capsys):
    outputs = [tmp_path / "r.md", tmp_path / "r.csv"]
    more = [word for path in outputs for word in ("-o", str(path))]
    assert main(published("tinyB", "--s-in", "20", "--no-flip", "--subjects", "S11", *more)) == 0
    out = capsys.readouterr().out
    for text in (
        "subjects: S11",
        "2D: cpn_ft_h36m_dbb",
        "flip: none",
        "weights: ",
        "mean over frames / mean over actions",
        "key frames",
        "MPJVE mm/s",
        "WalkTogether",
    ):
        assert text in out
    assert outputs[0].read_text().startswith("# Human3.6M\n\n- data set: Human3.6M\n")
    assert "mpjpe,mm," in outputs[1].read_text()


def test_lightning_is_not_loaded(published, h36m_folder):
    code = "import sys\nfrom uplift3d.cli import main\nmain(sys.argv[1:])\nprint('LOADED', *sys.modules)"
    arguments = published("tinyE", "--s-in", "7")
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert "multiples of" in result.stderr  # everything is loaded and read by then
    assert "lightning" not in result.stdout.split("LOADED")[1].split()


@pytest.fixture
def hourglass(tmp_path):
    """A tiny Human3.6M with detections of three confidences, as MotionBERT's authors store them."""
    world = {name: {"Eating": looking(name, "Eating", seed)} for seed, name in enumerate(("S9", "S11"))}
    content = rows(world)
    for name, confidence in (("sh", content["confidence"]), ("half", 0.5), ("sure", 1.0)):
        part = content | {"confidence": np.broadcast_to(confidence, content["confidence"].shape)}
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps({"test": part}))
    write(tmp_path, world, {"test": content})
    views = {s: {"Eating": np.split(content["joint_2d"], 8)[4 * i : 4 * i + 4]} for i, s in enumerate(world)}
    np.savez(tmp_path / "plain.npz", positions_2d=object_of(views))
    return tmp_path


def test_motionberts_own_file_on_detections_with_and_without_confidence(hourglass):
    torch.manual_seed(0)
    authors_file(hourglass / "best_epoch.bin", frames=5, confidence="detected")
    arguments = ["evaluate", "--dataset", "h36m", "--data", str(hourglass), "-o", str(hourglass / "r.json")]
    arguments += ["--weights", str(hourglass / "best_epoch.bin")]
    errors = {}
    for name in ("sh.pkl", "half.pkl", "sure.pkl", "plain.npz"):
        assert main([*arguments, "--detections", name]) == 0
        report = json.loads((hourglass / "r.json").read_text())
        errors[name] = report["results"][0]["frame_mean"]["mpjpe"]
        facts = report["facts"]
        assert facts["2D"] == f"{name}, {'without' if name == 'plain.npz' else 'with'} confidence"
    assert (report["results"][0]["s_in"], report["results"][0]["frames"]) == (1, 2 * 4 * 8)
    assert facts["confidence"] == "that of the 2D joints; 1 where they have none"
    assert facts["scale"].startswith("scaled with the true depth, as published")
    assert facts["clips"].startswith("5 frames, one after the other")
    assert errors["plain.npz"] == errors["sure.pkl"]
    assert len(set(errors.values())) == 3


@pytest.fixture
def threedhp(tmp_path):
    """A test set of the converted format, long enough for a few key-frames."""
    rng = np.random.default_rng(0)
    data = {}
    for name in mpi_inf_3dhp.TEST_SEQUENCES:
        body = rng.uniform([-500, -900, 3500], [500, 900, 4000], size=(1, 17, 3))
        moving = body + np.cumsum(rng.normal(scale=5, size=(40, 17, 3)), axis=0)
        pixels = moving[..., :2] / moving[..., 2:] * 1500 + 1000
        data[name] = {"data_2d": pixels, "data_3d": moving, "valid": np.arange(40) % 10 < 5}
    array = np.empty((), dtype=object)
    array[()] = data
    np.savez_compressed(tmp_path / "data_test_3dhp.npz", data=array)
    return tmp_path


def test_mpi_inf_3dhp_with_pck_and_auc(golden_dir, threedhp, capsys):
    stem = golden_dir / "uplift_upsample" / "tinyA"
    path = threedhp / "r.json"
    weights = ["--weights", f"{stem}.h5", "--config", f"{stem}.json", "--s-in", "10", "-o", str(path)]
    arguments = ["evaluate", "--dataset", "mpi-inf-3dhp", "--data", str(threedhp), *weights]
    assert main([*arguments, "--ground-truth", "univ_annot3"]) == 0
    report = json.loads(path.read_text())
    facts = report["facts"]
    assert facts["ground truth"].startswith("univ_annot3")
    assert facts["frame rate"] == "videos taken at 25 Hz"
    everything, keys = report["results"]
    assert everything["frames"] == 6 * 20
    assert keys["frames"] == 6 * 4  # every fifth frame of 25 Hz, of which those not valid do not count
    assert list(everything["per_action"]) == ["TS1", "TS2", "TS3", "TS4", "TS5", "TS6"]
    assert set(everything["frame_mean"]) == {*METRICS, "mpjve", "acceleration", "pck", "auc"}
    assert "mean over sequences" in capsys.readouterr().out
    assert main([*arguments, "--ground-truth", "univ_annot3", "--rate", "50"]) == 0
    assert json.loads(path.read_text())["facts"]["frame rate"] == "videos taken at 50 Hz"


def test_strides_that_fall_between_frames_are_left_out_unless_asked_for(golden_dir, threedhp, capsys):
    stem = golden_dir / "uplift_upsample" / "tinyB"  # trained for 5, 10, 20
    weights = ["--weights", f"{stem}.h5", "--config", f"{stem}.json", "--no-flip"]
    arguments = ["evaluate", "--dataset", "mpi-inf-3dhp", "--data", str(threedhp), *weights]
    arguments += ["--ground-truth", "univ_annot3"]
    path = threedhp / "r.json"
    assert main([*arguments, "-o", str(path)]) == 0
    assert {result["s_in"] for result in json.loads(path.read_text())["results"]} == {10, 20}
    capsys.readouterr()
    assert main([*arguments, "--s-in", "5"]) == 2
    assert "every 5 frames of 50 Hz fall between the frames of TS1" in capsys.readouterr().err


@pytest.fixture
def store(tmp_path):
    """Two data sets of which the project's split holds something out."""
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.3, -0.3, 0.2], [0.3, 0.3, 1.7], size=(17, 3))
    body[0] = [0, 0, 0.95]

    def clip(dataset, subject):
        sway = 0.2 * np.sin(np.arange(220) / 15)[:, None, None] * rng.normal(size=(17, 3))
        return Clip(f"{dataset}/{subject}", dataset, subject, 0, 220, "own", "x.bvh"), body + sway

    clips = [clip("bandai-1", ""), clip("bandai-2", ""), clip("cmu-bvh", "2"), clip("cmu-bvh", "7")]
    write_store(tmp_path / "motions.store", clips)
    return tmp_path / "motions.store"


@pytest.fixture
def on_open_mocap(store, tmp_path):
    """Measure weights on the store; returns the report."""

    def measure(weights, *more):
        path = tmp_path / "r.json"
        arguments = ["evaluate", "--dataset", "open-mocap", "--data", str(store), "-o", str(path)]
        assert main([*arguments, "--weights", str(weights), *more]) == 0
        return json.loads(path.read_text())

    return measure


def test_open_mocap_in_both_protocols_by_data_set(on_open_mocap, tiny_model, capsys):
    report = on_open_mocap(f"{tiny_model}.safetensors", "--s-in", "5,20")
    protocols = ["all frames", "key frames"]
    assert [(r["s_in"], r["protocol"]) for r in report["results"]] == [
        (s, p) for s in (5, 20) for p in protocols
    ]
    everything, keys = report["results"][2:]
    assert (everything["frames"], keys["frames"]) == (2 * 220, 2 * 11)
    assert list(everything["per_action"]) == ["bandai-1", "cmu-bvh"]
    means = [values["mpjpe"] for values in everything["per_action"].values()]
    assert everything["action_mean"]["mpjpe"] == pytest.approx(np.mean(means))
    assert set(everything["frame_mean"]) == {*METRICS, "mpjve", "acceleration"}
    out = capsys.readouterr().out
    for fact in (
        "data set: motion store motions.store",
        "split: validation (held out from training): bandai-1, cmu-bvh",
        "pieces: all 2 pieces of at most 10 s",
        "cameras: virtual, one for each piece, always the same",
        "2D: projections with noise at the person and per axis: 10 mm that change with every frame, 14 mm",
        "0.5% left/right swaps, nothing lost",
        "upsampling: learned: 3D poses every s_out = 5 frames",
        "flip: average with the mirror image",
        "mean over data sets",
    ):
        assert fact in out


def test_open_mocap_by_kind_of_motion(on_open_mocap, tiny_model, capsys):
    weights = f"{tiny_model}.safetensors"
    whole = on_open_mocap(weights, "--s-in", "20")["results"][0]
    report = on_open_mocap(weights, "--s-in", "20", "--by", "kind")
    told = report["results"][0]
    assert set(told["per_action"]) <= set(KINDS)
    assert len(told["per_action"]) > 1  # the clips sway, now fast, now slowly
    assert told["frame_mean"]["mpjpe"] == pytest.approx(whole["frame_mean"]["mpjpe"])
    assert "mean over motion kinds" in capsys.readouterr().out


def test_open_mocap_takes_the_options_of_other_data_sets(on_open_mocap, tiny_model):
    weights = f"{tiny_model}.safetensors"
    usual = on_open_mocap(weights, "--s-in", "10", "--pieces", "1")
    assert usual["facts"]["pieces"] == "1, evenly spread, of 2 pieces of at most 10 s"
    assert list(usual["results"][0]["per_action"]) == ["bandai-1"]
    plain = on_open_mocap(weights, "--s-in", "10", "--pieces", "1", "--no-flip")
    baseline = on_open_mocap(weights, "--s-in", "10", "--pieces", "1", "--no-learned-upsampling")
    assert plain["facts"]["flip"] == "none"
    assert baseline["facts"]["upsampling"].startswith("not learned (baseline)")
    errors = [[r["frame_mean"]["mpjpe"] for r in report["results"]] for report in (usual, plain, baseline)]
    assert errors[0][0] != errors[1][0]
    assert errors[0][0] != errors[2][0]
    assert errors[0][1] == errors[2][1]  # key-frames are the same


def screen_network():
    from uplift3d.model import ModelConfig, create

    config = {"tokens": 9, "strided": (), "paddings": (), "spatial_depth": 0, "temporal_depth": 1}
    config |= {"input": "screen", "axes": "camera", "edges": "repeat", "joints": "uu17"}
    return create(ModelConfig(**config, temporal_width=16, heads=2, strides_in=(5, 10)))


def rival(name, **fields):
    return create_rival(name, fields)


MOTIONBERT = {"frames": 9, "width": 16, "depth": 1, "representation": 12}
VIDEOPOSE3D = {"filter_widths": (3, 3), "channels": 8}


@pytest.mark.parametrize(
    ("network", "more", "strides", "upsampling"),
    [
        (screen_network(), [], {5, 10}, "learned"),
        (rival("videopose3d", **VIDEOPOSE3D), [], {1}, "key-frames are lifted alone"),
        (
            rival("videopose3d", **VIDEOPOSE3D, input="person", axes="viewing_ray", s_out=5),
            ["--interpolate", "2d", "--s-in", "20"],
            {20},
            "straight lines between the 2D poses of key-frames",
        ),
        (
            rival("motionbert", **MOTIONBERT, confidence="detected", output="image"),
            ["--s-in", "5"],
            {5},
            "key-frames are lifted alone",
        ),
    ],
    ids=["screen", "rival", "rival, 2D interpolated", "MotionBERT as published"],
)
def test_open_mocap_takes_every_network(on_open_mocap, tmp_path, network, more, strides, upsampling):
    save_checkpoint(network, tmp_path / "network.safetensors")
    report = on_open_mocap(tmp_path / "network.safetensors", *more)
    assert {result["s_in"] for result in report["results"]} == strides
    assert upsampling in report["facts"]["upsampling"]
    assert all(np.isfinite(result["frame_mean"]["mpjpe"]) for result in report["results"])


@pytest.mark.parametrize("name", ["base", "base-free"])
def test_shipped_weights_are_measured_on_the_joints_that_labels_have(
    on_open_mocap, h36m_folder, tmp_path, name
):
    report = on_open_mocap(name, "--s-in", "20", "--pieces", "1")
    assert all(np.isfinite(result["frame_mean"]["mpjpe"]) for result in report["results"])
    output = tmp_path / "h36m.json"
    arguments = ["evaluate", "--dataset", "h36m", "--data", str(h36m_folder), "--weights", name]
    assert main([*arguments, "--s-in", "20", "--no-flip", "-o", str(output)]) == 0
    mpjpe = [result["frame_mean"]["mpjpe"] for result in json.loads(output.read_text())["results"]]
    assert np.isfinite(mpjpe).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dataset", "h36m", "--pieces", "9"], "--pieces is for --dataset open-mocap, not h36m"),
        (["--dataset", "h36m", "--by", "kind"], "--by is for --dataset open-mocap, not h36m"),
        (
            ["--dataset", "open-mocap", "--ground-truth", "annot3"],
            "--ground-truth is for --dataset mpi-inf-3dhp",
        ),
        (["--dataset", "mpi-inf-3dhp"], "needs --ground-truth annot3 or univ_annot3"),
        (["--dataset", "h36m", "-o", "r.txt"], "must end in .md, .csv or .json"),
        (["--dataset", "h36m"], "no shipped model and no file is called 'none'"),
        (["--dataset", "h36m", "--config", "x.json"], "there is no checkpoint file none"),
        (
            ["--dataset", "h36m", "--weights", "base", "--config", "x.json"],
            "--weights base carries its configuration: leave --config out",
        ),
        (
            ["--dataset", "h36m", "--no-learned-upsampling", "--interpolate", "2d"],
            "--interpolate 2d their input: accepted is one of the two",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_first(words, message, capsys):
    assert main(["evaluate", "--data", "away", "--weights", "none", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["--data", "away"],
            "away: no such folder; data_3d_h36m.npz and data_2d_h36m_cpn_ft_h36m_dbb.npz were",
        ),
        (
            ["--detections", "gt"],
            "lacks data_2d_h36m_gt.npz; it holds data_2d_h36m_cpn_ft_h36m_dbb.npz, data_3d",
        ),
        (["--subjects", "S2"], "subject 'S2': accepted are S1, S5"),
        (["--s-in", "3"], "key-frames every 3 frames: accepted are multiples of 2"),
        (["--device", "nonsense"], "--device nonsense cannot be used"),
        (["--interpolate", "2d"], "interpolation of 2d poses is for rivals"),
    ],
)
def test_mistakes_get_a_sentence(published, capsys, changes, message):
    assert main(published("tinyA", *changes)) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        (["--s-in", "5,x"], "whole numbers from 1 to 10,000, such as 5,10,20"),
        (["--s-in", "0"], "whole numbers from 1 to 10,000, such as 5,10,20"),
        (["--s-in", "5,10001"], "whole numbers from 1 to 10,000"),
        (["--batch", str(10**30)], "a whole number up to 1,000,000,000"),
        (["--batch", "0"], "a whole number above 0"),
        (["--batch", "1,2"], "a whole number above 0"),
        (["--pieces", "0"], "a whole number above 0"),
    ],
)
def test_mistyped_numbers(words, accepted, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["evaluate", "--dataset", "h36m", "--data", "d", "--weights", "w", *words])
    assert leaving.value.code == 2
    assert f"accepted: {accepted}" in capsys.readouterr().err


def test_what_is_named_twice_counts_once(published, tmp_path):
    path = tmp_path / "r.json"
    frames = []
    for words in (["20", "--subjects", "S11"], ["20,20", "--subjects", "S11,S11"]):
        assert main(published("tinyA", "--no-flip", "-o", str(path), "--s-in", *words)) == 0
        frames.append([result["frames"] for result in json.loads(path.read_text())["results"]])
    assert len(frames[0]) == 2
    assert frames[0] == frames[1]


@pytest.fixture
def refined(golden_dir):
    """Arguments for a published lifter and its refinement."""
    folder = golden_dir / "peers" / "stridedtransformer_27"
    weights = ["--weights", str(folder / "no_refine_1_4370.pth"), "--s-in", "20", "--no-flip"]
    return weights, ["--refinement", str(folder / "refine_1_4370.pth")]


def test_refinement_changes_poses_and_the_report_says_what_it_knows(h36m_folder, refined, tmp_path):
    weights, refinement = refined
    path = tmp_path / "r.json"
    words = ["evaluate", "--dataset", "h36m", "--data", str(h36m_folder), *weights, "-o", str(path)]
    reports = []
    for more in ([], refinement):
        assert main([*words, "--subjects", "S11", *more]) == 0
        reports.append(json.loads(path.read_text()))
    plain, better = reports
    assert plain["results"][0]["frame_mean"]["mpjpe"] != better["results"][0]["frame_mean"]["mpjpe"]
    facts = better["facts"]
    assert facts["refinement"] == "knows the camera and the true depth of the root, as published"
    assert "refine_1_4370.pth (" in facts["refinement's weights"]
    assert not {"refinement", "refinement's weights"} & set(plain["facts"])


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            "no_refine*",
            "no_refine*",
            "weights are of strided_transformer: accepted are those of a refinement",
        ),
        ("refine*", "refine*", "the weights are of 'refinement', which does not lift 2D poses by itself"),
        ("no_refine*", "missing", "there is no checkpoint file"),
    ],
)
def test_other_weights_are_no_refinement(golden_dir, h36m_folder, capsys, first, second, message):
    folder = golden_dir / "peers" / "stridedtransformer_27"
    files = [str(next(folder.glob(name), folder / name)) for name in (first, second)]
    words = ["--weights", files[0], "--refinement", files[1], "--data", str(h36m_folder)]
    assert main(["evaluate", "--dataset", "h36m", *words]) == 2
    assert message in capsys.readouterr().err


def test_refinement_where_no_camera_is_known(threedhp, refined, capsys):
    weights, refinement = refined
    words = ["--data", str(threedhp), "--ground-truth", "univ_annot3", *weights, *refinement]
    assert main(["evaluate", "--dataset", "mpi-inf-3dhp", *words]) == 2
    assert "TS1 TS1 camera 0 has no camera, but refinement needs its focal length" in capsys.readouterr().err
