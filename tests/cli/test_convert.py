"""`uplift3d convert`."""

import numpy as np

from uplift3d.cli import main
from uplift3d.export import load_motion


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
