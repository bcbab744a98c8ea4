"""`uplift3d convert`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from footsteps import steps
from jointed_figure import figure
from uplift3d.cli import main
from uplift3d.export import load_angles, load_motion, load_steps, save_motion
from uplift3d.post import z_up_world


def test_one_motion_to_several_formats(motion_file, tmp_path, capsys):
    outputs = [tmp_path / "walk.json", tmp_path / "walk.csv"]
    assert main(["convert", str(motion_file), "-o", str(outputs[0]), "-o", str(outputs[1])]) == 0
    motion = load_motion(motion_file)
    for output in outputs:
        np.testing.assert_allclose(load_motion(output).positions, motion.positions, atol=1e-6)
    assert capsys.readouterr().out.splitlines() == [str(output) for output in outputs]


def test_there_and_back_is_the_same(motion_file, tmp_path):
    assert main(["convert", str(motion_file), "-o", str(tmp_path / "a.json")]) == 0
    assert main(["convert", str(tmp_path / "a.json"), "-o", str(tmp_path / "b.npz")]) == 0
    first, second = load_motion(motion_file), load_motion(tmp_path / "b.npz")
    np.testing.assert_array_equal(first.positions, second.positions)
    assert first.meta == second.meta


def test_bad_output_is_refused_before_reading(tmp_path, capsys):
    assert main(["convert", str(tmp_path / "gone.npz"), "-o", str(tmp_path / "a.docx")]) == 2
    assert "a.docx: the output's name must end in" in capsys.readouterr().err


def test_a_page_cannot_be_read_back(tmp_path, capsys):
    assert main(["convert", str(tmp_path / "walk.html"), "-o", str(tmp_path / "a.npz")]) == 2
    assert "walk.html: not a motion file" in capsys.readouterr().err


def test_bones_of_a_skeleton_at_a_rate(tmp_path, capsys):
    source = save_motion(tmp_path / "walk.npz", figure())
    words = ["--skeleton", "mixamo", "--fps", "25"]
    outputs = [tmp_path / "walk.bvh", tmp_path / "again.npz"]
    assert main(["convert", str(source), "-o", str(outputs[0]), "-o", str(outputs[1]), *words]) == 0
    assert "mixamorig:Hips" in outputs[0].read_text()
    assert "Frame Time: 0.04000000" in outputs[0].read_text()
    assert main(["convert", str(outputs[0]), "-o", str(tmp_path / "back.csv")]) == 0
    back = load_motion(tmp_path / "back.csv")
    np.testing.assert_allclose(back.positions, load_motion(outputs[1]).positions[:, :, :17], atol=2e-3)


def test_a_skeleton_without_a_file_of_bones_is_refused(motion_file, tmp_path, capsys):
    words = [str(motion_file), "-o", str(tmp_path / "a.csv"), "--skeleton", "mixamo"]
    assert main(["convert", *words]) == 2
    said = capsys.readouterr().err
    assert "--skeleton is for .bvh, .glb, .usd, .usda, .usdc files, and none is asked for" in said
    assert main(["convert", str(motion_file), "-o", str(tmp_path / "a.bvh"), "--skeleton", "smpl"]) == 2
    assert "accepted are uplift3d, lafan1, mixamo" in capsys.readouterr().err


def test_what_would_be_lost_is_refused_by_name_unless_asked_for(tmp_path, walk, capsys):
    source = save_motion(tmp_path / "walk.npz", walk)
    target = tmp_path / "walk.bvh"
    assert main(["convert", str(source), "-o", str(target)]) == 2
    assert (
        "walk.bvh would lose when people are absent (7; --split makes a file of each stretch); --lossy"
        in (capsys.readouterr().err)
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["walk.npz"]
    assert main(["convert", str(source), "-o", str(target), "--lossy"]) == 0
    assert "person 7 is absent for 26 % of the time" in capsys.readouterr().err
    assert (tmp_path / "walk_7.bvh").is_file()


def test_the_last_file_is_the_output_without_an_option(motion_file, tmp_path, capsys):
    assert main(["convert", str(motion_file), str(tmp_path / "m.csv")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'm.csv'}\n"
    assert main(["convert", str(motion_file)]) == 2
    assert "walk.npz to be written? Give the new file too" in capsys.readouterr().err


def test_a_folder_of_motions(motion_file, tmp_path, capsys):
    motion_file.with_name("other.npz").write_bytes(motion_file.read_bytes())
    words = ["convert", f"{tmp_path}/*.npz", "-o", f"{tmp_path}/out/", "--format", "json,csv"]
    assert main(words) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["other.csv", "other.json", "walk.csv", "walk.json"]
    assert capsys.readouterr().out.endswith("2 done\n")


def test_a_part_and_one_person(motion_file, tmp_path):
    output = tmp_path / "m.npz"
    words = ["--start", "0.2", "--end", "0.6", "--person", "7"]
    assert main(["convert", str(motion_file), str(output), *words]) == 0
    whole, part = load_motion(motion_file), load_motion(output)
    assert part.people.tolist() == [7]
    assert part.times.tolist() == [time for time in whole.times if 0.2 <= time <= 0.6]


def test_what_is_no_motion_is_told_where_to_go(keys, tmp_path, capsys):
    assert main(["convert", str(keys), str(tmp_path / "m.csv")]) == 2
    assert "keys.npz holds 2D key-frames; `uplift3d lift" in capsys.readouterr().err
    video = tmp_path / "a.mp4"
    video.touch()
    assert main(["convert", str(video), str(tmp_path / "m.csv")]) == 2
    assert "a.mp4 is a video; `uplift3d lift" in capsys.readouterr().err


def test_angles_and_steps_are_tables_beside(motion_file, tmp_path, capsys):
    source = save_motion(tmp_path / "steps.npz", steps(count=6))
    angles, table = tmp_path / "angles.csv", tmp_path / "steps.csv"
    words = [
        "convert",
        str(source),
        str(tmp_path / "steps.mot"),
        "--angles",
        str(angles),
        "--steps",
        str(table),
    ]
    assert main(words) == 0
    assert len(load_angles(angles).times) == len(steps(count=6))
    assert len(load_steps(table)) >= 3
    assert main(words) == 2
    assert "angles.csv is there already; --overwrite replaces it" in capsys.readouterr().err
    footless = [
        "convert",
        str(motion_file),
        str(tmp_path / "walk.json"),
        "--steps",
        str(tmp_path / "none.csv"),
    ]
    assert main(footless) == 2
    assert "steps need heels and toes" in capsys.readouterr().err
    assert not (tmp_path / "walk.json").exists()
    assert main([*footless[:2], "--angles", str(tmp_path / "a.txt"), "-o", str(tmp_path / "b.json")]) == 2
    assert "a.txt: the output's name must end in .csv" in capsys.readouterr().err


def test_split_absences(tmp_path, walk, capsys):
    positions = walk.positions.copy()
    positions[1, 10:20] = np.nan
    source = save_motion(tmp_path / "walk.npz", replace(walk, positions=positions))
    target = tmp_path / "walk.bvh"
    assert main(["convert", str(source), str(target), "--split"]) == 0
    out = capsys.readouterr().out.split()
    assert [Path(line).name for line in out] == [
        "walk_3.bvh",
        "walk_7_0.500-0.860s.bvh",
        "walk_7_1.300-1.940s.bvh",
    ]
    assert all(Path(line).is_file() for line in out)
    assert main(["convert", str(source), str(target), "--split"]) == 2
    assert "walk_3.bvh and 2 more are there already" in capsys.readouterr().err
    assert main(["convert", str(source), str(tmp_path / "walk.glb"), "--split"]) == 2
    assert "--split is for .bvh files, and none is asked for" in capsys.readouterr().err


def test_world_axes_and_back(tmp_path, capsys):
    source = save_motion(tmp_path / "walk.npz", steps(lean_deg=5))
    world, page, back = (tmp_path / name for name in ("world.csv", "world.html", "back.npz"))
    assert main(["convert", str(source), "-o", str(world), "-o", str(page), "--axes", "world"]) == 0
    assert main(["convert", str(world), str(back)]) == 0
    assert main(["info", str(world)]) == 0
    assert "axes: world axes: x right and y away" in capsys.readouterr().out
    np.testing.assert_allclose(z_up_world(load_motion(back)), z_up_world(load_motion(source)), atol=1e-4)
    assert main(["convert", str(source), str(tmp_path / "walk.bvh"), "--axes", "world"]) == 2
    assert "--axes is for .npz, .json, .csv, .parquet files, and none is asked for" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["in.csv", "out.npz", "--angles", "in.csv", "--overwrite"],
            "in.csv is the input",
        ),
        (
            ["in.csv", "out.npz", "--steps", "./in.csv", "--overwrite"],
            "in.csv is the input",
        ),
        (["in.csv", "out.csv", "--angles", "out.csv"], "out.csv would be written twice; give --angles"),
        (
            ["in.csv", "out.npz", "--angles", "a.csv", "--steps", "a.csv"],
            "a.csv would be written twice",
        ),
        (["in.csv", "out.npz", "--format", "csv"], "--format is for the files in an output folder"),
        (["in.csv", ".npz"], ".npz: the output's name must end in"),
        (["in.csv", "x" * 252 + ".npz"], "name too long"),
        (["in.csv", "out.npz", "--person", "0,0"], "'0,0' names somebody twice"),
        (["in.csv", "out.npz", "--fps", "1e308"], "accepted: 0.0001 to 10000 a second"),
        (["in.csv", "out.npz", "--fps", "9999", "--lossy"], None),
    ],
)
def test_no_file_is_written_over_another(motion_file, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    save_motion("in.csv", load_motion(motion_file))
    before = Path("in.csv").read_bytes()
    try:
        code = main(["convert", *words])
    except SystemExit as leaving:
        code = leaving.code
    assert code == (0 if message is None else 2)
    assert (message or "") in capsys.readouterr().err
    assert Path("in.csv").read_bytes() == before


def test_the_longest_name_can_be_written_and_no_other_is_told(motion_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "x" * 251 + ".trc"
    assert main(["convert", str(motion_file), name, "--lossy", "--person", "3"]) == 0
    assert Path(name).read_text().splitlines()[0] == f"PathFileType\t4\t(X/Y/Z)\t{name}"
