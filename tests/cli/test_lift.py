"""`uplift3d lift`, from its arguments to its files."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from keypoint_files import FORMATS, walk
from uplift3d.cli import main
from uplift3d.export import load_motion


def sentence(capsys):
    """What went to stderr: one sentence, without traceback."""
    text = capsys.readouterr().err
    assert text.startswith("uplift3d: ")
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize("name", [b"zwei\nzeilen.npz", b"latin-1 \xe9.npz"])
def test_names_that_are_no_line_or_no_text(network, keys, tmp_path, capsys, name):
    source = tmp_path / os.fsdecode(name)
    try:
        keys.rename(source)
    except OSError:
        pytest.skip("not with this file system")
    suffixes = (".npz", ".json", ".csv", ".bvh", ".glb", ".html", ".png")
    outputs = [word for suffix in suffixes for word in ("-o", str(tmp_path / f"m{suffix}"))]
    assert main(["lift", str(source), *outputs, "-q"]) == 0
    for suffix in suffixes[:2]:
        motion = load_motion(tmp_path / f"m{suffix}")
        assert motion.meta["source"] == str(tmp_path / name.decode(errors="replace").replace("\ufffd", "?"))
    for suffix in suffixes[:-2]:
        assert main(["info", str(tmp_path / f"m{suffix}")]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_no_video_and_is_not_waited_for(network, detector, tmp_path, capsys):
    os.mkfifo(tmp_path / "live.mp4")
    words = ["-o", str(tmp_path / "m.npz"), "--detector", detector]
    assert main(["lift", str(tmp_path / "live.mp4"), *words]) == 2
    assert "live.mp4 is a named pipe" in sentence(capsys)


def test_keys_become_every_kind_of_file(network, keys, tmp_path, capsys):
    pytest.importorskip("plotly")
    names = ["m.npz", "m.json", "m.csv", "m.html", "m.png"]
    outputs = [word for name in names for word in ("-o", str(tmp_path / name))]
    assert main(["lift", str(keys), *outputs]) == 0
    motion = load_motion(tmp_path / "m.npz")
    assert motion.positions.shape == (1, 21, 17, 3)  # a pose every 0.1 s, the network's own distance
    assert motion.meta["source"] == str(keys)
    assert motion.meta["arguments"]["key_interval"] is None
    np.testing.assert_array_equal(load_motion(tmp_path / "m.json").positions, motion.positions)
    np.testing.assert_allclose(load_motion(tmp_path / "m.csv").positions, motion.positions, atol=1e-6)
    assert "<html" in (tmp_path / "m.html").read_text()[:100]
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert "m.npz" in out
    assert "1 person, 2.00 s: 21 poses from 11 key-frames" in out
    assert "lifting" in out
    assert "× real time" in out


def test_images_become_a_pose_per_image(network, detector, images, tmp_path, capsys):
    output = tmp_path / "m.npz"
    assert main(["lift", str(images), "-o", str(output), "--detector", detector]) == 0
    motion = load_motion(output)
    np.testing.assert_allclose(motion.times, np.arange(31) / 30)
    assert motion.meta["arguments"]["key_interval"] == 0.4
    assert motion.meta["key_frames"] == 3
    assert motion.observed.sum() == 3
    captured = capsys.readouterr()
    assert "2D detection" in captured.out
    assert "warning" in captured.err  # the rate of the images is assumed


def test_the_rate_of_images_can_be_given(network, detector, images, tmp_path, capsys):
    output = tmp_path / "m.npz"
    words = ["--detector", detector, "--image-rate", "25", "--people", "1", "--focal-px", "500"]
    assert main(["lift", str(images), "-o", str(output), *words]) == 0
    motion = load_motion(output)
    np.testing.assert_allclose(motion.times, np.arange(31) / 25)
    assert motion.meta["arguments"]["focal_px"] == 500
    assert "warning" not in capsys.readouterr().err


def test_options_of_videos_are_refused_for_key_frames(network, keys, tmp_path, capsys):
    assert main(["lift", str(keys), "-o", str(tmp_path / "m.npz"), "--people", "1"]) == 2
    assert "--people is for videos and image folders" in capsys.readouterr().err


def test_options_reach_the_lifter(network, keys, tmp_path):
    output = tmp_path / "m.npz"
    words = ["--key-interval", "0.4", "--no-flip", "--interpolation", "smooth", "--max-gap", "2.5", "--quiet"]
    words += ["--keep-sides", "--no-hint"]
    assert main(["lift", str(keys), "-o", str(output), *words]) == 0
    meta = load_motion(output).meta
    assert meta["arguments"] | {"focal_px": None} == meta["arguments"]
    expected = {"key_interval": 0.4, "flip": False, "interpolation": "smooth", "max_gap_s": 2.5}
    expected |= {"settle_sides": False, "use_hint": False}
    assert {name: meta["arguments"][name] for name in expected} == expected
    assert meta["key_frames"] == 6


def test_output_rate_sets_the_times(network, keys, tmp_path):
    output = tmp_path / "m.json"
    assert main(["lift", str(keys), "-o", str(output), "--output-rate", "25"]) == 0
    times = json.loads(output.read_text())["times"]
    np.testing.assert_allclose(times, np.arange(51) / 25)


def test_quiet_prints_nothing(network, keys, tmp_path, capsys):
    assert main(["lift", str(keys), "-o", str(tmp_path / "m.npz"), "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_several_inputs_go_into_a_folder(network, keys, tmp_path, capsys):
    (tmp_path / "other.npz").write_bytes(keys.read_bytes())
    folder = tmp_path / "new" / "results"
    words = [str(keys), str(tmp_path / "other.npz"), "-o", str(folder), "--format", "json"]
    assert main(["lift", *words]) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["keys.json", "other.json"]
    assert capsys.readouterr().out.count("1 person") == 2


def test_a_bad_input_among_several_is_named_and_the_others_go_on(network, keys, tmp_path, capsys):
    folder = tmp_path / "results"
    assert main(["lift", str(tmp_path / "gone.npz"), str(keys), "-o", str(folder)]) == 2
    assert "gone.npz: no such file" in sentence(capsys)
    assert [file.name for file in folder.iterdir()] == ["keys.npz"]


def test_nobody_in_view_is_code_1_and_leaves_no_file(network, detector, empty_images, tmp_path, capsys):
    output = tmp_path / "m.npz"
    assert main(["lift", str(empty_images), "-o", str(output), "--detector", detector, "-q"]) == 1
    assert "nobody was found" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp4", None, r"gone.mp4: no such file"),
        ("text.mp4", b"not a video at all", r"text.mp4"),
        ("gone.npz", None, r"gone.npz: no such file"),
        ("bad.npz", b"PK nonsense", r"bad.npz"),
    ],
)
def test_bad_inputs_are_code_2_and_named(network, detector, tmp_path, capsys, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    words = ["lift", str(tmp_path / name), "-o", str(tmp_path / "m.npz"), "--detector", detector]
    assert main(words) == 2
    assert message in sentence(capsys)
    assert not (tmp_path / "m.npz").exists()


def test_a_motion_is_no_input(network, motion_file, tmp_path, capsys):
    assert main(["lift", str(motion_file), "-o", str(tmp_path / "m.npz")]) == 2
    assert "walk.npz is 3D motion already; `uplift3d view" in sentence(capsys)


def test_a_missing_model_is_named(keys, tmp_path, capsys):
    assert main(["lift", str(keys), "-o", str(tmp_path / "m.npz"), "--model", "nothing/here"]) == 2
    assert "no model at nothing/here" in sentence(capsys)


def test_an_unknown_detector_is_named(network, images, detector, tmp_path, capsys):
    assert main(["lift", str(images), "-o", str(tmp_path / "m.npz"), "--detector", "eagle"]) == 2
    assert "unknown detector 'eagle'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["m.mp3", "m", "gone/m.npz"])
def test_bad_outputs_are_refused_before_anything_is_read(tmp_path, capsys, name):
    assert main(["lift", str(tmp_path / "gone.mp4"), "-o", str(tmp_path / name)]) == 2
    assert "gone.mp4" not in sentence(capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--key-interval", "0"], "seconds above 0, 'adaptive', or 'all'"),
        (["--key-interval", "often"], "'often' given"),
        (["--max-gap", "nan"], "a number above 0"),
        (["--output-rate", "-5"], "0.0001 to 10000 a second"),
        (["--runtime", "abacus"], "invalid choice: 'abacus'"),
    ],
)
def test_bad_option_values_say_what_is_accepted(tmp_path, capsys, words, message):
    with pytest.raises(SystemExit) as leaving:
        main(["lift", "a.mp4", "-o", str(tmp_path / "m.npz"), *words])
    assert leaving.value.code == 2
    assert message in capsys.readouterr().err


def test_unknown_formats_for_a_folder_are_refused_and_leave_no_folder(tmp_path, capsys):
    folder = tmp_path / "new" / "results"
    assert main(["lift", str(tmp_path / "a.mp4"), "-o", f"{folder}/", "--format", "xyz"]) == 2
    assert "a.xyz: the output's name must end in" in sentence(capsys)
    assert not (tmp_path / "new").exists()


def test_the_result_lies_beside_the_input_by_default(network, keys, capsys):
    assert main(["lift", str(keys)]) == 0
    assert len(load_motion(keys.with_name("keys-3d.npz"))) == 21
    assert "keys-3d.npz: 1 person" in capsys.readouterr().out


def test_what_is_there_is_replaced_only_when_asked_to(network, keys, tmp_path, capsys):
    output = tmp_path / "m.npz"
    output.write_bytes(b"mine")
    words = ["lift", str(keys), "-o", str(output)]
    assert main(words) == 2
    assert "m.npz is there already; --overwrite replaces, --skip-existing leaves" in sentence(capsys)
    assert main([*words, "--skip-existing"]) == 0
    assert "m.npz: there already, skipped" in capsys.readouterr().out
    assert output.read_bytes() == b"mine"
    assert main([*words, "--overwrite"]) == 0
    assert len(load_motion(output)) == 21


def test_files_of_each_person_are_there_too(network, tmp_path, capsys):
    source = FORMATS["coco"].write(tmp_path, walk(FORMATS["coco"].joints))
    words = ["lift", str(source), "--fps", "25", "-o", str(tmp_path / "m.trc")]
    assert main(words) == 0
    assert "m_0.trc, " in capsys.readouterr().out
    assert main(words) == 2
    assert re.search(r"m_0.trc and \d more are there already", sentence(capsys))
    assert main([*words, "--skip-existing", "-q"]) == 0


def test_a_dry_run_says_what_would_be_made(keys, tmp_path, capsys):
    (tmp_path / "x-3d.npz").touch()
    other = keys.rename(tmp_path / "x.npz")
    words = ["lift", str(other), "gone.mp4", "-o", f"{tmp_path}/{{name}}-3d.npz", "--dry-run"]
    assert main([*words, "--skip-existing"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{other} -> {tmp_path}/x-3d.npz (is there, skipped)"
    assert out[1] == f"gone.mp4 (no such input) -> {tmp_path}/gone-3d.npz"


def test_json_is_one_object_a_line_also_for_what_fails(network, keys, tmp_path, capsys):
    words = ["lift", str(tmp_path / "gone.npz"), str(keys), "-o", str(tmp_path / "out"), "--json"]
    assert main(words) == 2
    captured = capsys.readouterr()
    failed, done = map(json.loads, captured.out.splitlines())
    assert failed["error"].startswith(f"{words[1]}: no such file")
    assert (failed["input"], failed["status"]) == (words[1], "failed")
    assert (done["status"], done["people"], done["poses"]) == ("done", [0], 21)
    assert done["outputs"] == [str(tmp_path / "out" / "keys.npz")]
    assert done["timings_s"]["lift"] >= 0
    assert captured.err.startswith("uplift3d: [1/2] ")


def test_verbose_says_how_it_was_made(network, keys, tmp_path, capsys):
    assert main(["lift", str(keys), "-o", str(tmp_path / "m.npz"), "-v"]) == 0
    assert "units: positions m" in capsys.readouterr().out


def test_a_part_of_the_time(network, keys, tmp_path, capsys):
    output = tmp_path / "m.npz"
    words = ["lift", str(keys), "-o", str(output), "--start", "0:00.5", "--end", "1.25"]
    assert main(words) == 0
    np.testing.assert_allclose(load_motion(output).times, np.arange(6, 13) / 10)
    assert main([*words, "--start", "9", "--end", "12", "--overwrite"]) == 2
    assert "nothing from 9 s to 12 s; there is 0.00–2.00 s" in sentence(capsys)


def test_a_part_of_a_video_keeps_its_times(network, detector, images, tmp_path, capsys):
    output = tmp_path / "m.npz"
    words = ["lift", str(images), "-o", str(output), "--detector", detector, "--image-rate", "30"]
    assert main([*words, "--start", "0.5", "--end", "0.8"]) == 0
    np.testing.assert_allclose(load_motion(output).times, np.arange(15, 25) / 30)
    assert main([*words, "--start", "5", "--overwrite"]) == 2
    assert "no frame from 5 s on; the video is 1.00 s long" in sentence(capsys)


def test_some_of_the_people(network, tmp_path, capsys):
    source = FORMATS["coco"].write(tmp_path, walk(FORMATS["coco"].joints))
    words = ["lift", str(source), "--fps", "25", "-o", str(tmp_path / "m.npz")]
    assert main([*words, "--person", "1"]) == 0
    assert load_motion(tmp_path / "m.npz").people.tolist() == [1]
    assert main([*words, "--person", "7", "--overwrite"]) == 2
    assert re.search(r"there is no person 7; the people are 0, 1", sentence(capsys))


def test_urls_are_named_as_given(tmp_path, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["lift", "https://example.org/a.mp4", "-o", str(tmp_path / "m.npz")])
    assert leaving.value.code == 2
    assert "https://example.org/a.mp4 is a URL; accepted are files on this machine" in capsys.readouterr().err


@pytest.mark.slow
def test_from_a_real_video_to_a_file(shared_dir, tiny_model, tmp_path, capsys):
    video = shared_dir / "data" / "videos" / "sports2d-demo.mp4"
    output = tmp_path / "walk.json"
    assert main(["lift", str(video), "-o", str(output), "--model", str(tiny_model)]) == 0
    motion = load_motion(output)
    assert len(motion) == 230
    assert len(motion.people) >= 2
    assert motion.meta["keypoints"]["detector"] == "blazepose"
    assert "key-frames" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["openpose", "mmpose", "coco"])
def test_2d_files_of_other_programs(network, tmp_path, capsys, name):
    known = FORMATS[name]
    source = known.write(tmp_path, walk(known.joints))
    words = ["lift", str(source), "-o", str(tmp_path / "m.npz")]
    assert main(words) == 2
    assert "give --fps HZ" in sentence(capsys)
    size = ["--image-size", "640x360"] if "image_size" in known.lacks else []
    assert main([*words, "--fps", "25", *size]) == 0
    motion = load_motion(tmp_path / "m.npz")
    assert motion.positions.shape == (2, 12, 17, 3)
    np.testing.assert_allclose(motion.times, np.arange(12) / 25)
    assert not np.isfinite(motion.positions[1, 5]).all() or not motion.observed[1, 5]


def test_what_is_no_2d_file_names_those_that_are(network, detector, tmp_path, capsys):
    (tmp_path / "a.json").write_text('{"hello": [1]}')
    assert main(["lift", str(tmp_path / "a.json"), "-o", str(tmp_path / "m.npz")]) == 2
    assert "a.json holds no 2D key-frames; accepted are COCO keypoint .json" in sentence(capsys)


@pytest.mark.parametrize("option", [["--fps", "30"], ["--image-size", "6x4"], ["--joints", "coco17"]])
def test_options_of_2d_files_are_refused_for_videos(network, detector, images, tmp_path, capsys, option):
    words = ["lift", str(images), "-o", str(tmp_path / "m.npz"), "--detector", detector, *option]
    assert main(words) == 2
    assert f"{option[0]} is for 2D files" in sentence(capsys)


def test_detect_then_lift_gives_what_lift_gives(network, detector, images, tmp_path, capsys):
    for dark in (0, 12):  # key-frames that show nobody
        Image.new("RGB", (320, 240)).save(images / f"{dark:03}.png")
    words = ["--detector", detector, "--image-rate", "30", "-q", "--key-interval", "0.1"]
    keys, two, one = (str(tmp_path / name) for name in ("keys.npz", "two.npz", "one.npz"))
    assert main(["detect", str(images), "-o", keys, *words]) == 0
    assert main(["lift", keys, "-o", two, "-q"]) == 0
    assert main(["lift", str(images), "-o", one, *words]) == 0
    there, here = load_motion(one), load_motion(two)
    assert here.positions.shape == (1, 31, 17, 3)
    for name in ("positions", "times", "observed", "people"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    assert here.meta["key_frames"] == there.meta["key_frames"] == 11
    capsys.readouterr()
    assert main(["info", keys]) == 0
    out = capsys.readouterr().out
    assert "11 key-frames" in out
    assert "2 of them show nobody" in out
    assert "of a video of 31 frames, 0.00–1.00 s, usually 30 per second" in out


@pytest.mark.slow
def test_detect_then_lift_of_a_real_video(shared_dir, tiny_model, tmp_path):
    video = str(shared_dir / "data" / "videos" / "sports2d-demo.mp4")
    keys, two, one = (str(tmp_path / name) for name in ("keys.npz", "two.npz", "one.npz"))
    assert main(["detect", video, "-o", keys, "-q"]) == 0
    assert main(["lift", keys, "-o", two, "-q", "--model", str(tiny_model)]) == 0
    assert main(["lift", video, "-o", one, "-q", "--model", str(tiny_model)]) == 0
    there, here = load_motion(one), load_motion(two)
    assert len(here) == 230
    for name in ("positions", "times", "observed", "people"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_a_video_is_written_beside_the_motion(network, detector, images, keys, tmp_path, capsys):
    outputs = [tmp_path / "out.npz", tmp_path / "out.mp4"]
    words = ["--image-rate", "30", "--detector", detector, "-q", *(f"-o{output}" for output in outputs)]
    assert main(["lift", str(images), *words]) == 0
    assert outputs[1].stat().st_size > 5000
    assert len(load_motion(outputs[0])) == 31
    assert main(["lift", str(keys), "-o", str(tmp_path / "new.mp4")]) == 2
    assert "give it with --video" in capsys.readouterr().err
    words = ["-o", str(outputs[1]), "--video", str(images), "-q", "--overwrite"]
    assert main(["lift", str(keys), *words]) == 0  # images have no times of their own: one for each pose
    assert main(["lift", str(keys), "-o", str(outputs[0]), "--video", str(images)]) == 2
    assert "--video is for an .mp4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--key-interval", "adaptive"], "adaptive"),
        (["--looks-per-second", "3"], {"adaptive": {"looks_per_second": 3.0, "rule": "gain"}}),
    ],
)
def test_looks_follow_the_motion_where_that_is_asked_for(network, tmp_path, keys, words, expected):
    output = tmp_path / "motion.npz"
    assert main(["lift", str(keys), "-o", str(output), "-q", *words]) == 0
    assert load_motion(output).meta["arguments"]["key_interval"] == expected


def test_two_numbers_of_looks_are_one_too_many(network, tmp_path, keys, capsys):
    words = ["--looks-per-second", "3", "--key-interval", "0.1"]
    assert main(["lift", str(keys), "-o", str(tmp_path / "m.npz"), *words]) == 2
    assert "--looks-per-second says how many looks there are" in capsys.readouterr().err
